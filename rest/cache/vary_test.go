package cache_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/cache"
)

// Requests select the same representation if the fields in Vary mean the same.
func TestVary_normalised(t *testing.T) {
	tests := []struct {
		name          string
		first, second []string
		same          bool
	}{
		{"equal", []string{"X", "1"}, []string{"X", "1"}, true},
		{"another", []string{"X", "1"}, []string{"X", "2"}, false},
		{"absent then present", nil, []string{"X", "1"}, false},
		{"absent is not empty", nil, []string{"X", ""}, false},
		{"not named", []string{"X", "1", "Z", "1"}, []string{"X", "1", "Z", "2"}, true},
		{"two lines", []string{"X", "1, 2"}, []string{"X", "1", "X", "2"}, true},
		{"white space", []string{"X", "1,2"}, []string{"X", " 1 , 2 "}, true},
		{"order", []string{"X", "1,2"}, []string{"X", "2,1"}, false},
		{"case", []string{"X", "a"}, []string{"X", "A"}, false},
		{"language order", []string{"Accept-Language", "en, de"}, []string{"Accept-Language", "de, en"}, true},
		{"language case", []string{"Accept-Language", "en"}, []string{"Accept-Language", "EN"}, true},
		{"language weight", []string{"Accept-Language", "en;q=0.1, de"}, []string{"Accept-Language", "en, de;q=0.1"}, false},
		{"coding order", []string{"Accept-Encoding", "br, gzip"}, []string{"Accept-Encoding", "GZIP,br"}, true},
		{"a comma that is quoted", []string{"X", `"a,b"`}, []string{"X", `"a, b"`}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := numbered("Cache-Control", "max-age=60", "Vary", "x", "Vary", "accept-language, Accept-Encoding")
			c := cache.New(o, 1<<20)
			get(t, c, "/", test.first...)
			get(t, c, "/", test.second...)
			assert.Equal(t, test.same, o.asked == 1)
		})
	}
}

// Where more than one stored response matches, the newest is used.
func TestVary_newest(t *testing.T) {
	o := numbered("Cache-Control", "max-age=60")
	handler := o.handler
	o.handler = func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("X") != "" {
			w.Header().Set("Vary", "X")
		}
		handler(w, req)
	}
	c := cache.New(o, 1<<20)
	assert.Equal(t, "1", get(t, c, "/", "X", "1"))
	assert.Equal(t, "2", get(t, c, "/"), "the stored one is for X: 1")
	assert.Equal(t, "2", get(t, c, "/", "X", "1"), "both match")
}

// A star anywhere in Vary matches nothing.
func TestVary_star(t *testing.T) {
	for _, vary := range []string{"*", "X, *", ", *", "*, *"} {
		c := cache.New(numbered("Cache-Control", "max-age=60", "Vary", vary), 1<<20)
		assert.Equal(t, "1", get(t, c, "/"), vary)
		assert.Equal(t, "2", get(t, c, "/"), vary)
	}
}
