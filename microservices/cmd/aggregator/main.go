// Command aggregator is the service of the platform that package aggregator describes.
package main

import (
	"gonotes/microservices/aggregator"
	"gonotes/microservices/service"
)

func main() { service.Main("aggregator", aggregator.Command) }
