package cache_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/cache"
)

// Which requests make what is stored unusable (RFC 9111 §4.4).
func TestInvalidate_request(t *testing.T) {
	tests := []struct {
		method string
		status int
		want   string
	}{
		{http.MethodPost, 200, "3"}, {http.MethodPut, 204, "3"}, {http.MethodDelete, 200, "3"},
		{http.MethodPatch, 303, "3"}, {"M-SEARCH", 200, "3"},
		{http.MethodPut, 400, "1"}, {http.MethodPut, 500, "1"},
		{http.MethodOptions, 200, "1"}, {http.MethodTrace, 200, "1"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.method, test.status), func(t *testing.T) {
			o := numbered("Cache-Control", "max-age=60")
			c := cache.New(o, 1<<20)
			assert.Equal(t, "1", get(t, c, "/"))
			handler := o.handler
			o.handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) }
			do(t, c, test.method, "/")
			o.handler = handler
			assert.Equal(t, test.want, get(t, c, "/"))
		})
	}
}

// An unsafe request that got no answer may have had its effect.
func TestInvalidate_unanswered(t *testing.T) {
	o := numbered("Cache-Control", "max-age=60")
	c := cache.New(o, 1<<20)
	assert.Equal(t, "1", get(t, c, "/"))
	o.down = true
	req := newRequest("/")
	req.Method = http.MethodPut
	_, err := c.RoundTrip(req)
	assert.EqualError(t, err, "origin is down")
	o.down = false
	assert.Equal(t, "3", get(t, c, "/"))
}

// Location and Content-Location are invalidated as well, all variants of them,
// if they are at the same origin: that of the Host field.
func TestInvalidate_location(t *testing.T) {
	for _, field := range []string{"Location", "Content-Location"} {
		for reference, want := range map[string]bool{
			"other": true, "/dir/other": true, "http://public/dir/other": true, "http://PUBLIC/dir/other": true,
			"//public/dir/other#f": true, "../dir/other": true,
			"/other": false, "http://origin/dir/other": false, "https://public/dir/other": false, "%": false, "": false,
		} {
			t.Run(field+" "+reference, func(t *testing.T) {
				o := numbered("Cache-Control", "max-age=60", "Vary", "Accept")
				c := cache.New(o, 1<<20)
				for _, accept := range []string{"a", "b"} {
					get(t, c, "/dir/other", "Host", "public", "Accept", accept)
				}
				handler := o.handler
				o.handler = func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(field, reference) }
				ask(t, c, http.MethodPost, "/dir/this", "Host", "public")
				o.handler = handler
				asked := o.asked
				for _, accept := range []string{"a", "b"} {
					get(t, c, "/dir/other", "Host", "public", "Accept", accept)
				}
				assert.Equal(t, map[bool]int{true: 2, false: 0}[want], o.asked-asked)
			})
		}
	}
}

// The same host by another scheme is another origin.
func TestInvalidate_scheme(t *testing.T) {
	o := numbered("Cache-Control", "max-age=60", "Location", "https://origin/")
	c := cache.New(o, 1<<20)
	secure := newRequest("/")
	secure.URL.Scheme = "https"
	assert.Equal(t, "1", text(c, secure))
	do(t, c, http.MethodPost, "/")
	assert.Equal(t, "1", text(c, secure))
}

// An answer that the origin gave before an invalidation is not stored after
// it, and no request from after it waits for that answer.
func TestInvalidate_underWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		value, release := "old", make(chan struct{})
		c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodPut {
				value = "new"
				return textResponse(req, "")
			}
			current := value
			if current == "old" {
				<-release
			}
			return textResponse(req, current)
		}), 1<<20)
		go func() { assert.Equal(t, "old", get(t, c, "/")) }()
		synctest.Wait()
		do(t, c, http.MethodPut, "/")
		assert.Equal(t, "new", get(t, c, "/"))
		close(release)
		synctest.Wait()
		assert.Equal(t, "new", get(t, c, "/"))
		assert.Zero(t, c.Fetching())
	})
}
