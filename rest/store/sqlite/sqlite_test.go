package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/store"
	"gonotes/rest/store/sqlite"
	"gonotes/rest/store/storetest"
)

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestStore_contract(t *testing.T) {
	storetest.Contract(t, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "a b?#%41.db")) })
}
