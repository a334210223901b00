package microservices_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gonotes/internal/claim"
	"gonotes/microservices"
)

const (
	valueLen   = 100     // bytes of a row besides its key of 16
	cacheBytes = 1 << 19 // bytes of the caches of an embedded store
)

// randomKey returns key n, which stands anywhere among the others.
func randomKey(n int) []byte {
	x := uint64(n) * 0x9e3779b97f4a7c15 // takes each value once
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, x^x>>32), uint64(n))
}

// rowValue is that of all rows. It cannot be compressed.
var rowValue = func() []byte {
	value := make([]byte, valueLen)
	random := rand.New(rand.NewPCG(1, 0))
	for i := range value {
		value[i] = byte(random.Uint32())
	}
	return value
}()

// tree is a B-tree.
type tree struct {
	conn   *sqlite3.Conn
	insert *sqlite3.Stmt
}

// newTree makes a tree with one of SQLite's journals: wal, a log of new pages, or delete,
// the default, a file of the old pages that each commit makes and deletes.
func newTree(t *testing.T, journal string) *tree {
	t.Helper()
	conn, err := sqlite3.Open(filepath.Join(t.TempDir(), "tree.db"))
	require.NoError(t, err)
	require.NoError(t, conn.Exec(fmt.Sprintf(`PRAGMA journal_mode = %s; PRAGMA synchronous = full; PRAGMA cache_size = -%d;
		CREATE TABLE rows (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID`, journal, cacheBytes>>10)))
	insert, _, err := conn.Prepare("INSERT INTO rows VALUES (?, ?)")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, errors.Join(insert.Close(), conn.Close())) })
	return &tree{conn, insert}
}

func (s *tree) commit(keys [][]byte) (err error) {
	tx, err := s.conn.BeginImmediate()
	if err != nil {
		return err
	}
	defer tx.End(&err)
	for _, key := range keys {
		if err := errors.Join(s.insert.BindBlob(1, key), s.insert.BindBlob(2, rowValue), s.insert.Exec()); err != nil {
			return err
		}
	}
	return nil
}

// A node of Cassandra takes fewer durable writes of many clients than the embedded
// B-tree on the same machine, if that commits together what comes together, as a node
// does: what Cassandra has for more is more nodes. With one client both wait for the
// disk.
func TestCassandraWrites_cassandra(t *testing.T) {
	proof := claim.Prove(t, microservices.CassandraWrites, func(d duel) error {
		if d.cassandra > d.sqlite {
			return fmt.Errorf("Cassandra takes %.0f rows/s, SQLite %.0f", d.cassandra, d.sqlite)
		}
		return nil
	})
	server := newCassandra(t, proof.NotRun)
	var sync string
	require.NoError(t, server.Query("SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'").Scan(&sync))
	if sync == "periodic" {
		proof.NotRun("address: CASSANDRA_HOSTS names a node with commitlog_sync %s, whose writes are not on the disk when it answers", sync)
	}
	proof.Engine(server.version+" (commitlog_sync "+sync+")", sqliteVersion(t)+" (synchronous full)")
	require.NoError(t, server.Query("CREATE TABLE rows (key blob PRIMARY KEY, value blob)").Exec())
	put := func(key []byte) error {
		return server.Query("INSERT INTO rows (key, value) VALUES (?, ?)", key, rowValue).Exec()
	}
	one := fight(t, 1, 500, put, alone(t, "wal"))
	proof.Figure("one client: Cassandra", one.cassandra, "rows/s")
	proof.Figure("one client: SQLite", one.sqlite, "rows/s")
	proof.Holds("64 clients, whose rows are committed together", fight(t, 64, 8000, put, grouped(t)))
	proof.Control("64 clients, whose rows are committed one by one with SQLite's default journal", fight(t, 64, 3000, put, alone(t, "delete")), "Cassandra takes")
}

// duel is how many rows both take, in rows/s.
type duel struct{ cassandra, sqlite float64 }

func (d duel) Figures() []claim.Figure {
	return []claim.Figure{{Name: "Cassandra", Value: d.cassandra, Unit: "rows/s"}, {Name: "SQLite", Value: d.sqlite, Unit: "rows/s"}}
}

// keysUsed makes all keys of a run different.
var keysUsed atomic.Int64

// fight lets clients put rows with random keys, each one after the other.
func fight(t *testing.T, clients, rows int, puts ...func(key []byte) error) duel {
	t.Helper()
	var took [2]time.Duration
	const rounds = 4 // by turns
	for range rounds {
		for i, put := range puts {
			began := time.Now()
			var group errgroup.Group
			for range clients {
				group.Go(func() error {
					for range rows / rounds / clients {
						if err := put(randomKey(int(keysUsed.Add(1)))); err != nil {
							return err
						}
					}
					return nil
				})
			}
			require.NoError(t, group.Wait())
			took[i] += time.Since(began)
		}
	}
	n := float64(rows / rounds / clients * clients * rounds)
	return duel{n / took[0].Seconds(), n / took[1].Seconds()}
}

// alone puts each row in a commit of its own.
func alone(t *testing.T, journal string) func(key []byte) error {
	s := newTree(t, journal)
	var mu sync.Mutex
	return func(key []byte) error {
		mu.Lock()
		defer mu.Unlock()
		return s.commit([][]byte{key})
	}
}

// grouped puts all rows that wait while a commit is made into the next one.
func grouped(t *testing.T) func(key []byte) error {
	s := newTree(t, "wal")
	type request struct {
		key  []byte
		done chan error
	}
	requests := make(chan request, 1000)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for first := range requests {
			waiting := []request{first}
			for range len(requests) {
				waiting = append(waiting, <-requests)
			}
			var keys [][]byte
			for _, r := range waiting {
				keys = append(keys, r.key)
			}
			err := s.commit(keys)
			for _, r := range waiting {
				r.done <- err
			}
		}
	}()
	t.Cleanup(func() {
		close(requests)
		<-ended
	})
	return func(key []byte) error {
		r := request{key, make(chan error, 1)}
		requests <- r
		return <-r.done
	}
}

// cassandraServer is a session in a keyspace of its own.
type cassandraServer struct {
	*gocql.Session
	version string
}

// newCassandra connects to CASSANDRA_HOSTS, or calls notRun.
func newCassandra(t *testing.T, notRun func(format string, args ...any)) cassandraServer {
	t.Helper()
	hosts := strings.FieldsFunc(os.Getenv("CASSANDRA_HOSTS"), func(r rune) bool { return r == ',' })
	if len(hosts) == 0 {
		notRun("address: CASSANDRA_HOSTS is not set")
	}
	cluster := gocql.NewCluster(hosts...)
	cluster.ProtoVersion = 4
	cluster.Consistency = gocql.LocalQuorum
	cluster.DisableInitialHostLookup = len(hosts) == 1
	cluster.WriteCoalesceWaitTime = 0
	admin, err := cluster.CreateSession()
	require.NoError(t, err)
	keyspace := fmt.Sprintf("gonotes_claim_%d", time.Now().UnixNano())
	require.NoError(t, admin.Query("CREATE KEYSPACE "+keyspace+" WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 1}").Exec())
	t.Cleanup(func() {
		assert.NoError(t, admin.Query("DROP KEYSPACE "+keyspace).Exec())
		admin.Close()
	})
	cluster.Keyspace = keyspace
	session, err := cluster.CreateSession()
	require.NoError(t, err)
	t.Cleanup(session.Close)
	var version string
	require.NoError(t, session.Query("SELECT release_version FROM system.local").Scan(&version))
	return cassandraServer{session, "Cassandra " + version}
}
