package closures

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// FanOut asks work of every item, at most limit (and at least one) at a time,
// and folds the answers into one, beginning with the zero R. Answers arrive in
// any order, so fold must not care about it; it is never called twice at once.
// The first error cancels the context of the rest and is returned.
func FanOut[T, R any](ctx context.Context, limit int, items []T, work func(context.Context, T) (R, error), fold func(R, R) R) (R, error) {
	var (
		mu    sync.Mutex
		total R
	)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(limit, 1))
	for _, item := range items {
		group.Go(func() error {
			answer, err := work(ctx, item)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			total = fold(total, answer)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		var none R
		return none, err
	}
	return total, nil
}
