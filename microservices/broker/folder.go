package broker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
)

// folder is where a broker keeps its records. kfake survives a kill -9 but for two things,
// which are mended here, before anybody is served: it compacts a partition by deleting its
// files and then writing new ones, and it appends to a log whose last entry is torn, so
// that what follows cannot be read.
type folder string

func (f folder) data() string       { return filepath.Join(string(f), "data") }
func (f folder) partitions() string { return filepath.Join(f.data(), "partitions") }

// kept holds the partitions that are being compacted, as they were before. While it is
// there, it is what counts.
func (f folder) kept() string { return filepath.Join(string(f), "kept") }

// scratch is what kept is before it is whole, and when it is no longer needed.
func (f folder) scratch() string { return f.kept() + ".tmp" }

// mend undoes what a kill -9 interrupted.
func (f folder) mend() error {
	if err := os.RemoveAll(f.scratch()); err != nil {
		return err
	}
	kept, err := os.ReadDir(f.kept())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, partition := range kept {
		to := filepath.Join(f.partitions(), partition.Name())
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(f.kept(), partition.Name()), to); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(f.kept()); err != nil {
		return err
	}
	return errors.Join(cutTorn(filepath.Join(f.data(), "groups.log")), cutTorn(filepath.Join(f.data(), "pids.log")))
}

// cutTorn cuts a log of kfake after its last whole entry. An entry is its length, the
// checksum of the rest, and the rest.
func cutTorn(name string) error {
	log, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	whole := 0
	for rest := log; len(rest) >= 8; rest = log[whole:] {
		length := uint64(binary.LittleEndian.Uint32(rest))
		if length == 0 || length > uint64(len(rest)-8) || crc32.Checksum(rest[8:8+length], castagnoli) != binary.LittleEndian.Uint32(rest[4:]) {
			break
		}
		whole += 8 + int(length)
	}
	if whole == len(log) {
		return nil
	}
	return os.Truncate(name, int64(whole))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// compact lets a broker that serves nobody yet compact the topics that want it.
func (f folder) compact(cluster *kfake.Cluster) error {
	topics, err := f.compacted()
	if err != nil || len(topics) == 0 {
		return err
	}
	if err := f.keep(topics); err != nil {
		return fmt.Errorf("keep what is to be compacted: %w", err)
	}
	cluster.Compact()
	if err := os.Rename(f.kept(), f.scratch()); err != nil { // from here on what is new counts
		return err
	}
	return os.RemoveAll(f.scratch())
}

// compacted returns the folders of the partitions of compacted topics that have records.
func (f folder) compacted() (names []string, err error) {
	text, err := os.ReadFile(filepath.Join(f.data(), "topics.json"))
	if err != nil {
		return nil, err
	}
	var all struct {
		Topics []struct {
			Name       string
			Partitions int
			Configs    map[string]string
		}
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("topics.json: %w", err)
	}
	for _, topic := range all.Topics {
		for i := range topic.Partitions {
			name := fmt.Sprintf("%s-%d", url.PathEscape(topic.Name), i)
			_, err := os.Stat(filepath.Join(f.partitions(), name))
			if strings.Contains(topic.Configs["cleanup.policy"], "compact") && err == nil {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// keep copies partitions to kept, all or nothing.
func (f folder) keep(partitions []string) error {
	for _, partition := range partitions {
		from, to := filepath.Join(f.partitions(), partition), filepath.Join(f.scratch(), partition)
		if err := os.MkdirAll(to, 0o700); err != nil {
			return err
		}
		files, err := os.ReadDir(from)
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := copyFile(filepath.Join(to, file.Name()), filepath.Join(from, file.Name())); err != nil {
				return err
			}
		}
	}
	return os.Rename(f.scratch(), f.kept())
}

// copyFile returns when the copy is on disk.
func copyFile(to, from string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Sync(), w.Close())
}
