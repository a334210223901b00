package goroutines_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// An increment in one atomic step is never lost, nor is one that CompareAndSwap
// repeats until nobody came between. An atomic load and an atomic store are two
// steps, and of four goroutines that all load before any stores three lose theirs.
func TestHappensBefore_atomicAdd(t *testing.T) {
	const adders = 4
	lost := func(increment func(counter *atomic.Int64, allHaveLoaded func())) claim.Figure {
		var counter atomic.Int64
		var loading, adding sync.WaitGroup
		loading.Add(adders)
		for range adders {
			adding.Go(func() {
				increment(&counter, sync.OnceFunc(func() {
					loading.Done()
					loading.Wait()
				}))
			})
		}
		adding.Wait()
		return claim.Figure{Name: "increments lost of 4", Value: float64(adders - counter.Load()), Unit: "lost"}
	}
	proof := claim.Prove(t, goroutines.HappensBefore, claim.AtMost(0))
	proof.Holds("Add", lost(func(counter *atomic.Int64, _ func()) { counter.Add(1) }))
	proof.Holds("Load and CompareAndSwap, until it succeeds", lost(func(counter *atomic.Int64, allHaveLoaded func()) {
		for {
			read := counter.Load()
			allHaveLoaded()
			if counter.CompareAndSwap(read, read+1) {
				return
			}
		}
	}))
	proof.Control("Load and Store", lost(func(counter *atomic.Int64, allHaveLoaded func()) {
		read := counter.Load()
		allHaveLoaded()
		counter.Store(read + 1) // wrong: others have stored since
	}), "3 lost, want at most 0")
}

// Settings that are read often and changed seldom lie behind an atomic pointer:
// who loads it has one consistent copy, and who changes them stores a new one.
func Example_happensBefore_atomicPointer() {
	type prices struct{ tea, coffee int }
	var current atomic.Pointer[prices]
	current.Store(&prices{tea: 3, coffee: 4})

	order := current.Load() // this order goes on with these prices
	raised := *order
	raised.tea++
	raised.coffee++
	fmt.Println("changed:        ", current.CompareAndSwap(order, &raised))
	fmt.Println("changed twice:  ", current.CompareAndSwap(order, &raised)) // somebody was faster
	fmt.Println("the order's:    ", order.tea, order.coffee)
	fmt.Println("the next order's:", current.Load().tea, current.Load().coffee)
	// Output:
	// changed:         true
	// changed twice:   false
	// the order's:     3 4
	// the next order's: 4 5
}
