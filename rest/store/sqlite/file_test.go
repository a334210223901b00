package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/store"
	"gonotes/rest/store/sqlite"
	"gonotes/rest/store/storetest"
)

// twoHandles asks two stores on one file by turns, as two replicas do.
type twoHandles struct {
	store.Store // the first
	second      store.Store
	turn        atomic.Uint64
}

func (h *twoHandles) pick() store.Store {
	if h.turn.Add(1)%2 == 0 {
		return h.second
	}
	return h.Store
}

func (h *twoHandles) Create(ctx context.Context, doc store.Document, key store.Key) (store.Document, error) {
	return h.pick().Create(ctx, doc, key)
}

func (h *twoHandles) Get(ctx context.Context, kind store.Kind, id string) (store.Document, error) {
	return h.pick().Get(ctx, kind, id)
}

func (h *twoHandles) Update(ctx context.Context, doc store.Document) (store.Document, error) {
	return h.pick().Update(ctx, doc)
}

func (h *twoHandles) List(ctx context.Context, query store.Query) ([]store.Document, error) {
	return h.pick().List(ctx, query)
}

func (h *twoHandles) Delete(ctx context.Context, kind store.Kind, id string, version int64) error {
	return h.pick().Delete(ctx, kind, id, version)
}

// Two stores on one file keep the contract together.
func TestFile_shared(t *testing.T) {
	storetest.Concurrent(t, func(t *testing.T) store.Store {
		path := filepath.Join(t.TempDir(), "shared.db")
		return &twoHandles{Store: open(t, path), second: open(t, path)}
	})
}

// What was written is there when the file is opened again, keys included.
func TestFile_reopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept.db")
	first, err := sqlite.Open(path)
	require.NoError(t, err)
	doc := store.Document{Kind: "account", ID: "1", Unique: "a", Created: time.UnixMilli(5).UTC(), Updated: time.UnixMilli(6).UTC(), Body: []byte(`{}`)}
	key := store.Key{Name: "k", Hash: "h"}
	want, err := first.Create(t.Context(), doc, key)
	require.NoError(t, err)
	require.NoError(t, first.Close())
	second := open(t, path)
	got, err := second.Get(t.Context(), "account", "1")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	doc.ID = "2"
	got, err = second.Create(t.Context(), doc, key)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// Stores that open a new file at the same time make its schema once.
func TestFile_openedAtOnce(t *testing.T) {
	for round := range 10 {
		path := filepath.Join(t.TempDir(), fmt.Sprint(round))
		begin := make(chan struct{})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				<-begin
				s, err := sqlite.Open(path)
				if assert.NoError(t, err) {
					assert.NoError(t, s.Close())
				}
			})
		}
		close(begin)
		all.Wait()
	}
}

// A transaction of another process does not hold up who reads.
func TestFile_readWhileWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "busy.db")
	s := open(t, path)
	want, err := s.Create(t.Context(), store.Document{Kind: "account", ID: "1", Created: time.UnixMilli(0).UTC(), Updated: time.UnixMilli(0).UTC(), Body: []byte(`{}`)}, store.Key{})
	require.NoError(t, err)
	other := raw(t, path)
	tx, err := other.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelLinearizable}) // BEGIN EXCLUSIVE
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.ExecContext(t.Context(), "DELETE FROM documents")
	require.NoError(t, err)
	got, err := s.Get(t.Context(), "account", "1")
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// raw opens a file as another program would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// A file that this program cannot know is refused, named, and left as it was.
func TestFile_refused(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct{ name, path, content, want string }{
		{"no database", "foreign.db", "", "file is not a database"},
		{"a newer schema", "newer.db", "PRAGMA user_version = 2", "its schema has version 2, this program knows 1"},
		{"another program", "other.db", "CREATE TABLE documents (a)", "it has tables of another program"},
		{"no folder", filepath.Join("nowhere", "a.db"), "", "unable to open database file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(dir, test.path)
			if test.content != "" {
				_, err := raw(t, path).ExecContext(t.Context(), test.content)
				require.NoError(t, err)
			} else if filepath.Dir(path) == dir {
				require.NoError(t, os.WriteFile(path, make([]byte, 4096), 0o600))
			}
			before, _ := os.ReadFile(path)
			_, err := sqlite.Open(path)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, strconv.Quote(path))
			after, _ := os.ReadFile(path)
			assert.Equal(t, before, after, "the file was changed")
		})
	}
}

// What is no file would be one database for each connection.
func TestFile_none(t *testing.T) {
	for _, path := range []string{"", ":memory:"} {
		_, err := sqlite.Open(path)
		assert.ErrorContains(t, err, "its journal mode is", "%q", path)
	}
}
