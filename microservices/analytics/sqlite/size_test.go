package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/analyticstest"
)

// A month of a large site and of small ones is counted right and, with ten million
// events (GONOTES_EVENTS=10000000), asked about in less than 100 ms, whatever the
// question.
func TestStore_size(t *testing.T) {
	path := filepath.Join(t.TempDir(), "size.db")
	traffic := analyticstest.Month(analyticstest.Events(t, 10_000))
	analyticstest.Size(t, open(t, path), traffic, 100*time.Millisecond)
	var bytes int64
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		bytes += info.Size()
	}
	t.Logf("%.0f bytes of the disk for each event", float64(bytes)/float64(traffic.Events))
}

// What applying and asking cost:
// go test -run='^$' -bench=. ./microservices/analytics/sqlite
//
//claim:platform/cassandra-writes
func BenchmarkStore(b *testing.B) {
	analyticstest.Benchmark(b, func(b *testing.B) analytics.Store { return open(b, filepath.Join(b.TempDir(), "bench.db")) })
}
