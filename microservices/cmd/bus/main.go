// Command bus is the embedded broker of the platform, for one machine.
package main

import (
	"gonotes/microservices/broker"
	"gonotes/microservices/service"
)

func main() { service.Main("bus", broker.Command) }
