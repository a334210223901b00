package memnet

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
)

// Network has servers at host names. The zero Network has none. It is safe for
// concurrent use.
type Network struct {
	mu        sync.Mutex
	listeners map[string]*Listener
}

// Serve starts a server at a host, in the place of an earlier one there. With a
// TLSConfig it speaks TLS. Close it when it is used no more.
func (n *Network) Serve(host string, server *http.Server) *http.Server {
	l := Listen()
	n.mu.Lock()
	if n.listeners == nil {
		n.listeners = map[string]*Listener{}
	}
	n.listeners[host] = l
	n.mu.Unlock()
	server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	if server.TLSConfig != nil {
		go server.ServeTLS(l, "", "")
	} else {
		go server.Serve(l)
	}
	return server
}

// Dial connects to the server at the host of addr, whatever its port: it has
// the form of http.Transport's DialContext.
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, _ := strings.Cut(addr, ":")
	n.mu.Lock()
	l := n.listeners[host]
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("no such host " + host)}
	}
	return l.Dial(ctx, network, addr)
}
