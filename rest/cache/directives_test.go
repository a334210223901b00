package cache_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/cache"
)

// Directives are read with their arguments, tokens or strings.
func TestDirectives(t *testing.T) {
	for line, want := range map[string]map[string][]string{
		"":                          {},
		" , ,":                      {},
		"No-Store":                  {"no-store": {""}},
		`max-age="60"`:              {"max-age": {"60"}},
		`no-cache="a, b", no-cache`: {"no-cache": {"a, b", ""}},
		`x="a\"b,c", y`:             {"x": {`a"b,c`}, "y": {""}},
		"max-age=1, max-age=1":      {"max-age": {"1"}},
		"max-age=1,max-age=2":       {"max-age": {"1", "2"}},
		"max-age =1":                {"max-age": {"?"}},
		"max-age= 1":                {"max-age": {" 1"}},
		`x="`:                       {"x": {`"`}, "no-store": {""}},
		`x="\`:                      {"x": {`"\`}, "no-store": {""}},
	} {
		assert.Equal(t, want, cache.Directives(line), line)
	}
}

// The parser takes any line, and reads the same again from what it has read.
func FuzzDirectives(f *testing.F) {
	for _, line := range []string{"max-age=60, no-cache=\"a, b\"", `x="a\",b", y`, `"`, `a="\`, "=", ",=,", "max-age =1", "é=ü"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		said := cache.Directives(line)
		assert.Equal(t, said, cache.Directives(line), "twice the same")
		if !strings.ContainsAny(line, "\"\\") {
			var parts []string
			for name, values := range said {
				for _, value := range values {
					if value == "?" || value == "" {
						return // as written, these may have had other forms
					}
					parts = append(parts, name+"="+value)
				}
			}
			again := cache.Directives(strings.Join(parts, ","))
			for name, values := range said {
				assert.ElementsMatch(t, values, again[name], name)
			}
		}
	})
}
