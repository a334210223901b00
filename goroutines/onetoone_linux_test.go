package goroutines_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// Two goroutines that are locked at once are two tasks of the kernel, each with
// an id and an entry of its own.
func Example_threadsOneToOne() {
	ids, done := make(chan int), make(chan bool)
	for range 2 {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ids <- syscall.Gettid()
			<-done // keeps the thread
		}()
	}
	one, two := <-ids, <-ids
	fmt.Println("different ids:", one != two)
	for _, id := range []int{one, two} {
		_, err := os.Stat("/proc/self/task/" + strconv.Itoa(id))
		fmt.Println("is a task:    ", err == nil)
	}
	close(done)
	// Output:
	// different ids: true
	// is a task:     true
	// is a task:     true
}
