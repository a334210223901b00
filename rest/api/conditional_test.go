package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/api"
)

// Every version in every format has an ETag of its own.
func TestConditional_etags(t *testing.T) {
	w := newWorld(t)
	path := "/accounts/" + w.ids["account"]
	seen := map[string]bool{}
	for range 3 {
		for _, accept := range []string{"application/json", "application/xml"} {
			got := w.get(path, "Accept: "+accept).header.Get("ETag")
			assert.Equal(t, got, w.get(path, "Accept: "+accept).header.Get("ETag"))
			assert.False(t, seen[got], "%s is there twice", got)
			seen[got] = true
		}
		got := w.send(http.MethodPatch, path, `{"name":"Other"}`, "If-Match: *")
		assert.Equal(t, w.get(path).header.Get("ETag"), got.header.Get("ETag"), "the answer to an update has the ETag of the new version")
	}
}

// If-None-Match compares weakly.
func TestConditional_ifNoneMatch(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name string
		in   []string
		want int
	}{
		{"none", nil, 200},
		{"empty", []string{""}, 200},
		{"same", []string{`"1-json"`}, 304},
		{"weak", []string{`W/"1-json"`}, 304},
		{"any", []string{"*"}, 304},
		{"other version", []string{`"2-json"`}, 200},
		{"other format", []string{`"1-xml"`}, 200},
		{"in a list", []string{`"0-json", W/"1-json","2-json"`}, 304},
		{"not in the list", []string{`"0-json", "2-json"`}, 200},
		{"second line", []string{`"0-json"`, `"1-json"`}, 304},
		{"comma in a tag", []string{`"a,b", "1-json"`}, 304},
		{"all within one tag", []string{`"x, 1-json"`}, 200},
		{"empty members", []string{`,, "1-json",`}, 304},
		{"no quotes", []string{`1-json`}, 200},
		{"no end", []string{`"1-json`}, 200},
		{"small w", []string{`w/"1-json"`}, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			var fields []string
			for _, line := range test.in {
				fields = append(fields, "If-None-Match: "+line)
			}
			got := w.get("/accounts/"+w.ids["account"], fields...)
			assert.Equal(t, test.want, got.status)
			assert.Equal(t, `"1-json"`, got.header.Get("ETag"))
			assert.Equal(t, test.want == http.StatusNotModified, got.body == "")
		})
	}
}

// If-Match compares strongly, and takes the tag of either format.
func TestConditional_ifMatch(t *testing.T) {
	for _, test := range []struct {
		name string
		in   []string
		want int
	}{
		{"none", nil, 428},
		{"empty", []string{""}, 400},
		{"same", []string{`"1-json"`}, 200},
		{"other format", []string{`"1-xml"`}, 200},
		{"any", []string{"*"}, 200},
		{"weak", []string{`W/"1-json"`}, 412},
		{"other version", []string{`"2-json"`}, 412},
		{"in a list", []string{`"0-json", "1-json"`}, 200},
		{"weak in a list", []string{`"0-json", W/"1-json"`}, 412},
		{"second line", []string{`"0-json"`, `"1-json"`}, 200},
		{"no quotes", []string{`1-json`}, 412},
		{"no end", []string{`"1-json`}, 412},
	} {
		for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
			t.Run(test.name+"/"+method, func(t *testing.T) {
				w := newWorld(t)
				r := w.request("/users/{user}", method)
				delete(r.Header, "If-Match")
				for _, line := range test.in {
					r.Header.Add("If-Match", line)
				}
				want := test.want
				if want == http.StatusOK && method == http.MethodDelete {
					want = http.StatusNoContent
				}
				got := w.do(r)
				assert.Equal(t, want, got.status, got.body)
				after := w.get(r.URL.Path)
				switch want {
				case http.StatusOK:
					assert.Equal(t, `"2-json"`, after.header.Get("ETag"))
				case http.StatusNoContent:
					assert.Equal(t, http.StatusNotFound, after.status)
				default:
					assert.Equal(t, `"1-json"`, after.header.Get("ETag"), "what was refused changed something")
				}
			})
		}
	}
}

// A version that is missing or malformed is named as the reason.
func TestConditional_messages(t *testing.T) {
	w := newWorld(t)
	path := "/accounts/" + w.ids["account"]
	refused(t, w.send(http.MethodDelete, path, ""), http.StatusPreconditionRequired, "If-Match: missing; send the ETag of GET")
	refused(t, w.send(http.MethodDelete, path, "", "If-Match: "), http.StatusBadRequest, "If-Match: parameter 'If-Match' is empty, can't bind its value")
	refused(t, w.send(http.MethodDelete, path, "", `If-Match: "7-json"`), http.StatusPreconditionFailed)
}

// What was read earlier is current until something on the page changes.
func TestConditional_page(t *testing.T) {
	w := newWorld(t)
	list := "/accounts/" + w.ids["account"] + "/users"
	etag := w.get(list).header.Get("ETag")
	unchanged := func() bool { return w.get(list, "If-None-Match: "+etag).status == http.StatusNotModified }
	assert.True(t, unchanged())
	w.create("/accounts", account)
	assert.True(t, unchanged(), "what changed is not on the page")

	for _, test := range []struct {
		name, method, in, body string
	}{
		{"changed", http.MethodPatch, "/users/" + w.ids["user"], `{"name":"Other"}`},
		{"created", http.MethodPost, list, user("third@example.org")},
		{"deleted", http.MethodDelete, "/users/" + w.ids["other user"], ""},
	} {
		w.send(test.method, test.in, test.body, "If-Match: *")
		assert.False(t, unchanged(), test.name)
		etag = w.get(list).header.Get("ETag")
		assert.True(t, unchanged(), test.name)
	}
	assert.Len(t, of[api.UserPage](t, w.get(list)).Items, 2)
}

// The script changes with the site, and so does its ETag.
func TestConditional_tracker(t *testing.T) {
	w := newWorld(t)
	script := "/sites/" + w.ids["site"] + "/tracker.js"
	first := w.get(script)
	assert.Contains(t, first.body, w.ids["site"])
	assert.Contains(t, first.body, "if (true)")
	assert.Equal(t, http.StatusNotModified, w.get(script, "If-None-Match: "+first.header.Get("ETag")).status)
	w.send(http.MethodPatch, "/sites/"+w.ids["site"], `{"status":"paused"}`, "If-Match: *")
	second := w.get(script, "If-None-Match: "+first.header.Get("ETag"))
	assert.Equal(t, http.StatusOK, second.status)
	assert.Contains(t, second.body, "if (false)")
}
