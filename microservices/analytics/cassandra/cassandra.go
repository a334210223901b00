// Package cassandra keeps the numbers of package analytics in Cassandra, for when one
// machine is not enough.
//
// Nothing in it is incremented by the server and nothing is compared before it is
// written: a counter cannot be written again safely when it is not known whether it
// was, and a lightweight transaction takes four round trips between nodes. Instead
// each row can be written again by anybody:
//
//   - A number is written as a whole, with the offset up to which it counts, and with
//     that offset as the timestamp of the write. It is a function of the records before
//     that offset, so two writers that come to the same offset write the same, and one
//     that lags behind, as after a rebalance, loses to the other.
//   - Who adds to a number leaves out the records before its offset: they are in it.
//   - An ID, and a person in an hour, is written with the offset where it came first.
//     All that came before the position is there, so every writer finds the same one.
//     A record is one that came again if its ID is there with a smaller offset.
//   - The position is written last. What a writer wrote before it ended is found by
//     the next one, with offsets that are not before the position, and is left out.
//
// The tables are made for the queries: a partition is what is read at once, of one site
// and day, so a month is 31 partitions, on as many nodes as there are.
package cassandra

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"sync"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"gonotes/microservices/analytics"
)

// consistency of reads and writes: what most replicas of the data center have taken
// is what most of them answer. With one node it is that node.
const consistency = gocql.LocalQuorum

// replicas of each row, if there are as many nodes.
const replicas = 3

// The columns hours and start are a period: its length, and when it starts in hours
// since 1970; day is the period's, likewise. The kind of a row of counts is that of
// what its name names.
var schema = []string{
	`CREATE TABLE IF NOT EXISTS positions (partition int PRIMARY KEY, next bigint)`,

	// bucket is the first four bytes of the ID: 65 seconds of those that are made by
	// time, so one read finds those of a batch; of random ones each has its own.
	`CREATE TABLE IF NOT EXISTS ids (partition int, bucket int, id uuid, site text, first bigint,
		PRIMARY KEY ((partition, bucket), id, site))`,
	`CREATE TABLE IF NOT EXISTS persons (site text, start bigint, person blob, first bigint,
		PRIMARY KEY ((site, start), person))`,
	`CREATE TABLE IF NOT EXISTS counts (site text, day bigint, kind text, hours bigint, start bigint, name text,
		views bigint, likes bigint, bots bigint, visitors bigint, next bigint,
		PRIMARY KEY ((site, day), kind, hours, start, name))`,
	`CREATE TABLE IF NOT EXISTS sketches (site text, day bigint, hours bigint, start bigint, sketch blob,
		PRIMARY KEY ((site, day), hours, start))`,
}

// Store is an [analytics.Store] in a keyspace.
type Store struct {
	session *gocql.Session

	// around is called with every write of Apply, which it calls, or does not: a
	// test's place for faults.
	around func(write func() error) error

	mu         sync.Mutex
	partitions map[int32]*partition
	cached     int // counts of each partition of the bus that are remembered, more only while one batch needs them
}

// Open connects to the nodes, addresses with or without a port, and creates keyspace
// and tables if there are none. The keyspace is made of lower-case letters, digits and
// underscores. A single address is taken as the only node there is.
func Open(ctx context.Context, nodes []string, keyspace string) (*Store, error) {
	s, err := open(ctx, nodes, keyspace)
	if err != nil {
		return nil, fmt.Errorf("cassandra: open keyspace %q on %q: %w", keyspace, nodes, err)
	}
	return s, nil
}

func open(ctx context.Context, nodes []string, keyspace string) (*Store, error) {
	if !regexp.MustCompile(`^[a-z][a-z0-9_]{0,47}$`).MatchString(keyspace) {
		return nil, errors.New("the keyspace must begin with a letter and have up to 48 of a to z, 0 to 9 and _")
	}
	if len(nodes) == 0 {
		return nil, errors.New("no address")
	}
	session, err := connect(nodes, "")
	if err != nil {
		return nil, err
	}
	err = session.Query(fmt.Sprintf("CREATE KEYSPACE IF NOT EXISTS %s WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': %d}", keyspace, min(len(nodes), replicas))).ExecContext(ctx)
	session.Close()
	if err != nil {
		return nil, err
	}
	if session, err = connect(nodes, keyspace); err != nil {
		return nil, err
	}
	for _, table := range schema {
		if err := session.Query(table).ExecContext(ctx); err != nil {
			session.Close()
			return nil, err
		}
	}
	return &Store{
		session:    session,
		around:     func(write func() error) error { return write() },
		partitions: map[int32]*partition{},
		cached:     100_000,
	}, nil
}

// acquit never takes a node for gone because it cannot be reached: each query tries to
// connect again, and takes another node meanwhile. The client's own policy waits until it
// is told that the node works again, which nobody does if it is the only one.
type acquit struct{}

func (acquit) AddFailure(error, *gocql.HostInfo) bool { return false }
func (acquit) Reset(*gocql.HostInfo)                  {}

// withPort returns an address with the port of Cassandra, if it has none.
func withPort(addr string) string {
	if _, _, err := net.SplitHostPort(addr); err == nil {
		return addr
	}
	return net.JoinHostPort(addr, "9042")
}

func connect(nodes []string, keyspace string) (*gocql.Session, error) {
	cluster := gocql.NewCluster(nodes...)
	cluster.Keyspace = keyspace
	cluster.Consistency = consistency
	cluster.ProtoVersion = 4          // else each connect asks for the newest first
	cluster.WriteCoalesceWaitTime = 0 // 200 µs on every request otherwise
	cluster.DefaultIdempotence = true // all that this package sends is
	cluster.RetryPolicy = &gocql.SimpleRetryPolicy{NumRetries: 2}
	cluster.ConvictionPolicy = acquit{}
	if len(nodes) == 1 {
		// What it says of its own address may not be how it is reached. That the client does
		// not ask for it at first (DisableInitialHostLookup) is no help: it asks when it has
		// lost the node, adds what it is told, removes what it had, by the address that both
		// may have, and is left with "no hosts available in the pool" (v2.1.2).
		cluster.AddressTranslator = gocql.AddressTranslatorFunc(func(ip net.IP, port int) (net.IP, int) {
			if addr, err := net.ResolveTCPAddr("tcp", withPort(nodes[0])); err == nil {
				return addr.IP, addr.Port
			}
			return ip, port
		})
	} else {
		cluster.PoolConfig.HostSelectionPolicy = gocql.TokenAwareHostPolicy(gocql.RoundRobinHostPolicy())
	}
	return cluster.CreateSession()
}

// Close closes the connections. The store must not be used afterwards.
func (s *Store) Close() error {
	s.session.Close()
	return nil
}

// Ping is part of [analytics.Store].
func (s *Store) Ping(ctx context.Context) error {
	if err := s.session.Query("SELECT release_version FROM system.local").ExecContext(ctx); err != nil {
		return fmt.Errorf("cassandra: ping: %w", err)
	}
	return nil
}

var _ analytics.Store = (*Store)(nil)
