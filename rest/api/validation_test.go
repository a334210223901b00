package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// A message names the member, its value and the rule that it breaks, one for each
// member.
func TestValidation_content(t *testing.T) {
	w := newWorld(t)
	inAccount := "/accounts/" + w.ids["account"]
	inSite := "/sites/" + w.ids["site"]
	long := strings.Repeat("x", 101)
	const dateTime = `(string doesn't match pattern "^[0-9]{4}-(0[1-9]|10|11|12)-(0[1-9]|[12][0-9]|3[01])T([0-1][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)([0-1][0-9]|2[0-3]):[0-5][0-9])$")`
	for _, test := range []struct {
		name, collection, in string
		want                 []string
	}{
		{"members missing", "/accounts", `{}`, []string{`#/name: property "name" is missing`, `#/plan: property "plan" is missing`}},
		{"member unknown", "/accounts", `{"name":"A","plan":"team","a/b~c":1}`, []string{`#/a~1b~0c: property "a/b~c" is unsupported`}},
		{"member of other letters", "/accounts", `{"name":"A","plan":"team","Name":"B"}`, []string{`#/Name: property "Name" is unsupported`}},
		{"not in the list", "/accounts", `{"name":"A","plan":"gold"}`, []string{`#/plan: "gold": value is not one of the allowed values ["free","team","enterprise"]`}},
		{"too short", "/accounts", `{"name":"","plan":"team"}`, []string{`#/name: "": minimum string length is 1`}},
		{"too long", "/accounts", `{"name":"` + long + `","plan":"team"}`, []string{`#/name: "` + long[:99] + `...: maximum string length is 100`}},
		{"not a text", "/accounts", `{"name":1,"plan":null}`, []string{`#/name: 1: value must be a string`, `#/plan: null: value is not one of the allowed values ["free","team","enterprise"]`}},
		{"not an object", "/accounts", `[1]`, []string{`#: [1]: value must be an object`}},
		{"null", "/accounts", `null`, []string{`#: null: Value is not nullable`}},
		{"address", inAccount + "/users", user("nobody"), []string{`#/email: "nobody": string doesn't match the regular expression "` + `^[^@\s\x00-\x1f\x7f\uFFFE\uFFFF]+@[^@\s\x00-\x1f\x7f\uFFFE\uFFFF]+$` + `"`}},
		{"no instant", inSite + "/campaigns", `{"name":"A","medium":"email","starts":"tomorrow"}`, []string{`#/starts: "tomorrow": string doesn't match the format "date-time" ` + dateTime}},
		{"no such day", inSite + "/campaigns", `{"name":"A","medium":"email","starts":"2026-02-30T00:00:00Z"}`, []string{`#/starts: "2026-02-30T00:00:00Z": string doesn't match the format "date-time" (parsing time "2026-02-30": day out of range)`}},
		{"leap seconds", inSite + "/campaigns", `{"name":"A","medium":"email","starts":"2016-12-31T23:59:60Z","ends":"2026-06-30T23:59:60Z"}`, []string{`#/ends: parsing time "2026-06-30T23:59:60Z": second out of range`, `#/starts: parsing time "2016-12-31T23:59:60Z": second out of range`}},
		{"no zone", inSite + "/campaigns", `{"name":"A","medium":"email","starts":"2026-03-01T00:00:00Z","ends":"2026-03-02T00:00:00"}`, []string{`#/ends: "2026-03-02T00:00:00": string doesn't match the format "date-time" ` + dateTime}},
		{"ends before", inSite + "/campaigns", `{"name":"A","medium":"email","starts":"2026-03-01T00:00:00Z","ends":"2026-03-01T00:30:00+01:00"}`, []string{`#/ends: 2026-03-01T00:30:00+01:00 is not later than starts, 2026-03-01T00:00:00Z`}},
		{"address taken", inAccount + "/users", user("other@example.org"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := w.send(http.MethodPost, test.collection, test.in)
			if test.want == nil {
				refused(t, got, http.StatusConflict, "#/email: another user has it")
			} else {
				refused(t, got, http.StatusUnprocessableEntity, test.want...)
			}
		})
	}
}

// So does a message about a query.
func TestValidation_query(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name, in string
		want     []string
	}{
		{"unknown", "?order=name", []string{"order: not a parameter of this resource"}},
		{"of another resource", "?role=owner", []string{"role: not a parameter of this resource"}},
		{"two", "?b=1&a=1", []string{"a: not a parameter of this resource", "b: not a parameter of this resource"}},
		{"doubled", "?limit=1&limit=2", []string{"limit: given 2 times, want once"}},
		{"not a number", "?limit=ten", []string{`limit: "ten": not an integer`}},
		{"half", "?limit=1.5", []string{`limit: "1.5": not an integer`}},
		{"none", "?limit=0", []string{`limit: "0": number must be at least 1`}},
		{"negative", "?limit=-1", []string{`limit: "-1": number must be at least 1`}},
		{"too many", "?limit=101", []string{`limit: "101": number must be at most 100`}},
		{"very many", "?limit=99999999999999999999", []string{`limit: "99999999999999999999": not an integer`}},
		{"not in the list", "?plan=gold", []string{`plan: "gold": value is not one of the allowed values ["free","team","enterprise"]`}},
		{"empty", "?plan=", []string{`plan: "": value is not one of the allowed values ["free","team","enterprise"]`}},
		{"forged cursor", "?cursor=!", []string{`cursor: "!": not from a link of this API`}},
		{"empty cursor", "?cursor=", []string{`cursor: "": minimum string length is 1`}},
		{"no name", "?=1", []string{": not a parameter of this resource"}},
		{"malformed escape", "?name=%zz", []string{`: invalid URL escape "%zz"`}},
		{"semicolon", "?name=a;limit=1", []string{`: invalid semicolon separator in query`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused(t, w.get("/accounts"+test.in), http.StatusBadRequest, test.want...)
		})
	}
}
