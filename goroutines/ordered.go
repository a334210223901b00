package goroutines

import (
	"iter"
	"sync"
)

// Ordered does work on the items, on up to limit (and at least one) of them at
// a time, and yields the results in the order of the items. Each comes as soon
// as it and all before it are there; one that is slow holds up the others. When
// the loop over the results is left early, Ordered takes no further item and
// waits for the work under way.
func Ordered[T, R any](limit int, items iter.Seq[T], work func(T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		// A queue of channels, each for one result: its order is that of the items.
		// One more than it has room for is held by the loop below.
		results := make(chan chan R, max(limit, 1)-1)
		left := make(chan struct{})
		var under sync.WaitGroup
		defer under.Wait()
		defer close(left)
		under.Go(func() {
			defer close(results)
			for item := range items {
				result := make(chan R, 1) // room, so that nobody need receive it
				select {
				case results <- result:
				case <-left:
					return
				}
				under.Go(func() { result <- work(item) })
			}
		})
		for result := range results {
			if !yield(<-result) {
				return
			}
		}
	}
}
