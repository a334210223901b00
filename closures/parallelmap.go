package closures

import "sync"

// ParallelMap returns f of every item, in the order of the items. Each call of
// f has a goroutine of its own.
func ParallelMap[T, R any](items []T, f func(T) R) []R {
	results := make([]R, len(items))
	var group sync.WaitGroup
	for i, item := range items {
		group.Go(func() { results[i] = f(item) })
	}
	group.Wait()
	return results
}
