package goroutines_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// A value receiver locks a copy of its mutex, so that a second call gets in and
// its increment is lost; with a pointer receiver it waits. The steps are fixed
// by channels: nothing here depends on chance.
func TestMutexCopy(t *testing.T) {
	lost := func(dir string) claim.Figure {
		result := runner(t, built(t, dir))()
		counted, err := strconv.Atoi(strings.TrimSpace(result.Stdout))
		require.NoError(t, err, result.Stderr)
		return claim.Figure{Name: "increments lost of two", Value: float64(2 - counted), Unit: "lost"}
	}
	proof := claim.Prove(t, goroutines.MutexCopy, claim.AtLeast(1))
	proof.Holds("a value receiver", lost("testdata/mutexcopy/value"))
	proof.Control("a pointer receiver", lost("testdata/mutexcopy/pointer"), "0 lost, want at least 1")
}

// Go vet reports the copy.
func TestMutexCopy_vet(t *testing.T) {
	proof := claim.Prove(t, goroutines.MutexCopy, prog.Ended(1, "add passes lock by value: gonotes/goroutines/testdata/mutexcopy/value.counter contains sync.Mutex"))
	proof.Holds("a value receiver", vetted(t, "./testdata/mutexcopy/value"))
	proof.Control("a pointer receiver", vetted(t, "./testdata/mutexcopy/pointer"), "exit code 0, want 1")
}

// The race detector finds that the calls are not excluded.
func TestMutexCopy_race(t *testing.T) {
	proof := claim.Prove(t, goroutines.MutexCopy, func(r prog.Result) error {
		if withoutRace(r) == nil {
			return fmt.Errorf("no race, and a count of %s", strings.TrimSpace(r.Stdout))
		}
		return prog.Ended(prog.ExitRace, "WARNING: DATA RACE")(r)
	})
	proof.Holds("a value receiver", raced(t, proof, "testdata/mutexcopy/value")("together"))
	proof.Control("a pointer receiver", raced(t, proof, "testdata/mutexcopy/pointer")("together"), "no race, and a count of 2000")
}

// The mutex stands before what it guards, and both are reached by pointer.
func Example_mutexCopy() {
	var visits struct {
		sync.Mutex
		perPage map[string]int
	}
	visits.perPage = map[string]int{}
	visit := func(page string) {
		visits.Lock()
		defer visits.Unlock()
		visits.perPage[page]++
	}
	var visitors sync.WaitGroup
	for i := range 100 {
		visitors.Go(func() { visit([]string{"home", "news"}[i%2]) })
	}
	visitors.Wait()
	fmt.Println(visits.perPage)
	// Output: map[home:50 news:50]
}
