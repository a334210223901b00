package cache_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/cache"
)

// A client's condition is answered from a fresh response, by weak comparison
// (RFC 9110 §13.1.2, §13.1.3).
func TestConditional_fromStore(t *testing.T) {
	etag, modified := []string{"ETag", `"a,b"`}, []string{"Last-Modified", midnight}
	weak := []string{"ETag", `W/"a,b"`}
	both := append(append([]string{}, etag...), modified...)
	tests := []struct {
		name          string
		stored, asked []string
		want          int
	}{
		{"the ETag", etag, []string{"If-None-Match", `"a,b"`}, 304},
		{"another ETag", etag, []string{"If-None-Match", `"b"`}, 200},
		{"one of several", etag, []string{"If-None-Match", `"x", W/"a,b"`}, 304},
		{"on another line", etag, []string{"If-None-Match", `"x"`, "If-None-Match", `"a,b"`}, 304},
		{"weak against strong", weak, []string{"If-None-Match", `"a,b"`}, 304},
		{"any", nil, []string{"If-None-Match", "*"}, 304},
		{"no ETag stored", modified, []string{"If-None-Match", `"a"`}, 200},
		{"no ETag stored, an empty one asked", modified, []string{"If-None-Match", "W/"}, 200},
		{"the ETag before the date", both, []string{"If-None-Match", `"b"`, "If-Modified-Since", midnight}, 200},
		{"since", modified, []string{"If-Modified-Since", midnight}, 304},
		{"since later", modified, []string{"If-Modified-Since", minuteLater}, 304},
		{"since earlier", modified, []string{"If-Modified-Since", tenMinutes}, 200},
		{"since the Date", nil, []string{"If-Modified-Since", midnight}, 304},
		{"since before the Date", nil, []string{"If-Modified-Since", tenMinutes}, 200},
		{"since what is no date", modified, []string{"If-Modified-Since", "x"}, 200},
	}
	for _, test := range tests {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			t.Run(method+" "+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := numbered(append(test.stored, "Cache-Control", "max-age=60", "Content-Type", "text/plain", "X", "x")...)
					c := cache.New(o, 1<<20)
					get(t, c, "/")
					resp, body := ask(t, c, method, "/", test.asked...)
					assert.Equal(t, 1, o.asked)
					assert.Equal(t, test.want, resp.StatusCode)
					if resp.StatusCode == 304 {
						assert.Empty(t, body)
						assert.Empty(t, resp.Header.Get("Content-Type"))
						for _, name := range []string{"Age", "Cache-Control", "Date"} {
							assert.NotEmpty(t, resp.Header.Get(name), name)
						}
					}
				})
			})
		}
	}
}

// With nothing stored the condition is the origin's to answer.
func TestConditional_passes(t *testing.T) {
	o := &origin{handler: func(w http.ResponseWriter, req *http.Request) {
		assert.Equal(t, `"a"`, req.Header.Get("If-None-Match"))
		w.WriteHeader(http.StatusNotModified)
	}}
	c := cache.New(o, 1<<20)
	assert.Equal(t, "304 Not Modified", get(t, c, "/", "If-None-Match", `"a"`))
	assert.Equal(t, "304 Not Modified", get(t, c, "/", "If-None-Match", `"a"`))
	assert.Equal(t, 2, o.asked)
}

// Only what is a 200 has conditions and ranges (RFC 9110 §13.2.1, §14.2).
func TestConditional_otherStatus(t *testing.T) {
	o := &origin{handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("ETag", `"a"`)
		w.WriteHeader(http.StatusNotFound)
	}}
	c := cache.New(o, 1<<20)
	get(t, c, "/")
	assert.Equal(t, "404 Not Found", get(t, c, "/", "If-None-Match", `"a"`))
	assert.Equal(t, "404 Not Found", get(t, c, "/", "Range", "bytes=0-1"))
	assert.Equal(t, 1, o.asked)
}

// A stale response is validated with its own validators in place of the
// client's, and what the client has is compared afterwards.
func TestConditional_afterValidation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control", "max-age=60", "ETag", `"a"`, "Last-Modified", midnight)
		handler := o.handler
		o.handler = func(w http.ResponseWriter, req *http.Request) {
			if o.asked > 1 {
				assert.Equal(t, []string{`"a"`}, req.Header.Values("If-None-Match"))
				assert.Equal(t, []string{midnight}, req.Header.Values("If-Modified-Since"))
				w.WriteHeader(http.StatusNotModified)
				return
			}
			handler(w, req)
		}
		c := cache.New(o, 1<<20)
		get(t, c, "/")
		time.Sleep(time.Hour)
		assert.Equal(t, "1", get(t, c, "/", "If-None-Match", `"b"`, "If-Modified-Since", minuteLater))
		time.Sleep(time.Hour)
		assert.Equal(t, "304 Not Modified", get(t, c, "/", "If-None-Match", `"a"`))
		assert.Equal(t, 3, o.asked)
	})
}

// The client's ETag does not reach the origin beside a stored date, which it
// would make void.
func TestConditional_onlyOwnValidators(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control", "max-age=60", "Last-Modified", midnight)
		c := cache.New(o, 1<<20)
		get(t, c, "/")
		time.Sleep(time.Minute)
		o.handler = func(w http.ResponseWriter, req *http.Request) {
			assert.Equal(t, midnight, req.Header.Get("If-Modified-Since"))
			assert.Empty(t, req.Header.Get("If-None-Match"))
			w.WriteHeader(http.StatusNotModified)
		}
		assert.Equal(t, "1", get(t, c, "/", "If-None-Match", `"b"`))
	})
}

// A 304 replaces the stored fields, except those that describe the stored
// bytes and those that are not stored (RFC 9111 §3.2).
func TestConditional_update(t *testing.T) {
	fixed := []string{"Content-Encoding", "Content-MD5", "Content-Range", "ETag"}
	changing := []string{"Content-Type", "Content-Location", "Set-Cookie", "X"}
	synctest.Test(t, func(t *testing.T) {
		o := &origin{}
		o.handler = func(w http.ResponseWriter, req *http.Request) {
			value := `"old"`
			w.Header().Set("Cache-Control", "max-age=60")
			w.Header().Set("Content-Length", "4")
			if o.asked > 1 {
				value = `"new"`
				w.Header().Set("Connection", "Hop")
				w.Header().Set("Hop", "x")
				w.Header().Set("Content-Length", "9")
			} else {
				w.Header().Set("Kept", "k")
			}
			for _, name := range append(fixed, changing...) {
				w.Header().Set(name, value)
			}
			if o.asked > 1 {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Write([]byte("body"))
		}
		c := cache.New(o, 1<<20)
		get(t, c, "/")
		time.Sleep(time.Minute)
		for range 2 {
			resp, body := ask(t, c, http.MethodGet, "/")
			assert.Equal(t, "body", body)
			for _, name := range fixed {
				assert.Equal(t, []string{`"old"`}, resp.Header.Values(name), name)
			}
			for _, name := range changing {
				assert.Equal(t, []string{`"new"`}, resp.Header.Values(name), name)
			}
			assert.Equal(t, "4", resp.Header.Get("Content-Length"))
			assert.Equal(t, "k", resp.Header.Get("Kept"))
			assert.Empty(t, resp.Header.Get("Hop"))
		}
		assert.Equal(t, 2, o.asked)
	})
}

// What a validation shows to be out of date is not used again, even if the
// new answer may not be stored.
func TestConditional_replaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control", "max-age=60, stale-if-error=3600", "ETag", `"a"`)
		c := cache.New(o, 1<<20)
		get(t, c, "/")
		time.Sleep(time.Minute)
		handler := o.handler
		o.handler = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "private")
			w.Write([]byte("private"))
		}
		assert.Equal(t, "private", get(t, c, "/"))
		o.handler, o.down = handler, true
		_, err := c.RoundTrip(newRequest("/"))
		assert.EqualError(t, err, "origin is down")
	})
}
