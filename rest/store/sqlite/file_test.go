package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
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

func (h *twoHandles) Delete(ctx context.Context, kind store.Kind, id string, version int64) error {
	return h.pick().Delete(ctx, kind, id, version)
}

// Two stores on one file keep the contract together.
func TestFile_shared(t *testing.T) {
	storetest.Contract(t, func(t *testing.T) store.Store {
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

// A file that this program cannot know is refused, and named.
func TestFile_refused(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.db")
	require.NoError(t, os.WriteFile(foreign, make([]byte, 4096), 0o600))
	newer := filepath.Join(dir, "newer.db")
	db, err := sql.Open("sqlite3", "file:"+newer)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "PRAGMA user_version = 2")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	for _, test := range []struct{ name, path, want string }{
		{"no database", foreign, "file is not a database"},
		{"a newer schema", newer, "its schema has version 2, this program knows 1"},
		{"no folder", filepath.Join(dir, "nowhere", "a.db"), "unable to open database file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := sqlite.Open(test.path)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, test.path)
		})
	}
}
