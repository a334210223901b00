package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gonotes/rest/gateway"
)

// What a layer adds to a request whose answer has 1 kB. The balancer's replica is
// in memory, behind HTTP/1.1 on a pipe.
//
//	go test -run='^$' -bench=Layer -count=10 ./rest/gateway | benchstat -col /impl -
func BenchmarkLayer(b *testing.B) {
	content := make([]byte, 1<<10)
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(content) })
	limit, err := gateway.NewRateLimit(gateway.Limit{Rate: 1e9, Burst: 1e9, Clients: 1000})
	if err != nil {
		b.Fatal(err)
	}
	var n network
	server := n.Serve("a", &http.Server{Handler: api})
	defer server.Close()
	balancer, err := gateway.NewBalancer(gateway.Replicas{URLs: []string{"http://a"}, HealthPath: "/", Interval: time.Hour, Timeout: time.Minute,
		Transport: n.transport(), Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer balancer.Close()
	hop := n.transport()
	defer hop.CloseIdleConnections()
	for _, bm := range []struct {
		impl    string
		handler http.Handler
	}{
		{"direct", api},
		{"forwarded", gateway.Forwarded(api)},
		{"ratelimit", limit.Limit(api)},
		{"hop", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { // what any proxy must do
			req, _ := http.NewRequest(http.MethodGet, "http://a/", nil)
			resp, err := hop.RoundTrip(req)
			if err != nil {
				b.Error(err)
				return
			}
			defer resp.Body.Close()
			io.Copy(w, resp.Body)
		})},
		{"balancer", gateway.Proxy(balancer, quiet)},
	} {
		b.Run("impl="+bm.impl, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "http://api.example/", nil)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				bm.handler.ServeHTTP(w, r)
				if w.Body.Len() != len(content) {
					b.Fatalf("got %d bytes, want %d", w.Body.Len(), len(content))
				}
			}
		})
	}
}
