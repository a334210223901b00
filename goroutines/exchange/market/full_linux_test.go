package market

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/workload"
)

// When the disk is full trading halts, which everybody can see; nothing is carried out
// that is refused, all that was acknowledged is there, and when there is room again
// trading goes on.
func TestMarket_full(t *testing.T) {
	directory := t.TempDir()
	if err := syscall.Mount("tmpfs", directory, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("platform: cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(directory, 0)) })
	ballast := filepath.Join(directory, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 100<<10), 0o644))
	_, commands := workload.All[0].Generate(1, 10, 10_000)
	var log lines
	m, _, err := Open(filepath.Join(directory, "journal"), slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	var acknowledged []book.Command
	refused := 0
	batch := &Batch{}
	for part := range slices.Chunk(commands, 50) {
		batch.Commands, batch.Reports = part, batch.Reports[:0]
		err := m.Do(t.Context(), batch)
		if err == nil {
			require.NoError(t, m.Halted())
			acknowledged = append(acknowledged, part...)
			continue
		}
		refused++
		var halted *HaltedError
		require.ErrorAs(t, err, &halted)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.Equal(t, err, m.Halted())
		require.Empty(t, batch.Reports)
		if refused == 3 {
			require.NoError(t, os.Remove(ballast))
		}
		if refused == 6 { // full again
			break
		}
	}
	assert.Equal(t, 6, refused)
	halted := m.Halted()
	require.Error(t, halted)
	image(t, m) // to look at the book, or to send nothing, tries nothing
	assert.Equal(t, halted, m.Do(t.Context(), &Batch{}))
	assert.Equal(t, halted, m.Halted())
	assert.Equal(t, 2, log.count("trading halted"))
	assert.Equal(t, 1, log.count("trading resumed"))
	_, want := alone(acknowledged)
	assert.Equal(t, want, image(t, m))
	require.NoError(t, m.Close())
	again, found, err := Open(filepath.Join(directory, "journal"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	assert.Equal(t, want, image(t, again))
	assert.Zero(t, found.Torn)
	require.NoError(t, again.Close())
}
