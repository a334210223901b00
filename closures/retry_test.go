package closures_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/closures"
	"gonotes/internal/claim"
)

// A functional option carries its value, so that a zero that was asked for
// differs from a setting that was not made.
func TestLocalFunctions_options(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		takes := func(retry func(context.Context, func(context.Context) error) error) claim.Figure {
			begin := time.Now()
			assert.ErrorIs(t, retry(t.Context(), func(context.Context) error { return down }), down)
			return claim.Figure{Name: "time of three attempts", Value: float64(time.Since(begin)), Unit: "ns"}
		}
		with := func(options ...closures.Option) claim.Figure {
			return takes(func(ctx context.Context, f func(context.Context) error) error {
				return closures.Retry(ctx, f, options...)
			})
		}

		proof := claim.Prove(t, closures.LocalFunctions, claim.AtMost(0))
		proof.Holds("Pause(0) asked for", with(closures.Pause(0)))
		proof.Holds("a later option wins", with(closures.Pause(time.Hour), closures.Pause(0)))
		proof.Holds("one option leaves the other alone", with(closures.Attempts(1)))
		proof.Control("no option: the default pause", with(), "2e+08 ns, want at most 0")
		proof.Control("a struct of settings with Pause: 0", takes(func(ctx context.Context, f func(context.Context) error) error {
			return retryWith(ctx, settings{Pause: 0}, f)
		}), "2e+08 ns, want at most 0")
	})
}

// settings are what options are compared with: zero means the default, so that
// zero cannot be asked for.
type settings struct {
	Attempts int
	Pause    time.Duration
}

func retryWith(ctx context.Context, s settings, f func(context.Context) error) error {
	if s.Attempts == 0 {
		s.Attempts = 3
	}
	if s.Pause == 0 {
		s.Pause = 100 * time.Millisecond
	}
	return closures.Retry(ctx, f, closures.Attempts(s.Attempts), closures.Pause(s.Pause))
}

// Retry stops when it succeeds, when its attempts are used up and when its context ends.
func TestLocalFunctions_optionsStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := func(ctx context.Context, succeedAt int, options ...closures.Option) claim.Figure {
			n := 0
			err := closures.Retry(ctx, func(context.Context) error {
				if n++; n == succeedAt {
					return nil
				}
				return errors.New("down")
			}, options...)
			assert.Equal(t, n == succeedAt, err == nil)
			return claim.Figure{Name: "calls", Value: float64(n), Unit: "calls"}
		}
		second, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()

		proof := claim.Prove(t, closures.LocalFunctions, claim.AtMost(2))
		proof.Holds("success at the second call", calls(t.Context(), 2, closures.Attempts(9)))
		proof.Holds("two attempts", calls(t.Context(), 0, closures.Attempts(2)))
		proof.Holds("no attempt, which means one", calls(t.Context(), 0, closures.Attempts(0)))
		proof.Holds("the context ends after the second call", calls(second, 0, closures.Attempts(9), closures.Pause(time.Second)))
		proof.Control("none of these", calls(t.Context(), 0, closures.Attempts(9)), "9 calls, want at most 2")
	})
}

// An option is a closure that carries a value to where it is set.
func Example_localFunctions_options() {
	attempt := 0
	flaky := func(context.Context) error {
		if attempt++; attempt < 3 {
			return fmt.Errorf("attempt %d failed", attempt)
		}
		return nil
	}
	err := closures.Retry(context.Background(), flaky, closures.Attempts(2), closures.Pause(0))
	fmt.Println("two attempts:", err)

	attempt = 0
	err = closures.Retry(context.Background(), flaky, closures.Pause(0))
	fmt.Println("by default:  ", err)
	// Output:
	// two attempts: attempt 2 failed
	// by default:   <nil>
}

// Retry calls a closure until it succeeds.
//
//claim:closures/local-functions
func ExampleRetry() {
	rungs := 0 // captured: what the closure did stays done
	err := closures.Retry(context.Background(), func(context.Context) error {
		rungs++
		if rungs < 3 {
			return errors.New("not there yet")
		}
		return nil
	}, closures.Attempts(5), closures.Pause(time.Millisecond))
	fmt.Println("rungs:", rungs, "error:", err)
	// Output:
	// rungs: 3 error: <nil>
}
