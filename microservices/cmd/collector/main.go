// Command collector is the service of the platform that package collector describes.
package main

import (
	"gonotes/microservices/collector"
	"gonotes/microservices/service"
)

func main() { service.Main("collector", collector.Command) }
