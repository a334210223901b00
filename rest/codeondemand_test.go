package rest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"gonotes/internal/claim"
	"gonotes/rest"
	"gonotes/rest/store"
)

// visit runs the script of a page of shop.example/cart in a browser that knows
// nothing of the platform, and returns what it sends: URL and content.
func visit(script string) (sent []string, err error) {
	page := goja.New()
	page.Set("location", map[string]any{"pathname": "/cart"})
	page.Set("document", map[string]any{"referrer": "https://search.example/"})
	page.Set("navigator", map[string]any{"sendBeacon": func(url, content string) bool {
		sent = append(sent, url+" "+content)
		return true
	}})
	_, err = page.RunString(script)
	return sent, err
}

// deployment puts a page of the site at path into the world. What it returns is
// the script that the page runs at each visit.
type deployment func(client *http.Client, path string) (func() (string, error), error)

// A page reports a view by code that it downloads, and no longer once the site
// is paused: the page did not change, the code did.
func TestCodeOnDemand(t *testing.T) {
	proof := claim.Prove(t, rest.CodeOnDemand, func(deploy deployment) error {
		s := store.NewMemory()
		client := direct(theAPI(s))
		_, sites, err := fill(client, 1)
		if err != nil {
			return err
		}
		load, err := deploy(client, sites[0])
		if err != nil {
			return err
		}
		views := func() ([]string, error) {
			script, err := load()
			if err != nil {
				return nil, err
			}
			return visit(script)
		}
		sent, err := views()
		if err != nil {
			return err
		}
		view := fmt.Sprintf(`/views {"site":%q,"path":"/cart","referrer":"https://search.example/"}`, strings.TrimPrefix(sites[0], "/sites/"))
		if len(sent) != 1 || sent[0] != view {
			return fmt.Errorf("the visit reported %q, want %q", sent, view)
		}
		_, err = want(http.StatusOK, client, http.MethodPatch, base+sites[0], `{"status":"paused"}`, "Content-Type", "application/merge-patch+json", "If-Match", "*")
		if err != nil {
			return err
		}
		if sent, err = views(); err == nil && len(sent) > 0 {
			err = errors.New("the site was paused and the visit is still reported")
		}
		return err
	})
	download := func(client *http.Client, path string) (string, error) {
		site, err := want(http.StatusOK, client, http.MethodGet, base+path, "")
		if err != nil {
			return "", err
		}
		script, err := want(http.StatusOK, client, http.MethodGet, base+site.follow("tracker"), "", "Accept", "text/javascript")
		return script.body, err
	}
	proof.Holds("a page that names the script", func(client *http.Client, path string) (func() (string, error), error) {
		return func() (string, error) { return download(client, path) }, nil
	})
	proof.Control("a page with a copy of the script", func(client *http.Client, path string) (func() (string, error), error) {
		script, err := download(client, path)
		return func() (string, error) { return script, nil }, err
	}, "is still reported")
	proof.Control("a page that downloads data, no code", func(client *http.Client, path string) (func() (string, error), error) {
		return func() (string, error) {
			a, err := want(http.StatusOK, client, http.MethodGet, base+path, "")
			return "(" + a.body + ")", err
		}, nil
	}, "the visit reported []")
}
