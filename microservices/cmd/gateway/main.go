// Command gateway is the service of the platform that package gateway describes.
package main

import (
	"gonotes/microservices/gateway"
	"gonotes/microservices/service"
)

func main() { service.Main("gateway", gateway.Command) }
