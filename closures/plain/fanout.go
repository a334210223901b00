package plain

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// fanOut is what the tasks of one FanOut share.
type fanOut[T, R any] struct {
	ctx   context.Context
	work  func(context.Context, T) (R, error)
	fold  func(R, R) R
	mu    sync.Mutex
	total R
}

type fanOutTask[T, R any] struct {
	shared *fanOut[T, R]
	item   T
}

func (t fanOutTask[T, R]) run() error {
	answer, err := t.shared.work(t.shared.ctx, t.item)
	if err != nil {
		return err
	}
	t.shared.mu.Lock()
	defer t.shared.mu.Unlock()
	t.shared.total = t.shared.fold(t.shared.total, answer)
	return nil
}

// FanOut asks work of every item, at most limit (and at least one) at a time,
// and folds the answers into one. The first error cancels the rest.
func FanOut[T, R any](ctx context.Context, limit int, items []T, work func(context.Context, T) (R, error), fold func(R, R) R) (R, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(limit, 1))
	shared := &fanOut[T, R]{ctx: ctx, work: work, fold: fold}
	for _, item := range items {
		group.Go(fanOutTask[T, R]{shared, item}.run)
	}
	if err := group.Wait(); err != nil {
		var none R
		return none, err
	}
	return shared.total, nil
}
