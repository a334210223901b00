package microservices_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/util"

	"gonotes/internal/claim"
	"gonotes/microservices"
)

// present is how many rows are there before: some ten times what the caches hold.
const present = 50_000

// keyed is a store of rows by key, of which a commit is on the disk when it returns.
type keyed interface {
	commit(keys [][]byte) error
	written() int64 // bytes so far, by the store to its files
	settle() error  // what is still to be done for the rows that are there
}

// race is a log-structured store and a B-tree that take the same rows.
type race struct {
	lsm, tree           float64 // rows/s, of the median commit
	lsmBytes, treeBytes float64 // written for each row
}

func (r race) Figures() []claim.Figure {
	return []claim.Figure{
		{Name: "log-structured", Value: r.lsm, Unit: "rows/s"}, {Name: "B-tree", Value: r.tree, Unit: "rows/s"},
		{Name: "log-structured, written for a row", Value: r.lsmBytes, Unit: "B"}, {Name: "B-tree, written for a row", Value: r.treeBytes, Unit: "B"},
	}
}

// A log-structured store, which is how Cassandra writes, takes rows in random order
// faster than a B-tree when they are more than both keep in cacheBytes, since it writes
// them one after the other and sorts them later.
func TestCassandraWrites(t *testing.T) {
	proof := claim.Prove(t, microservices.CassandraWrites, func(r race) error {
		if r.lsmBytes*4 > r.treeBytes {
			return fmt.Errorf("the B-tree writes %.0f bytes for a row, the other %.0f: not 4 times as many", r.treeBytes, r.lsmBytes)
		}
		if r.lsm < 6*r.tree {
			return fmt.Errorf("the log-structured store takes %.0f rows/s, the B-tree %.0f: not 6 times as fast", r.lsm, r.tree)
		}
		return nil
	})
	proof.Engine("goleveldb "+moduleVersion(t, "github.com/syndtr/goleveldb")+" (synced at each commit)", sqliteVersion(t)+" (synchronous full)")
	proof.Holds("random keys, 1,000 rows a commit", compete(t, randomKey, 10_000, 1000))
	proof.Control("keys in order", compete(t, orderedKey, 10_000, 1000), "not 4 times as many")
	proof.Control("random keys, one row a commit", compete(t, randomKey, 400, 1), "not 6 times as fast")
}

// orderedKey returns key n, which stands behind those before.
func orderedKey(n int) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(n)), uint64(n))
}

// compete fills both stores and then gives them rows by turns, in commits of some size.
func compete(t *testing.T, key func(n int) []byte, rows, commit int) (r race) {
	t.Helper()
	stores := []keyed{newLSM(t), newTree(t, "wal")}
	var before [2]int64
	var took [2][]time.Duration
	for i, s := range stores {
		all := make([][]byte, present)
		for n := range all {
			all[n] = key(n)
		}
		slices.SortFunc(all, bytes.Compare) // faster
		require.NoError(t, s.commit(all))
		require.NoError(t, s.settle())
		before[i] = s.written()
	}
	n := present
	for range rows / commit {
		keys := make([][]byte, commit)
		for i := range keys {
			keys[i] = key(n)
			n++
		}
		for i, s := range stores { // by turns, so that what disturbs one disturbs the other
			began := time.Now()
			require.NoError(t, s.commit(keys))
			took[i] = append(took[i], time.Since(began))
		}
	}
	n -= present
	for i, rate := range []*float64{&r.lsm, &r.tree} {
		slices.Sort(took[i])
		*rate = float64(commit) / took[i][len(took[i])/2].Seconds()
	}
	r.lsmBytes, r.treeBytes = float64(stores[0].written()-before[0])/float64(n), float64(stores[1].written()-before[1])/float64(n)
	return r
}

// lsm is a store that writes sorted files, which are merged later.
type lsm struct {
	db    *leveldb.DB
	bytes atomic.Int64
}

func newLSM(t *testing.T) *lsm {
	t.Helper()
	files, err := storage.OpenFile(filepath.Join(t.TempDir(), "lsm"), false)
	require.NoError(t, err)
	s := &lsm{}
	s.db, err = leveldb.Open(countingFiles{files, &s.bytes}, &opt.Options{WriteBuffer: cacheBytes / 2, BlockCacheCapacity: cacheBytes / 2, Compression: opt.NoCompression})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, errors.Join(s.db.Close(), files.Close())) })
	return s
}

func (s *lsm) commit(keys [][]byte) error {
	batch := new(leveldb.Batch)
	for _, key := range keys {
		batch.Put(key, rowValue)
	}
	return s.db.Write(batch, &opt.WriteOptions{Sync: true})
}

func (s *lsm) written() int64 { return s.bytes.Load() }
func (s *lsm) settle() error  { return s.db.CompactRange(util.Range{}) }

// countingFiles counts what is written to the files.
type countingFiles struct {
	storage.Storage
	bytes *atomic.Int64
}

func (c countingFiles) Create(fd storage.FileDesc) (storage.Writer, error) {
	w, err := c.Storage.Create(fd)
	return countingFile{w, c.bytes}, err
}

type countingFile struct {
	storage.Writer
	bytes *atomic.Int64
}

func (w countingFile) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.bytes.Add(int64(n))
	return n, err
}

// written counts the pages that went to the log. From there they go to the tree, which
// is not counted.
func (s *tree) written() int64 {
	pages, _, err := s.conn.Status(sqlite3.DBSTATUS_CACHE_WRITE, false)
	if err != nil {
		return 0 // and the proof fails
	}
	return pages * 4096
}

func (s *tree) settle() error {
	_, _, err := s.conn.WALCheckpoint("main", sqlite3.CHECKPOINT_TRUNCATE)
	return err
}
