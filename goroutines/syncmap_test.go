package goroutines_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// Each method of sync.Map is one step, and two of them are two: of a hundred
// callers one is the first with LoadOrStore, and with Load before Store all may
// take themselves for it.
func TestHappensBefore_syncMap(t *testing.T) {
	firsts := func(isFirst func(seats *sync.Map, caller int, allHaveLooked func()) bool) claim.Figure {
		const callers = 100
		var seats sync.Map
		var looking, calling sync.WaitGroup
		looking.Add(callers)
		var count atomic.Int64
		for caller := range callers {
			calling.Go(func() {
				if isFirst(&seats, caller, func() {
					looking.Done()
					looking.Wait()
				}) {
					count.Add(1)
				}
			})
		}
		calling.Wait()
		return claim.Figure{Name: "have the one seat", Value: float64(count.Load()), Unit: "callers"}
	}
	proof := claim.Prove(t, goroutines.HappensBefore, claim.AtMost(1))
	proof.Holds("LoadOrStore", firsts(func(seats *sync.Map, caller int, _ func()) bool {
		_, taken := seats.LoadOrStore("1A", caller)
		return !taken
	}))
	proof.Holds("Load, then CompareAndSwap from what was found", firsts(func(seats *sync.Map, caller int, allHaveLooked func()) bool {
		const free = -1
		seats.LoadOrStore("1A", free)
		found, _ := seats.Load("1A")
		allHaveLooked()
		return found == free && seats.CompareAndSwap("1A", found, caller)
	}))
	proof.Control("Load, then Store", firsts(func(seats *sync.Map, caller int, allHaveLooked func()) bool {
		_, taken := seats.Load("1A")
		allHaveLooked()
		if !taken {
			seats.Store("1A", caller) // wrong: others have looked, too
		}
		return !taken
	}), "100 callers, want at most 1")
}

// A sync.Map needs no lock of its own; what its values point to does.
func Example_happensBefore_syncMap() {
	var visits sync.Map // page to *atomic.Int64
	var visitors sync.WaitGroup
	for i := range 100 {
		visitors.Go(func() {
			page := []string{"home", "news"}[i%2]
			count, _ := visits.LoadOrStore(page, new(atomic.Int64))
			count.(*atomic.Int64).Add(1)
		})
	}
	visitors.Wait()
	for _, page := range []string{"home", "news"} {
		count, _ := visits.Load(page)
		fmt.Println(page+":", count.(*atomic.Int64).Load())
	}
	_, found := visits.Load("about")
	fmt.Println("about is there:", found)
	// Output:
	// home: 50
	// news: 50
	// about is there: false
}
