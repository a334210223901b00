package goroutines

import (
	"context"
	"iter"
	"sync"
)

// Pipe is a pipeline as an iterator. Each loop over it starts the stages, and
// ends their context when the loop is left, by whatever way. Ask ctx.Err()
// after the loop whether it was ctx that ended it.
func Pipe[T any](ctx context.Context, stages func(context.Context) <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for value := range received(ctx, stages(ctx)) {
			if !yield(value) {
				return
			}
		}
	}
}

// Emit sends the values, and closes the channel after the last or when ctx ends.
func Emit[T any](ctx context.Context, values iter.Seq[T]) <-chan T {
	out := make(chan T)
	go func() {
		defer close(out)
		for value := range values {
			if !sent(ctx, out, value) {
				return
			}
		}
	}()
	return out
}

// Transform sends f of each value that it receives, and closes the channel after
// the last or when ctx ends.
func Transform[T, R any](ctx context.Context, in <-chan T, f func(T) R) <-chan R {
	out := make(chan R)
	go func() {
		defer close(out)
		for value := range received(ctx, in) {
			if !sent(ctx, out, f(value)) {
				return
			}
		}
	}()
	return out
}

// Merge sends what it receives from any of these channels, in no order, and
// closes its own after the last of them or when ctx ends.
func Merge[T any](ctx context.Context, ins ...<-chan T) <-chan T {
	out := make(chan T)
	var merging sync.WaitGroup
	for _, in := range ins {
		merging.Go(func() {
			for value := range received(ctx, in) {
				if !sent(ctx, out, value) {
					return
				}
			}
		})
	}
	go func() {
		merging.Wait()
		close(out)
	}()
	return out
}

// received is an iterator over what comes from in, until it is closed or ctx ends.
func received[T any](ctx context.Context, in <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			select {
			case <-ctx.Done():
				return
			case value, open := <-in:
				if !open || !yield(value) {
					return
				}
			}
		}
	}
}

// sent tells whether somebody took the value before ctx ended.
func sent[T any](ctx context.Context, out chan<- T, value T) bool {
	select {
	case out <- value:
		return true
	case <-ctx.Done():
		return false
	}
}
