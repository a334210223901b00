// Stack measures the stacks of its own goroutines, in the way that its argument
// names, and prints bytes.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
)

func main() {
	switch os.Args[1] {
	case "idle":
		fmt.Println(perGoroutine(0))
	case "deep":
		fmt.Println(perGoroutine(100))
	case "after":
		// A collection that sees deep stacks raises what goroutines start with
		// whose descriptors are used again.
		park(10_000, 0)()
		release := park(1000, 100)
		runtime.GC()
		fmt.Println(perGoroutine(0))
		release()
	case "shrink":
		fmt.Println(shrunk())
	case "recursion":
		if len(os.Args) > 3 {
			debug.SetMaxStack(atoi(os.Args[3]))
		}
		var descending sync.WaitGroup
		descending.Go(func() { fmt.Println("frames:", descend(atoi(os.Args[2]), func() {})) })
		descending.Wait()
	}
}

func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// descend uses a stack of so many frames, of more than 100 bytes each, calls
// bottom there, and counts the frames on the way back.
//
//go:noinline
func descend(depth int, bottom func()) int {
	var frame [100]byte
	frame[depth%len(frame)] = 1
	if depth == 0 {
		bottom()
		return 0
	}
	return descend(depth-1, bottom) + int(frame[depth%len(frame)])
}

// stacks is the memory of all stacks, in bytes.
func stacks() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// park starts n goroutines that wait at this depth.
func park(n, depth int) (release func()) {
	var ready, ended sync.WaitGroup
	wait := make(chan bool)
	ready.Add(n)
	for range n {
		ended.Go(func() {
			descend(depth, func() {
				ready.Done()
				<-wait
			})
		})
	}
	ready.Wait()
	return func() {
		close(wait)
		ended.Wait()
	}
}

// perGoroutine is the stack of one of many that wait at this depth.
func perGoroutine(depth int) uint64 {
	const n = 10_000
	before := stacks()
	release := park(n, depth)
	after := stacks()
	release()
	return (after - before + n/2) / n
}

// shrunk is the memory of stacks when a goroutine has come back from the depth,
// and again after the collector had time to halve it, for each halving one
// collection.
func shrunk() (grown, after uint64) {
	before := stacks()
	back, end := make(chan bool), make(chan bool)
	go func() {
		descend(100_000, func() {})
		back <- true
		<-end
	}()
	<-back
	grown = stacks() - before
	for range 20 {
		runtime.GC()
	}
	after = stacks() - before
	close(end)
	return grown, after
}
