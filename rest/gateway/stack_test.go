package gateway_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/gateway"
)

// layers puts a layer in front of a handler.
var layers = map[string]func(*testing.T, http.Handler) http.Handler{
	"ratelimit": func(t *testing.T, next http.Handler) http.Handler {
		limit, err := gateway.NewRateLimit(gateway.Limit{Rate: 1000, Burst: 1000, Clients: 10})
		require.NoError(t, err)
		return limit.Limit(next)
	},
	"balancer": func(t *testing.T, next http.Handler) http.Handler {
		var n network
		for _, host := range []string{"a.example", "b.example"} {
			server := n.Serve(host, &http.Server{Handler: next})
			t.Cleanup(func() { server.Close() })
		}
		return balanced(t, n.transport(), "http://a.example", "http://b.example")
	},
	"tls": func(t *testing.T, next http.Handler) http.Handler {
		return balanced(t, terminated(t, next), "https://tls.example")
	},
}

func balanced(t *testing.T, transport http.RoundTripper, urls ...string) http.Handler {
	b, err := gateway.NewBalancer(gateway.Replicas{URLs: urls, HealthPath: "/health",
		Interval: time.Minute, Timeout: 30 * time.Second, Transport: transport, Log: quiet})
	require.NoError(t, err)
	t.Cleanup(b.Close)
	return gateway.Proxy(b, quiet)
}

// terminated serves next at https://tls.example, and returns a transport that
// trusts it.
func terminated(t *testing.T, next http.Handler) *http.Transport {
	authority, err := gateway.NewAuthority()
	require.NoError(t, err)
	config, err := authority.Server("tls.example")
	require.NoError(t, err)
	var n network
	server := n.Serve("tls.example", &http.Server{Handler: gateway.Forwarded(next), TLSConfig: config})
	t.Cleanup(func() { server.Close() })
	transport := n.transport()
	transport.TLSClientConfig = authority.Client()
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// stacks are all orders of all subsets of names.
func stacks(names ...string) [][]string {
	all := [][]string{{}}
	for i, name := range names {
		var others []string
		others = append(append(others, names[:i]...), names[i+1:]...)
		for _, rest := range stacks(others...) {
			all = append(all, append([]string{name}, rest...))
		}
	}
	return all
}

// exchange is one request and the parts of it that matter.
type exchange struct {
	method, target, content string
	chunked                 bool
	header                  http.Header
}

var exchanges = []exchange{
	{method: "GET", target: "/sites/1"},
	{method: "GET", target: "/sites/1", header: http.Header{"Accept": {"application/xml"}}},
	{method: "HEAD", target: "/sites/1"},
	{method: "GET", target: "/sites/1", header: http.Header{"If-None-Match": {`"j1"`}}},
	{method: "GET", target: "/sites/1", header: http.Header{"If-Modified-Since": {modified.Format(http.TimeFormat)}}},
	{method: "GET", target: "/sites/1", header: http.Header{"If-Match": {`"old"`}}},
	{method: "GET", target: "/sites/1", header: http.Header{"Range": {"bytes=2-5"}}},
	{method: "GET", target: "/sites/1", header: http.Header{"Range": {"bytes=0-1,3-4"}}},
	{method: "GET", target: "/sites/1", header: http.Header{"Range": {"bytes=99-"}}},
	{method: "DELETE", target: "/sites/1"},
	{method: "GET", target: "/sites/2"},
	{method: "GET", target: "/nowhere"},
	{method: "GET", target: "/gzip"},
	{method: "GET", target: "/gzip", header: http.Header{"Accept-Encoding": {"gzip"}}},
	{method: "GET", target: "/untyped"},
	{method: "GET", target: "/stream"},
	{method: "GET", target: "/trailers"},
	{method: "OPTIONS", target: "/echo/"},
	{method: "POST", target: "/echo/a%2Fb//c?x=1;y=2&z=%zz", content: "some content", header: http.Header{"X-Request-Id": {"r-1"}}},
	{method: "PUT", target: "/echo/", content: strings.Repeat("much ", 20_000)},
	{method: "POST", target: "/echo/", content: "in chunks", chunked: true},
}

// transcript is all that a client can tell of the answer. Date and Via are about
// the message, multipart boundaries are random.
func transcript(t *testing.T, client http.RoundTripper, scheme string, x exchange) string {
	req, err := http.NewRequestWithContext(t.Context(), x.method, scheme+"://tls.example"+x.target, strings.NewReader(x.content))
	require.NoError(t, err)
	if x.content == "" {
		req.Body = http.NoBody
	}
	if x.chunked {
		req.ContentLength = -1
		req.Trailer = http.Header{"Checksum": {"9"}}
	}
	maps.Copy(req.Header, x.header)
	resp, err := client.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err, "%s %s %v", x.method, x.target, x.header)
	resp.Header.Del("Date")
	resp.Header.Del("Via")
	var out strings.Builder
	if resp.StatusCode == http.StatusNotModified {
		resp.ContentLength = 0 // HTTP/2 may end the stream in a frame of its own, then it is -1
	}
	fmt.Fprintf(&out, "%d length %d\n", resp.StatusCode, resp.ContentLength)
	resp.Header.Write(&out)
	fmt.Fprintf(&out, "\n%s\ntrailers: %v", content, resp.Trailer)
	if _, boundary, ok := strings.Cut(resp.Header.Get("Content-Type"), "boundary="); ok {
		return strings.ReplaceAll(out.String(), boundary, "BOUNDARY")
	}
	return out.String()
}

// A client gets the same bytes through any stack of layers, in any order, with
// HTTP/1.1 and, where TLS comes first, with HTTP/2.
func TestStack_sameRepresentations(t *testing.T) {
	direct := connect(t, api())
	for _, stack := range stacks("tls", "ratelimit", "balancer") {
		t.Run(strings.Join(append(stack, "api"), ","), func(t *testing.T) {
			handler, client, scheme := api(), http.RoundTripper(nil), "http"
			for i := len(stack) - 1; i >= 0; i-- {
				if i == 0 && stack[i] == "tls" { // the client itself speaks TLS
					client, scheme = terminated(t, handler), "https"
					break
				}
				handler = layers[stack[i]](t, handler)
			}
			if client == nil {
				client = connect(t, handler)
			}
			for _, x := range exchanges {
				got := transcript(t, client, scheme, x)
				want := transcript(t, direct, "http", x)
				assert.Equal(t, want, got, "%s %s %v", x.method, x.target, x.header)
			}
		})
	}
	require.Len(t, stacks("tls", "ratelimit", "balancer"), 16)
}

// connect returns a transport to a server of the handler.
func connect(t *testing.T, handler http.Handler) http.RoundTripper {
	var n network
	server := n.Serve("tls.example", &http.Server{Handler: handler})
	t.Cleanup(func() { server.Close() })
	transport := n.transport()
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}
