package goroutines_test

import (
	"errors"
	"fmt"
	"runtime/debug"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/probe"
)

// outnumber is the check that there are a thousand tasks for each thread.
func outnumber(c crowd) error {
	if c.refused != "" {
		return errors.New(c.refused)
	}
	if threads := c.parked.After.Threads; c.parked.Tasks < 1_000*threads {
		return fmt.Errorf("%d tasks on %d threads", c.parked.Tasks, threads)
	}
	return nil
}

// There are a thousand goroutines and more for each thread of their process;
// locked to threads they are no more than these.
func TestOutnumberThreads(t *testing.T) {
	proof := claim.Prove(t, goroutines.OutnumberThreads, outnumber)
	all := largestCrowd(t, proof)
	proof.Holds("goroutines", all)
	proof.Figure("threads of the process", float64(all.parked.After.Threads), "threads")
	proof.Control("goroutines locked to threads", crowd{parked: parked(t, proof, probe.LockedThread, fewer)}, "500 tasks on 50")
}

// There are more goroutines than the smallest of the kernel's limits would allow
// threads. Threads in a control group end at the limit of that, which is named.
func TestOutnumberThreads_limits(t *testing.T) {
	type count struct {
		made    int
		limit   probe.NamedLimit
		refused string
	}
	proof := claim.Prove(t, goroutines.OutnumberThreads, func(c count) error {
		if int64(c.made) <= c.limit.Value {
			return fmt.Errorf("%d, and %s is %d: %s", c.made, c.limit.Name, c.limit.Value, c.refused)
		}
		return nil
	})
	limits, err := probe.Limits()
	possible(t, proof, err)
	smallest := limits[0]
	proof.Figure("the smallest limit on threads, "+smallest.Name, float64(smallest.Value), "threads")
	all := largestCrowd(t, proof)
	if int64(all.asked) <= smallest.Value {
		proof.NotRun("memory: %d goroutines are held, which is no more than %s of %d; notes verify -tasks sets the number", all.asked, smallest.Name, smallest.Value)
	}
	proof.Holds("goroutines", count{made: all.parked.Tasks, limit: smallest})

	const few = 300
	ended := refusedThreads(t, proof, probe.Pthread, probe.LimitGroup, few)
	proof.Control("pthreads in a control group of their own", count{ended.parked.Tasks, probe.NamedLimit{Name: probe.LimitGroup, Value: few}, ended.refused}, "and pids.max is 300: ")
}

// Go's runtime itself ends a program at its 10,001st thread.
func TestOutnumberThreads_runtime(t *testing.T) {
	proof := claim.Prove(t, goroutines.OutnumberThreads, outnumber)
	const beyond = 11_000
	process := started(t, proof, probe.LockedThread, probe.Options{})
	_, err := process.Park(t.Context(), beyond)
	refused, ok := errors.AsType[probe.Refused](err)
	if !ok {
		possible(t, proof, err)
		t.Fatalf("%d threads were started", beyond)
	}
	found := parked(t, proof, probe.Goroutine, beyond)
	proof.Holds("11,000 goroutines", crowd{parked: found})
	proof.Control("11,000 goroutines locked to threads", crowd{refused: refused.Why}, "program exceeds 10000-thread limit")
}

// Ten thousand tasks need no ten thousand threads.
func Example_outnumberThreads() {
	answers := make(chan int)
	for i := range 10_000 {
		go func() { answers <- i % 10 }()
	}
	counted := make([]int, 10)
	for range 10_000 {
		counted[<-answers]++
	}
	fmt.Println("answers of each kind:", counted)
	// Output: answers of each kind: [1000 1000 1000 1000 1000 1000 1000 1000 1000 1000]
}

// The runtime has a limit of its own on threads, and none on goroutines.
func Example_outnumberThreads_limit() {
	before := debug.SetMaxThreads(20_000)
	fmt.Println("threads that a program may have:", before)
	fmt.Println("and now:                        ", debug.SetMaxThreads(before))
	// Output:
	// threads that a program may have: 10000
	// and now:                         20000
}
