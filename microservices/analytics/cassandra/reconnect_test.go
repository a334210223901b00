package cassandra_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics/cassandra"
)

// doorway hands connections to a node on, from an address that the node does not know of.
// While it is shut it refuses them.
type doorway struct {
	node string
	addr string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

func (d *doorway) open(t *testing.T) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, err := net.Listen("tcp", d.addr)
	require.NoError(t, err)
	d.listener, d.addr = l, l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			d.through(l, conn)
		}
	}()
}

func (d *doorway) through(l net.Listener, in net.Conn) {
	out, err := net.Dial("tcp", d.node)
	if err != nil {
		in.Close()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns = append(d.conns, in, out)
	if d.listener != l { // shut meanwhile
		in.Close()
		out.Close()
		return
	}
	go func() { io.Copy(out, in); out.Close(); in.Close() }()
	go func() { io.Copy(in, out); out.Close(); in.Close() }()
}

func (d *doorway) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.listener.Close()
	d.listener = nil
	for _, conn := range d.conns {
		conn.Close()
	}
	d.conns = nil
}

// A store that has lost its only node finds it again, at the address that it was given,
// whatever the node says of its own.
func TestStore_reconnects(t *testing.T) {
	needNodes(t)
	d := &doorway{node: nodes[0], addr: "127.0.0.1:0"}
	d.open(t)
	s, err := cassandra.Open(t.Context(), []string{d.addr}, keyspace)
	require.NoError(t, err)
	defer s.Close()
	for round := range 8 {
		require.NoError(t, s.Ping(t.Context()))
		d.shut()
		assert.Error(t, s.Ping(t.Context()), "round %d: nobody listens", round)
		time.Sleep(time.Duration(round) * 300 * time.Millisecond)
		d.open(t)
		require.Eventually(t, func() bool { return s.Ping(t.Context()) == nil }, time.Minute, 50*time.Millisecond, "round %d: the node is lost", round)
	}
	d.shut()
}
