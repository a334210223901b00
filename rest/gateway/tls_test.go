package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/gateway"
)

// serveTLS starts a server with a certificate for the names, reachable as each.
func serveTLS(t *testing.T, authority *gateway.Authority, names ...string) *network {
	config, err := authority.Server(names...)
	require.NoError(t, err)
	n := &network{}
	server := n.Serve("any", &http.Server{TLSConfig: config, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto)
	})})
	t.Cleanup(func() { server.Close() })
	return n
}

// shake does a handshake with the server under the given name.
func shake(t *testing.T, n *network, name string, config *tls.Config) (tls.ConnectionState, error) {
	far, err := n.Dial(t.Context(), "tcp", "any")
	require.NoError(t, err)
	conn, between := net.Pipe()
	var wg sync.WaitGroup // a pipe has no buffer, and when a handshake fails both ends write
	defer wg.Wait()
	defer far.Close()
	defer between.Close()
	defer conn.Close()
	wg.Go(func() { io.Copy(between, far) })
	wg.Go(func() { io.Copy(far, between) })
	config = config.Clone()
	config.ServerName = name
	client := tls.Client(conn, config)
	err = client.HandshakeContext(t.Context())
	return client.ConnectionState(), err
}

// A client that trusts the authority speaks TLS 1.3 with every name of the
// server, HTTP/2 if it can.
func TestAuthority_trusted(t *testing.T) {
	authority, err := gateway.NewAuthority()
	require.NoError(t, err)
	n := serveTLS(t, authority, "api.example", "*.sites.example", "192.0.2.1", "2001:db8::1")
	for _, name := range []string{"api.example", "one.sites.example", "192.0.2.1", "2001:db8::1"} {
		state, err := shake(t, n, name, authority.Client())
		require.NoError(t, err, name)
		assert.EqualValues(t, tls.VersionTLS13, state.Version)
	}
	config := authority.Client()
	for _, want := range []string{"h2", "http/1.1"} {
		config.NextProtos = []string{want}
		state, err := shake(t, n, "api.example", config)
		require.NoError(t, err)
		assert.Equal(t, want, state.NegotiatedProtocol)
	}
	leaf := func() *x509.Certificate {
		state, err := shake(t, n, "api.example", authority.Client())
		require.NoError(t, err)
		return state.PeerCertificates[0]
	}()
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	require.True(t, ok)
	assert.Equal(t, elliptic.P256(), key.Curve)
	assert.False(t, leaf.IsCA)
	assert.LessOrEqual(t, leaf.NotAfter.Sub(leaf.NotBefore).Hours(), 825*24.0)
}

// Everybody else is refused: another name, another authority, an older version.
func TestAuthority_refused(t *testing.T) {
	authority, err := gateway.NewAuthority()
	require.NoError(t, err)
	other, err := gateway.NewAuthority()
	require.NoError(t, err)
	n := serveTLS(t, authority, "api.example", "*.sites.example")
	for _, name := range []string{"other.example", "sites.example", "a.b.sites.example", "192.0.2.1"} {
		_, err := shake(t, n, name, authority.Client())
		_, ok := errors.AsType[x509.HostnameError](err)
		assert.True(t, ok, "%s: %v", name, err)
	}
	_, err = shake(t, n, "api.example", other.Client())
	_, ok := errors.AsType[x509.UnknownAuthorityError](err)
	assert.True(t, ok, "%v", err)

	old := authority.Client()
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	_, err = shake(t, n, "api.example", old)
	assert.ErrorContains(t, err, "protocol version not supported")

	server := serveOld(t, authority)
	_, err = shake(t, server, "api.example", authority.Client())
	assert.ErrorContains(t, err, "protocol version not supported", "the client refuses TLS 1.2 as well")
}

// serveOld is a server that can only do TLS 1.2.
func serveOld(t *testing.T, authority *gateway.Authority) *network {
	config, err := authority.Server("api.example")
	require.NoError(t, err)
	config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	n := &network{}
	server := n.Serve("any", &http.Server{TLSConfig: config})
	t.Cleanup(func() { server.Close() })
	return n
}

func TestAuthority_serverErrors(t *testing.T) {
	authority, err := gateway.NewAuthority()
	require.NoError(t, err)
	_, err = authority.Server()
	assert.EqualError(t, err, "gateway: a server certificate needs at least one name")
	for _, name := range []string{"", "https://api.example", "api.example:443", "api example", "-a.example", "a..example", "a.*.example",
		strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 127) + "example"} {
		_, err := authority.Server("api.example", name)
		assert.EqualError(t, err, fmt.Sprintf("gateway: server name %q is neither a DNS name nor an IP address", name))
	}
}
