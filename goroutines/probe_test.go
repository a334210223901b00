package goroutines_test

import (
	"errors"
	"math"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/internal/probe"
	"gonotes/internal/prog"
)

// started runs the program of a kind until the end of the test. Where the
// machine lacks what that takes, the proof is not run.
func started[S any](t *testing.T, proof *claim.Proof[S], kind probe.Kind, options probe.Options) *probe.Process {
	t.Helper()
	process, err := builder.Start(t.Context(), kind, options)
	possible(t, proof, err)
	t.Cleanup(func() { require.NoError(t, process.Close()) })
	return process
}

// possible ends the test if err is not nil: as not run where the machine lacks
// something.
func possible[S any](t *testing.T, proof *claim.Proof[S], err error) {
	t.Helper()
	if missing, ok := errors.AsType[probe.Missing](err); ok {
		proof.NotRun("%v", missing)
	}
	if missing, ok := errors.AsType[prog.NoCompiler](err); ok {
		proof.NotRun("%v", missing)
	}
	require.NoError(t, err)
}

// parked lets a new process of a kind park so many tasks, wakes them, checks
// their sum and ends the process.
func parked[S any](t *testing.T, proof *claim.Proof[S], kind probe.Kind, tasks int, args ...string) probe.Parked {
	t.Helper()
	process := started(t, proof, kind, probe.Options{Args: args})
	found, err := process.Park(t.Context(), tasks)
	possible(t, proof, err)
	sum, _, err := process.Wake(t.Context())
	require.NoError(t, err)
	require.Equal(t, tasks, sum, "each of the tasks adds one")
	require.NoError(t, process.Close())
	return found
}

// fewer is how many tasks the experiments park that need no large number.
const fewer = 500

// threads is the number of threads that tasks add to a process, the most of a
// kind of waiting being the runtime's own.
type threads struct{ tasks, added, ids int }

func threadsOf(p probe.Parked) threads {
	return threads{p.Tasks, p.After.Threads - p.Before.Threads, p.ThreadIDs}
}

func (n threads) Figures() []claim.Figure {
	figures := []claim.Figure{{Name: "threads added for " + strconv.Itoa(n.tasks), Value: float64(n.added), Unit: "threads"}}
	if n.ids > 0 {
		figures = append(figures, claim.Figure{Name: "distinct thread ids", Value: float64(n.ids), Unit: "ids"})
	}
	return figures
}

// procs is how many threads run goroutines at once.
var procs = runtime.GOMAXPROCS(0)

// mostTasks is how many goroutines the largest experiments hold at once, unless
// memory allows fewer: what claim.TasksEnv says, "max" for as many as fit.
func mostTasks(t *testing.T) (asked int) {
	t.Helper()
	switch text := os.Getenv(claim.TasksEnv); {
	case text == "max":
		return math.MaxInt
	case text != "":
		asked, err := strconv.Atoi(text)
		require.NoError(t, err, claim.TasksEnv)
		require.Positive(t, asked, "%s is %q; it must be a number more than 0, or max", claim.TasksEnv, text)
		return asked
	case testing.Short():
		return 10_000
	}
	return 100_000
}

// patience is how long something may take that takes an instant.
const patience = time.Minute
