package journal

import (
	"errors"
	"fmt"
	"io/fs"
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

// some returns so many commands of a market.
func some(n int) []book.Command {
	_, commands := workload.All[0].Generate(1, 10, n)
	return commands
}

// image returns a book as bytes.
func image(t *testing.T, b *book.Book) []byte {
	to, err := b.AppendBinary(nil)
	require.NoError(t, err)
	return to
}

// after returns the book after commands.
func after(commands []book.Command) *book.Book {
	b := book.New(10)
	for i := range commands {
		b.Apply(&commands[i], nil)
	}
	return b
}

// commit writes commands as one record.
func commit(t *testing.T, j *Journal, commands []book.Command) {
	j.Append(commands)
	require.NoError(t, j.Commit())
}

// opened opens a journal that is to hold these commands, and closes it after the test.
func opened(t *testing.T, directory string, commands []book.Command) (*Journal, Recovery) {
	b := book.New(10)
	j, found, err := Open(directory, b)
	require.NoError(t, err)
	t.Cleanup(func() { j.Close() })
	require.Equal(t, image(t, after(commands)), image(t, b))
	return j, found
}

// names lists the files of a directory.
func names(t *testing.T, directory string) []string {
	entries, err := os.ReadDir(directory)
	require.NoError(t, err)
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func copyDirectory(t *testing.T, from string) string {
	to := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	return to
}

// What was committed is there again, record by record; what was only appended is not.
func TestJournal(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "new", "journal")
	commands := some(100)
	j, found := opened(t, directory, nil)
	assert.Equal(t, Recovery{}, found)
	commit(t, j, commands[:30])
	j.Append(commands[30:50])
	commit(t, j, commands[50:60])
	commit(t, j, nil) // no record
	j.Append(commands[60:])
	require.NoError(t, j.Close())

	j, found = opened(t, directory, commands[:60])
	assert.Equal(t, Recovery{Replayed: 60}, found)
	commit(t, j, commands[60:])
	require.NoError(t, j.Close())
	_, found = opened(t, directory, commands)
	assert.Equal(t, Recovery{Replayed: 100}, found)
	assert.Equal(t, []string{"journal-00000000000000000001", "lock"}, names(t, directory))
}

// Replay tells the reports again, each command's behind the last snapshot, and leaves the
// files as they are, a torn record included.
func TestReplay(t *testing.T) {
	directory := t.TempDir()
	commands := some(100)
	j, _ := opened(t, directory, nil)
	commit(t, j, commands[:40])
	turned, err := j.Turn(1)
	require.NoError(t, err)
	require.True(t, turned)
	commit(t, j, commands[40:])
	require.NoError(t, j.Close())
	want := make([][]book.Report, len(commands))
	b := book.New(10)
	for i := range commands {
		want[i] = b.Apply(&commands[i], nil)
	}
	replayed := func() (got [][]book.Report, found Recovery) {
		again := book.New(10)
		found, err := Replay(directory, again, func(reports []book.Report) { got = append(got, slices.Clone(reports)) })
		require.NoError(t, err)
		require.Equal(t, image(t, b), image(t, again))
		return got, found
	}
	got, found := replayed()
	assert.Equal(t, Recovery{Replayed: 100}, found)
	assert.Equal(t, want, got)
	require.NoError(t, Compact(directory, 41))
	file, err := os.OpenFile(j.path(41), os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = file.WriteString("cmd2")
	require.NoError(t, err)
	require.NoError(t, file.Close())
	for range 2 {
		got, found = replayed()
		assert.Equal(t, Recovery{Snapshot: 40, Replayed: 60, Torn: 4}, found)
		assert.Equal(t, want[40:], got)
	}
	_, err = Replay(filepath.Join(directory, "none"), b, nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A directory belongs to one journal at a time.
func TestOpen_locked(t *testing.T) {
	directory := t.TempDir()
	opened(t, directory, nil)
	_, _, err := Open(directory, book.New(1))
	assert.ErrorContains(t, err, "lock is in use by another process")
}

// After a record that is torn the journal is cut off, which is told, and goes on.
func TestOpen_torn(t *testing.T) {
	directory := t.TempDir()
	commands := some(20)
	j, _ := opened(t, directory, nil)
	commit(t, j, commands[:10])
	whole := j.size
	commit(t, j, commands[10:])
	require.NoError(t, j.Close())
	name := j.path(1)
	require.NoError(t, os.Truncate(name, j.size-1))
	torn := j.size - 1 - whole

	j, found := opened(t, directory, commands[:10])
	assert.Equal(t, Recovery{Replayed: 10, Torn: torn}, found)
	info, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, whole, info.Size())
	commit(t, j, commands[10:])
	require.NoError(t, j.Close())
	_, found = opened(t, directory, commands)
	assert.Equal(t, Recovery{Replayed: 20}, found)
}

// A bit that is another, anywhere in the file, is found: in the last record it is torn,
// and before that the journal is refused, with the place.
func TestOpen_damaged(t *testing.T) {
	directory := t.TempDir()
	commands := some(9)
	j, _ := opened(t, directory, nil)
	ends := []int64{0}
	for part := range slices.Chunk(commands, 3) {
		commit(t, j, part)
		ends = append(ends, j.size)
	}
	require.NoError(t, j.Close())
	name := j.path(1)
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	for at := range whole {
		data := slices.Clone(whole)
		data[at] ^= 1 << (at % 8)
		require.NoError(t, os.WriteFile(name, data, 0o644))
		b := book.New(10)
		j, found, err := Open(directory, b)
		record := 0
		for int64(at) >= ends[record+1] {
			record++
		}
		if record < 2 {
			require.ErrorContains(t, err, fmt.Sprintf("journal-00000000000000000001 is damaged at byte %d, and goes on at byte %d", ends[record], ends[record+1]), "byte %d", at)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, Recovery{Replayed: 6, Torn: ends[3] - ends[2]}, found)
		require.Equal(t, image(t, after(commands[:6])), image(t, b))
		require.NoError(t, j.Close())
	}
}

// Compact puts a snapshot in the place of older files, in any state in which it may have
// been interrupted before, and the journal goes on from there.
func TestCompact(t *testing.T) {
	directory := t.TempDir()
	commands := some(100)
	j, _ := opened(t, directory, nil)
	for i, part := range slices.Collect(slices.Chunk(commands, 20)) {
		commit(t, j, part)
		if i == 4 {
			break
		}
		turned, err := j.Turn(1)
		require.NoError(t, err)
		require.True(t, turned)
	}
	turned, err := j.Turn(1 << 20)
	require.NoError(t, err)
	assert.False(t, turned)
	assert.Equal(t, uint64(81), j.Segment())
	before := copyDirectory(t, directory)

	require.NoError(t, Compact(directory, 41))
	assert.Equal(t, []string{"journal-00000000000000000041", "journal-00000000000000000061", "journal-00000000000000000081", "lock", "snapshot-00000000000000000040"}, names(t, directory))
	between := copyDirectory(t, directory)
	require.NoError(t, Compact(directory, 81))
	assert.Equal(t, []string{"journal-00000000000000000081", "lock", "snapshot-00000000000000000080"}, names(t, directory))
	require.NoError(t, j.Close())
	_, found := opened(t, directory, commands)
	assert.Equal(t, Recovery{Snapshot: 80, Replayed: 20}, found)

	// Interrupted: before the snapshot had its name, and before older files were removed.
	require.NoError(t, os.WriteFile(filepath.Join(before, "snapshot-00000000000000000060.new"), []byte("half"), 0o644))
	j, found = opened(t, before, commands)
	assert.Equal(t, Recovery{Replayed: 100}, found)
	require.NoError(t, Compact(before, 81))
	assert.Equal(t, []string{"journal-00000000000000000081", "lock", "snapshot-00000000000000000080"}, names(t, before))
	require.NoError(t, j.Close())
	opened(t, before, commands)
	snapshot, err := os.ReadFile(filepath.Join(directory, "snapshot-00000000000000000080"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(between, "snapshot-00000000000000000080"), snapshot, 0o644))
	_, found = opened(t, between, commands)
	assert.Equal(t, Recovery{Snapshot: 80, Replayed: 20}, found)
	require.NoError(t, Compact(between, 81))
	assert.Equal(t, []string{"journal-00000000000000000081", "lock", "snapshot-00000000000000000080"}, names(t, between))
}

// What is missing or does not fit is an error that names it, not another book.
func TestOpen_missing(t *testing.T) {
	whole := t.TempDir()
	commands := some(60)
	j, _ := opened(t, whole, nil)
	for part := range slices.Chunk(commands, 20) {
		commit(t, j, part)
		_, err := j.Turn(1)
		require.NoError(t, err)
	}
	require.NoError(t, Compact(whole, 21))
	require.NoError(t, j.Close())
	file := func(kind string, n int) string { return fmt.Sprintf("%s-%020d", kind, n) }
	for _, test := range []struct {
		name   string
		damage func(directory string) error
		want   string
	}{
		{"a file in the middle", func(d string) error { return os.Remove(filepath.Join(d, file("journal", 21))) },
			"journal-00000000000000000041 is the next after command 20"},
		{"the snapshot", func(d string) error { return os.Remove(filepath.Join(d, file("snapshot", 20))) },
			"journal-00000000000000000021 is the next after command 0"},
		{"a byte of the snapshot", func(d string) error { return os.Truncate(filepath.Join(d, file("snapshot", 20)), 30) },
			"snapshot-00000000000000000020 is damaged"},
		{"the name of the snapshot", func(d string) error {
			return os.Rename(filepath.Join(d, file("snapshot", 20)), filepath.Join(d, file("snapshot", 25)))
		}, "snapshot-00000000000000000025 ends with command 20"},
		{"the end of a file before others", func(d string) error { return os.Truncate(filepath.Join(d, file("journal", 21)), 30) },
			"journal-00000000000000000021 is damaged at byte 0, and others follow"},
		{"the name of a file", func(d string) error {
			return os.Rename(filepath.Join(d, file("journal", 21)), filepath.Join(d, file("journal", 20)))
		}, "journal-00000000000000000020 goes on with command 21 at byte 0, want 20"},
	} {
		directory := copyDirectory(t, whole)
		require.NoError(t, test.damage(directory))
		_, _, err := Open(directory, book.New(10))
		assert.ErrorContains(t, err, test.want, test.name)
	}
	bare := t.TempDir() // where only a file that was begun is left
	require.NoError(t, os.WriteFile(filepath.Join(bare, file("journal", 61)), nil, 0o644))
	_, _, err := Open(bare, book.New(10))
	assert.ErrorContains(t, err, "journal-00000000000000000061 is the next after command 0")
	assert.ErrorContains(t, Compact(whole, 15), "ends with command 0, want 14")
	assert.ErrorIs(t, Compact(filepath.Join(whole, "none"), 15), fs.ErrNotExist)
}

// A file that the snapshot replaces, and that could not be removed, is not written on.
func TestOpen_stale(t *testing.T) {
	directory := t.TempDir()
	commands := some(80)
	j, _ := opened(t, directory, nil)
	commit(t, j, commands[:20])
	kept := copyDirectory(t, directory)
	for part := range slices.Chunk(commands[20:60], 20) {
		_, err := j.Turn(1)
		require.NoError(t, err)
		commit(t, j, part)
	}
	_, err := j.Turn(1)
	require.NoError(t, err)
	require.NoError(t, Compact(directory, 61))
	require.NoError(t, j.Close())
	first := fmt.Sprintf("journal-%020d", 1)
	data, err := os.ReadFile(filepath.Join(kept, first))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(directory, first), data, 0o644))

	j, _ = opened(t, directory, commands[:60])
	commit(t, j, commands[60:70])
	require.NoError(t, j.Close())
	j, _ = opened(t, directory, commands[:70])
	commit(t, j, commands[70:])
	require.NoError(t, j.Close())
	opened(t, directory, commands)
}

// A faulty file writes so many bytes and then fails, as a disk that is full.
type faulty struct {
	file
	room     int
	sync     error
	truncate error
	unsynced int // bytes
}

func (f *faulty) Write(data []byte) (int, error) {
	if len(data) <= f.room {
		f.room -= len(data)
		f.unsynced += len(data)
		return f.file.Write(data)
	}
	n, err := f.file.Write(data[:f.room])
	f.room = 0
	return n, errors.Join(err, syscall.ENOSPC)
}

func (f *faulty) Sync() error {
	f.unsynced = 0
	return errors.Join(f.sync, f.file.Sync())
}

func (f *faulty) Truncate(size int64) error {
	if f.truncate != nil {
		return f.truncate
	}
	return f.file.Truncate(size)
}

// A disk that is full, at any byte of a record, costs the commands that are refused and
// no others, and when there is room again the journal goes on.
func TestCommit_full(t *testing.T) {
	commands := some(9)
	for room := range headSize + 3*commandSize {
		directory := t.TempDir()
		j, _ := opened(t, directory, nil)
		commit(t, j, commands[:3])
		disk := &faulty{file: j.file, room: room}
		j.file = disk
		for range 2 {
			j.Append(commands[6:])
			require.ErrorIs(t, j.Commit(), syscall.ENOSPC)
		}
		crashed := copyDirectory(t, directory)
		opened(t, crashed, commands[:3])
		disk.room = 1 << 20
		commit(t, j, commands[3:6])
		require.NoError(t, j.Close())
		opened(t, directory, commands[:6])
	}
}

// What was committed was written first and synced then: a kill does not show it, since
// the system keeps what a process wrote.
func TestCommit_synced(t *testing.T) {
	j, _ := opened(t, t.TempDir(), nil)
	disk := &faulty{file: j.file, room: 1 << 20, unsynced: 1}
	j.file = disk
	commit(t, j, some(3))
	assert.Zero(t, disk.unsynced)
	assert.Less(t, disk.room, 1<<20)
	require.NoError(t, j.Close())
}

// After an error whose outcome nobody knows, nothing is written any more.
func TestCommit_broken(t *testing.T) {
	commands := some(9)
	for _, disk := range []*faulty{
		{room: 1 << 20, sync: syscall.EIO},
		{room: 10, truncate: syscall.EIO},
	} {
		directory := t.TempDir()
		j, _ := opened(t, directory, nil)
		commit(t, j, commands[:3])
		disk.file = j.file
		j.file = disk
		j.Append(commands[3:6])
		require.ErrorIs(t, j.Commit(), syscall.EIO)
		disk.room, disk.sync, disk.truncate = 1<<20, nil, nil
		j.Append(commands[6:])
		assert.ErrorContains(t, j.Commit(), "want a restart")
		assert.Empty(t, j.buffer, "what was appended is dropped")
		require.NoError(t, j.Close())
		b := book.New(10)
		_, _, err := Open(directory, b)
		require.NoError(t, err)
		assert.Equal(t, uint64(3), b.Sequence())
	}
}

// A record that says it has no commands, or more than there are, is none.
func TestRecord(t *testing.T) {
	j := &Journal{next: 1, file: &faulty{}}
	j.Append(some(1))
	for _, count := range []uint32{0, 2, 1 << 31, 1<<32 - 1} {
		seal(j.buffer, 1, count)
		b := book.New(1)
		replayed, _, whole, err := replay(j.buffer, 1, b, nil)
		require.NoError(t, err)
		assert.Zero(t, replayed, count)
		assert.Zero(t, whole, count)
	}
}

// What does not begin as a journal is none, and is not cut off; only what a crash can leave
// is: a part of the beginning, or zeros in its place.
func TestOpen_other(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"cm":                         "",
		"cmd2":                       "",
		"cmd2abc":                    "",
		"\x00\x00":                   "",
		"\x00\x00\x00\x00\x00c":      "",
		"x":                          `journal-00000000000000000001 begins with "x", want "cmd2" as a journal does`,
		"cmds and what was a record": `journal-00000000000000000001 begins with "cmds", want "cmd2" as a journal does`,
	} {
		directory := t.TempDir()
		name := filepath.Join(directory, "journal-00000000000000000001")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
		j, _, err := Open(directory, book.New(1))
		left, failed := os.ReadFile(name)
		require.NoError(t, failed)
		if want != "" {
			require.ErrorContains(t, err, want)
			require.Equal(t, text, string(left))
			continue
		}
		require.NoError(t, err, "%q", text)
		require.Empty(t, left)
		require.NoError(t, j.Close())
	}
}

// A file that was begun and never written, as one of which the removal was lost, changes
// nothing, be the one before it torn or not.
func TestOpen_empty(t *testing.T) {
	for _, torn := range []int64{0, 1} {
		directory := t.TempDir()
		commands := some(30)
		j, _ := opened(t, directory, nil)
		commit(t, j, commands[:10])
		commit(t, j, commands[10:20])
		require.NoError(t, j.Close())
		require.NoError(t, os.WriteFile(j.path(11), nil, 0o644))
		n := 20
		if torn > 0 {
			require.NoError(t, os.Truncate(j.path(1), j.size-torn))
			n = 10
		}
		j, _ = opened(t, directory, commands[:n])
		commit(t, j, commands[n:])
		require.NoError(t, j.Close())
		j, _ = opened(t, directory, commands)
		require.NoError(t, j.Close())
	}
}

// Commands that look like a record are no reason to take a torn one for damage.
func TestOpen_forged(t *testing.T) {
	forged := &Journal{}
	forged.Append(some(1))
	seal(forged.buffer, 4, 1)
	raw := make([]byte, 2*commandSize)
	copy(raw, forged.buffer)
	commands := make([]book.Command, 2)
	for i := range commands {
		decode(raw[i*commandSize:], &commands[i])
	}
	require.Equal(t, int64(1), head(raw))

	directory := t.TempDir()
	j, _ := opened(t, directory, nil)
	commit(t, j, some(3))
	whole := j.size
	commit(t, j, commands)
	require.NoError(t, j.Close())
	for size := j.size - 1; size >= whole; size-- {
		require.NoError(t, os.Truncate(j.path(1), size))
		again, found := opened(t, copyDirectory(t, directory), some(3))
		require.Equal(t, size-whole, found.Torn)
		require.NoError(t, again.Close())
	}
}

// A file is written as a whole, or nothing of it is left.
func TestWriteFile(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "file")
	require.NoError(t, WriteFile(path, []byte("one")))
	require.NoError(t, WriteFile(path, []byte("two")))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "two", string(text))
	require.NoError(t, os.Mkdir(filepath.Join(directory, "taken"), 0o755))
	require.Error(t, WriteFile(filepath.Join(directory, "taken"), []byte("three")))
	assert.Equal(t, []string{"file", "taken"}, names(t, directory))
}
