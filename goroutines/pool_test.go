package goroutines_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sync/errgroup"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// gauge counts what there is, and the most that there was at once.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}

func (g *gauge) highest() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}

// process is a way to let workers do tasks.
type process func(ctx context.Context, workers int, tasks iter.Seq[int], do func(context.Context, int) error) error

// goroutinePerTask is as fast, and knows no bound.
func goroutinePerTask(ctx context.Context, _ int, tasks iter.Seq[int], do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for task := range tasks {
		group.Go(func() error { return do(ctx, task) })
	}
	return group.Wait()
}

// errgroupSetLimit starts a goroutine for each task too, but not before there is
// room for it.
func errgroupSetLimit(ctx context.Context, limit int, tasks iter.Seq[int], do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(limit)
	for task := range tasks {
		group.Go(func() error { return do(ctx, task) })
	}
	return group.Wait()
}

// bareWorkers is the pool of many tutorials: it knows neither errors nor the end
// of the context until all tasks are done.
func bareWorkers(ctx context.Context, workers int, tasks iter.Seq[int], do func(context.Context, int) error) error {
	var working sync.WaitGroup
	queue, errs := make(chan int), make(chan error, 1)
	for range workers {
		working.Go(func() {
			for task := range queue {
				if err := do(ctx, task); err != nil {
					select {
					case errs <- err:
					default: // not the first
					}
				}
			}
		})
	}
	for task := range tasks {
		queue <- task
	}
	close(queue)
	working.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// withoutWaiting forgets that the last tasks are still under way.
func withoutWaiting(ctx context.Context, workers int, tasks iter.Seq[int], do func(context.Context, int) error) error {
	queue := make(chan int)
	for range workers {
		go func() {
			for task := range queue {
				_ = do(ctx, task)
			}
		}()
	}
	for task := range tasks {
		queue <- task
	}
	close(queue)
	return nil
}

// Workers do as many tasks at once as there are workers, and have done all when
// the pool returns.
func TestMultiplexed_workerPool(t *testing.T) {
	type run struct{ atOnce, done int }
	synctest.Test(t, func(t *testing.T) {
		of := func(process process) run {
			var underWay gauge
			var done atomic.Int64
			err := process(t.Context(), 3, slices.Values(upTo(100)), func(context.Context, int) error {
				underWay.add(1)
				time.Sleep(time.Second) // in the bubble: until all the others wait too
				underWay.add(-1)
				done.Add(1)
				return nil
			})
			assert.NoError(t, err)
			result := run{underWay.highest(), int(done.Load())}
			time.Sleep(time.Minute) // for those that it did not wait for
			return result
		}
		proof := claim.Prove(t, goroutines.Multiplexed, func(r run) error {
			if r.atOnce > 3 {
				return fmt.Errorf("%d tasks at once, want at most 3", r.atOnce)
			}
			if r.done != 100 {
				return fmt.Errorf("%d tasks done when it returned, want 100", r.done)
			}
			return nil
		})
		proof.Holds("a pool of 3 workers with 100 tasks", of(goroutines.Process))
		proof.Holds("an errgroup with a limit of 3", of(errgroupSetLimit))
		proof.Holds("a bare pool, as long as all goes well", of(bareWorkers))
		proof.Control("a goroutine for each task", of(goroutinePerTask), "100 tasks at once, want at most 3")
		proof.Control("a pool that does not wait for its workers", of(withoutWaiting), "tasks done when it returned, want 100")
	})
}

// A pool returns the first error, or that its context has ended, and does not go
// on with the other tasks.
func TestMultiplexed_workerPoolEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type run struct {
			err  error
			took time.Duration
		}
		broken := errors.New("task 1 is broken")
		failing := func(process process) run {
			begin := time.Now()
			err := process(t.Context(), 2, slices.Values(upTo(1000)), func(ctx context.Context, task int) error {
				time.Sleep(time.Second)
				if task == 1 {
					return broken
				}
				return ctx.Err()
			})
			return run{err, time.Since(begin)}
		}
		cancelled := func(process process) run {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, broken)
			defer cancel()
			begin := time.Now()
			err := process(ctx, 2, slices.Values(upTo(1000)), func(context.Context, int) error {
				time.Sleep(time.Second)
				return nil
			})
			return run{err, time.Since(begin)}
		}
		proof := claim.Prove(t, goroutines.Multiplexed, func(r run) error {
			if !errors.Is(r.err, broken) {
				return fmt.Errorf("the error is %v, want %v", r.err, broken)
			}
			if r.took > 2*time.Second {
				return fmt.Errorf("returned after %v, want 2s at most", r.took)
			}
			return nil
		})
		proof.Holds("a pool, and a task fails after a second", failing(goroutines.Process))
		proof.Holds("a pool, and its context ends after a second", cancelled(goroutines.Process))
		proof.Control("a bare pool, and a task fails after a second", failing(bareWorkers), "returned after 8m20s, want 2s at most")
		proof.Control("a bare pool, and its context ends after a second", cancelled(bareWorkers), "the error is <nil>, want task 1 is broken")
	})
}

// When its context has ended, a pool begins no task. An errgroup with a limit
// starts all the same, and leaves it to each task to ask.
func TestMultiplexed_workerPoolBeginsNone(t *testing.T) {
	begun := func(process process) claim.Figure {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var tasks atomic.Int64
		for range 1000 { // select takes a random one of what is ready
			err := process(ctx, 2, slices.Values(upTo(10)), func(context.Context, int) error {
				tasks.Add(1)
				return nil
			})
			if err != nil {
				assert.ErrorIs(t, err, context.Canceled)
			}
		}
		return claim.Figure{Name: "begun after the end", Value: float64(tasks.Load()), Unit: "tasks"}
	}
	proof := claim.Prove(t, goroutines.Multiplexed, claim.AtMost(0))
	proof.Holds("a pool", begun(goroutines.Process))
	proof.Control("an errgroup with a limit", begun(errgroupSetLimit), "10000 tasks, want at most 0")
}

// Two workers do seven tasks; a task that fails ends the work.
//
//claim:goroutines/multiplexed
func ExampleProcess() {
	var lengths [7]int
	words := []string{"so", "many", "tasks", "on", "so", "few", "workers"}
	tasks := slices.Values([]int{0, 1, 2, 3, 4, 5, 6})
	measure := func(_ context.Context, i int) error {
		lengths[i] = len(words[i]) // each task writes an element of its own
		return nil
	}
	err := goroutines.Process(context.Background(), 2, tasks, measure)
	fmt.Println("lengths:", lengths, err)

	err = goroutines.Process(context.Background(), 2, tasks, func(_ context.Context, i int) error {
		if words[i] == "few" {
			return fmt.Errorf("task %d: too few", i)
		}
		return nil
	})
	fmt.Println("error:", err)
	// Output:
	// lengths: [2 4 5 2 2 3 7] <nil>
	// error: task 5: too few
}
