package sqlite_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics/analyticstest"
	"gonotes/microservices/analytics/sqlite"
)

// What was applied is there when the file is opened again.
func TestFile_reopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept.db")
	log := analyticstest.RandomLog(1, 0, 200)
	var model analyticstest.Model
	for from := int64(0); from < 200; from += 50 {
		s, err := sqlite.Open(path)
		require.NoError(t, err)
		batch := log.Batch(from, from+50)
		require.NoError(t, s.Apply(t.Context(), batch))
		require.NoError(t, model.Apply(batch))
		model.AgreeAll(t, s)
		require.NoError(t, s.Close())
	}
	model.AgreeAll(t, open(t, path))
}

// A file that another process has open is refused, and free when that has closed it.
func TestFile_locked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locked.db")
	first, err := sqlite.Open(path)
	require.NoError(t, err)
	_, err = sqlite.Open(path)
	assert.ErrorContains(t, err, "another process has it open")
	assert.ErrorContains(t, err, strconv.Quote(path))
	require.NoError(t, first.Close())
	open(t, path)
}

// A file that this program cannot know is refused, named, and left as it was.
func TestFile_refused(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct{ name, path, content, want string }{
		{"no database", "foreign.db", "", "file is not a database"},
		{"a newer schema", "newer.db", "PRAGMA user_version = 2", "its schema has version 2, this program knows 1"},
		{"another program", "other.db", "CREATE TABLE hours (a)", "it has tables of another program"},
		{"no folder", filepath.Join("nowhere", "a.db"), "", "unable to open database file"},
		{"no file", ":memory:", "-", "its journal mode is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(dir, test.path)
			switch {
			case test.content == "-":
				t.Chdir(dir) // for the lock
				path = test.path
			case test.content != "":
				conn, err := sqlite3.Open(path)
				require.NoError(t, err)
				require.NoError(t, conn.Exec(test.content))
				require.NoError(t, conn.Close())
			case filepath.Dir(path) == dir:
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
