// Preemption computes in a loop without a call on the only processor, and wants
// to print all the same.
package main

import (
	"fmt"
	"runtime"
)

func main() {
	runtime.GOMAXPROCS(1)
	go func() {
		for {
		}
	}()
	runtime.Gosched() // the loop begins
	fmt.Println("main is running again")
}
