package goroutines_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// Of a hundred callers that ask for one key at the same time, singleflight lets
// one do the work and gives all its answer. A cache alone lets all do it, as none
// finds an answer yet.
func TestChannels_singleflight(t *testing.T) {
	type get func(key string, load func() (any, error)) (any, error)
	synctest.Test(t, func(t *testing.T) {
		stampede := func(get get) claim.Figure {
			var loads atomic.Int64
			var callers errgroup.Group
			for range 100 {
				callers.Go(func() error {
					answer, err := get("tea", func() (any, error) {
						loads.Add(1)
						time.Sleep(time.Second)
						return "3.20", nil
					})
					if answer != "3.20" {
						return fmt.Errorf("the answer is %v, %v", answer, err)
					}
					return err
				})
			}
			assert.NoError(t, callers.Wait())
			return claim.Figure{Name: "loads for 100 callers", Value: float64(loads.Load()), Unit: "loads"}
		}
		var flights singleflight.Group
		var cache sync.Map
		proof := claim.Prove(t, goroutines.Channels, claim.AtMost(1))
		proof.Holds("singleflight", stampede(func(key string, load func() (any, error)) (any, error) {
			answer, err, _ := flights.Do(key, load)
			return answer, err
		}))
		proof.Control("a cache alone", stampede(func(key string, load func() (any, error)) (any, error) {
			if answer, ok := cache.Load(key); ok {
				return answer, nil
			}
			answer, err := load()
			cache.Store(key, answer)
			return answer, err
		}), "100 loads, want at most 1")
	})
}

// Who joins a flight shares its end: with the first caller's context that
// caller's cancelling fails the others, too. So the work gets a context that goes
// on, and each caller waits with its own.
func TestChannels_singleflightContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := func(shared func(first context.Context) context.Context) error {
			var flights singleflight.Group
			ask := func(ctx context.Context) error {
				flight := flights.DoChan("tea", func() (any, error) { return "3.20", waitOrEnd(shared(ctx), time.Minute) })
				select {
				case result := <-flight:
					return result.Err
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			first, leave := context.WithCancel(t.Context())
			var callers sync.WaitGroup
			var err error
			callers.Go(func() { assert.ErrorIs(t, ask(first), context.Canceled) })
			synctest.Wait()
			callers.Go(func() { err = ask(t.Context()) })
			synctest.Wait()
			leave()
			callers.Wait()
			return err
		}
		proof := claim.Prove(t, goroutines.Channels, second)
		proof.Holds("the work's context is WithoutCancel", context.WithoutCancel)
		proof.Control("the work has the first caller's context", func(first context.Context) context.Context { return first }, "context canceled")
	})
}

// Those who ask while a load is under way get its answer.
func Example_channels_singleflight() {
	var prices singleflight.Group
	loads := 0
	loading, goOn := make(chan bool), make(chan bool)
	load := func() (any, error) {
		loads++
		close(loading)
		<-goOn
		return "3.20", nil
	}

	first := prices.DoChan("tea", load)
	<-loading
	second := prices.DoChan("tea", load)
	close(goOn)
	for _, caller := range []<-chan singleflight.Result{first, second} {
		price := <-caller
		fmt.Println("tea:", price.Val, "shared:", price.Shared)
	}
	fmt.Println("loads:", loads)
	// Output:
	// tea: 3.20 shared: true
	// tea: 3.20 shared: true
	// loads: 1
}
