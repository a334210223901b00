package api_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/api"
)

// linkTo is the target of the link with a relation, or "".
func linkTo(links api.Links, rel string) string {
	i := slices.IndexFunc(links, func(l api.Link) bool { return l.Rel == rel })
	if i < 0 {
		return ""
	}
	return links[i].Href
}

// walk follows the links to next pages and returns the names of all items.
// between is called after each page.
func (c *client) walk(target string, limit int, between func()) []string {
	c.t.Helper()
	var names []string
	for target != "" {
		got := c.get(target)
		require.Equal(c.t, http.StatusOK, got.status, got.body)
		page := of[api.AccountPage](c.t, got)
		assert.LessOrEqual(c.t, len(page.Items), limit)
		assert.Equal(c.t, target, linkTo(page.Links, "self"))
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		target = linkTo(page.Links, "next")
		want := ""
		if target != "" {
			want = "<" + target + `>; rel="next"`
			assert.Len(c.t, page.Items, limit, "a page before the last one is full")
		}
		assert.Equal(c.t, want, got.header.Get("Link"))
		between()
	}
	return names
}

// A walk sees each item once, in the order of creation, whatever the limit is.
func TestPage_walk(t *testing.T) {
	c := newClient(t)
	var want []string
	for i := range 23 {
		name := fmt.Sprintf("%02d", i)
		c.create("/accounts", fmt.Sprintf(`{"name":%q,"plan":"team"}`, name))
		want = append(want, name)
	}
	for limit := 1; limit <= len(want)+1; limit++ {
		assert.Equal(t, want, c.walk(fmt.Sprint("/accounts?limit=", limit), limit, func() {}), "limit %d", limit)
	}
	assert.Equal(t, want, c.walk("/accounts", 20, func() {}), "limit by default")
	assert.Equal(t, want, c.walk("/accounts?limit=100&plan=team", 100, func() {}), "with a filter")
	assert.Empty(t, c.walk("/accounts?plan=free", 20, func() {}), "with a filter that none passes")
}

// The filter goes from page to page.
func TestPage_filteredWalk(t *testing.T) {
	c := newClient(t)
	var want []string
	for i := range 30 {
		plan := []string{"free", "team", "enterprise"}[i%3]
		c.create("/accounts", fmt.Sprintf(`{"name":"%02d","plan":%q}`, i, plan))
		if plan == "team" {
			want = append(want, fmt.Sprintf("%02d", i))
		}
	}
	assert.Equal(t, want, c.walk("/accounts?limit=3&plan=team", 3, func() {}))
}

// While items are created and deleted between two pages, those that are there
// all the time are seen once each, in order.
func TestPage_walkWhileChanging(t *testing.T) {
	for limit := 1; limit <= 7; limit++ {
		c := newClient(t)
		var want, doomed []string
		for i := range 20 {
			name := fmt.Sprintf("%02d", i)
			if i%3 == 0 {
				doomed = append(doomed, c.create("/accounts", fmt.Sprintf(`{"name":"doomed %s","plan":"team"}`, name)))
			} else {
				c.create("/accounts", fmt.Sprintf(`{"name":%q,"plan":"team"}`, name))
				want = append(want, name)
			}
		}
		created := 0
		got := c.walk(fmt.Sprint("/accounts?limit=", limit), limit, func() {
			if len(doomed) == 0 {
				return
			}
			require.Equal(t, http.StatusNoContent, c.send(http.MethodDelete, doomed[0], "", "If-Match: *").status)
			doomed = doomed[1:]
			c.create("/accounts", fmt.Sprintf(`{"name":"new %d","plan":"team"}`, created))
			created++
		})
		steady := slices.DeleteFunc(slices.Clone(got), func(name string) bool {
			return strings.HasPrefix(name, "doomed") || strings.HasPrefix(name, "new")
		})
		assert.Equal(t, want, steady, "limit %d", limit)
		seen := slices.Sorted(slices.Values(got))
		assert.Equal(t, seen, slices.Compact(slices.Clone(seen)), "limit %d: something is there twice", limit)
	}
}

// The walk goes on after the item that the cursor was made of is deleted.
func TestPage_cursorOfDeleted(t *testing.T) {
	c := newClient(t)
	var paths []string
	for i := range 3 {
		paths = append(paths, c.create("/accounts", fmt.Sprintf(`{"name":"%d","plan":"team"}`, i)))
	}
	next := linkTo(of[api.AccountPage](t, c.get("/accounts?limit=2")).Links, "next")
	c.send(http.MethodDelete, paths[1], "", "If-Match: *")
	items := of[api.AccountPage](t, c.get(next)).Items
	require.Len(t, items, 1)
	assert.Equal(t, "2", items[0].Name)
}

// A page has what its filters say, all of them, and of its own collection only.
func TestPage_filters(t *testing.T) {
	c := newClient(t)
	a, b := c.create("/accounts", account), c.create("/accounts", `{"name":"Other","plan":"free"}`)
	c.create(a+"/users", user("a@example.org"))
	c.create(a+"/users", `{"name":"Bob","email":"b,c@example.org","role":"viewer"}`)
	c.create(b+"/users", user("c@example.org"))
	c.create(a+"/sites", site("a.example"))
	s := c.create(a+"/sites", `{"domain":"b.example","name":"B","status":"paused"}`)
	c.create(s+"/campaigns", campaign)
	c.create(s+"/campaigns", `{"name":"A & B","medium":"social","starts":"2026-03-01T00:00:00Z"}`)
	for _, test := range []struct {
		in   string
		want int
	}{
		{"/accounts", 2},
		{"/accounts?plan=team", 1},
		{"/accounts?plan=enterprise", 0},
		{"/accounts?name=Acme", 1},
		{"/accounts?name=acme", 0},
		{"/accounts?name=Acm", 0},
		{"/accounts?name=Acme&plan=free", 0},
		{a + "/users", 2},
		{b + "/users", 1},
		{a + "/users?role=owner", 1},
		{a + "/users?email=" + url.QueryEscape("b,c@example.org"), 1},
		{a + "/users?email=c@example.org", 0},
		{b + "/users?email=c@example.org&role=owner", 1},
		{a + "/sites?status=paused", 1},
		{a + "/sites?domain=a.example", 1},
		{b + "/sites", 0},
		{s + "/campaigns?medium=social", 1},
		{s + "/campaigns?name=" + url.QueryEscape("A & B"), 1},
		{s + "/campaigns?name=%00%ff", 0},
	} {
		t.Run(test.in, func(t *testing.T) {
			got := c.get(test.in)
			require.Equal(t, http.StatusOK, got.status, got.body)
			assert.Equal(t, test.want, strings.Count(got.body, `"id":`), got.body)
			c.get(test.in, "Accept: application/xml") // the contract compares both
		})
	}
}

// A cursor that no link has gives a page or 400, never a failure.
func TestPage_forgedCursor(t *testing.T) {
	w := newWorld(t)
	encode := base64.RawURLEncoding.EncodeToString
	for _, test := range []struct {
		name, in string
		want     int
	}{
		{"not base64", "%%%", 400},
		{"base64 with padding", "YQ==", 400},
		{"base64 of another alphabet", "+/+/", 400},
		{"bits left over", "YR", 400},
		{"too long", strings.Repeat("A", 101), 400},
		{"before all", encode([]byte("0")), 200},
		{"after all", encode([]byte("zzz")), 200},
		{"no text", encode([]byte{0, 0xff, 0xfe}), 200},
		{"SQL", encode([]byte("' OR 1=1; --")), 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := w.get("/accounts?cursor=" + url.QueryEscape(test.in))
			assert.Equal(t, test.want, got.status, got.body)
		})
	}
	assert.Empty(t, of[api.AccountPage](t, w.get("/accounts?cursor="+encode([]byte("zzz")))).Items)
}

// Every link leads somewhere, and from the entry point to all there is.
func TestPage_links(t *testing.T) {
	w := newWorld(t)
	seen, next := map[string]bool{}, []string{"/"}
	for len(next) > 0 {
		target := next[0]
		next = next[1:]
		if seen[target] {
			continue
		}
		seen[target] = true
		got := w.get(target)
		require.Equal(t, http.StatusOK, got.status, "%s: %s", target, got.body)
		for _, part := range strings.Split(got.body, `"href":"`)[1:] {
			href, _, _ := strings.Cut(part, `"`)
			next = append(next, href)
		}
	}
	for name, id := range w.ids {
		plural := name[strings.LastIndexByte(name, ' ')+1:] + "s"
		assert.True(t, seen["/"+plural+"/"+id], "no link to the %s", name)
	}
	assert.True(t, seen["/sites/"+w.ids["site"]+"/tracker.js"])
}
