// Gomaxprocs prints how many threads may run goroutines at once.
package main

import (
	"fmt"
	"runtime"
)

func main() { fmt.Println(runtime.GOMAXPROCS(0)) }
