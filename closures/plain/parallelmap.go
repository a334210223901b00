package plain

import "sync"

type mapTask[T, R any] struct {
	f      func(T) R
	item   T
	result *R
}

func (t mapTask[T, R]) run() { *t.result = t.f(t.item) }

// ParallelMap returns f of every item, in the order of the items. Each call of
// f has a goroutine of its own.
func ParallelMap[T, R any](items []T, f func(T) R) []R {
	results := make([]R, len(items))
	var group sync.WaitGroup
	for i, item := range items {
		group.Go(mapTask[T, R]{f, item, &results[i]}.run)
	}
	group.Wait()
	return results
}
