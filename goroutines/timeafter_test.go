package goroutines_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// heldTimers builds the program that forgets timers, and returns what each holds.
func heldTimers(t *testing.T) func(loop string, env ...string) (claim.Figure, prog.Result) {
	t.Helper()
	path := built(t, "testdata/timers")
	return func(loop string, env ...string) (claim.Figure, prog.Result) {
		t.Helper()
		result := runner(t, path, env...)(loop)
		bytes, err := strconv.ParseFloat(strings.TrimSpace(result.Stdout), 64)
		if result.Code == 0 {
			require.NoError(t, err)
		}
		return claim.Figure{Name: "held for each turn", Value: max(0, bytes), Unit: "B"}, result
	}
}

// A time.After in a loop is let go though its hour is not over. A function that
// AfterFunc is to call is held until then, as nobody stopped it.
func TestLeakProfile_timeAfter(t *testing.T) {
	held := heldTimers(t)
	after, _ := held("after")
	stopped, _ := held("stopped")
	afterFunc, _ := held("afterfunc")
	proof := claim.Prove(t, goroutines.LeakProfile, claim.AtMost(16))
	proof.Holds("time.After of an hour in a loop", after)
	proof.Holds("a timer that is stopped", stopped)
	proof.Control("time.AfterFunc of an hour in a loop, never stopped", afterFunc, "B, want at most 16")
}

// Before Go 1.23 time.After in a loop was held until it fired: so it is in
// Go 1.26 with asynctimerchan=1, which Go 1.27 has no more.
func TestLeakProfile_timeAfterBefore123(t *testing.T) {
	held := heldTimers(t)
	proof := claim.Prove(t, goroutines.LeakProfile, claim.AtMost(16))
	asBefore, result := held("after", "GODEBUG=asynctimerchan=1")
	if strings.Contains(result.Stderr, `removed GODEBUG "asynctimerchan"`) {
		proof.NotRun("platform: Go 1.27 removed GODEBUG=asynctimerchan=1")
	}
	require.Zero(t, result.Code, result.Stderr)
	now, _ := held("after", "GODEBUG=asynctimerchan=0")
	proof.Holds("time.After of an hour in a loop", now)
	proof.Control("the same with asynctimerchan=1, as before Go 1.23", asBefore, "B, want at most 16")
}

// Since Go 1.23 no old tick is left in the channel after Stop or Reset, so that
// who receives afterwards waits for the new time.
func TestLeakProfile_timerReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := func(reset func(*time.Timer)) claim.Figure {
			timer := time.NewTimer(time.Second)
			time.Sleep(time.Minute) // the second is over, and nobody received
			begin := time.Now()
			reset(timer)
			<-timer.C
			return claim.Figure{Name: "waited after Reset", Value: float64(time.Since(begin)), Unit: "ns"}
		}
		proof := claim.Prove(t, goroutines.LeakProfile, claim.AtLeast(float64(time.Hour)))
		proof.Holds("a timer that had fired, reset to an hour", waits(func(timer *time.Timer) { timer.Reset(time.Hour) }))
		proof.Control("a timer that had fired, not reset", waits(func(*time.Timer) {}), "0 ns, want at least 3.6e+12")
	})
}

// A timeout for each turn of a loop may be written as time.After since Go 1.23.
func Example_leakProfile_timeAfter() {
	orders := make(chan string, 2)
	orders <- "two teas"
	orders <- "a coffee"
	for range 3 {
		timeout := time.Hour
		if len(orders) == 0 {
			timeout = time.Millisecond
		}
		select {
		case order := <-orders:
			fmt.Println("order:", order)
		case <-time.After(timeout): // of the first two turns nothing is left
			fmt.Println("no order in time")
		}
	}
	// Output:
	// order: two teas
	// order: a coffee
	// no order in time
}
