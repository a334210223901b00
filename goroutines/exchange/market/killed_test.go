package market

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/book"
)

const childEnv = "GONOTES_MARKET_CHILD" // directory of a market to be killed

// small has files that are full after some 400 commands, so that there is always one to
// begin, and others to be made a snapshot.
const small = 20_000

// nth is a command of a market that never ends: of each four the last one cancels one of
// the others, if that is still there.
func nth(n uint64) book.Command {
	if n%4 == 0 {
		return book.Command{Kind: book.Cancel, ID: n - 1 - n/4%3}
	}
	return book.Command{Kind: book.Enter, ID: n, Side: book.Side(n / 4 % 2), Price: 1000 + int64(n*7919%40) - 30*int64(n/4%2), Quantity: 1 + int64(n%9)}
}

// child carries out commands from where its journal ends, and says after each batch how
// many there are.
func child(directory string, stdout io.Writer) error {
	segmentSize = small
	m, _, err := Open(directory, quiet)
	if err != nil {
		return err
	}
	var batch Batch
	for n := m.book.Sequence() + 1; ; {
		batch.Commands, batch.Reports = batch.Commands[:0], batch.Reports[:0]
		for range 20 {
			batch.Commands = append(batch.Commands, nth(n))
			n++
		}
		if err := m.Do(context.Background(), &batch); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(stdout, n-1); err != nil {
			return err
		}
	}
}

// A market that is killed while it begins files and makes others a snapshot has all that
// it acknowledged, and the book that it had.
func TestMarket_killed(t *testing.T) {
	kills := 4
	if text := os.Getenv("GONOTES_KILLS"); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err, "GONOTES_KILLS")
	}
	directory := t.TempDir()
	random := rand.New(rand.NewPCG(1, 0))
	acknowledged, snapshots := uint64(0), 0
	for kill := range kills {
		command := exec.CommandContext(t.Context(), os.Args[0])
		command.Env = append(os.Environ(), childEnv+"="+directory)
		command.Stderr = os.Stderr
		stdout, err := command.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, command.Start())
		lines := bufio.NewScanner(stdout)
		for left := random.IntN(120); lines.Scan(); left-- {
			n, err := strconv.ParseUint(lines.Text(), 10, 64)
			require.NoError(t, err)
			require.Greater(t, n, acknowledged, "goes on behind what was acknowledged")
			acknowledged = n
			if left == 0 {
				time.AfterFunc(time.Duration(random.IntN(2000))*time.Microsecond, func() { _ = command.Process.Kill() })
			}
		}
		require.Error(t, command.Wait(), "it was killed")
		whole, err := filepath.Glob(filepath.Join(directory, "snapshot-*[0-9]"))
		require.NoError(t, err)
		if len(whole) > 0 {
			snapshots++
		}
		if (kill+1)%20 == 0 {
			t.Logf("%d kills, %d commands acknowledged", kill+1, acknowledged)
		}
	}
	m, found, err := Open(directory, quiet)
	require.NoError(t, err)
	defer m.Close()
	last := found.Snapshot + found.Replayed
	assert.GreaterOrEqual(t, last, acknowledged)
	assert.LessOrEqual(t, last, acknowledged+20)
	want := book.New(100)
	var reports []book.Report
	for n := uint64(1); n <= last; n++ {
		c := nth(n)
		reports = want.Apply(&c, reports[:0])
	}
	bytes, _ := want.AppendBinary(nil)
	assert.Equal(t, bytes, image(t, m))
	assert.Positive(t, snapshots, "a test of compaction without one")
	t.Logf("%d kills, %d commands acknowledged, %d times with a snapshot; the last has %d", kills, acknowledged, snapshots, found.Snapshot)
}
