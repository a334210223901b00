package memnet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/memnet"
)

func get(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	resp, err := c.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// A server and a client of net/http talk over the listener, and the addresses
// that the server sees look like those of a network.
func TestListener_servesHTTP(t *testing.T) {
	l := memnet.Listen()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Host, " ", r.RemoteAddr)
	})}
	go server.Serve(l)
	defer server.Close()
	c := l.Client()
	assert.Equal(t, "example.org 192.0.2.2:49153", get(t, c, "http://example.org/"))
	assert.Equal(t, "example.org 192.0.2.2:49153", get(t, c, "http://example.org/"), "the connection is kept")
	c.CloseIdleConnections()
	assert.Equal(t, "other.example 192.0.2.2:49154", get(t, c, "http://other.example/"))
	c.CloseIdleConnections()
	assert.Equal(t, "192.0.2.1:80", l.Addr().String())
}

// Both ends of a connection agree about the addresses.
func TestDial_addresses(t *testing.T) {
	l := memnet.Listen()
	defer l.Close()
	var far net.Conn
	var wg sync.WaitGroup
	wg.Go(func() { far, _ = l.Accept() })
	near, err := l.Dial(t.Context(), "tcp", "anything")
	require.NoError(t, err)
	wg.Wait()
	defer near.Close()
	defer far.Close()
	assert.Equal(t, near.LocalAddr(), far.RemoteAddr())
	assert.Equal(t, near.RemoteAddr(), far.LocalAddr())
	assert.Equal(t, l.Addr(), far.LocalAddr())
}

// In a bubble an hour costs nothing, and Shutdown waits for the request that
// runs: it gets its answer, later ones are refused.
func TestListener_shutdownInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		started := make(chan struct{})
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(started)
			time.Sleep(time.Hour)
			fmt.Fprint(w, "done")
		})}
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		var wg sync.WaitGroup
		wg.Go(func() {
			<-started
			assert.NoError(t, server.Shutdown(t.Context()))
		})
		c := l.Client()
		start := time.Now()
		assert.Equal(t, "done", get(t, c, "http://example.org/"))
		assert.Equal(t, time.Hour, time.Since(start))
		wg.Wait()
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
		_, err := c.Get("http://example.org/")
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	})
}

// Dial to a closed listener fails as to a port where nobody listens, also when
// it waits as the listener closes.
func TestDial_refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		waiting := make(chan error, 1)
		go func() {
			_, err := l.Dial(t.Context(), "tcp", "example.org:80")
			waiting <- err
		}()
		synctest.Wait() // nobody accepts
		require.NoError(t, l.Close())
		assert.ErrorIs(t, <-waiting, syscall.ECONNREFUSED)

		_, err := l.Dial(t.Context(), "tcp", "example.org:80")
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		op, ok := errors.AsType[*net.OpError](err)
		require.True(t, ok)
		assert.Equal(t, "dial", op.Op)
		_, err = l.Accept()
		assert.ErrorIs(t, err, net.ErrClosed)
		assert.NoError(t, l.Close(), "closed twice")
	})
}

// A dial that nobody accepts ends with its context.
func TestDial_context(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := l.Dial(ctx, "tcp", "example.org:80")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

// A network reaches each server by its name, and the one that took its place.
func TestNetwork(t *testing.T) {
	var n memnet.Network
	client := &http.Client{Transport: &http.Transport{DialContext: n.Dial}}
	serve := func(host, says string) *http.Server {
		server := n.Serve(host, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, says) })})
		t.Cleanup(func() { server.Close() })
		return server
	}
	get := func(url string) (string, error) {
		resp, err := client.Get(url)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	first := serve("a", "first")
	serve("b", "second")
	for _, test := range []struct{ url, want string }{{"http://a", "first"}, {"http://b:8080", "second"}} {
		got, err := get(test.url)
		require.NoError(t, err)
		assert.Equal(t, test.want, got)
	}
	first.Close()
	serve("a", "third")
	got, err := get("http://a")
	require.NoError(t, err)
	assert.Equal(t, "third", got)
	_, err = get("http://c")
	assert.ErrorContains(t, err, "no such host c")
	client.CloseIdleConnections()
}
