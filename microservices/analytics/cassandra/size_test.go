package cassandra_test

import (
	"testing"

	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/analyticstest"
)

// The first hours of a month of a large site and of small ones are counted right.
func TestStore_size(t *testing.T) {
	analyticstest.Size(t, inPart(t), analyticstest.Busy(analyticstest.Events(t, 20_000)), 0)
}

// What applying and asking cost:
// CASSANDRA_HOSTS=127.0.0.1:9042 go test -run='^$' -bench=. ./microservices/analytics/cassandra
//
//claim:platform/cassandra-writes
func BenchmarkStore(b *testing.B) {
	needNodes(b)
	analyticstest.Benchmark(b, func(b *testing.B) analytics.Store { return inPart(b) })
}
