// Timers makes timers of an hour as a loop does that waits for something else
// with a timeout, forgets them, and prints how many bytes each still holds.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

func main() {
	work := make(chan int, 1)
	loops := map[string]func(){
		"after": func() {
			select {
			case <-work:
			case <-time.After(time.Hour):
			}
		},
		"stopped": func() {
			timer := time.NewTimer(time.Hour)
			defer timer.Stop()
			select {
			case <-work:
			case <-timer.C:
			}
		},
		"afterfunc": func() {
			time.AfterFunc(time.Hour, func() { work <- 0 }) // wrong: somebody has to stop it
			<-work
		},
	}
	const turns = 100_000
	turn := loops[os.Args[1]]
	before := liveHeap()
	for i := range turns {
		work <- i
		turn()
	}
	fmt.Println((liveHeap() - before) / turns)
}

func liveHeap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}
