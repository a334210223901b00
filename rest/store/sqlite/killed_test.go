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

	"gonotes/rest/store"
	"gonotes/rest/store/sqlite"
)

const (
	writerPath = "GONOTES_KILLED_PATH" // the file that the process writes, if it is the writer
	writerFrom = "GONOTES_KILLED_FROM" // the number of its first document
	killsName  = "GONOTES_KILLS"       // how often TestFile_killed kills the writer
	largest    = 20_000                // bytes of a body, so that a write takes some pages
)

// numbered is document n as it is at a version: the writer writes no other.
func numbered(n int, version int64) store.Document {
	return store.Document{
		Kind: "site", ID: fmt.Sprintf("%06d", n), Unique: fmt.Sprint("name ", n), Version: version,
		Created: time.UnixMilli(int64(n)).UTC(), Updated: time.UnixMilli(int64(n) + version).UTC(),
		Body: fmt.Appendf(nil, `{"version":%d,"fill":"%s"}`, version, strings.Repeat(fmt.Sprint(n%10), n*7919%largest)),
	}
}

func keyOf(n int) store.Key { return store.Key{Name: fmt.Sprint("key ", n), Hash: "hash"} }

// write creates and updates one document after the other, and says so after
// each, until it is killed.
func write(ctx context.Context, path, from string) error {
	s, err := sqlite.Open(path)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(from)
	if err != nil {
		return err
	}
	for ; ; n++ {
		if _, err := s.Create(ctx, numbered(n, 1), keyOf(n)); err != nil {
			return err
		}
		fmt.Println(n, 1)
		updated := numbered(n, 2)
		updated.Version = 1
		if _, err := s.Update(ctx, updated); err != nil {
			return err
		}
		fmt.Println(n, 2)
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

// A kill -9 at any moment loses nothing that was acknowledged, and leaves the
// operation that was not, whole or not at all.
func TestFile_killed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "killed.db")
	random := rand.New(rand.NewPCG(1, 0))
	var want []store.Document
	unheard := 0 // operations that were done and not acknowledged
	n := kills(t)
	for kill := 1; kill <= n; kill++ {
		want = append(want, untilKilled(t, path, len(want), random)...)
		s, err := sqlite.Open(path)
		require.NoError(t, err, "after kill %d", kill)
		next := numbered(len(want), 1)
		if got, err := s.Get(t.Context(), next.Kind, next.ID); err == nil {
			require.Equal(t, next, got, "after kill %d", kill)
			unheard++
		} else {
			require.ErrorIs(t, err, store.ErrNotFound)
		}
		// A client that heard nothing asks again: a document without its key
		// would be refused now, and a key without its document be missed below.
		again, err := s.Create(t.Context(), next, keyOf(len(want)))
		require.NoError(t, err, "after kill %d", kill)
		require.Equal(t, next, again, "after kill %d", kill)
		got, err := s.List(t.Context(), store.Query{Kind: next.Kind, Limit: len(want) + 2})
		require.NoError(t, err)
		if last := len(want) - 1; last >= 0 && len(got) > last && got[last].Version > want[last].Version {
			want[last] = numbered(last, 2)
			unheard++
		}
		want = append(want, next)
		require.Equal(t, want, got, "after kill %d", kill)
		require.NoError(t, s.Close())
		if kill%10 == 0 || kill == n {
			t.Logf("kill %d of %d: %d documents, %d operations done and not acknowledged", kill, n, len(want), unheard)
		}
	}
}

// untilKilled lets a process write documents from number n on, kills it at a
// random moment, and returns what it had acknowledged.
func untilKilled(t *testing.T, path string, n int, random *rand.Rand) []store.Document {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerPath+"="+path, writerFrom+"="+strconv.Itoa(n))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var acknowledged []store.Document
	lines := bufio.NewScanner(stdout)
	hear := func() bool {
		if !lines.Scan() {
			return false
		}
		var number int
		var version int64
		_, err := fmt.Sscan(lines.Text(), &number, &version)
		require.NoError(t, err, lines.Text())
		if version == 1 {
			acknowledged = append(acknowledged, store.Document{})
		}
		acknowledged[number-n] = numbered(number, version)
		return true
	}
	for range random.IntN(40) {
		hear()
	}
	time.Sleep(time.Duration(random.IntN(5000)) * time.Microsecond) // somewhere in an operation
	require.NoError(t, cmd.Process.Kill())
	for hear() {
	}
	cmd.Wait() // tells of the kill
	require.Empty(t, stderr.String(), "the writer ended by itself")
	return acknowledged
}
