package cache_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/cache"
)

// origin counts what reaches it, and fails while down is set.
type origin struct {
	handler http.HandlerFunc
	asked   int
	down    bool
}

func (o *origin) RoundTrip(req *http.Request) (*http.Response, error) {
	o.asked++
	if o.down {
		return nil, errors.New("origin is down")
	}
	w := httptest.NewRecorder()
	o.handler(w, req)
	return w.Result(), nil
}

func get(t *testing.T, c *cache.Cache, path string, fields ...string) string {
	t.Helper()
	return do(t, c, http.MethodGet, path, fields...)
}

// ask is the whole response. A field that is named Host goes where net/http
// has it.
func ask(t *testing.T, c *cache.Cache, method, path string, fields ...string) (*http.Response, string) {
	t.Helper()
	req := httptest.NewRequest(method, "http://origin"+path, nil)
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "Host" {
			req.Host = fields[i+1]
			continue
		}
		req.Header.Add(fields[i], fields[i+1])
	}
	before := req.Header.Clone()
	resp, err := c.RoundTrip(req)
	require.NoError(t, err)
	assert.Equal(t, before, req.Header, "the request was changed")
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

// do returns the body, or the status where it is not 200.
func do(t *testing.T, c *cache.Cache, method, path string, fields ...string) string {
	t.Helper()
	resp, body := ask(t, c, method, path, fields...)
	if resp.StatusCode != http.StatusOK {
		return resp.Status
	}
	return body
}

// numbered answers with the number of the request and the given fields.
func numbered(fields ...string) *origin {
	o := &origin{}
	o.handler = func(w http.ResponseWriter, _ *http.Request) {
		if !slices.Contains(fields, "Date") {
			w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		}
		for i := 0; i < len(fields); i += 2 {
			w.Header().Add(fields[i], fields[i+1])
		}
		fmt.Fprint(w, o.asked)
	}
	return o
}

// A stored response is used until the last second of its lifetime, and not
// in the next.
func TestCache_fresh(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		fresh  time.Duration
	}{
		{"max-age", []string{"Cache-Control", "max-age=60"}, time.Minute},
		{"s-maxage before max-age", []string{"Cache-Control", "max-age=5, s-maxage=60"}, time.Minute},
		{"quoted, in capitals", []string{"Cache-Control", `MAX-AGE="60"`}, time.Minute},
		{"Age counts", []string{"Cache-Control", "max-age=60", "Age", "20"}, 40 * time.Second},
		{"Expires", []string{"Expires", "Sat, 01 Jan 2000 00:01:00 GMT"}, time.Minute},
		{"Expires without Date", []string{"Date", "", "Expires", "Sat, 01 Jan 2000 00:01:00 GMT"}, time.Minute},
		{"max-age before Expires", []string{"Cache-Control", "max-age=60", "Expires", "0"}, time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cache.New(numbered(test.fields...), 1<<20)
				assert.Equal(t, "1", get(t, c, "/"))
				time.Sleep(test.fresh - time.Second)
				assert.Equal(t, "1", get(t, c, "/"), "a second before the end")
				time.Sleep(time.Second)
				assert.Equal(t, "2", get(t, c, "/"), "at the end")
			})
		})
	}
}

// What may not be stored, or not used for this request, comes from the origin.
func TestCache_notUsed(t *testing.T) {
	tests := []struct {
		name             string
		answered, asking []string
	}{
		{"no-store", []string{"Cache-Control", "max-age=60, no-store"}, nil},
		{"private", []string{"Cache-Control", "max-age=60, private"}, nil},
		{"no-cache", []string{"Cache-Control", "max-age=60, no-cache"}, nil},
		{"unmarked", nil, nil},
		{"ill-formed Expires", []string{"Expires", "0"}, nil},
		{"Vary: *", []string{"Cache-Control", "max-age=60", "Vary", "*"}, nil},
		{"Authorization", []string{"Cache-Control", "max-age=60"}, []string{"Authorization", "Bearer x"}},
		{"the client's no-cache", []string{"Cache-Control", "max-age=60"}, []string{"Cache-Control", "no-cache"}},
		{"the client's no-store", []string{"Cache-Control", "max-age=60"}, []string{"Cache-Control", "no-store"}},
		{"the client's min-fresh", []string{"Cache-Control", "max-age=60"}, []string{"Cache-Control", "min-fresh=61"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cache.New(numbered(test.answered...), 1<<20)
			assert.Equal(t, "1", get(t, c, "/", test.asking...))
			assert.Equal(t, "2", get(t, c, "/", test.asking...))
		})
	}
}

// One URI has one stored response for each value of the fields in Vary.
func TestCache_vary(t *testing.T) {
	o := &origin{handler: func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Vary", "accept")
		fmt.Fprint(w, req.Header.Get("Accept"))
	}}
	c := cache.New(o, 1<<20)
	for range 2 {
		assert.Equal(t, "text/xml", get(t, c, "/", "Accept", "text/xml"))
		assert.Equal(t, "text/json", get(t, c, "/", "Accept", "text/json"))
	}
	assert.Equal(t, 2, o.asked)
}

// A stale response is validated, and the 304 makes it fresh again.
func TestCache_validates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		o := &origin{handler: func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Cache-Control", "max-age=60")
			w.Header().Set("ETag", `"a"`)
			if req.Header.Get("If-None-Match") == `"a"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			sent++
			fmt.Fprint(w, "body")
		}}
		c := cache.New(o, 1<<20)
		for range 3 {
			assert.Equal(t, "body", get(t, c, "/"))
			assert.Equal(t, "body", get(t, c, "/"))
			time.Sleep(time.Minute)
		}
		assert.Equal(t, 3, o.asked)
		assert.Equal(t, 1, sent, "bodies sent by the origin")
	})
}

// A failing origin is covered for as long as stale-if-error says.
func TestCache_staleIfError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control", "max-age=60, stale-if-error=30")
		c := cache.New(o, 1<<20)
		assert.Equal(t, "1", get(t, c, "/"))
		o.down = true
		time.Sleep(90 * time.Second)
		assert.Equal(t, "1", get(t, c, "/"))
		time.Sleep(time.Second)
		_, err := c.RoundTrip(httptest.NewRequest(http.MethodGet, "http://origin/", nil))
		assert.EqualError(t, err, "origin is down")
	})
}

// A successful unsafe request invalidates its URI and no other.
func TestCache_invalidates(t *testing.T) {
	o := numbered("Cache-Control", "max-age=60")
	c := cache.New(o, 1<<20)
	assert.Equal(t, "1", get(t, c, "/a"))
	assert.Equal(t, "2", get(t, c, "/b"))
	do(t, c, http.MethodOptions, "/a")
	assert.Equal(t, "1", get(t, c, "/a"), "OPTIONS is safe")
	do(t, c, http.MethodPut, "/a")
	assert.Equal(t, "5", get(t, c, "/a"))
	assert.Equal(t, "2", get(t, c, "/b"))
}

// only-if-cached never reaches the origin.
func TestCache_onlyIfCached(t *testing.T) {
	o := numbered("Cache-Control", "max-age=60")
	c := cache.New(o, 1<<20)
	assert.Equal(t, "504 Gateway Timeout", get(t, c, "/", "Cache-Control", "only-if-cached"))
	assert.Zero(t, o.asked)
	assert.Equal(t, "1", get(t, c, "/"))
	assert.Equal(t, "1", get(t, c, "/", "Cache-Control", "only-if-cached"))
}

// The least recently used response is dropped first, and one that exceeds the
// capacity is passed on whole without being stored.
func TestCache_capacity(t *testing.T) {
	o := &origin{handler: func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprint(w, strings.Repeat(req.URL.Path[1:2], 400))
		if req.URL.Path == "/big" {
			fmt.Fprint(w, strings.Repeat("b", 3000))
		}
	}}
	c := cache.New(o, 2500)
	get(t, c, "/x")
	get(t, c, "/y")
	get(t, c, "/x")
	get(t, c, "/z")
	require.Equal(t, 3, o.asked)
	get(t, c, "/x")
	assert.Equal(t, 3, o.asked, "x was used last and is kept")
	get(t, c, "/y")
	assert.Equal(t, 4, o.asked, "y was dropped")
	assert.Len(t, get(t, c, "/big"), 3400)
	assert.Len(t, get(t, c, "/big"), 3400)
	assert.Equal(t, 6, o.asked, "big is never stored")
}
