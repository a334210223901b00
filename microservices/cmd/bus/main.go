// Command bus is the embedded broker of the platform, for one machine.
package main

import (
	"gonotes/microservices/bus"
	"gonotes/microservices/service"
)

func main() { service.Main("bus", bus.Command) }
