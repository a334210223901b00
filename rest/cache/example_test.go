package cache_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"

	"gonotes/rest/cache"
)

// handlerOrigin is a handler as origin, without a network.
type handlerOrigin struct{ http.Handler }

func (o handlerOrigin) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	o.ServeHTTP(w, req)
	return w.Result(), nil
}

// A client that has the representation learns so from the cache.
func Example_conditional() {
	asked := 0
	client := http.Client{Transport: cache.New(handlerOrigin{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("ETag", `"v1"`)
		fmt.Fprint(w, "text")
	})}, 1<<20)}

	for _, known := range []string{"", `"v1"`, `"v0"`} {
		req, _ := http.NewRequest(http.MethodGet, "http://origin/", nil)
		req.Header.Set("If-None-Match", known)
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Printf("If-None-Match %q: %d %q\n", known, resp.StatusCode, body)
	}
	fmt.Println("origin asked:", asked)
	// Output:
	// If-None-Match "": 200 "text"
	// If-None-Match "\"v1\"": 304 ""
	// If-None-Match "\"v0\"": 200 "text"
	// origin asked: 1
}

// Within the window of stale-while-revalidate nobody waits for the origin. The
// first answer is a minute old when it comes, and stale at once.
func Example_staleWhileRevalidate() {
	var asked atomic.Int64
	second := make(chan struct{})
	c := cache.New(handlerOrigin{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60, stale-while-revalidate=600")
		if asked.Add(1) == 1 {
			w.Header().Set("Age", "61")
		} else {
			<-second
		}
		fmt.Fprint(w, "version ", asked.Load())
	})}, 1<<20)

	client := http.Client{Transport: c}
	for i := range 4 {
		if i == 3 {
			close(second)
			c.Close() // waits for the validation
		}
		resp, err := client.Get("http://origin/")
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Println(string(body))
	}
	// Output:
	// version 1
	// version 1
	// version 1
	// version 2
}

// A hundred clients that ask at once cost the origin one request.
func Example_collapse() {
	var asked atomic.Int64
	c := cache.New(handlerOrigin{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprint(w, "answer ", asked.Add(1))
	})}, 1<<20)

	var clients sync.WaitGroup
	var served atomic.Int64
	for range 100 {
		clients.Go(func() {
			resp, err := (&http.Client{Transport: c}).Get("http://origin/")
			if err != nil {
				return
			}
			defer resp.Body.Close()
			if body, _ := io.ReadAll(resp.Body); string(body) == "answer 1" {
				served.Add(1)
			}
		})
	}
	clients.Wait()
	fmt.Println("clients served:", served.Load())
	fmt.Println("origin asked:", asked.Load())
	// Output:
	// clients served: 100
	// origin asked: 1
}

// A caching gateway is a reverse proxy whose transport is the cache.
func Example_gateway() {
	asked := 0
	origin := handlerOrigin{http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked++
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprint(w, "you want ", req.URL.Path)
	})}
	gateway := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "origin"}) },
		Transport: cache.New(origin, 64<<20),
	}
	for _, method := range []string{"GET", "GET", "HEAD", "PUT", "GET"} {
		w := httptest.NewRecorder()
		gateway.ServeHTTP(w, httptest.NewRequest(method, "/page", nil))
		fmt.Printf("%-4s %q from the store: %-5t origin asked: %d\n", method, w.Body, w.Header().Get("Age") != "", asked)
	}
	// Output:
	// GET  "you want /page" from the store: false origin asked: 1
	// GET  "you want /page" from the store: true  origin asked: 1
	// HEAD "" from the store: true  origin asked: 1
	// PUT  "you want /page" from the store: false origin asked: 2
	// GET  "you want /page" from the store: false origin asked: 3
}
