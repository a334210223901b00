package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// Ctrl-C ends a replay that waits for a line, or for somebody to open a pipe.
func TestReplay_interrupted(t *testing.T) {
	for _, name := range []string{"-", pipe(t)} {
		ctx, cancel := context.WithCancel(context.Background())
		writer, ended := started(ctx, "replay", name)
		if name == "-" {
			_, err := io.WriteString(writer, "symbol ACME tick 0.01 lot 1\n")
			require.NoError(t, err)
		}
		cancel()
		told := <-ended
		assert.Equal(t, 130, told.code)
		assert.Contains(t, told.stderr, "exchange: interrupted\n")
		require.NoError(t, writer.Close())
	}
}

// pipe returns the name of a pipe that nobody writes to.
func pipe(t *testing.T) string {
	name := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	t.Cleanup(func() { // a writer, until the one who gave up has opened it, now or later
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		require.NoError(t, err)
		goleak.VerifyNone(t)
		require.NoError(t, file.Close())
	})
	return name
}
