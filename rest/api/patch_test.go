package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/api"
)

// A merge patch changes the members that it has, and removes those that are null
// (RFC 7396). The schema then holds as for a replacement.
func TestPatch_merge(t *testing.T) {
	const before = `{"name":"Spring","medium":"email","starts":"2026-03-01T00:00:00Z","ends":"2026-04-01T00:00:00Z"}`
	w := newWorld(t)
	for _, test := range []struct {
		name, in string
		want     string // what PUT would have been
		errors   []string
	}{
		{name: "nothing", in: `{}`, want: before},
		{name: "one member", in: `{"name":"Summer"}`, want: `{"name":"Summer","medium":"email","starts":"2026-03-01T00:00:00Z","ends":"2026-04-01T00:00:00Z"}`},
		{name: "optional member removed", in: `{"ends":null}`, want: campaign},
		{name: "absent member removed", in: `{"unknown":null}`, want: before},
		{name: "the last one wins nothing", in: `{"ends":"2026-05-01T00:00:00Z","name":"Long"}`, want: `{"name":"Long","medium":"email","starts":"2026-03-01T00:00:00Z","ends":"2026-05-01T00:00:00Z"}`},
		{name: "required member removed", in: `{"name":null}`, errors: []string{`#/name: property "name" is missing`}},
		{name: "unknown member", in: `{"unknown":1}`, errors: []string{`#/unknown: property "unknown" is unsupported`}},
		{name: "rule broken", in: `{"medium":"radio"}`, errors: []string{`#/medium: "radio": value is not one of the allowed values ["email","search","social","display"]`}},
		{name: "rule of two members broken", in: `{"starts":"2026-04-01T00:00:00Z"}`, errors: []string{`#/ends: 2026-04-01T00:00:00Z is not later than starts, 2026-04-01T00:00:00Z`}},
		{name: "object for a text", in: `{"name":{"a":null}}`, errors: []string{`#/name: {}: value must be a string`}},
		{name: "id", in: `{"id":"1"}`, errors: []string{`#/id: property "id" is unsupported`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := w.create("/sites/"+w.ids["site"]+"/campaigns", before)
			got := w.send(http.MethodPatch, path, test.in, `If-Match: "1-json"`)
			if test.errors != nil {
				refused(t, got, http.StatusUnprocessableEntity, test.errors...)
				assert.Equal(t, `"1-json"`, w.get(path).header.Get("ETag"))
				return
			}
			assert.Equal(t, http.StatusOK, got.status, got.body)
			assert.Equal(t, got.body, w.get(path).body)
			replaced := w.send(http.MethodPut, path, test.want, `If-Match: "2-json"`)
			patched, put := of[api.Campaign](t, got), of[api.Campaign](t, replaced)
			put.Updated = patched.Updated
			assert.Equal(t, put, patched)
		})
	}
}

// A patch is JSON that can be taken, and an object: else it would replace the resource.
func TestPatch_refused(t *testing.T) {
	w := newWorld(t)
	path := "/accounts/" + w.ids["account"]
	for _, test := range []struct {
		name, in string
		want     int
		errors   []string
	}{
		{"array", `[]`, 422, []string{"#: []: value must be an object"}},
		{"array of operations", `[{"op":"remove","path":"/name"}]`, 422, []string{`#: [{"op":"remove","path":"/name"}]: value must be an object`}},
		{"null", `null`, 422, []string{"#: null: Value is not nullable"}},
		{"text", `"name"`, 422, []string{`#: "name": value must be an object`}},
		{"number", `1`, 422, []string{"#: 1: value must be an object"}},
		{"empty", ``, 400, nil},
		{"doubled name", `{"name":"A","name":"B"}`, 400, nil},
		{"cut off", `{"name":"A"`, 400, nil},
		{"too deep", deep(api.MaxDepth + 1), 400, nil},
		{"number too great", `{"name":1e999}`, 400, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused(t, w.send(http.MethodPatch, path, test.in, "If-Match: *"), test.want, test.errors...)
			assert.Equal(t, `"1-json"`, w.get(path).header.Get("ETag"))
		})
	}
}
