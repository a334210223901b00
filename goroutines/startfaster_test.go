package goroutines_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/probe"
)

// timed measures one thing of a process that lives through all rounds.
type timed func() (time.Duration, error)

// startFinish times the start of one task and the wait for its end, so many one
// after another.
func startFinish(t *testing.T, p *probe.Process, tasks int) timed {
	return func() (time.Duration, error) { return p.StartFinish(t.Context(), tasks) }
}

// roundTrip times how two tasks wake each other, there and back.
func roundTrip(t *testing.T, p *probe.Process, trips int) timed {
	return func() (time.Duration, error) { return p.RoundTrip(t.Context(), trips) }
}

// ratio is how much longer slow takes than fast, each the best of nine rounds
// that alternate.
func ratio(t *testing.T, name string, slow, fast timed) claim.Figure {
	t.Helper()
	best, err := probe.Fastest(9, slow, fast)
	require.NoError(t, err)
	return claim.Figure{Name: name, Value: float64(best[0]) / float64(best[1]), Unit: "times"}
}

// nearOne measures up to three times a ratio that should be near one, for a
// machine may be disturbed just when one of two is measured.
func nearOne(t *testing.T, below float64, name string, slow, fast timed) claim.Figure {
	t.Helper()
	figure := ratio(t, name, slow, fast)
	for range 2 {
		if figure.Value < below {
			break
		}
		figure = ratio(t, name, slow, fast)
	}
	return figure
}

// To start a goroutine and to see it end is faster than the same with a thread
// that ends with it. Locking a goroutine to a thread that is there costs little.
func TestStartFaster(t *testing.T) {
	proof := claim.Prove(t, goroutines.StartFaster, claim.AtLeast(5))
	goroutine := startFinish(t, started(t, proof, probe.Goroutine, probe.Options{}), 2_000)
	thread := startFinish(t, started(t, proof, probe.LockedThread, probe.Options{}), 200)
	relocked := startFinish(t, started(t, proof, probe.Goroutine, probe.Options{Args: []string{"-start=lockunlock"}}), 2_000)
	again := startFinish(t, started(t, proof, probe.Goroutine, probe.Options{}), 2_000)

	const name = "start and finish, against a goroutine"
	proof.Holds("a thread that Go starts and ends", ratio(t, name, thread, goroutine))
	elsewhere := startFinish(t, started(t, proof, probe.Goroutine, probe.Options{Args: []string{"-start=other"}}), 200)
	best, err := probe.Fastest(9, goroutine, thread, elsewhere)
	require.NoError(t, err)
	for i, what := range []string{"a goroutine on this processor", "a thread that Go starts and ends", "a goroutine on another processor, which has to be woken"} {
		proof.Figure("start and finish of "+what, float64(best[i].Nanoseconds()), "ns")
	}
	proof.Control("a goroutine", nearOne(t, 4, name, again, goroutine), "want at least 5")
	proof.Control("a goroutine locked and unlocked", nearOne(t, 4, name, relocked, goroutine), "want at least 5")
}

// The same with threads of C, whose library keeps the stack of the last one for
// the next, and without that.
func TestStartFaster_pthreads(t *testing.T) {
	proof := claim.Prove(t, goroutines.StartFaster, claim.AtLeast(5))
	cached := startFinish(t, started(t, proof, probe.Pthread, probe.Options{}), 200)
	uncached := startFinish(t, started(t, proof, probe.Pthread, probe.Options{Args: []string{"-start=uncached"}}), 200)
	goroutine := startFinish(t, started(t, proof, probe.Goroutine, probe.Options{}), 2_000)
	again := startFinish(t, started(t, proof, probe.Goroutine, probe.Options{}), 2_000)
	const name = "start and finish, against a goroutine"
	proof.Holds("a pthread with the stack of the one before", ratio(t, name, cached, goroutine))
	proof.Holds("a pthread with a new stack", ratio(t, name, uncached, goroutine))
	proof.Control("a goroutine", nearOne(t, 4, name, again, goroutine), "want at least 5")
}

// Two goroutines wake each other over a channel faster than two goroutines that
// are locked to threads.
func TestStartFaster_switch(t *testing.T) {
	proof := claim.Prove(t, goroutines.StartFaster, claim.AtLeast(5))
	channel := roundTrip(t, started(t, proof, probe.Goroutine, probe.Options{}), 2_000)
	again := roundTrip(t, started(t, proof, probe.Goroutine, probe.Options{}), 2_000)
	locked := roundTrip(t, started(t, proof, probe.LockedThread, probe.Options{}), 200)
	const name = "round trip, against two goroutines"
	proof.Holds("two goroutines locked to threads", ratio(t, name, locked, channel))
	proof.Control("two goroutines", nearOne(t, 3, name, again, channel), "want at least 5")
}

// The same with two threads of C on one processor.
func TestStartFaster_switchPthreads(t *testing.T) {
	proof := claim.Prove(t, goroutines.StartFaster, claim.AtLeast(5))
	pinned := roundTrip(t, started(t, proof, probe.Pthread, probe.Options{Args: []string{"-pinned"}}), 500)
	channel := roundTrip(t, started(t, proof, probe.Goroutine, probe.Options{}), 2_000)
	again := roundTrip(t, started(t, proof, probe.Goroutine, probe.Options{}), 2_000)
	const name = "round trip, against two goroutines"
	proof.Holds("two pthreads on one processor", ratio(t, name, pinned, channel))
	proof.Control("two goroutines", nearOne(t, 3, name, again, channel), "want at least 5")
}

// Starting is cheap enough to do it for each of many small tasks, though not for
// an addition.
func Example_startFaster() {
	lengths := make(chan int)
	words := []string{"a", "goroutine", "for", "each", "word"}
	for _, word := range words {
		go func() { lengths <- len(word) }()
	}
	sum := 0
	for range words {
		sum += <-lengths
	}
	fmt.Println("letters:", sum)
	// Output: letters: 21
}
