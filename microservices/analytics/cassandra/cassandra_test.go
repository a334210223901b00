package cassandra_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/analyticstest"
	"gonotes/microservices/analytics/cassandra"
)

// nodes are the addresses of a server, or none.
var nodes = strings.FieldsFunc(os.Getenv("CASSANDRA_HOSTS"), func(r rune) bool { return r == ',' })

// keyspace is made and dropped once a run, since that takes longer than most tests:
// each store of a test has names and partitions of its own in it.
var keyspace = fmt.Sprintf("gonotes_test_%d", time.Now().UnixNano())

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(runner{m}, goleak.Cleanup(func(code int) {
		if len(nodes) > 0 {
			if err := drop(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
		os.Exit(code)
	}))
}

type runner struct{ m *testing.M }

func (r runner) Run() int {
	code := r.m.Run()
	if shared.store != nil {
		shared.store.Close()
	}
	return code
}

func drop() error {
	cluster := gocql.NewCluster(nodes...)
	cluster.ProtoVersion = 4
	cluster.DisableInitialHostLookup = len(nodes) == 1
	session, err := cluster.CreateSession()
	if err != nil {
		return err
	}
	defer session.Close()
	return session.Query("DROP KEYSPACE IF EXISTS " + keyspace).Exec()
}

// shared is the store of all tests that need no one of their own.
var shared struct {
	once  sync.Once
	store *cassandra.Store
	err   error
}

func needNodes(t testing.TB) {
	t.Helper()
	if len(nodes) == 0 {
		t.Skip("address: CASSANDRA_HOSTS is not set")
	}
}

// part is a store that has the keyspace for itself, as it seems: its sites have a
// prefix, and its partitions begin with a number, of its own.
type part struct {
	analytics.Store
	prefix string
	first  int32
}

var parts atomic.Int32

// inPart returns an empty store.
func inPart(t testing.TB) part {
	t.Helper()
	needNodes(t)
	shared.once.Do(func() { shared.store, shared.err = cassandra.Open(context.Background(), nodes, keyspace) })
	require.NoError(t, shared.err)
	n := parts.Add(1)
	return part{Store: shared.store, prefix: fmt.Sprintf("%d/", n), first: n * 1000}
}

// again returns a store with the data of the part, and with nothing remembered.
func (p part) again(t *testing.T) (part, *cassandra.Store) {
	t.Helper()
	s, err := cassandra.Open(t.Context(), nodes, keyspace)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	p.Store = s
	return p, s
}

func (p part) Position(ctx context.Context, partition int32) (int64, error) {
	return p.Store.Position(ctx, p.first+partition)
}

func (p part) Apply(ctx context.Context, batch analytics.Batch) error {
	batch.Partition += p.first
	records := make([]analytics.Record, len(batch.Records))
	for i, r := range batch.Records {
		if records[i] = r; r.Site != "" {
			records[i].Site = p.prefix + r.Site
		}
	}
	batch.Records = records
	return p.Store.Apply(ctx, batch)
}

func (p part) Hours(ctx context.Context, site string, span analytics.Span) ([]analytics.Hour, error) {
	return p.Store.Hours(ctx, p.prefix+site, span)
}

func (p part) Pages(ctx context.Context, site string, span analytics.Span, limit int) ([]analytics.Page, error) {
	return p.Store.Pages(ctx, p.prefix+site, span, limit)
}

func (p part) Referrers(ctx context.Context, site string, span analytics.Span, limit int) ([]analytics.Referrer, error) {
	return p.Store.Referrers(ctx, p.prefix+site, span, limit)
}

func (p part) Visitors(ctx context.Context, site string, span analytics.Span) (analytics.Visitors, error) {
	return p.Store.Visitors(ctx, p.prefix+site, span)
}

func TestStore_contract(t *testing.T) {
	needNodes(t)
	analyticstest.Contract(t, func(t *testing.T) analytics.Store { return inPart(t) })
}

// What cannot be opened says why.
func TestOpen_refused(t *testing.T) {
	for _, test := range []struct {
		nodes    []string
		keyspace string
		want     string
	}{
		{nil, "numbers", "no address"},
		{[]string{"127.0.0.1:1"}, "1; DROP TABLE ids", "the keyspace must begin with a letter"},
		{[]string{"127.0.0.1:1"}, "numbers", "unable to create session"},
	} {
		_, err := cassandra.Open(t.Context(), test.nodes, test.keyspace)
		assert.ErrorContains(t, err, test.want)
		assert.ErrorContains(t, err, fmt.Sprintf("%q", test.keyspace))
	}
}
