package rest_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/internal/memnet"
	"gonotes/rest/cache"
	"gonotes/rest/gateway"
	"gonotes/rest/store"
)

// fleet is two replicas on one store behind a balancer, on a network of its own.
type fleet struct {
	memnet.Network
	replica  func(store.Store) http.Handler
	store    store.Store
	balancer *gateway.Balancer

	mu       sync.Mutex
	replicas map[string]*http.Server
	asked    int // requests that reached a replica, but for health checks
}

var hosts = []string{"replica-a", "replica-b"}

func newFleet(t testing.TB, s store.Store, replica func(store.Store) http.Handler) *fleet {
	t.Helper()
	f := &fleet{replica: replica, store: s, replicas: map[string]*http.Server{}}
	for _, host := range hosts {
		f.restart(host)
	}
	transport := gateway.Transport()
	transport.DialContext = f.Dial
	balancer, err := gateway.NewBalancer(gateway.Replicas{
		URLs: []string{"http://" + hosts[0], "http://" + hosts[1]}, HealthPath: "/health",
		Interval: time.Minute, Timeout: 10 * time.Second, Transport: transport, Log: quiet,
	})
	require.NoError(t, err)
	f.balancer = balancer
	t.Cleanup(func() {
		balancer.Close()
		for _, server := range f.replicas {
			server.Close()
		}
	})
	return f
}

// restart kills a replica, if it runs, and starts another in its place.
func (f *fleet) restart(host string) {
	if old := f.replicas[host]; old != nil {
		old.Close()
	}
	handler := f.replica(f.store)
	f.replicas[host] = f.Serve(host, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" {
			f.mu.Lock()
			f.asked++
			f.mu.Unlock()
		}
		handler.ServeHTTP(w, r)
	})})
}

// requests is how many reached a replica so far.
func (f *fleet) requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// only asks one replica.
func (f *fleet) only(host string) http.RoundTripper {
	transport := gateway.Transport()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return f.Dial(ctx, network, host+":80")
	}
	return transport
}

// gatewayTo is the outermost layer, at api.example on the network of clients,
// which has nothing else: TLS, who the client is, a rate limit, a proxy, what is
// given here, and the balancer.
func gatewayTo(t testing.TB, f *fleet, inner func(http.RoundTripper) http.RoundTripper) *http.Client {
	t.Helper()
	authority, err := gateway.NewAuthority()
	require.NoError(t, err)
	config, err := authority.Server("api.example")
	require.NoError(t, err)
	limit, err := gateway.NewRateLimit(gateway.Limit{Rate: 1e6, Burst: 1e6, Clients: 10})
	require.NoError(t, err)
	var outside memnet.Network
	server := outside.Serve("api.example", &http.Server{
		Handler:   gateway.Forwarded(limit.Limit(gateway.Proxy(inner(f.balancer), quiet))),
		TLSConfig: config,
	})
	transport := gateway.Transport()
	transport.DialContext, transport.TLSClientConfig = outside.Dial, authority.Client()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return &http.Client{Transport: transport}
}

// cached puts a cache before the origin.
func cached(t testing.TB) func(http.RoundTripper) http.RoundTripper {
	return func(origin http.RoundTripper) http.RoundTripper {
		c := cache.New(origin, 16<<20)
		t.Cleanup(c.Close)
		return c
	}
}
