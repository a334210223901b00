// Leaks starts goroutines that wait for what its argument names, and then writes
// the runtime's profile of leaked goroutines. The profile is built in since
// Go 1.27, and in Go 1.26 with GOEXPERIMENT=goroutineleakprofile.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

var global = make(chan int)

func main() {
	for range 20 {
		switch os.Args[1] {
		case "unreachable":
			go send(make(chan int)) // nobody else has this channel
		case "global":
			go send(global) // nobody receives, but anyone could
		case "slow":
			go time.Sleep(time.Hour) // waits, but not for ever
		}
	}
	waitUntilBlocked()

	const asText = 1
	if err := pprof.Lookup("goroutineleak").WriteTo(os.Stdout, asText); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func send(to chan<- int) { to <- 42 }

// waitUntilBlocked returns when main is the only goroutine that can run.
func waitUntilBlocked() {
	stacks := make([]byte, 1<<20)
	for {
		text := string(stacks[:runtime.Stack(stacks, true)])
		if strings.Count(text, "[run") == 1 { // [running] is main, [runnable] one not yet blocked
			return
		}
		runtime.Gosched()
	}
}
