package goroutines_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// built builds a program without the race detector.
func built(t *testing.T, dir string) (path string) {
	t.Helper()
	path, err := prog.Build(t.Context(), dir, t.TempDir())
	require.NoError(t, err)
	return path
}

// endings runs a program in each of these ways, all at once, for no longer than
// limit. One that hangs before it has said anything has not come so far yet,
// and is given more time.
func endings(t *testing.T, limit time.Duration, path string, ways ...string) map[string]prog.Result {
	t.Helper()
	results := make([]prog.Result, len(ways))
	errs := make([]error, len(ways))
	var running sync.WaitGroup
	for i, way := range ways {
		running.Go(func() {
			for limit := limit; ; limit *= 2 {
				results[i], errs[i] = prog.Run(t.Context(), limit, []string{"GOTRACEBACK=single"}, path, way)
				if !results[i].Hung || results[i].Stdout != "" || limit > time.Minute {
					return
				}
			}
		})
	}
	running.Wait()
	require.NoError(t, errors.Join(errs...))
	byWay := map[string]prog.Result{}
	for i, way := range ways {
		byWay[way] = results[i]
	}
	return byWay
}

// raced builds a program with the race detector, and says that the proof is not
// run where there is no C compiler.
func raced[S any](t *testing.T, proof *claim.Proof[S], dir string) func(args ...string) prog.Result {
	t.Helper()
	return racedOnce(t, proof, func() (string, error) { return prog.BuildRace(t.Context(), dir, t.TempDir()) })
}

// racedOnce is raced for a program that several proofs share.
func racedOnce[S any](t *testing.T, proof *claim.Proof[S], build func() (path string, err error)) func(args ...string) prog.Result {
	t.Helper()
	path, err := build()
	if missing, ok := errors.AsType[prog.NoCompiler](err); ok {
		proof.NotRun("%v", missing)
	}
	require.NoError(t, err)
	return func(args ...string) prog.Result {
		t.Helper()
		// The program waits for its goroutines, so it need not sleep before it exits.
		result, err := prog.Run(t.Context(), time.Minute, []string{"GORACE=atexit_sleep_ms=0"}, path, args...)
		require.NoError(t, err)
		return result
	}
}

// withoutRace is the check that a program built with the race detector ended
// well.
func withoutRace(r prog.Result) error {
	if r.Code == prog.ExitRace && strings.Contains(r.Stderr, "WARNING: DATA RACE") {
		return fmt.Errorf("DATA RACE, exit code %d, after it printed %q", r.Code, strings.TrimSpace(r.Stdout))
	}
	return prog.Ended(0, "")(r)
}
