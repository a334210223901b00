package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The client gets the format that it prefers, and is told when there is none.
func TestNegotiation_accept(t *testing.T) {
	const inJSON, inXML, none = "application/json", "application/xml", "application/problem+json"
	w := newWorld(t)
	for _, test := range []struct {
		name string
		in   []string
		want string
	}{
		{"no field", nil, inJSON},
		{"empty", []string{""}, inJSON},
		{"blank lines", []string{"", ""}, inJSON},
		{"any", []string{"*/*"}, inJSON},
		{"any application", []string{"application/*"}, inJSON},
		{"JSON", []string{"application/json"}, inJSON},
		{"XML", []string{"application/xml"}, inXML},
		{"letters of any case", []string{"Application/XML"}, inXML},
		{"order decides", []string{"application/xml, application/json"}, inXML},
		{"order decides, without a blank", []string{"application/json,application/xml"}, inJSON},
		{"weight decides", []string{"application/json;q=0.5, application/xml;q=0.9"}, inXML},
		{"weight of three digits", []string{"application/json;q=0.998, application/xml;q=0.999"}, inXML},
		{"range and weight", []string{"application/json;q=0.5, */*"}, inXML},
		{"the narrower range counts", []string{"*/*;q=0.1, application/xml;q=0.05"}, inJSON},
		{"JSON forbidden", []string{"application/json;q=0, */*"}, inXML},
		{"JSON forbidden, later", []string{"*/*, application/json;q=0"}, inXML},
		{"XML forbidden", []string{"*/*;q=0.1, application/xml;q=0.0"}, inJSON},
		{"all forbidden", []string{"*/*;q=0"}, none},
		{"both forbidden", []string{"application/*;q=0, */*"}, none},
		{"JSON forbidden alone", []string{"application/json;q=0"}, none},
		{"browser", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, inXML},
		{"image", []string{"image/png"}, none},
		{"image or JSON", []string{"image/png, application/json;q=0.1"}, inJSON},
		{"several lines", []string{"image/png", "application/xml"}, inXML},
		{"several lines, weighed", []string{"application/xml;q=0.1", "application/json;q=0.2"}, inJSON},
		{"empty members", []string{", application/xml,, ,"}, inXML},
		{"no slash", []string{"xml"}, none},
		{"two slashes", []string{"application/xml/1"}, none},
		{"weight too great", []string{"application/xml;q=2"}, none},
		{"weight not a number", []string{"application/xml;q=x"}, none},
		{"half a range", []string{"*/xml"}, none},
		{"control character", []string{"application/xml\x01"}, none},
	} {
		t.Run(test.name, func(t *testing.T) {
			var fields []string
			for _, line := range test.in {
				fields = append(fields, "Accept: "+line)
			}
			got := w.get("/accounts/"+w.ids["account"], fields...)
			assert.Equal(t, test.want, got.header.Get("Content-Type"), got.body)
			assert.Equal(t, test.want == none, got.status == http.StatusNotAcceptable, got.body)
		})
	}
}

// 406 says what was wanted and what there is.
func TestNegotiation_refused(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ name, in, want string }{
		{"item", "/accounts/" + w.ids["account"], `Accept is "image/png"; here is application/json or application/xml.`},
		{"script", "/sites/" + w.ids["site"] + "/tracker.js", `Accept is "image/png"; here is text/javascript.`},
		{"document", "/openapi.yaml", `Accept is "image/png"; here is application/yaml.`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := w.get(test.in, "Accept: image/png")
			assert.Contains(t, got.body, strings.ReplaceAll(test.want, `"`, `\"`))
		})
	}
}

// A change that the client could not read the answer to is not made.
func TestNegotiation_before(t *testing.T) {
	w := newWorld(t)
	path := "/accounts/" + w.ids["account"]
	before := w.get(path)
	w.send(http.MethodPut, path, `{"name":"Other","plan":"free"}`, `If-Match: *`, "Accept: image/png")
	assert.Equal(t, before.body, w.get(path).body)
}
