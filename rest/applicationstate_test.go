package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gonotes/internal/claim"
	"gonotes/rest"
	"gonotes/rest/api"
	"gonotes/rest/store"
)

// A client goes on from its own link after all replicas were killed and others
// took their places.
func TestApplicationState(t *testing.T) {
	proof := claim.Prove(t, rest.ApplicationState, func(replica func(store.Store) http.Handler) error {
		s := store.NewMemory()
		account, sites, err := fill(direct(theAPI(s)), 25)
		if err != nil {
			return err
		}
		f := newFleet(t, s, replica)
		client := &http.Client{Transport: f.balancer}
		seen := map[string]bool{}
		for next := account + "/sites?limit=10"; next != ""; {
			page, err := want(http.StatusOK, client, http.MethodGet, base+next, "")
			if err != nil {
				return fmt.Errorf("after %d of %d sites: %w", len(seen), len(sites), err)
			}
			var sites api.SitePage
			if err := json.Unmarshal([]byte(page.body), &sites); err != nil {
				return err
			}
			for _, site := range sites.Items {
				seen["/sites/"+site.ID] = true
			}
			next = page.follow("next")
			for _, host := range hosts {
				f.restart(host)
			}
		}
		for _, path := range sites {
			if !seen[path] {
				return fmt.Errorf("%d of %d sites were on the pages", len(seen), len(sites))
			}
		}
		return nil
	})
	proof.Holds("25 sites on 3 pages, both replicas killed after each page", theAPI)
	proof.Control("a cursor that the server keeps", serverCursor, "after 10 of 25 sites: GET http://api.example/accounts/")
}

// serverCursor is a twin that gives out numbers and remembers what they mean.
func serverCursor(s store.Store) http.Handler {
	var kept []string // URLs of pages, by number
	forget := edited(func(r *http.Request, _ *int, _ http.Header, body *string) {
		var page struct {
			Links []api.Link `json:"links"`
		}
		json.Unmarshal([]byte(*body), &page)
		for _, link := range page.Links {
			if link.Rel == "next" {
				kept = append(kept, link.Href)
				*body = strings.Replace(*body, link.Href, fmt.Sprint(r.URL.Path, "?cursor=", len(kept)), 1)
			}
		}
	})(s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var number int
		if _, err := fmt.Sscan(r.URL.Query().Get("cursor"), &number); err == nil {
			if number > len(kept) {
				http.Error(w, "this cursor is not known", http.StatusGone)
				return
			}
			if r.URL, err = url.Parse(kept[number-1]); err != nil {
				panic(err)
			}
		}
		forget.ServeHTTP(w, r)
	})
}
