// Panics starts a goroutine that goes wrong in the way that its argument names.
// Main defers a recover in every case, and says "main is through" if it gets to
// its end.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

func main() {
	defer func() {
		if value := recover(); value != nil {
			fmt.Println("main recovered:", value)
		}
	}()
	var started sync.WaitGroup
	switch os.Args[1] {
	case "goroutine":
		started.Go(func() { panic("lost") })
	case "recovered":
		started.Go(func() {
			defer func() { fmt.Println("the goroutine recovered:", recover()) }()
			panic("kept")
		})
	case "main":
		panic("at home")
	case "goexit":
		started.Go(func() {
			defer func() { fmt.Println("Goexit is no panic, recover gives", recover()) }()
			runtime.Goexit()
		})
	case "maingoexit":
		runtime.Goexit()
	case "exit":
		started.Go(func() {
			defer fmt.Println("deferred calls are not made")
			os.Exit(3)
		})
	case "logfatal":
		started.Go(func() { log.Fatal("log.Fatal exits with 1") })
	case "mapwrites":
		writeTogether()
	case "overflow":
		debug.SetMaxStack(1 << 20)
		started.Go(func() {
			defer func() { _ = recover() }()
			fmt.Println(endless(0))
		})
	case "unlock":
		started.Go(func() {
			defer func() { _ = recover() }()
			new(sync.Mutex).Unlock()
		})
	default:
		log.Fatalf("panics knows no way %q", os.Args[1])
	}
	started.Wait()
	fmt.Println("main is through")
}

// writeTogether writes one map from four goroutines, each with a recover in
// place, until the runtime notices. It could not with one processor, on which
// no goroutine is preempted while it writes a map.
func writeTogether() {
	runtime.GOMAXPROCS(4)
	shared := map[int]int{}
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			defer func() { _ = recover() }()
			for i := 0; ; i++ {
				shared[i%8] = i
			}
		})
	}
	writers.Wait()
}

// endless would come to an end after some more calls than a stack has room for.
func endless(depth int) int {
	if depth < 0 {
		return 0
	}
	return endless(depth+1) + 1
}
