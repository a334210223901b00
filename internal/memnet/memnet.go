// Package memnet is a network in memory: a listener for http.Server and the
// dial function for http.Transport that reaches it. No port is opened, and all
// of it works in the bubble of testing/synctest that called Listen.
package memnet

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
)

var (
	server = netip.MustParseAddr("192.0.2.1") // RFC 5737: for documentation
	client = netip.MustParseAddr("192.0.2.2")
)

// Listener is a net.Listener whose connections are pipes: what one end writes
// waits until the other end reads it. So a failed TLS handshake, where both ends
// write, needs a deadline. It is safe for concurrent use.
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
	dialed atomic.Uint32
}

// Listen returns a listener. Close it when it is used no more.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept returns the next connection, or net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept return and Dial fail from now on. Connections stay open.
func (l *Listener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return nil
}

// Addr is 192.0.2.1:80.
func (l *Listener) Addr() net.Addr { return address(server, 80) }

// Dial connects to the listener, whatever address it is given: it has the form
// of http.Transport's DialContext. It returns when the connection is accepted,
// with an error when ctx ends before, and with "connection refused" when the
// listener is closed. Every connection comes from 192.0.2.2, each from a port of
// its own.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	local := address(client, uint16(49152+l.dialed.Add(1)%16384)) // the dynamic ports of RFC 6335
	select {
	case <-l.closed: // else select might still find an Accept that waits
		return nil, failed(local, l.Addr(), syscall.ECONNREFUSED)
	default:
	}
	near, far := net.Pipe()
	select {
	case l.conns <- conn{far, l.Addr(), local}:
		return conn{near, local, l.Addr()}, nil
	case <-l.closed:
		return nil, failed(local, l.Addr(), syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, failed(local, l.Addr(), context.Cause(ctx))
	}
}

// Client returns a client whose requests all go to the listener, whatever host
// their URL names. Its CloseIdleConnections ends the goroutines of connections
// that were kept.
func (l *Listener) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: l.Dial}}
}

// conn is one end of a pipe with the addresses of both.
type conn struct {
	net.Conn
	local, remote net.Addr
}

func (c conn) LocalAddr() net.Addr  { return c.local }
func (c conn) RemoteAddr() net.Addr { return c.remote }

func address(ip netip.Addr, port uint16) net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, port))
}

func failed(from, to net.Addr, err error) error {
	return &net.OpError{Op: "dial", Net: to.Network(), Source: from, Addr: to, Err: err}
}
