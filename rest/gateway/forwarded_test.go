package gateway_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/gateway"
)

func TestForwarded(t *testing.T) {
	for _, tt := range []struct {
		peer, host string
		tls        bool
		want       string
	}{
		{"192.0.2.7:1234", "api.example", true, `for=192.0.2.7;host="api.example";proto=https`},
		{"192.0.2.7:1234", "api.example:8080", false, `for=192.0.2.7;host="api.example:8080";proto=http`},
		{"[2001:db8::1]:1234", "api.example", true, `for="[2001:db8::1]";host="api.example";proto=https`},
		{"[fe80::1%eth0]:1234", "api.example", true, `for="[fe80::1]";host="api.example";proto=https`},
		{"[::ffff:192.0.2.7]:1234", "api.example", true, `for=192.0.2.7;host="api.example";proto=https`},
		{"pipe", "api.example", true, `for=unknown;host="api.example";proto=https`},
		{"192.0.2.7:1234", `a"b\c`, true, `for=192.0.2.7;host="a\"b\\c";proto=https`},
	} {
		t.Run(tt.want, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Host = tt.peer, tt.host
			if tt.tls {
				r.TLS = &tls.ConnectionState{}
			}
			forged := http.Header{"Forwarded": {"for=8.8.8.8", "for=9.9.9.9"}, "X-Forwarded-For": {"8.8.8.8"}, "X-Forwarded-Proto": {"gopher"},
				"X-Forwarded-Host": {"evil"}, "X-Forwarded-Port": {"1"}, "X-Real-Ip": {"8.8.8.8"}, "X-Request-Id": {"r-1"}}
			r.Header = forged.Clone()
			var got http.Header
			gateway.Forwarded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header })).ServeHTTP(httptest.NewRecorder(), r)
			proto := "http"
			if tt.tls {
				proto = "https"
			}
			assert.Equal(t, http.Header{"Forwarded": {tt.want}, "X-Forwarded-Proto": {proto}, "X-Request-Id": {"r-1"}}, got)
			assert.Equal(t, forged, r.Header, "the request of the caller is not changed")
		})
	}
}

// Behind two hops the API knows the client, and the first hop.
func TestForwarded_hops(t *testing.T) {
	var got http.Header
	inner := gateway.Proxy(origin(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header })), quiet)
	outer := gateway.Forwarded(gateway.Proxy(transportFunc(func(r *http.Request) (*http.Response, error) {
		r.RemoteAddr = "198.51.100.1:80"
		return origin(inner)(r)
	}), quiet))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "192.0.2.7:1234"
	r.Header.Set("X-Forwarded-For", "8.8.8.8")
	outer.ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, []string{"192.0.2.7, 198.51.100.1"}, got["X-Forwarded-For"])
	assert.Equal(t, []string{`for=192.0.2.7;host="example.com";proto=http`}, got["Forwarded"])
	assert.Equal(t, []string{"1.1 gonotes", "1.1 gonotes"}, got["Via"])
}
