package rest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gonotes/internal/claim"
	"gonotes/rest"
	"gonotes/rest/cache"
	"gonotes/rest/store"
)

// Every answer says whether it may be kept and what chose it; what may be kept
// can be validated, and is not sent again where it did not change.
func TestCacheable(t *testing.T) {
	proof := claim.Prove(t, rest.Cacheable, func(replica func(store.Store) http.Handler) error {
		s := store.NewMemory()
		account, sites, err := fill(direct(theAPI(s)), 3)
		if err != nil {
			return err
		}
		client := direct(replica(s))
		marked := func(what string, a answer) error {
			if a.header.Get("Cache-Control") == "" {
				return fmt.Errorf("%s has no Cache-Control", what)
			}
			if a.header.Get("Vary") != "Accept" {
				return fmt.Errorf("%s has the Vary %q", what, a.header.Get("Vary"))
			}
			return nil
		}
		err = crawl(client, base, func(path string, a answer) error {
			if err := marked(path, a); err != nil {
				return err
			}
			again, err := ask(client, http.MethodGet, base+path, "", "Accept", "application/json, */*;q=0.1", "If-None-Match", a.header.Get("ETag"))
			if err != nil {
				return err
			}
			if again.status != http.StatusNotModified || again.body != "" {
				return fmt.Errorf("%s did not change, but is sent again with %d", kindOf(path), again.status)
			}
			return marked("304 of "+path, again)
		})
		if err != nil {
			return err
		}
		for _, other := range []struct{ method, path, body string }{
			{http.MethodGet, "/health", ""}, {http.MethodGet, "/ready", ""}, {http.MethodGet, "/nowhere", ""}, {http.MethodOptions, "/", ""},
			{http.MethodGet, account + "?x=1", ""}, {http.MethodPost, "/accounts", `{"name":"Bob","plan":"free"}`},
			{http.MethodPut, sites[0], `{"domain":"u.example","name":"u","status":"active"}`}, {http.MethodDelete, sites[1], ""},
		} {
			a, err := ask(client, other.method, base+other.path, other.body, "If-Match", "*")
			if err != nil {
				return err
			}
			if err := marked(other.method+" "+other.path, a); err != nil {
				return err
			}
		}
		return nil
	})
	proof.Holds("every route of the API", theAPI)
	without := func(name, path string) func(store.Store) http.Handler {
		return edited(func(r *http.Request, _ *int, h http.Header, _ *string) {
			if strings.HasPrefix(r.URL.Path, path) {
				h.Del(name)
			}
		})
	}
	proof.Control("a route without a mark", without("Cache-Control", "/campaigns/"), "has no Cache-Control")
	proof.Control("a health check without a mark", without("Cache-Control", "/health"), "GET /health has no Cache-Control")
	proof.Control("a route that does not say what chose it", without("Vary", "/sites/"), `has the Vary ""`)
	proof.Control("a server that ignores If-None-Match", changed(func(r *http.Request) { r.Header.Del("If-None-Match") }), "is sent again with 200")
}

// A cache that keeps to Vary gives each client the format that it asks for.
func TestCacheable_vary(t *testing.T) {
	proof := claim.Prove(t, rest.Cacheable, func(c func(http.RoundTripper) http.RoundTripper) error {
		s := store.NewMemory()
		account, _, err := fill(direct(theAPI(s)), 1)
		if err != nil {
			return err
		}
		client := &http.Client{Transport: c(inProcess{theAPI(s)})}
		for _, media := range []string{"application/xml", "application/json", "application/xml"} {
			a, err := want(http.StatusOK, client, http.MethodGet, base+account, "", "Accept", media)
			if err != nil {
				return err
			}
			if got := a.header.Get("Content-Type"); got != media {
				return fmt.Errorf("asked for %s, got %s", media, got)
			}
		}
		return nil
	})
	proof.Holds("the cache", cached(t))
	proof.Control("a cache that ignores Vary", func(origin http.RoundTripper) http.RoundTripper {
		return cached(t)(roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := origin.RoundTrip(r)
			if err == nil {
				resp.Header.Del("Vary")
			}
			return resp, err
		}))
	}, "asked for application/json, got application/xml")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// An answer without a mark may be kept all the same, for a tenth of its age
// (RFC 9111 §4.2.2).
func TestCacheable_heuristic(t *testing.T) {
	old := time.Now().Add(-100 * 24 * time.Hour).Format(http.TimeFormat)
	proof := claim.Prove(t, rest.Cacheable, func(fields map[string]string) error {
		asked := 0
		c := cache.New(inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			for name, value := range fields {
				w.Header().Set(name, value)
			}
			io.WriteString(w, "an old page")
		})}, 1<<20)
		defer c.Close()
		for range 2 {
			if _, err := want(http.StatusOK, &http.Client{Transport: c}, http.MethodGet, base, ""); err != nil {
				return err
			}
		}
		if asked != 1 {
			return fmt.Errorf("the origin was asked %d times, want once", asked)
		}
		return nil
	})
	proof.Holds("no mark, last modified 100 days ago", map[string]string{"Last-Modified": old})
	proof.Control("no mark and no date", nil, "asked 2 times")
	proof.Control("the same, marked no-store", map[string]string{"Last-Modified": old, "Cache-Control": "no-store"}, "asked 2 times")
}
