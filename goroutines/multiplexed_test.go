package goroutines_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/probe"
)

// fewThreads is the check that tasks need no more threads than run goroutines
// at once and a few for the runtime, however many tasks there are.
func fewThreads(n threads) error {
	if most := procs + 10; n.added > most {
		return fmt.Errorf("%d tasks added %d threads, want at most %d", n.tasks, n.added, most)
	}
	return nil
}

// looping starts tasks that compute without end, and tells the most threads
// that were seen in a while. It is read from outside, for in such a process
// nobody else gets a turn.
func looping[S any](t *testing.T, proof *claim.Proof[S], tasks int) threads {
	t.Helper()
	process := started(t, proof, probe.Goroutine, probe.Options{Args: []string{"-wait=loop"}})
	found, err := process.Park(t.Context(), tasks)
	possible(t, proof, err)
	seen := threadsOf(found)
	for range 20 {
		time.Sleep(10 * time.Millisecond)
		usage, err := process.Usage()
		require.NoError(t, err)
		seen.added = max(seen.added, usage.Threads-found.Before.Threads)
	}
	require.NoError(t, process.Close())
	return seen
}

// Ten thousand goroutines that wait for a channel, a timer or the network, or
// that compute, share a few threads; those in a blocking system call or locked
// to a thread hold one each.
func TestMultiplexed(t *testing.T) {
	const many = 10_000
	proof := claim.Prove(t, goroutines.Multiplexed, fewThreads)
	for _, wait := range []string{"channel", "sleep", "network"} {
		proof.Holds("goroutines that wait: "+wait, threadsOf(parked(t, proof, probe.Goroutine, many, "-wait="+wait)))
	}
	proof.Holds("goroutines in a loop that computes", looping(t, proof, many))
	for _, wait := range []string{"rawread", "locked"} {
		proof.Control("goroutines that wait: "+wait, threadsOf(parked(t, proof, probe.Goroutine, fewer, "-wait="+wait)), "500 tasks added")
	}
}

// Ten thousand goroutines wait at once, and then each does its part.
func Example_multiplexed() {
	const many = 10_000
	var waiting, working sync.WaitGroup
	start := make(chan bool)
	parts := make(chan int, 100)
	waiting.Add(many)
	for i := range many {
		working.Go(func() {
			waiting.Done()
			<-start
			parts <- i
		})
	}
	waiting.Wait()
	fmt.Println("goroutines that wait:", many)
	close(start)
	sum := 0
	for range many {
		sum += <-parts
	}
	working.Wait()
	fmt.Println("sum of their parts:  ", sum)
	// Output:
	// goroutines that wait: 10000
	// sum of their parts:   49995000
}

// GOMAXPROCS bounds how many goroutines run at once, not how many there are.
func Example_multiplexed_gomaxprocs() {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	turns := make(chan string)
	for _, name := range []string{"one", "two", "three"} {
		go func() { turns <- name }()
	}
	names := []string{<-turns, <-turns, <-turns}
	slices.Sort(names)
	fmt.Println("run at once:", runtime.GOMAXPROCS(0))
	fmt.Println("had a turn: ", names)
	// Output:
	// run at once: 1
	// had a turn:  [one three two]
}
