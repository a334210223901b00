package goroutines_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sync/errgroup"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// waitOrEnd waits so long, or until ctx ends.
func waitOrEnd(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// The first error cancels the context of the others, and Wait returns it. A
// group without a context returns it too, but only when all have ended.
func TestChannels_errgroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := func(group *errgroup.Group, ctx context.Context) claim.Figure {
			begin := time.Now()
			group.Go(func() error { return waitOrEnd(ctx, time.Hour) })
			group.Go(func() error {
				time.Sleep(time.Second)
				return errors.New("no tea left")
			})
			group.Go(func() error { return waitOrEnd(ctx, time.Hour) })
			assert.EqualError(t, group.Wait(), "no tea left", "the first error, not those that it caused")
			return claim.Figure{Name: "until Wait returned", Value: float64(time.Since(begin)), Unit: "ns"}
		}
		proof := claim.Prove(t, goroutines.Channels, claim.AtMost(float64(time.Second)))
		proof.Holds("a group with a context", failing(errgroup.WithContext(t.Context())))
		proof.Control("a group without one", failing(&errgroup.Group{}, t.Context()), "3.6e+12 ns, want at most 1e+09")
	})
}

// SetLimit makes Go block while so many are under way.
func TestChannels_errgroupLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		atOnce := func(limit int) claim.Figure {
			var group errgroup.Group
			group.SetLimit(limit)
			var underWay gauge
			for range 10 {
				group.Go(func() error {
					underWay.add(1)
					time.Sleep(time.Second) // in the bubble: until all the others wait too
					underWay.add(-1)
					return nil
				})
			}
			assert.NoError(t, group.Wait())
			return claim.Figure{Name: "most at once", Value: float64(underWay.most), Unit: "goroutines"}
		}
		const noLimit = -1
		proof := claim.Prove(t, goroutines.Channels, claim.AtMost(2))
		proof.Holds("ten tasks, limit 2", atOnce(2))
		proof.Control("ten tasks, no limit", atOnce(noLimit), "10 goroutines, want at most 2")
	})
}

// TryGo does not wait for room: at the limit it refuses.
func TestChannels_errgroupTryGo(t *testing.T) {
	refused := func(limit int) error {
		var group errgroup.Group
		group.SetLimit(limit)
		end := make(chan bool)
		task := func() error {
			<-end
			return nil
		}
		started := []bool{group.TryGo(task), group.TryGo(task), group.TryGo(task)}
		close(end)
		assert.NoError(t, group.Wait())
		if started[2] {
			return fmt.Errorf("the third was started, limit %d", limit)
		}
		assert.Equal(t, []bool{true, true, false}, started)
		return nil
	}
	proof := claim.Prove(t, goroutines.Channels, refused)
	proof.Holds("a third task, limit 2", 2)
	proof.Control("a third task, limit 3", 3, "the third was started, limit 3")
}

// Wait ends the group's context, though nothing failed: who needs a context
// after it takes the one that the group was made of.
func TestChannels_errgroupContextEnds(t *testing.T) {
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error { return nil })
	before := ctx.Err()
	assert.NoError(t, group.Wait())

	proof := claim.Prove(t, goroutines.Channels, func(err error) error {
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("it has not ended, its error is %v", err)
		}
		return nil
	})
	proof.Holds("the group's context after Wait", ctx.Err())
	proof.Control("the group's context before Wait", before, "it has not ended, its error is <nil>")
	proof.Control("the context that the group was made of", t.Context().Err(), "it has not ended, its error is <nil>")
}

// A group starts goroutines, waits for them and has the first error; its context
// tells the others to stop.
func Example_channels_errgroup() {
	group, ctx := errgroup.WithContext(context.Background())
	waiting := make(chan bool)
	group.Go(func() error {
		close(waiting)
		<-ctx.Done()
		fmt.Println("tea:   ", context.Cause(ctx))
		return ctx.Err()
	})
	group.Go(func() error {
		<-waiting
		return errors.New("coffee is out")
	})
	fmt.Println("group: ", group.Wait())
	fmt.Println("after: ", ctx.Err())
	// Output:
	// tea:    coffee is out
	// group:  coffee is out
	// after:  context canceled
}
