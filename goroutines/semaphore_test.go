package goroutines_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// acquire takes so many units, or gives up when ctx ends.
type acquire func(ctx context.Context, units int) (release func(), err error)

// weighted takes all units in one step.
func weighted(capacity int) acquire {
	s := semaphore.NewWeighted(int64(capacity))
	return func(ctx context.Context, units int) (func(), error) {
		if err := s.Acquire(ctx, int64(units)); err != nil {
			return nil, err
		}
		return func() { s.Release(int64(units)) }, nil
	}
}

// oneByOne is a channel taken for a weighted semaphore: somebody else can come
// between two units.
func oneByOne(capacity int) acquire {
	taken := make(chan bool, capacity)
	return func(ctx context.Context, units int) (func(), error) {
		release := func(n int) {
			for range n {
				<-taken
			}
		}
		for got := range units {
			select {
			case taken <- true:
				time.Sleep(time.Millisecond) // in the bubble: the others go on
			case <-ctx.Done():
				release(got)
				return nil, ctx.Err()
			}
		}
		return func() { release(units) }, nil
	}
}

// regardless counts tasks and not what they weigh.
func regardless(capacity int) acquire {
	taken := weighted(capacity)
	return func(ctx context.Context, _ int) (func(), error) { return taken(ctx, 1) }
}

// A weighted semaphore bounds the sum of what is in use and gives a task all of
// its units at once. A channel from which they are taken one by one ends in a
// deadlock.
func TestMultiplexed_semaphore(t *testing.T) {
	type run struct {
		most int
		err  error
	}
	synctest.Test(t, func(t *testing.T) {
		const capacity, units = 5, 3
		of := func(acquire acquire) run {
			var inUse gauge
			group, ctx := errgroup.WithContext(t.Context())
			for range 4 {
				group.Go(func() error {
					ctx, cancel := context.WithTimeout(ctx, time.Hour)
					defer cancel()
					release, err := acquire(ctx, units)
					if err != nil {
						return fmt.Errorf("after an hour: %w", err)
					}
					defer release()
					inUse.add(units)
					time.Sleep(time.Second)
					inUse.add(-units)
					return nil
				})
			}
			err := group.Wait()
			return run{inUse.most, err}
		}
		proof := claim.Prove(t, goroutines.Multiplexed, func(r run) error {
			if r.most > capacity {
				return fmt.Errorf("%d units in use, want at most %d", r.most, capacity)
			}
			return r.err
		})
		proof.Holds("a weighted semaphore of 5, four tasks of 3", of(weighted(capacity)))
		proof.Control("a semaphore that counts tasks", of(regardless(capacity)), "12 units in use, want at most 5")
		proof.Control("a channel of 5, from which each takes 3 one by one", of(oneByOne(capacity)), "after an hour: context deadline exceeded")
	})
}

// Who needs many units is not overtaken for ever by those that need few:
// while it waits, TryAcquire refuses even what would fit.
func TestMultiplexed_semaphoreIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		overtakes := func(waiting bool) error {
			s := semaphore.NewWeighted(3)
			assert.NoError(t, s.Acquire(t.Context(), 1))
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			if waiting {
				go func() { ended <- s.Acquire(ctx, 3) }()
				synctest.Wait()
			}
			overtook := s.TryAcquire(1)
			cancel()
			if waiting {
				assert.ErrorIs(t, <-ended, context.Canceled)
			}
			if overtook {
				return fmt.Errorf("one unit of the two that are free was given")
			}
			return nil
		}
		proof := claim.Prove(t, goroutines.Multiplexed, overtakes)
		proof.Holds("while somebody waits for three", true)
		proof.Control("while nobody waits", false, "one unit of the two that are free was given")
	})
}

// A semaphore of three units admits a large task beside a small one, and not two
// large ones.
func Example_multiplexed_semaphore() {
	memory := semaphore.NewWeighted(3)
	fmt.Println("large:", memory.TryAcquire(2))
	fmt.Println("large:", memory.TryAcquire(2))
	fmt.Println("small:", memory.TryAcquire(1))
	memory.Release(2)
	fmt.Println("large, after one has ended:", memory.TryAcquire(2))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println("one that gives up:", memory.Acquire(ctx, 1))
	// Output:
	// large: true
	// large: false
	// small: true
	// large, after one has ended: true
	// one that gives up: context canceled
}
