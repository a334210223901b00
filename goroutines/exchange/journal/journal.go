// Package journal keeps the commands of a book on disk, so that after a crash the book
// can be what it was: a list of checksummed records in files, and snapshots of the book
// with which older files need not be kept.
//
// A file journal-N holds the commands from number N on, in records of
//
//	4 bytes   "cmd2"
//	4 bytes   CRC-32C of the next 16 bytes
//	4 bytes   CRC-32C of the commands
//	8 bytes   number of the first command
//	4 bytes   number of commands
//	47 bytes  for each command
//
// and a file snapshot-N the book after command N, behind its CRC-32C. All numbers are
// little endian. A record is written and synced as a whole before one of its commands
// is acknowledged. If the process or the machine stops meanwhile, the last record may be
// torn: it was not acknowledged, and Open cuts it off. A record that is damaged before
// others that are whole is not that; Open refuses it.
package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"gonotes/goroutines/exchange/book"
)

const (
	headSize    = 4 + 4 + 4 + 8 + 4
	commandSize = 5*8 + 4 + 3
)

var (
	mark       = [4]byte{'c', 'm', 'd', '2'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// A file is what a journal needs of an *os.File.
type file interface {
	Write([]byte) (int, error)
	Sync() error
	Truncate(size int64) error
	Close() error
}

// A Journal appends commands. It belongs to one goroutine.
type Journal struct {
	directory string
	lock      *os.File
	segment   uint64 // number of the first command of the file that is written
	file      file
	size      int64
	next      uint64 // number of the next command
	buffer    []byte
	broken    error
}

// A Recovery is what Open found.
type Recovery struct {
	Snapshot uint64 // number of the last command in the snapshot, or 0
	Replayed uint64 // number of commands behind it
	Torn     int64  // bytes cut off the end of the last file, which were no whole record
}

// Open makes the book what the journal in the directory says, and returns the journal
// for the commands to come. A directory that is not there is made.
func Open(directory string, b *book.Book) (*Journal, Recovery, error) {
	if err := MkdirAll(directory); err != nil {
		return nil, Recovery{}, fmt.Errorf("journal: %w", err)
	}
	held, err := Lock(directory)
	if err != nil {
		return nil, Recovery{}, fmt.Errorf("journal: %w", err)
	}
	j, found, err := open(directory, b)
	if err != nil {
		return nil, Recovery{}, errors.Join(fmt.Errorf("journal %s: %w", directory, err), held.Close())
	}
	j.lock = held
	return j, found, nil
}

func open(directory string, b *book.Book) (*Journal, Recovery, error) {
	found, err := read(directory, b, 0, nil)
	if err != nil {
		return nil, Recovery{}, err
	}
	j := &Journal{directory: directory, next: b.Sequence() + 1, segment: found.segment, size: found.size}
	if found.segment == 0 {
		j.segment = j.next
	}
	if found.Torn > 0 {
		if err := os.Truncate(j.path(j.segment), found.size); err != nil {
			return nil, Recovery{}, err
		}
	}
	file, err := os.OpenFile(j.path(j.segment), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, Recovery{}, err
	}
	j.file = file
	// A process that was killed may have written what it did not sync.
	if err := errors.Join(fsync(file), syncDirectory(directory)); err != nil {
		return nil, Recovery{}, errors.Join(err, file.Close())
	}
	return j, found.Recovery, nil
}

func (j *Journal) path(segment uint64) string { return segmentPath(j.directory, segment) }

func segmentPath(directory string, n uint64) string {
	return filepath.Join(directory, fmt.Sprintf("journal-%020d", n))
}

func snapshotPath(directory string, n uint64) string {
	return filepath.Join(directory, fmt.Sprintf("snapshot-%020d", n))
}

// Append adds commands to those of the next Commit.
func (j *Journal) Append(commands []book.Command) {
	if len(j.buffer) == 0 && len(commands) > 0 {
		j.buffer = append(j.buffer, make([]byte, headSize)...)
	}
	for i := range commands {
		c := &commands[i]
		j.buffer = binary.LittleEndian.AppendUint64(j.buffer, c.ID)
		j.buffer = binary.LittleEndian.AppendUint64(j.buffer, uint64(c.Price))
		j.buffer = binary.LittleEndian.AppendUint64(j.buffer, uint64(c.Quantity))
		j.buffer = binary.LittleEndian.AppendUint64(j.buffer, uint64(c.Display))
		j.buffer = binary.LittleEndian.AppendUint64(j.buffer, uint64(c.Trigger))
		j.buffer = binary.LittleEndian.AppendUint32(j.buffer, c.Owner)
		j.buffer = append(j.buffer, byte(c.Kind), byte(c.Side), byte(c.Flags))
	}
}

// Commit writes what was appended as one record and syncs it. If it returns an error,
// what was appended is dropped and the file is as it was before, so that the next Commit
// may succeed, as when a disk was full. After an error of a sync nobody knows what is on
// the disk: all that follow fail until the journal is opened anew, which may find the
// record or not.
func (j *Journal) Commit() error {
	record := j.buffer
	j.buffer = j.buffer[:0]
	if j.broken != nil || len(record) == 0 {
		return j.broken
	}
	count := uint32((len(record) - headSize) / commandSize)
	seal(record, j.next, count)
	if _, err := j.file.Write(record); err != nil {
		if cut := j.file.Truncate(j.size); cut != nil {
			j.broken = fmt.Errorf("journal: %w, and could not be cut back, want a restart", errors.Join(err, cut))
			return j.broken
		}
		return fmt.Errorf("journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		j.broken = fmt.Errorf("journal: %w, want a restart", errors.Join(err, j.file.Truncate(j.size)))
		return j.broken
	}
	j.size += int64(len(record))
	j.next += uint64(count)
	return nil
}

// Turn begins a new file if the current one has at least so many bytes, and returns
// whether it did: then Compact can take the place of the older ones.
func (j *Journal) Turn(size int64) (bool, error) {
	if j.size < size {
		return false, nil
	}
	path := j.path(j.next)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return false, fmt.Errorf("journal: %w", err)
	}
	if err := syncDirectory(j.directory); err != nil {
		err = fmt.Errorf("journal: %w", errors.Join(err, file.Close()))
		if gone := os.Remove(path); gone != nil { // and it must not stand behind what is still to come
			j.broken = fmt.Errorf("%w, and %w, want a restart", err, gone)
			return false, j.broken
		}
		return false, err
	}
	old := j.file
	j.file, j.segment, j.size = file, j.next, 0
	return true, old.Close()
}

// Segment returns the number of the first command in the current file.
func (j *Journal) Segment() uint64 { return j.segment }

// Close the journal. What was not committed is not kept.
func (j *Journal) Close() error { return errors.Join(j.file.Close(), j.lock.Close()) }

// Compact writes a snapshot of the book as it was before the command with the number,
// with which a file begins, and removes the files that are older. It reads them itself
// and needs no part of the journal that is written meanwhile, nor the book: whoever
// owns that need not wait.
func Compact(directory string, before uint64) error {
	b := book.New(0)
	if _, err := read(directory, b, before, nil); err != nil {
		return fmt.Errorf("journal %s: %w", directory, err)
	}
	if b.Sequence()+1 != before {
		return fmt.Errorf("journal %s: ends with command %d, want %d", directory, b.Sequence(), before-1)
	}
	image, err := b.AppendBinary(make([]byte, 4))
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	binary.LittleEndian.PutUint32(image, crc32.Checksum(image[4:], castagnoli))
	if err := WriteFile(snapshotPath(directory, b.Sequence()), image); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	segments, snapshots, err := list(directory)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	for _, n := range segments {
		if n < before {
			if err := os.Remove(segmentPath(directory, n)); err != nil {
				return fmt.Errorf("journal: %w", err) // those that follow it stay as well
			}
		}
	}
	for _, n := range snapshots {
		if n+1 < before {
			err = errors.Join(err, os.Remove(snapshotPath(directory, n)))
		}
	}
	entries, failed := os.ReadDir(directory)
	err = errors.Join(err, failed)
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".new") { // a crash left it
			err = errors.Join(err, os.Remove(filepath.Join(directory, entry.Name())))
		}
	}
	return err
}

// WriteFile writes a file as a whole or not at all, and returns when it is on disk.
func WriteFile(path string, data []byte) error {
	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = fsync(file)
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path+".new"))
	}
	return syncDirectory(filepath.Dir(path))
}

// MkdirAll makes a directory and those above it that are not there, and returns when
// they are on disk.
func MkdirAll(path string) error {
	parent := filepath.Dir(path)
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	err := os.Mkdir(path, 0o755)
	there := errors.Is(err, fs.ErrExist)
	if err != nil && !there {
		return err
	}
	err = syncDirectory(parent)
	if there && errors.Is(err, fs.ErrPermission) {
		return nil // it is somebody else's, who made this one
	}
	return err
}

// fsync returns when a file is on disk; a test takes note of it.
var fsync = (*os.File).Sync

// syncDirectory returns when the names in a directory are on disk.
func syncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil // it syncs no directory: its file system has a log of the names
	}
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(fsync(directory), directory.Close())
}

// list returns the numbers of the files in a directory, in order.
func list(directory string) (segments, snapshots []uint64, err error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, nil, err
	}
	for _, entry := range entries {
		kind, digits, _ := strings.Cut(entry.Name(), "-")
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || len(digits) != 20 {
			continue
		}
		switch kind {
		case "journal":
			segments = append(segments, n)
		case "snapshot":
			snapshots = append(snapshots, n)
		}
	}
	slices.Sort(segments)
	slices.Sort(snapshots)
	return segments, snapshots, nil
}

// An end is where the journal ends.
type end struct {
	Recovery
	segment uint64 // number of the first command in the last file, or 0
	size    int64  // of what is whole in it
}

// Replay makes the book what the journal in a directory says, as Open does, and hands on
// the reports of each command behind the last snapshot, which are valid until the next.
// It changes no file: the journal may be a copy, and must not be written meanwhile.
func Replay(directory string, b *book.Book, each func(reports []book.Report)) (Recovery, error) {
	found, err := read(directory, b, 0, each)
	if err != nil {
		return Recovery{}, fmt.Errorf("journal %s: %w", directory, err)
	}
	return found.Recovery, nil
}

// read makes the book what a directory says, of the files before a number if that is
// not 0, and hands on the reports of each command to a function that may be nil.
func read(directory string, b *book.Book, before uint64, each func([]book.Report)) (end, error) {
	segments, snapshots, err := list(directory)
	if err != nil {
		return end{}, err
	}
	empty := uint64(0) // the last that was begun and never written
	segments = slices.DeleteFunc(segments, func(n uint64) bool {
		info, err := os.Stat(segmentPath(directory, n))
		if err != nil || info.Size() > 0 {
			return false
		}
		empty = n
		return true
	})
	var found end
	for _, n := range slices.Backward(snapshots) {
		if before != 0 && n >= before {
			continue
		}
		if err := readSnapshot(directory, n, b); err != nil {
			return end{}, err
		}
		found.Snapshot = n
		break
	}
	for i, n := range segments {
		if before != 0 && n >= before {
			break
		}
		if n > b.Sequence()+1 {
			return end{}, fmt.Errorf("journal-%020d is the next after command %d", n, b.Sequence())
		}
		found.segment = n
		last := i == len(segments)-1 || before != 0 && segments[i+1] >= before
		data, err := os.ReadFile(segmentPath(directory, n))
		if err != nil {
			return end{}, err
		}
		replayed, next, whole, err := replay(data, n, b, each)
		found.Replayed += replayed
		found.size = int64(whole)
		found.Torn = int64(len(data) - whole)
		if err == nil && !last && found.Torn > 0 {
			err = fmt.Errorf("is damaged at byte %d, and others follow", whole)
		}
		if err != nil {
			return end{}, fmt.Errorf("journal-%020d %w", n, err)
		}
		if last && next <= b.Sequence() {
			found.segment, found.size, found.Torn = 0, 0, 0 // the snapshot goes on, and a new file will
		}
	}
	if before == 0 && empty > b.Sequence()+1 {
		return end{}, fmt.Errorf("journal-%020d is the next after command %d", empty, b.Sequence())
	}
	return found, nil
}

func readSnapshot(directory string, n uint64, b *book.Book) error {
	path := snapshotPath(directory, n)
	name := filepath.Base(path)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if len(data) < 4 || crc32.Checksum(data[4:], castagnoli) != binary.LittleEndian.Uint32(data) {
		return fmt.Errorf("%s is damaged: its checksum is another", name)
	}
	if err := b.UnmarshalBinary(data[4:]); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if b.Sequence() != n {
		return fmt.Errorf("%s ends with command %d", name, b.Sequence())
	}
	return nil
}

// replay applies the commands of a file that the book has not seen, and returns how many
// these are, the number behind its last, and the size of the records that are whole.
func replay(data []byte, first uint64, b *book.Book, each func([]book.Report)) (replayed, next uint64, whole int, err error) {
	var reports []book.Report
	var c book.Command
	for next = first; ; {
		record := data[whole:]
		count := head(record)
		if count == 0 || !complete(record, count) {
			break
		}
		if n := binary.LittleEndian.Uint64(record[12:]); n != next {
			return replayed, next, whole, fmt.Errorf("goes on with command %d at byte %d, want %d", n, whole, next)
		}
		for i := range count {
			if next+uint64(i) <= b.Sequence() {
				continue
			}
			decode(record[headSize+i*commandSize:], &c)
			reports = b.Apply(&c, reports[:0])
			replayed++
			if each != nil {
				each(reports)
			}
		}
		next += uint64(count)
		whole += headSize + int(count)*commandSize
	}
	rest := whole + 1
	if count := head(data[whole:]); count > 0 { // whose commands may look like a record
		rest = int(min(int64(len(data)), int64(whole)+headSize+count*commandSize))
	}
	for ; rest < len(data); rest++ {
		at := bytes.Index(data[rest:], mark[:])
		if at < 0 {
			break
		}
		rest += at
		if head(data[rest:]) > 0 {
			return replayed, next, whole, fmt.Errorf("is damaged at byte %d, and goes on at byte %d", whole, rest)
		}
	}
	if begin := data[:min(len(data), len(mark))]; whole == 0 && !bytes.HasPrefix(mark[:], begin) && !bytes.Equal(begin, make([]byte, len(begin))) {
		return 0, 0, 0, fmt.Errorf("begins with %q, want %q as a journal does", begin, mark)
	}
	return replayed, next, whole, nil
}

// seal writes the head of a record, behind which its commands are.
func seal(record []byte, number uint64, count uint32) {
	copy(record, mark[:])
	binary.LittleEndian.PutUint32(record[20:], count)
	binary.LittleEndian.PutUint64(record[12:], number)
	binary.LittleEndian.PutUint32(record[8:], crc32.Checksum(record[headSize:], castagnoli))
	binary.LittleEndian.PutUint32(record[4:], crc32.Checksum(record[8:headSize], castagnoli))
}

// head returns how many commands the record has with which the data begins, or 0 if that
// is none.
func head(data []byte) int64 {
	if len(data) < headSize || !bytes.Equal(data[:4], mark[:]) || crc32.Checksum(data[8:headSize], castagnoli) != binary.LittleEndian.Uint32(data[4:]) {
		return 0
	}
	return int64(binary.LittleEndian.Uint32(data[20:]))
}

// complete tells whether all commands of a record are there, as they were.
func complete(record []byte, count int64) bool {
	size := headSize + count*commandSize
	return int64(len(record)) >= size && crc32.Checksum(record[headSize:size], castagnoli) == binary.LittleEndian.Uint32(record[8:])
}

func decode(from []byte, c *book.Command) {
	c.ID = binary.LittleEndian.Uint64(from)
	c.Price = int64(binary.LittleEndian.Uint64(from[8:]))
	c.Quantity = int64(binary.LittleEndian.Uint64(from[16:]))
	c.Display = int64(binary.LittleEndian.Uint64(from[24:]))
	c.Trigger = int64(binary.LittleEndian.Uint64(from[32:]))
	c.Owner = binary.LittleEndian.Uint32(from[40:])
	c.Kind, c.Side, c.Flags = book.Kind(from[44]), book.Side(from[45]), book.Flags(from[46])
}
