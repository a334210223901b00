package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"gonotes/internal/claim"
	"gonotes/rest"
	"gonotes/rest/gateway"
	"gonotes/rest/store"
)

// described are the fields that say what the content is.
var described = []string{"Content-Type", "ETag", "Last-Modified", "Vary", "Cache-Control", "Location", "Allow"}

// A client gets the same status, content and description through any layers.
func TestLayered(t *testing.T) {
	s := store.NewMemory()
	account, sites, err := fill(direct(theAPI(s)), 25)
	if err != nil {
		t.Fatal(err)
	}
	conversation := func(client *http.Client, base string) (string, error) {
		var all strings.Builder
		for _, r := range []struct{ method, path, accept string }{
			{"GET", "/", ""}, {"GET", account, ""}, {"GET", account, "application/xml"}, {"GET", account, "text/csv"}, {"HEAD", account, ""},
			{"GET", account + "/sites", ""}, {"GET", account + "/sites?limit=3", ""}, {"GET", account + "/sites?limit=x", ""}, {"GET", sites[3], ""},
			{"GET", sites[3] + "/tracker.js", ""}, {"GET", "/openapi.yaml", ""}, {"OPTIONS", account, ""}, {"POST", account, ""}, {"GET", "/nowhere", ""},
			{"GET", account, ""}, {"GET", account, "application/xml"},
		} {
			fields := []string{}
			if r.accept != "" {
				fields = append(fields, "Accept", r.accept)
			}
			a, err := ask(client, r.method, base+r.path, "", fields...)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&all, "%s %s %s: %d", r.method, r.path, r.accept, a.status)
			for _, name := range described {
				fmt.Fprintf(&all, " %s", a.header.Get(name))
			}
			fmt.Fprintf(&all, "\n%s\n", a.body)
		}
		return all.String(), nil
	}
	straight, err := conversation(direct(theAPI(s)), base)
	if err != nil {
		t.Fatal(err)
	}
	proof := claim.Prove(t, rest.Layered, func(inner func(http.RoundTripper) http.RoundTripper) error {
		client := gatewayTo(t, newFleet(t, s, theAPI), inner)
		layered, err := conversation(client, "https://api.example")
		if err != nil {
			return err
		}
		before, after := strings.Split(straight, "\n"), strings.Split(layered, "\n")
		for i := range before {
			if i >= len(after) || before[i] != after[i] {
				return fmt.Errorf("without layers %.80q, with them %.80q", before[i], after[min(i, len(after)-1)])
			}
		}
		return nil
	})
	none := func(origin http.RoundTripper) http.RoundTripper { return origin }
	proof.Holds("TLS, rate limit, proxy and balancer over two replicas", none)
	proof.Holds("the same with a cache", cached(t))
	proof.Holds("with two caches and another proxy", func(origin http.RoundTripper) http.RoundTripper {
		return cached(t)(inProcess{gateway.Proxy(cached(t)(origin), quiet)})
	})
	proof.Control("a layer that writes JSON more nicely", func(origin http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := origin.RoundTrip(r)
			if err != nil || resp.Header.Get("Content-Type") != "application/json" || r.Method == http.MethodHead {
				return resp, err
			}
			defer resp.Body.Close()
			content, err := io.ReadAll(resp.Body)
			var nicer bytes.Buffer
			json.Indent(&nicer, content, "", "  ")
			resp.Body, resp.ContentLength = io.NopCloser(&nicer), int64(nicer.Len())
			resp.Header.Del("Content-Length")
			return resp, err
		})
	}, "without layers")
	proof.Control("a layer that drops ETag", func(origin http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := origin.RoundTrip(r)
			if err == nil {
				resp.Header.Del("ETag")
			}
			return resp, err
		})
	}, "without layers")
}

// The replicas are closed to clients, who reach them through the gateway and
// stay on it, whichever link they follow.
func TestLayered_closedOrigin(t *testing.T) {
	proof := claim.Prove(t, rest.Layered, func(replica func(store.Store) http.Handler) error {
		s := store.NewMemory()
		if _, _, err := fill(direct(theAPI(s)), 3); err != nil {
			return err
		}
		client := gatewayTo(t, newFleet(t, s, replica), cached(t))
		if _, err := client.Get("http://" + hosts[0] + "/"); err == nil {
			return fmt.Errorf("a client reaches %s", hosts[0])
		}
		return crawl(client, "https://api.example", func(string, answer) error { return nil })
	})
	proof.Holds("the API, whose links are paths", theAPI)
	href := regexp.MustCompile(`"href":"/`)
	proof.Control("a server that writes its own host into links", edited(func(_ *http.Request, _ *int, _ http.Header, body *string) {
		*body = href.ReplaceAllString(*body, `"href":"http://`+hosts[0]+`/`)
	}), "leaves the layer: Get \"http://replica-a/\": dial")
}

// A cache takes load from the origin, and what was changed through it is seen at once.
func TestLayered_load(t *testing.T) {
	const reads = 1000
	proof := claim.Prove(t, rest.Layered, claim.AtMost(reads/20))
	load := func(inner func(http.RoundTripper) http.RoundTripper) claim.Figure {
		s := store.NewMemory()
		_, sites, err := fill(direct(theAPI(s)), 20)
		if err != nil {
			t.Fatal(err)
		}
		f := newFleet(t, s, theAPI)
		client := gatewayTo(t, f, inner)
		for i := range reads {
			path := "https://api.example" + sites[i%len(sites)]
			a, err := want(http.StatusOK, client, http.MethodGet, path, "")
			if err == nil && i == reads/2 {
				_, err = want(http.StatusOK, client, http.MethodPut, path, fmt.Sprintf(`{"domain":"s%d.example","name":"changed","status":"paused"}`, i%len(sites)), "If-Match", a.header.Get("ETag"))
				if err == nil {
					a, err = want(http.StatusOK, client, http.MethodGet, path, "")
				}
				if err == nil && !strings.Contains(a.body, "changed") {
					err = fmt.Errorf("%s was changed and is still %s", path, a.body)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return claim.Figure{Name: "at the origin, of 1,000", Value: float64(f.requests()), Unit: "requests"}
	}
	proof.Holds("1,000 reads of 20 sites and one change, with a cache", load(cached(t)))
	proof.Control("the same without", load(func(origin http.RoundTripper) http.RoundTripper { return origin }), "want at most 50")
}
