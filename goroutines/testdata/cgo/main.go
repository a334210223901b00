// Cgo lets so many goroutines wait in C, or for comparison in Go, and prints how
// many threads that took.
package main

/*
#include <unistd.h>

static char byte;
static void wait(int fd) { (void)!read(fd, &byte, 1); }
*/
import "C"

import (
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

func main() {
	tasks, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	reading, writing, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	wait, patience := func() { _, _ = reading.Read(make([]byte, 1)) }, 300*time.Millisecond
	if os.Args[2] == "c" {
		patience = time.Minute
		end := C.int(reading.Fd())
		wait = func() { C.wait(end) }
	}
	created := pprof.Lookup("threadcreate")
	before := created.Count()
	var waiting sync.WaitGroup
	for range tasks {
		waiting.Go(wait)
	}
	// A thread is created for each that enters C, but for some that were there.
	for deadline := time.Now().Add(patience); created.Count()-before < tasks*9/10 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(created.Count() - before)
	writing.Close()
	waiting.Wait()
}
