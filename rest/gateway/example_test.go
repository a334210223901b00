package gateway_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"gonotes/internal/memnet"
	"gonotes/rest/gateway"
)

// A replica dies between two requests. Clients do not notice.
func ExampleBalancer() {
	var n network
	replicas := map[string]*http.Server{}
	for _, name := range []string{"a", "b", "c"} {
		replicas[name] = n.Serve(name, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, name)
		})})
		defer replicas[name].Close()
	}
	balancer, err := gateway.NewBalancer(gateway.Replicas{
		URLs:       []string{"http://a", "http://b", "http://c"},
		HealthPath: "/health", Interval: time.Minute, Timeout: time.Second,
		Transport: n.transport(), Log: quiet,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer balancer.Close()
	client := &http.Client{Transport: balancer}
	get := func(when string) {
		resp, err := client.Get("http://api.example/")
		if err != nil {
			fmt.Println(when, err)
			return
		}
		defer resp.Body.Close()
		name, _ := io.ReadAll(resp.Body)
		fmt.Printf("%s: %d from %s\n", when, resp.StatusCode, name)
	}
	for range 3 {
		get("all work")
	}
	replicas["a"].Close()
	replicas["b"].Close()
	get("a and b are killed")
	get("a and b are killed")
	// Output:
	// all work: 200 from a
	// all work: 200 from b
	// all work: 200 from c
	// a and b are killed: 200 from c
	// a and b are killed: 200 from c
}

// One client sends more than it may, another is not disturbed.
func ExampleRateLimit() {
	limit, err := gateway.NewRateLimit(gateway.Limit{Rate: 0.01, Burst: 2, Clients: 10_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := limit.Limit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	for _, client := range []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3", "192.0.2.2:1"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = client
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Printf("%s: %d %q, Retry-After %q\n", client, w.Code, w.Body.String()[:5], w.Header().Get("Retry-After"))
	}
	// Output:
	// 192.0.2.1:1: 200 "hello", Retry-After ""
	// 192.0.2.1:2: 200 "hello", Retry-After ""
	// 192.0.2.1:3: 429 "{\"typ", Retry-After "100"
	// 192.0.2.2:1: 200 "hello", Retry-After ""
}

// TLS 1.3 ends at the gateway; the API behind it learns how the client came.
func ExampleAuthority() {
	authority, err := gateway.NewAuthority()
	if err != nil {
		fmt.Println(err)
		return
	}
	config, err := authority.Server("api.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Forwarded")) })
	server := &http.Server{Handler: gateway.Forwarded(api), TLSConfig: config}
	l := memnet.Listen()
	go server.ServeTLS(l, "", "")
	defer server.Close()

	client := &http.Client{Transport: &http.Transport{DialContext: l.Dial, TLSClientConfig: authority.Client(), ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	req, _ := http.NewRequest(http.MethodGet, "https://api.example/", nil)
	req.Header.Set("Forwarded", "for=forged")
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	seen, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Proto, "over", tls.VersionName(resp.TLS.Version))
	fmt.Printf("the API sees: %s\n", seen)
	// Output:
	// HTTP/2.0 over TLS 1.3
	// the API sees: for=192.0.2.2;host="api.example";proto=https
}

// A whole chain, from the client inwards. What passed it is seen in Via, what did
// not never reached the API.
func Example_chain() {
	var n network
	api := n.Serve("api", &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "for %s, via %s", r.Header.Get("X-Forwarded-For"), r.Header.Get("Via"))
	})})
	defer api.Close()
	balancer, err := gateway.NewBalancer(gateway.Replicas{URLs: []string{"http://api"}, HealthPath: "/",
		Interval: time.Minute, Timeout: time.Second, Transport: n.transport(), Log: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer balancer.Close()
	limit, err := gateway.NewRateLimit(gateway.Limit{Rate: 1.0 / 60, Burst: 1, Clients: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	chain := gateway.Forwarded(limit.Limit(gateway.Proxy(balancer, quiet)))
	for range 2 {
		r := httptest.NewRequest(http.MethodGet, "http://api.example/sites", nil)
		r.Header.Set("X-Forwarded-For", "203.0.113.99") // a lie
		w := httptest.NewRecorder()
		chain.ServeHTTP(w, r)
		fmt.Printf("%d %s\n  %s\n", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	// Output:
	// 200 text/plain; charset=utf-8
	//   for 192.0.2.1, via 1.1 gonotes
	// 429 application/problem+json
	//   {"type":"about:blank","title":"Too Many Requests","status":429,"detail":"This client sends more requests than it may."}
}
