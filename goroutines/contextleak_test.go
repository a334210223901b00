package goroutines_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// liveHeap is what is still reachable. Two collections, for what a sync.Pool
// holds survives one.
func liveHeap() float64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// held is what a parent that lives on holds for each child that was made of it
// and forgotten.
func held(t *testing.T, makeChild func(parent context.Context)) claim.Figure {
	const children = 10_000
	parent, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := liveHeap()
	for range children {
		makeChild(parent)
	}
	after := liveHeap()
	return claim.Figure{Name: "held for each", Value: max(0, after-before) / children, Unit: "B"}
}

// forget is what one must not do with a cancel function. Vet would report a plain _.
func forget(context.Context, context.CancelFunc) {}

func cancelled(_ context.Context, cancel context.CancelFunc) { cancel() }

// A parent holds each child that was never cancelled, and a timeout its timer
// besides; of those that were cancelled it holds nothing.
func TestContextLeak(t *testing.T) {
	proof := claim.Prove(t, goroutines.ContextLeak, claim.AtLeast(32))
	proof.Holds("children never cancelled", held(t, func(parent context.Context) { forget(context.WithCancel(parent)) }))
	proof.Holds("timeouts never cancelled, before their time", held(t, func(parent context.Context) { forget(context.WithTimeout(parent, time.Hour)) }))
	proof.Holds("functions to call after it that were never stopped", held(t, func(parent context.Context) { context.AfterFunc(parent, func() {}) }))
	proof.Control("children cancelled", held(t, func(parent context.Context) { cancelled(context.WithCancel(parent)) }), "B, want at least 32")
	proof.Control("timeouts cancelled", held(t, func(parent context.Context) { cancelled(context.WithTimeout(parent, time.Hour)) }), "B, want at least 32")
	proof.Control("functions to call after it that were stopped", held(t, func(parent context.Context) { context.AfterFunc(parent, func() {})() }), "B, want at least 32")
}

// Nothing is held of a child that does not register: one of a parent that is
// never cancelled, one made WithoutCancel, or one that carries only a value.
func TestContextLeak_nothingHeld(t *testing.T) {
	type key struct{}
	proof := claim.Prove(t, goroutines.ContextLeak, claim.AtMost(16))
	proof.Holds("cancelled", held(t, func(parent context.Context) { cancelled(context.WithCancel(parent)) }))
	proof.Holds("never cancelled, of the background", held(t, func(context.Context) { forget(context.WithCancel(context.Background())) }))
	proof.Holds("never cancelled, made WithoutCancel", held(t, func(parent context.Context) { forget(context.WithCancel(context.WithoutCancel(parent))) }))
	proof.Holds("with a value", held(t, func(parent context.Context) { _ = context.WithValue(parent, key{}, 1) }))
	proof.Control("never cancelled", held(t, func(parent context.Context) { forget(context.WithCancel(parent)) }), "B, want at most 16")
	proof.Control("a timeout of the background, before its time", held(t, func(context.Context) { forget(context.WithTimeout(context.Background(), time.Hour)) }), "B, want at most 16")
}

// Vet reports a cancel function that is not called on every path.
func TestContextLeak_vet(t *testing.T) {
	proof := claim.Prove(t, goroutines.ContextLeak, prog.Ended(1, "the cancel function is not used on all paths (possible context leak)"))
	proof.Holds("a return without cancel", vetted(t, "./testdata/lostcancel/lost"))
	proof.Control("a deferred cancel", vetted(t, "./testdata/lostcancel/kept"), "exit code 0, want 1")
}

// Cancelling only closes a channel: a loop that listens ends at once, and one
// that ignores Done lives on until its work is done.
func TestContextLeak_cooperative(t *testing.T) {
	listens := func(ctx context.Context) {
		for range 3600 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
		}
	}
	asks := func(ctx context.Context) {
		for range 3600 {
			if ctx.Err() != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}
	ignores := func(context.Context) {
		for range 3600 {
			time.Sleep(time.Second)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		lives := func(work func(context.Context)) claim.Figure {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan bool)
			go func() {
				defer close(ended)
				work(ctx)
			}()
			time.Sleep(time.Second / 2)
			cancel()
			begin := time.Now()
			<-ended
			return claim.Figure{Name: "lived on after cancel", Value: float64(time.Since(begin)), Unit: "ns"}
		}
		proof := claim.Prove(t, goroutines.ContextLeak, claim.AtMost(float64(time.Second)))
		proof.Holds("a loop that listens while it waits", lives(listens))
		proof.Holds("a loop that asks before each second", lives(asks))
		proof.Control("a loop that ignores the context", lives(ignores), "3.5995e+12 ns, want at most 1e+09")
	})
}

// A timeout ends its context at its time and not a nanosecond before, and a
// parent's earlier end ends it sooner.
func TestContextLeak_timeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type ends struct{ before, then error }
		after := func(wait time.Duration, ctx context.Context, cancel context.CancelFunc) ends {
			defer cancel()
			time.Sleep(wait - time.Nanosecond)
			synctest.Wait()
			before := ctx.Err()
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			return ends{before, ctx.Err()}
		}
		proof := claim.Prove(t, goroutines.ContextLeak, func(e ends) error {
			if e.before != nil {
				return fmt.Errorf("ended before its time: %w", e.before)
			}
			if !errors.Is(e.then, context.DeadlineExceeded) {
				return fmt.Errorf("at its time: %v", e.then)
			}
			return nil
		})
		in := func(wait, timeout time.Duration) ends {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			return after(wait, ctx, cancel)
		}
		within := func(wait, outer, inner time.Duration) ends {
			parent, cancel := context.WithTimeout(t.Context(), outer)
			defer cancel()
			ctx, cancelChild := context.WithTimeout(parent, inner)
			return after(wait, ctx, cancelChild)
		}
		proof.Holds("a timeout of an hour, after an hour", in(time.Hour, time.Hour))
		proof.Holds("a timeout of an hour within one of a minute, after a minute", within(time.Minute, time.Minute, time.Hour))
		proof.Control("a timeout of an hour and a nanosecond, after an hour", in(time.Hour, time.Hour+1), "at its time: <nil>")
		proof.Control("a timeout of an hour within one of a minute, after an hour", within(time.Hour, time.Minute, time.Hour), "ended before its time")
	})
}

// The deferred cancel takes the child off its parent, whatever way the function
// is left.
func Example_contextLeak() {
	parent, stop := context.WithCancel(context.Background())
	defer stop()
	ask := func(city string) error {
		ctx, cancel := context.WithTimeout(parent, time.Minute)
		defer cancel() // without it the parent keeps ctx, and its timer, for a minute
		if city == "" {
			return errors.New("no city")
		}
		return ctx.Err()
	}
	fmt.Println("a city:      ", ask("Oslo"))
	fmt.Println("no city:     ", ask(""))
	stop()
	fmt.Println("after a stop:", ask("Oslo"))
	// Output:
	// a city:       <nil>
	// no city:      no city
	// after a stop: context canceled
}

// Cause says why a context ended, where Err says only that it did.
func Example_contextLeak_cause() {
	ctx, cancel := context.WithCancelCause(context.Background())
	child, cancelChild := context.WithTimeoutCause(ctx, time.Hour, errors.New("too slow"))
	defer cancelChild()

	cancel(errors.New("the kitchen is closed"))
	cancel(errors.New("the first cause stays"))
	fmt.Println("err:          ", ctx.Err())
	fmt.Println("cause:        ", context.Cause(ctx))
	fmt.Println("child's cause:", context.Cause(child))
	// Output:
	// err:           context canceled
	// cause:         the kitchen is closed
	// child's cause: the kitchen is closed
}

// AfterFunc calls a function when a context ends, in a goroutine of its own, so
// that nobody has to wait for Done. A stop that comes first keeps it from running.
func Example_contextLeak_afterFunc() {
	ctx, cancel := context.WithCancel(context.Background())
	closed := make(chan string)
	stopFirst := context.AfterFunc(ctx, func() { closed <- "first connection" })
	stopSecond := context.AfterFunc(ctx, func() { closed <- "second connection" })

	fmt.Println("second stopped in time:", stopSecond())
	cancel()
	fmt.Println("closed:", <-closed)
	fmt.Println("first stopped in time:", stopFirst())
	// Output:
	// second stopped in time: true
	// closed: first connection
	// first stopped in time: false
}

// What must go on after the request has ended, such as an entry in a log, keeps
// the request's values and not its end.
func Example_contextLeak_withoutCancel() {
	type userKey struct{}
	request, end := context.WithCancel(context.WithValue(context.Background(), userKey{}, "ann"))
	audit := context.WithoutCancel(request)
	end()
	fmt.Println("request:", request.Err())
	fmt.Println("audit:  ", audit.Err())
	fmt.Println("user:   ", audit.Value(userKey{}))
	// Output:
	// request: context canceled
	// audit:   <nil>
	// user:    ann
}
