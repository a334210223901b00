package goroutines_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/internal/probe"
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
				if !results[i].Hung || results[i].Stdout != "" || limit > patience {
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

// runner returns what runs a built program with these variables added to its
// environment.
func runner(t *testing.T, path string, env ...string) func(args ...string) prog.Result {
	t.Helper()
	return func(args ...string) prog.Result {
		t.Helper()
		result, err := prog.Run(t.Context(), patience, env, path, args...)
		require.NoError(t, err)
		return result
	}
}

// vetted is what go vet says of the program in a folder.
func vetted(t *testing.T, dir string) prog.Result {
	t.Helper()
	return runner(t, "go")("vet", dir)
}

// raced builds a program with the race detector and returns what runs it. The
// proof is not run where there is no C compiler.
func raced[S any](t *testing.T, proof *claim.Proof[S], dir string) func(args ...string) prog.Result {
	t.Helper()
	return racedOnce(t, proof, func() (string, error) { return prog.BuildRace(t.Context(), dir, t.TempDir()) })
}

// racedOnce is raced for a program that several proofs share.
func racedOnce[S any](t *testing.T, proof *claim.Proof[S], build func() (path string, err error)) func(args ...string) prog.Result {
	t.Helper()
	path, err := build()
	possible(t, proof, err)
	// The program waits for its goroutines, so it need not sleep before it exits.
	return runner(t, path, "GORACE=atexit_sleep_ms=0")
}

// compiled builds a C program with these flags. The error is a [probe.Missing]
// where there is no compiler that can, and a [prog.NoCompiler] where there is
// none at all.
func compiled(t *testing.T, source string, flags ...string) (path string, err error) {
	t.Helper()
	compiler, err := prog.CCompiler()
	if err != nil {
		return "", err
	}
	path = filepath.Join(t.TempDir(), "compiled.exe")
	if runner(t, compiler)(append([]string{"-O1", "-pthread", source, "-o", path}, flags...)...).Code != 0 {
		return "", probe.Missing{Reason: fmt.Sprintf("tool: the C compiler cannot build %s with %v", source, flags)}
	}
	return path, nil
}

// withoutRace is the check that a program built with the race detector ended
// well.
func withoutRace(r prog.Result) error {
	if r.Code == prog.ExitRace && strings.Contains(r.Stderr, "WARNING: DATA RACE") {
		return fmt.Errorf("DATA RACE, exit code %d, after it printed %q", r.Code, strings.TrimSpace(r.Stdout))
	}
	return prog.Ended(0, "")(r)
}
