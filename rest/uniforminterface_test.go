package rest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gonotes/internal/claim"
	"gonotes/rest"
	"gonotes/rest/api"
	"gonotes/rest/store"
)

// A client that knows the entry point alone comes to everything by links, and
// reads each answer by what it says of itself.
func TestUniformInterface(t *testing.T) {
	proof := claim.Prove(t, rest.UniformInterface, func(replica func(store.Store) http.Handler) error {
		s := store.NewMemory()
		account, sites, err := fill(direct(theAPI(s)), 25)
		if err != nil {
			return err
		}
		var seen []string
		err = crawl(direct(replica(s)), base, func(path string, a answer) error {
			seen = append(seen, path)
			if media := a.header.Get("Content-Type"); media == "" || strings.HasPrefix(media, "text/plain") {
				return fmt.Errorf("%s does not say what it is: Content-Type %q", path, media)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, path := range append(sites, account, account+"/users", account+"/sites", sites[0]+"/campaigns", sites[0]+"/tracker.js", "/openapi.yaml") {
			if !slices.Contains(seen, path) {
				return fmt.Errorf("no link leads to %s", kindOf(path))
			}
		}
		return nil
	})
	proof.Holds("the API, 25 sites on two pages", theAPI)
	drop := func(rel string) func(store.Store) http.Handler {
		link := regexp.MustCompile(`\{"href":"[^"]*","rel":"` + rel + `"\},?`)
		return edited(func(_ *http.Request, _ *int, _ http.Header, body *string) {
			*body = strings.ReplaceAll(link.ReplaceAllString(*body, ""), ",]", "]")
		})
	}
	proof.Control("an account without a link to its sites", drop("sites"), "no link leads to sites")
	proof.Control("pages without a link to the next", drop("next"), "no link leads to sites")
	proof.Control("a link to what is not there", edited(func(_ *http.Request, _ *int, _ http.Header, body *string) {
		*body = strings.ReplaceAll(*body, "/campaigns", "/adverts")
	}), "is answered with 404")
	proof.Control("an answer without its media type", edited(func(_ *http.Request, _ *int, h http.Header, _ *string) {
		h.Set("Content-Type", "text/plain")
	}), "does not say what it is")
}

// kindOf is the path without ids.
func kindOf(path string) string {
	return strings.Split(strings.TrimPrefix(path, "/"), "/")[0]
}

// all are the paths of the resources that fill makes.
func all(client *http.Client) (paths []string, err error) {
	err = crawl(client, base, func(path string, _ answer) error {
		paths = append(paths, path)
		return nil
	})
	return paths, err
}

// GET, HEAD and OPTIONS change nothing, on whichever resource and how often.
func TestUniformInterface_safe(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	proof := claim.Prove(t, rest.UniformInterface, func(replica func(store.Store) http.Handler) error {
		s := store.NewMemory()
		right, asked := direct(theAPI(s)), direct(replica(s))
		if _, _, err := fill(right, 3); err != nil {
			return err
		}
		paths, err := all(right)
		if err != nil {
			return err
		}
		before, err := snapshot(right)
		if err != nil {
			return err
		}
		for range 300 {
			method := []string{http.MethodGet, http.MethodHead, http.MethodOptions}[random.IntN(3)]
			if _, err := ask(asked, method, base+paths[random.IntN(len(paths))], ""); err != nil {
				return err
			}
		}
		after, err := snapshot(right)
		if err == nil && after != before {
			err = errors.New("safe methods changed a resource")
		}
		return err
	})
	proof.Holds("300 of them on all resources of the API", theAPI)
	proof.Control("a server that counts reads in the resource", wrapped(func(next http.Handler, s store.Store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if id, ok := strings.CutPrefix(r.URL.Path, "/sites/"); ok && r.Method == http.MethodGet {
				if doc, err := s.Get(r.Context(), "site", id); err == nil {
					s.Update(r.Context(), doc)
				}
			}
			next.ServeHTTP(w, r)
		})
	}), "safe methods changed a resource")
}

// PUT and DELETE sent twice leave what they leave when sent once.
func TestUniformInterface_idempotent(t *testing.T) {
	proof := claim.Prove(t, rest.UniformInterface, func(replica func(store.Store) http.Handler) error {
		s := store.NewMemory()
		client := direct(replica(s))
		account, sites, err := fill(client, 3)
		if err != nil {
			return err
		}
		content := func() (string, error) {
			a, err := ask(client, http.MethodGet, base+account, "")
			for _, path := range sites {
				var site answer
				if err == nil {
					site, err = ask(client, http.MethodGet, base+path, "")
				}
				a.body += fmt.Sprint(site.status, site.body)
			}
			return updated.ReplaceAllString(a.body, ""), err
		}
		for _, request := range []struct{ method, path, body string }{
			{http.MethodPut, account, `{"name":"Ann","plan":"free"}`},
			{http.MethodPut, sites[1], `{"domain":"t.example","name":"t","status":"paused"}`},
			{http.MethodDelete, sites[2], ""},
		} {
			var after [2]string
			for i := range after {
				if _, err := ask(client, request.method, base+request.path, request.body, "If-Match", "*"); err != nil {
					return err
				}
				if after[i], err = content(); err != nil {
					return err
				}
			}
			if after[0] != after[1] {
				return fmt.Errorf("%s sent twice is not the same as once", request.method)
			}
		}
		return nil
	})
	proof.Holds("PUT and DELETE of the API", theAPI)
	proof.Control("a PUT that adds to the name", wrapped(func(next http.Handler, s store.Store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, ok := strings.CutPrefix(r.URL.Path, "/accounts/")
			if doc, err := s.Get(r.Context(), "account", id); ok && err == nil && r.Method == http.MethodPut {
				doc.Body = []byte(strings.Replace(string(doc.Body), `"name":"`, `"name":"again `, 1))
				s.Update(r.Context(), doc)
				return
			}
			next.ServeHTTP(w, r)
		})
	}), "PUT sent twice")
	proof.Control("a DELETE that deletes another one when there is none", wrapped(func(next http.Handler, s store.Store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, ok := strings.CutPrefix(r.URL.Path, "/sites/")
			if _, err := s.Get(r.Context(), "site", id); ok && err != nil && r.Method == http.MethodDelete {
				accounts, _ := s.List(r.Context(), store.Query{Kind: "account", Limit: 1})
				rest, _ := s.List(r.Context(), store.Query{Kind: "site", Parent: accounts[0].ID, Limit: 2})
				s.Delete(r.Context(), "site", rest[1].ID, rest[1].Version)
			}
			next.ServeHTTP(w, r)
		})
	}), "DELETE sent twice")
}

// updated is the time of a version, which a repetition makes anew.
var updated = regexp.MustCompile(`"updated":"[^"]*"`)

// A client, the last of several, is told which version it did not know.
func Example_uniformInterface() {
	client := direct(api.New(store.NewMemory(), quiet))
	account, _, err := fill(client, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	read, _ := ask(client, http.MethodGet, base+account, "")
	etag := read.header.Get("ETag")
	for _, plan := range []string{"team", "enterprise"} {
		a, _ := ask(client, http.MethodPut, base+account, `{"name":"Ann","plan":"`+plan+`"}`, "If-Match", etag)
		fmt.Println(plan, "on version", etag, "gives", a.status, a.header.Get("ETag"))
	}
	// Output:
	// team on version "1-json" gives 200 "2-json"
	// enterprise on version "1-json" gives 412
}
