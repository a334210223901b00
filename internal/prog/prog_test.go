package prog_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/internal/prog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ample is more time than any of the programs here needs.
const ample = time.Minute

// The end of a program is told by its exit code, its output and its time.
func TestRun(t *testing.T) {
	ends, err := prog.Build(t.Context(), "testdata/ends", t.TempDir())
	require.NoError(t, err)
	for _, test := range []struct {
		how   string
		limit time.Duration
		code  int
		said  string
		hung  bool
	}{
		{"well", ample, 0, "", false},
		{"badly", ample, 3, "three", false},
		{"deadlock", ample, prog.ExitFatal, "all goroutines are asleep", false},
		{"never", 50 * time.Millisecond, prog.Killed, "", true},
	} {
		result, err := prog.Run(t.Context(), test.limit, []string{"MOOD=good"}, ends, test.how)
		require.NoError(t, err, test.how)
		assert.Equal(t, test.code, result.Code, test.how)
		assert.Equal(t, test.hung, result.Hung, test.how)
		assert.Contains(t, result.Stderr, test.said, test.how)
		assert.Positive(t, result.Took, test.how)
		if test.how == "well" {
			assert.Equal(t, "well good\n", result.Stdout)
		}
	}
}

// A program that cannot be started is an error, and so is a run that was cancelled.
func TestRun_errors(t *testing.T) {
	_, err := prog.Run(t.Context(), ample, nil, filepath.Join(t.TempDir(), "nothing"))
	assert.ErrorContains(t, err, "nothing")

	ends, err := prog.Build(t.Context(), "testdata/ends", t.TempDir())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	result, err := prog.Run(ctx, ample, nil, ends, "never")
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, result.Took, ample)
}

// A program that does not compile is an error with the compiler's words.
func TestBuild_broken(t *testing.T) {
	_, err := prog.Build(t.Context(), "testdata/broken", t.TempDir())
	assert.ErrorContains(t, err, "go build testdata/broken: exit status 1")
	assert.ErrorContains(t, err, "too many return values")
	_, err = prog.Build(t.Context(), "testdata/ends", filepath.Join(t.TempDir(), "nowhere"))
	assert.Error(t, err)
}

// What is added to the environment of a build reaches the go command.
func TestBuild_env(t *testing.T) {
	_, err := prog.Build(t.Context(), "testdata/ends", t.TempDir(), "GOEXPERIMENT=perpetualmotion")
	assert.ErrorContains(t, err, "unknown GOEXPERIMENT perpetualmotion")
}

// The race detector is in what BuildRace builds and not in what Build builds.
func TestBuildRace(t *testing.T) {
	racy, err := prog.BuildRace(t.Context(), "testdata/ends", t.TempDir())
	if missing, ok := errors.AsType[prog.NoCompiler](err); ok {
		t.Skip(missing)
	}
	require.NoError(t, err)
	plain, err := prog.Build(t.Context(), "testdata/ends", t.TempDir())
	require.NoError(t, err)
	for path, code := range map[string]int{racy: prog.ExitRace, plain: 0} {
		result, err := prog.Run(t.Context(), ample, nil, path, "race")
		require.NoError(t, err)
		assert.Equal(t, code, result.Code, result.Stderr)
	}
}

// A machine without a C compiler is told which were looked for.
func TestBuildRace_noCompiler(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CC", "")
	_, err := prog.BuildRace(t.Context(), "testdata/ends", t.TempDir())
	assert.EqualError(t, err, "tool: no C compiler (gcc, clang, cc)")
	t.Setenv("CC", "mycc -O2")
	_, err = prog.BuildCgo(t.Context(), "testdata/ends", t.TempDir())
	assert.EqualError(t, err, "tool: no C compiler (mycc)")
}

// Each condition of Ended refuses what lacks it.
func TestEnded(t *testing.T) {
	check := prog.Ended(2, "deadlock")
	assert.NoError(t, check(prog.Result{Code: 2, Stderr: "fatal error: deadlock!"}))
	assert.EqualError(t, check(prog.Result{Code: prog.Killed, Hung: true, Took: 1234 * time.Millisecond}), "hung, and was killed after 1.234s")
	assert.EqualError(t, check(prog.Result{Code: 0, Stderr: "deadlock\n\nin\n1\n2"}), "exit code 0, want 2: deadlock | in | 1")
	assert.EqualError(t, check(prog.Result{Code: 2}), `exit code 2, but standard error does not say "deadlock"`)
}
