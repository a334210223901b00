package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A path that is not one of the document is a problem, never a redirect: what a
// client should follow is in links.
func TestPath_unknown(t *testing.T) {
	w := newWorld(t)
	id := w.ids["account"]
	for _, in := range []string{
		"/accounts/", "/accounts/" + id + "/", "//", "//accounts", "/accounts//" + id, "/accounts/../accounts", "/accounts/.", "/./accounts",
		"/accounts/%2e%2e/accounts", "/%2Faccounts", "/accounts/" + id + "%2F", "/accounts/" + id + "%2Fusers", "/Accounts", "/accounts.json",
		"/accounts/" + id + "/campaigns", "/users", "/sites", "/users/" + id, "/openapi.json", "/health/", "/%00",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodConnect} {
			got := w.send(method, in, "", "If-Match: *")
			if method == http.MethodGet {
				assert.Equal(t, http.StatusNotFound, got.status, "%s %s: %s", method, in, got.body)
			}
			assert.GreaterOrEqual(t, got.status, 400, "%s %s", method, in)
			assert.Empty(t, got.header.Get("Location"), "%s %s", method, in)
		}
	}
}

// Each way to write a path means the same.
func TestPath_escaped(t *testing.T) {
	w := newWorld(t)
	want := w.get("/accounts/" + w.ids["account"])
	got := w.get("/%61ccounts/%" + "30" + w.ids["account"][1:])
	assert.Equal(t, want.body, got.body)
}
