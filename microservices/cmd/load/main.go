// Command load plays a seeded day of visits on a platform and checks its numbers.
package main

import (
	"gonotes/microservices/load"
	"gonotes/microservices/service"
)

func main() { service.Main("load", load.Command) }
