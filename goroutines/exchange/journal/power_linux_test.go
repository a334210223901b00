package journal

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A disk is what is left of a directory when the power fails: of a file and of the names
// in a directory only what was synced.
type disk struct {
	t     *testing.T
	files map[uint64][]byte            // by inode
	names map[string]map[string]uint64 // inodes by directory and name
}

// newDisk takes note of each sync of this package.
func newDisk(t *testing.T) *disk {
	d := &disk{t, map[uint64][]byte{}, map[string]map[string]uint64{}}
	fsync = d.sync
	t.Cleanup(func() { fsync = (*os.File).Sync })
	return d
}

func inode(t *testing.T, path string) uint64 {
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Sys().(*syscall.Stat_t).Ino
}

func (d *disk) sync(f *os.File) error {
	info, err := f.Stat()
	require.NoError(d.t, err)
	if info.IsDir() {
		d.names[f.Name()] = map[string]uint64{}
		for _, name := range names(d.t, f.Name()) {
			d.names[f.Name()][name] = inode(d.t, filepath.Join(f.Name(), name))
		}
		return nil
	}
	data, err := os.ReadFile(f.Name())
	d.files[inode(d.t, f.Name())] = data
	return err
}

// A synced file tells the disk.
type synced struct {
	*os.File
	on *disk
}

func (f synced) Sync() error { return f.on.sync(f.File) }

// left returns a directory with what is left of one, whose parent is there. Names that
// were removed and not synced may be there or not.
func (d *disk) left(directory string, removed bool) string {
	to := filepath.Join(d.t.TempDir(), "left")
	require.NoError(d.t, os.Mkdir(to, 0o755))
	parent, name := filepath.Split(directory)
	require.Contains(d.t, d.names[filepath.Clean(parent)], name)
	there := names(d.t, directory)
	for name, inode := range d.names[directory] {
		if !removed && !slices.Contains(there, name) {
			continue
		}
		require.NoError(d.t, os.WriteFile(filepath.Join(to, name), d.files[inode], 0o644))
	}
	return to
}

// When the power fails, what was acknowledged is there: the file it is in, with its name
// and that of the directory. A snapshot is there before what it replaces is gone.
func TestJournal_powerFails(t *testing.T) {
	d := newDisk(t)
	above := filepath.Join(t.TempDir(), "above")
	directory := filepath.Join(above, "book")
	commands := some(110)
	j, _ := opened(t, directory, nil)
	require.Contains(t, d.names[filepath.Dir(above)], "above")
	acknowledged := 0
	more := func(n int) {
		j.file = synced{j.file.(*os.File), d}
		commit(t, j, commands[acknowledged:acknowledged+n])
		j.file = j.file.(synced).File
		acknowledged += n
	}
	check := func() {
		for _, removed := range []bool{false, true} {
			again, _ := opened(t, d.left(directory, removed), commands[:acknowledged])
			require.NoError(t, again.Close())
		}
	}
	check()
	for range 4 {
		more(10)
		check()
		more(10)
		check()
		turned, err := j.Turn(1)
		require.NoError(t, err)
		require.True(t, turned)
		check()
	}
	more(10)
	require.NoError(t, Compact(directory, 41))
	check()
	require.NoError(t, Compact(directory, 81))
	check()
	more(5)
	check()

	// What a process wrote that was killed before the sync was not acknowledged, but who
	// opens the journal sees it.
	j.Append(commands[acknowledged : acknowledged+5])
	record := j.buffer
	seal(record, j.next, 5)
	_, err := j.file.Write(record)
	require.NoError(t, err)
	require.NoError(t, j.Close())
	check()
	acknowledged += 5
	j, _ = opened(t, directory, commands[:acknowledged])
	check()
	more(5)
	check()
	require.NoError(t, WriteFile(filepath.Join(directory, "symbol"), []byte("ACME")))
	text, err := os.ReadFile(filepath.Join(d.left(directory, false), "symbol"))
	require.NoError(t, err)
	assert.Equal(t, "ACME", string(text))
}
