// Command insights is the service of the platform that package insights describes.
package main

import (
	"gonotes/microservices/insights"
	"gonotes/microservices/service"
)

func main() { service.Main("insights", insights.Command) }
