package goroutines_test

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// parallel is what Ordered is, for numbers.
type parallel func(limit int, items iter.Seq[int], work func(int) int) iter.Seq[int]

// asTheyCome is Ordered without its queue: a goroutine for each item sends its
// result to whoever ranges over them.
func asTheyCome(_ int, items iter.Seq[int], work func(int) int) iter.Seq[int] {
	return func(yield func(int) bool) {
		results := make(chan int)
		var sending sync.WaitGroup
		for item := range items {
			sending.Go(func() { results <- work(item) })
		}
		go func() {
			sending.Wait()
			close(results)
		}()
		for result := range results {
			if !yield(result) {
				return
			}
		}
	}
}

func below(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// Results sent through a queue of channels come in the order of their items,
// though the later ones are done first.
func TestChannels_ordered(t *testing.T) {
	lastIsFastest := func(item int) int {
		time.Sleep(time.Duration(10-item) * time.Second)
		return item
	}
	synctest.Test(t, func(t *testing.T) {
		proof := claim.Prove(t, goroutines.Channels, func(do parallel) error {
			got := slices.Collect(do(10, below(10), lastIsFastest))
			if want := slices.Collect(below(10)); !slices.Equal(got, want) {
				return fmt.Errorf("got %v, want %v", got, want)
			}
			return nil
		})
		proof.Holds("a queue with a channel for each result", goroutines.Ordered)
		proof.Control("one channel for all results", asTheyCome, "got [9 8 7 6 5 4 3 2 1 0], want [0 1 2 3 4 5 6 7 8 9]")
	})
}

// The room in the queue bounds how many items are worked on at once.
func TestChannels_orderedLimit(t *testing.T) {
	const limit = 3
	synctest.Test(t, func(t *testing.T) {
		atOnce := func(do parallel) claim.Figure {
			var mu sync.Mutex
			underWay, most := 0, 0
			for range do(limit, below(20), func(item int) int {
				mu.Lock()
				underWay++
				most = max(most, underWay)
				mu.Unlock()
				time.Sleep(time.Second) // in the bubble: until all others wait, too
				mu.Lock()
				underWay--
				mu.Unlock()
				return item
			}) {
			}
			return claim.Figure{Name: "most items at once", Value: float64(most), Unit: "items"}
		}
		proof := claim.Prove(t, goroutines.Channels, claim.AtMost(limit))
		proof.Holds("a queue with room for the limit", atOnce(goroutines.Ordered))
		proof.Control("a goroutine for each item", atOnce(asTheyCome), "20 items, want at most 3")
	})
}

// Whoever leaves the loop early leaves no goroutine behind.
func TestChannels_orderedLeft(t *testing.T) {
	itself := func(item int) int { return item }
	before := goleak.IgnoreCurrent()
	leave := func(do parallel) error {
		for range do(4, below(20), itself) {
			break
		}
		return goleak.Find(before)
	}
	results := make(chan int)
	leaking := func(_ int, items iter.Seq[int], work func(int) int) iter.Seq[int] {
		return func(yield func(int) bool) {
			for item := range items {
				go func() { results <- work(item) }() // wrong: waits for ever if nobody receives
			}
			for result := range results {
				if !yield(result) {
					return
				}
			}
		}
	}
	proof := claim.Prove(t, goroutines.Channels, nothingLeft)
	proof.Holds("a queue with a channel for each result", leave(goroutines.Ordered))
	proof.Control("one channel for all results", leave(leaking), "in state chan send, with gonotes/goroutines_test.TestChannels_orderedLeft")
	for range 19 {
		<-results // so that the leak ends here
	}
}

// Three lines are worked on at a time, and come out as they went in.
//
//claim:goroutines/channels
func ExampleOrdered() {
	lines := slices.Values([]string{"one", "two", "three", "four"})
	for line := range goroutines.Ordered(3, lines, strings.ToUpper) {
		fmt.Println(line)
		if line == "THREE" {
			break // the work under way is waited for
		}
	}
	// Output:
	// ONE
	// TWO
	// THREE
}
