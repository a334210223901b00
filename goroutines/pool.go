package goroutines

import (
	"context"
	"iter"

	"golang.org/x/sync/errgroup"
)

// Process lets so many workers, and at least one, do all the tasks, and returns
// when the last has ended. The first error ends the context of the rest and is
// returned; after it, or after ctx has ended, no worker begins another task.
func Process[T any](ctx context.Context, workers int, tasks iter.Seq[T], do func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	queue := make(chan T)
	for range max(workers, 1) {
		group.Go(func() error {
			for task := range queue {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := do(ctx, task); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(queue)
		for task := range tasks {
			if !sent(ctx, queue, task) {
				return context.Cause(ctx)
			}
		}
		return nil
	})
	return group.Wait()
}
