// Command config is the service of the platform that package config describes.
package main

import (
	"gonotes/microservices/config"
	"gonotes/microservices/service"
)

func main() { service.Main("config", config.Command) }
