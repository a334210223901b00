package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/analyticstest"
	"gonotes/microservices/analytics/sqlite"
)

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestStore_contract(t *testing.T) {
	analyticstest.Contract(t, func(t *testing.T) analytics.Store { return open(t, filepath.Join(t.TempDir(), "a b?#%41.db")) })
}
