package rest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"gonotes/internal/memnet"
	"gonotes/rest/api"
	"gonotes/rest/store"
)

// serve starts a server in memory and returns a client of it and what ends both.
func serve(h http.Handler) (*http.Client, func()) {
	l := memnet.Listen()
	server := &http.Server{Handler: h}
	go server.Serve(l)
	client := l.Client()
	return client, func() {
		client.CloseIdleConnections()
		server.Close()
	}
}

// A client follows links: it needs the URL of the entry point, and relations.
//
//claim:rest/uniform-interface
func Example_links() {
	client, stop := serve(api.New(store.NewMemory(), quiet))
	defer stop()
	if _, _, err := fill(client, 2); err != nil {
		fmt.Println(err)
		return
	}
	at := "/"
	for _, rel := range []string{"accounts", "sites", "campaigns"} {
		a, err := ask(client, http.MethodGet, base+at, "")
		if err != nil {
			fmt.Println(err)
			return
		}
		at = a.follow(rel)
		fmt.Println("followed", rel)
	}
	a, _ := ask(client, http.MethodGet, base+at, "")
	var page api.CampaignPage
	json.Unmarshal([]byte(a.body), &page)
	fmt.Println(page.Items[0].Name, "by", page.Items[0].Medium)
	// Output:
	// followed accounts
	// followed sites
	// followed campaigns
	// spring by email
}

// A client waits no longer than its context. The server's handler learns of it.
//
//claim:rest/client-server
func Example_timeout() {
	ended := make(chan error, 1)
	client, stop := serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // a slow answer
		ended <- r.Context().Err()
	}))
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, base, nil)
	_, err := client.Do(req)
	fmt.Println("client:", errors.Is(err, context.DeadlineExceeded))
	fmt.Println("server:", <-ended)
	// Output:
	// client: true
	// server: context canceled
}

// A client that has a representation asks whether it is still the current one.
//
//claim:rest/cacheable
func Example_conditional() {
	client, stop := serve(api.New(store.NewMemory(), quiet))
	defer stop()
	account, _, err := fill(client, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	first, _ := ask(client, http.MethodGet, base+account, "")
	etag := first.header.Get("ETag")
	show := func(when string) {
		a, _ := ask(client, http.MethodGet, base+account, "", "If-None-Match", etag)
		fmt.Printf("%s: %d, content: %t\n", when, a.status, a.body != "")
	}
	show("unchanged")
	ask(client, http.MethodPut, base+account, `{"name":"Ann","plan":"free"}`, "If-Match", etag)
	show("changed")
	// Output:
	// unchanged: 304, content: false
	// changed: 200, content: true
}

// A loop over all pages ends where a page has no link to the next.
//
//claim:rest/application-state
func Example_pages() {
	client, stop := serve(api.New(store.NewMemory(), quiet))
	defer stop()
	account, _, err := fill(client, 5)
	if err != nil {
		fmt.Println(err)
		return
	}
	for next := account + "/sites?limit=2"; next != ""; {
		a, err := ask(client, http.MethodGet, base+next, "")
		if err != nil {
			fmt.Println(err)
			return
		}
		var page api.SitePage
		json.Unmarshal([]byte(a.body), &page)
		var domains []string
		for _, site := range page.Items {
			domains = append(domains, site.Domain)
		}
		fmt.Println(domains)
		next = a.follow("next")
	}
	// Output:
	// [s0.example s1.example]
	// [s2.example s3.example]
	// [s4.example]
}

// One resource, two formats; the client says which it prefers and how much.
//
//claim:rest/client-server
func Example_negotiation() {
	client, stop := serve(api.New(store.NewMemory(), quiet))
	defer stop()
	for _, accept := range []string{"application/xml", "text/html, application/json;q=0.5", "*/*", "image/png"} {
		a, _ := ask(client, http.MethodGet, base+"/health", "", "Accept", accept)
		fmt.Printf("%s: %d %s\n", accept, a.status, a.header.Get("Content-Type"))
	}
	// Output:
	// application/xml: 200 application/xml
	// text/html, application/json;q=0.5: 200 application/json
	// */*: 200 application/json
	// image/png: 406 application/problem+json
}

// A handler sends each part when it has it, and the client reads it then: the
// second part is made after the first was read.
//
//claim:rest/layered
func Example_streaming() {
	read := make(chan struct{})
	client, stop := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := range 3 {
			fmt.Fprintf(w, "part %d\n", i)
			http.NewResponseController(w).Flush()
			<-read
		}
	}))
	defer stop()
	resp, err := client.Get(base)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		fmt.Println("read", lines.Text())
		read <- struct{}{}
	}
	// Output:
	// read part 0
	// read part 1
	// read part 2
}

// A client that is told to come later waits as long as it was told, but not
// longer than it wants to. Only requests that may be sent twice are.
//
//claim:rest/uniform-interface
func Example_retryAfter() {
	calls := 0
	client, stop := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls < 3 {
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "done")
	}))
	defer stop()
	get := func(patience time.Duration, wait func(time.Duration)) (*http.Response, error) {
		for {
			resp, err := client.Get(base)
			if err != nil || resp.StatusCode != http.StatusServiceUnavailable {
				return resp, err
			}
			resp.Body.Close()
			seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
			pause := time.Duration(seconds) * time.Second
			if patience -= pause; err != nil || patience < 0 {
				return nil, fmt.Errorf("not available for another %q seconds", resp.Header.Get("Retry-After"))
			}
			wait(pause)
		}
	}
	resp, err := get(10*time.Second, func(d time.Duration) { fmt.Println("wait", d) }) // time.Sleep in earnest
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(content))
	// Output:
	// wait 2s
	// wait 2s
	// 200 done
}

// A middleware is a function from handler to handler. The outer one sees the
// request first and the answer last.
//
//claim:rest/layered
func Example_middleware() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}}))
	logged := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			log.Info("answered", "path", r.URL.Path, "user", w.Header().Get("X-User"))
		})
	}
	known := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, _, ok := r.BasicAuth()
			if !ok {
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			w.Header().Set("X-User", user)
			next.ServeHTTP(w, r)
		})
	}
	client := direct(logged(known(api.New(store.NewMemory(), quiet))))
	for _, user := range []string{"", "ann"} {
		req, _ := http.NewRequest(http.MethodGet, base+"/accounts", nil)
		if user != "" {
			req.SetBasicAuth(user, "secret")
		}
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode)
	}
	// Output:
	// msg=answered path=/accounts user=""
	// 401
	// msg=answered path=/accounts user=ann
	// 200
}
