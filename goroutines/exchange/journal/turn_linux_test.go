package journal

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// If no new file can be begun, the old one goes on, as if it had not been tried.
func TestTurn_fails(t *testing.T) {
	directory := t.TempDir()
	commands := some(30)
	j, _ := opened(t, directory, nil)
	commit(t, j, commands[:10])

	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	free, err := os.Open(os.DevNull)
	require.NoError(t, err)
	one := syscall.Rlimit{Cur: uint64(free.Fd()) + 1, Max: limit.Max}
	require.NoError(t, free.Close())
	// One descriptor is left: for the new file, but not for its directory.
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &one))
	var turned [3]bool
	var failed [3]error
	for i := range failed {
		turned[i], failed[i] = j.Turn(1)
	}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	for i := range failed {
		require.False(t, turned[i])
		require.ErrorContains(t, failed[i], "open "+directory+": too many open files")
	}
	require.Equal(t, []string{"journal-00000000000000000001", "lock"}, names(t, directory))

	commit(t, j, commands[10:20])
	turnedNow, err := j.Turn(1)
	require.NoError(t, err)
	require.True(t, turnedNow)
	commit(t, j, commands[20:])
	require.NoError(t, j.Close())
	opened(t, directory, commands)
}
