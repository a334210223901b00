package closures_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/closures"
	"gonotes/closures/plain"
	"gonotes/internal/claim"
)

const callers = 32

// A memoised function is computed once for a key, however many ask at once.
func TestConcurrent_memoizeOnce(t *testing.T) {
	computations := func(memoize func(func(int) int) func(int) int) claim.Figure {
		var computed atomic.Int32
		var asking, done sync.WaitGroup
		asking.Add(callers)
		square := memoize(func(n int) int {
			computed.Add(1)
			asking.Wait() // all ask while this is under way
			return n * n
		})
		for range callers {
			done.Go(func() {
				asking.Done()
				assert.Equal(t, 49, square(7))
			})
		}
		done.Wait()
		return claim.Figure{Name: "computations for 32 callers", Value: float64(computed.Load()), Unit: "computations"}
	}

	proof := claim.Prove(t, closures.Concurrent, claim.AtMost(1))
	proof.Holds("a map of futures, with closures", computations(closures.Memoize))
	proof.Holds("a map of futures, with methods", computations(func(f func(int) int) func(int) int { return plain.NewMemo(f).Get }))
	proof.Control("a map of answers under a lock", computations(mapOfAnswers), "32 computations, want at most 1")
}

// mapOfAnswers has nothing to store while an answer is being worked out. The
// wait stands for an unlucky schedule: all have looked before one has stored.
func mapOfAnswers(f func(int) int) func(int) int {
	var (
		mu     sync.Mutex
		looked sync.WaitGroup
	)
	looked.Add(callers)
	answers := make(map[int]int)
	return func(key int) int {
		mu.Lock()
		answer, ok := answers[key]
		mu.Unlock()
		looked.Done()
		looked.Wait()
		if !ok {
			answer = f(key)
			mu.Lock()
			answers[key] = answer
			mu.Unlock()
		}
		return answer
	}
}

// One key being worked out does not make another key wait.
func TestConcurrent_memoizeKeys(t *testing.T) {
	// Only a memory that lacks the property makes the test wait for so long.
	underWay := func(memoize func(func(int) int) func(int) int, patience time.Duration) claim.Figure {
		begun, release := make(chan int, 2), make(chan struct{})
		get := memoize(func(n int) int { begun <- n; <-release; return n })
		var group sync.WaitGroup
		group.Go(func() { get(1) })
		group.Go(func() { get(2) })
		<-begun
		keys := 1
		select {
		case <-begun:
			keys++
		case <-time.After(patience):
		}
		close(release)
		group.Wait()
		return claim.Figure{Name: "keys under way at once", Value: float64(keys), Unit: "keys"}
	}

	proof := claim.Prove(t, closures.Concurrent, claim.AtLeast(2))
	proof.Holds("a map of futures, with closures", underWay(closures.Memoize, 10*time.Second))
	proof.Holds("a map of futures, with methods", underWay(func(f func(int) int) func(int) int { return plain.NewMemo(f).Get }, 10*time.Second))
	proof.Control("a map locked while it computes", underWay(mapLockedThroughout, 10*time.Millisecond), "1 keys, want at least 2")
}

func mapLockedThroughout(f func(int) int) func(int) int {
	var mu sync.Mutex
	answers := make(map[int]int)
	return func(key int) int {
		mu.Lock()
		defer mu.Unlock()
		if answer, ok := answers[key]; ok {
			return answer
		}
		answers[key] = f(key)
		return answers[key]
	}
}

// Memoize gives a function a memory, held in the variables that its closure captured.
//
//claim:closures/concurrent
func ExampleMemoize() {
	var lookups atomic.Int32
	population := closures.Memoize(func(city string) int {
		lookups.Add(1)
		return map[string]int{"Oslo": 717_710, "Riga": 605_273}[city]
	})

	var group sync.WaitGroup
	for _, city := range []string{"Oslo", "Riga", "Oslo", "Oslo", "Riga"} {
		group.Go(func() { population(city) })
	}
	group.Wait()
	fmt.Println("Oslo:", population("Oslo"))
	fmt.Println("asked six times, looked up", lookups.Load(), "times")
	// Output:
	// Oslo: 717710
	// asked six times, looked up 2 times
}
