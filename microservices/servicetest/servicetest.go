// Package servicetest holds what the tests of several services need.
package servicetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// NewBus starts an embedded broker with the topics of the platform, and returns a client
// besides. Both end with the test.
func NewBus(t testing.TB) (brokers []string, client *kgo.Client) {
	t.Helper()
	broker, err := broker.Open(t.TempDir(), "127.0.0.1:0", false)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, broker.Close()) })
	client, err = bus.Connect(broker.Addrs())
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, bus.Create(t.Context(), client, event.Topics...))
	return broker.Addrs(), client
}

// FreePorts returns the first of n ports in a row that nobody has, below those that the
// system gives to clients.
func FreePorts(t testing.TB, n int) int {
	t.Helper()
	for range 100 {
		first := 10_000 + rand.IntN(20_000)
		free := true
		for i := 0; free && i < n; i++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+i))
			if free = err == nil; free {
				l.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatal("no free ports in a row")
	return 0
}

// Buffer may be read while it is written.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
