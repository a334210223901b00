package goroutines_test

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/probe"
	"gonotes/internal/prog"
)

// holdThreads is the check that tasks hold a thread each, but for the few that
// the runtime had to spare.
func holdThreads(n threads) error {
	if least := n.tasks * 9 / 10; n.added < least {
		return fmt.Errorf("%d tasks added %d threads, want at least %d", n.tasks, n.added, least)
	}
	return nil
}

// A goroutine in a blocking system call, or locked to its thread, takes a
// thread as if it were one; what waits through the netpoller does not.
func TestThreadsStillWin(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadsStillWin, holdThreads)
	proof.Holds("goroutines in a blocking read", threadsOf(parked(t, proof, probe.Goroutine, fewer, "-wait=rawread")))
	proof.Holds("goroutines locked to their threads", threadsOf(parked(t, proof, probe.Goroutine, fewer, "-wait=locked")))
	proof.Control("goroutines that read from the network", threadsOf(parked(t, proof, probe.Goroutine, fewer, "-wait=network")), "500 tasks added")
	proof.Control("goroutines that sleep", threadsOf(parked(t, proof, probe.Goroutine, fewer, "-wait=sleep")), "500 tasks added")
}

// So does a goroutine that waits in C.
func TestThreadsStillWin_cgo(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadsStillWin, holdThreads)
	path, err := prog.BuildCgo(t.Context(), "testdata/cgo", t.TempDir())
	possible(t, proof, err)
	waiting := func(where string) threads {
		return threads{tasks: fewer, added: int(printed(t, runner(t, path)(strconv.Itoa(fewer), where))[0])}
	}
	proof.Holds("goroutines that wait in C", waiting("c"))
	proof.Control("goroutines that wait for the same pipe in Go", waiting("go"), "500 tasks added")
}

// What only one thread may do gets a goroutine that is locked to its thread, and
// a channel leads there.
func Example_threadsStillWin() {
	work := make(chan func())
	done := make(chan bool)
	go func() {
		runtime.LockOSThread() // for a library in C that keeps its state per thread
		defer runtime.UnlockOSThread()
		state := 0
		for do := range work {
			do()
			state++
		}
		fmt.Println("calls on the one thread:", state)
		close(done)
	}()
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() { work <- func() {} })
	}
	callers.Wait()
	close(work)
	<-done
	// Output: calls on the one thread: 3
}
