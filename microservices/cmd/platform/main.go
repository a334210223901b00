// Command platform runs all services of the platform: in this process, or each as
// its own.
package main

import (
	"gonotes/microservices/platform"
	"gonotes/microservices/service"
)

func main() { service.Main("platform", platform.Command) }
