package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics/analyticstest"
	"gonotes/microservices/analytics/sqlite"
)

const (
	writerPath = "GONOTES_KILLED_PATH" // the file that the process writes, if it is the writer
	killsName  = "GONOTES_KILLS"       // how often TestFile_killed kills the writer
	killedStep = 40                    // offsets of a batch
)

// killedLog is what the writer applies, in batches of killedStep.
func killedLog() analyticstest.Log { return analyticstest.RandomLog(1, 0, 1<<14) }

// write applies batches from the position on, and says so after each, until it is
// killed.
func write(ctx context.Context, path string) error {
	s, err := sqlite.Open(path)
	if err != nil {
		return err
	}
	log := killedLog()
	for {
		from, err := s.Position(ctx, 0)
		if err != nil {
			return err
		}
		if err := s.Apply(ctx, log.Batch(from, from+killedStep)); err != nil {
			return err
		}
		fmt.Println(from + killedStep)
	}
}

// kills returns how often to kill: 5 times, or as GONOTES_KILLS says.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv(killsName)
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	require.True(t, err == nil && n > 0, "%s=%q, want a whole number above 0", killsName, text)
	return n
}

// A kill -9 at any moment loses no batch that was applied, and leaves the one that was
// not, whole or not at all, its position included.
func TestFile_killed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "killed.db")
	random := rand.New(rand.NewPCG(1, 0))
	log := killedLog()
	var model analyticstest.Model
	last := int64(0)
	n := kills(t)
	for kill := 1; kill <= n; kill++ {
		acknowledged := untilKilled(t, path, random)
		s, err := sqlite.Open(path)
		require.NoError(t, err, "after kill %d", kill)
		position, err := s.Position(t.Context(), 0)
		require.NoError(t, err)
		require.GreaterOrEqual(t, position, acknowledged, "after kill %d", kill)
		for ; last < position; last += killedStep {
			require.NoError(t, model.Apply(log.Batch(last, last+killedStep)))
		}
		require.Equal(t, last, position, "after kill %d", kill)
		model.AgreeAll(t, s)
		require.NoError(t, s.Close())
		if kill%10 == 0 || kill == n {
			t.Logf("kill %d of %d: at offset %d", kill, n, position)
		}
	}
}

// untilKilled lets a process apply batches, kills it at a random moment, and returns
// up to which offset it said that it had.
func untilKilled(t *testing.T, path string, random *rand.Rand) (acknowledged int64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerPath+"="+path)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(stdout)
	hear := func() bool {
		if !lines.Scan() {
			return false
		}
		_, err := fmt.Sscan(lines.Text(), &acknowledged)
		require.NoError(t, err, lines.Text())
		return true
	}
	for range random.IntN(10) {
		hear()
	}
	time.Sleep(time.Duration(random.IntN(5000)) * time.Microsecond) // somewhere in a batch
	require.NoError(t, cmd.Process.Kill())
	for hear() {
	}
	cmd.Wait() // tells of the kill
	require.Empty(t, stderr.String(), "the writer ended by itself")
	return acknowledged
}
