package cache_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/cache"
)

// One range of bytes is answered from the complete stored response; what is
// not one range is ignored (RFC 9110 §14.2).
func TestRange_fromStore(t *testing.T) {
	const digits = "0123456789"
	tests := []struct {
		asks, ifRange string
		status        int
		want, where   string
	}{
		{"bytes=0-1", "", 206, "01", "bytes 0-1/10"},
		{"bytes=9-9", "", 206, "9", "bytes 9-9/10"},
		{"bytes=3-", "", 206, "3456789", "bytes 3-9/10"},
		{"bytes=-3", "", 206, "789", "bytes 7-9/10"},
		{"bytes=-99", "", 206, digits, "bytes 0-9/10"},
		{"bytes=8-99", "", 206, "89", "bytes 8-9/10"},
		{"BYTES=0-0", "", 206, "0", "bytes 0-0/10"},
		{"bytes=0-99999999999999999999", "", 206, digits, "bytes 0-9/10"},
		{"bytes=10-", "", 416, "", "bytes */10"},
		{"bytes=10-11", "", 416, "", "bytes */10"},
		{"bytes=99999999999999999999-", "", 416, "", "bytes */10"},
		{"bytes=-0", "", 416, "", "bytes */10"},
		{"bytes=2-1", "", 200, digits, ""},
		{"bytes=20-11", "", 200, digits, ""},
		{"bytes=0-1,3-4", "", 200, digits, ""},
		{"bytes=-", "", 200, digits, ""},
		{"bytes=x-1", "", 200, digits, ""},
		{"bytes=1-x", "", 200, digits, ""},
		{"bytes=+1-2", "", 200, digits, ""},
		{"0-1", "", 200, digits, ""},
		{"lines=0-1", "", 200, digits, ""},
		{"bytes=0-1", `"a"`, 206, "01", "bytes 0-1/10"},
		{"bytes=0-1", `"b"`, 200, digits, ""},
		{"bytes=0-1", `W/"a"`, 200, digits, ""},
		{"bytes=0-1", tenMinutes, 206, "01", "bytes 0-1/10"},
		{"bytes=0-1", midnight, 200, digits, ""},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %s", test.asks, test.ifRange), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := numbered("Cache-Control", "max-age=60", "ETag", `"a"`, "Last-Modified", tenMinutes, "Content-Type", "text/plain")
				handler := o.handler
				o.handler = func(w http.ResponseWriter, req *http.Request) {
					w.Header().Set("Content-Length", "10")
					handler(discards{w}, req)
					w.Write([]byte(digits))
				}
				c := cache.New(o, 1<<20)
				get(t, c, "/")
				fields := []string{"Range", test.asks}
				if test.ifRange != "" {
					fields = append(fields, "If-Range", test.ifRange)
				}
				resp, body := ask(t, c, http.MethodGet, "/", fields...)
				assert.Equal(t, 1, o.asked)
				assert.Equal(t, test.status, resp.StatusCode)
				assert.Equal(t, test.want, body)
				assert.Equal(t, test.where, resp.Header.Get("Content-Range"))
				assert.EqualValues(t, len(test.want), resp.ContentLength)
				if test.status != 416 {
					assert.Equal(t, fmt.Sprint(len(test.want)), resp.Header.Get("Content-Length"))
				}
				head, _ := ask(t, c, http.MethodHead, "/", fields...)
				assert.Equal(t, 200, head.StatusCode, "HEAD has no ranges")
			})
		})
	}
}

// discards lets a handler set fields and drops its content.
type discards struct{ http.ResponseWriter }

func (discards) Write(p []byte) (int, error) { return len(p), nil }

// A date that may have changed within its second is no strong validator.
func TestRange_weakDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cache.New(numbered("Cache-Control", "max-age=60", "Last-Modified", midnight), 1<<20)
		get(t, c, "/")
		assert.Equal(t, "1", get(t, c, "/", "Range", "bytes=0-0", "If-Range", midnight))
		assert.Equal(t, "206 Partial Content", get(t, c, "/", "Range", "bytes=0-0"))
	})
}

// An empty response has no range.
func TestRange_empty(t *testing.T) {
	o := &origin{handler: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Cache-Control", "max-age=60") }}
	c := cache.New(o, 1<<20)
	for _, asks := range []string{"bytes=0-", "bytes=-1", "bytes=0-0"} {
		get(t, c, "/")
		resp, _ := ask(t, c, http.MethodGet, "/", "Range", asks)
		assert.Equal(t, 416, resp.StatusCode, asks)
		assert.Equal(t, "bytes */0", resp.Header.Get("Content-Range"), asks)
	}
}

// With nothing stored the range is the origin's to answer, and its 206 is not
// stored.
func TestRange_passes(t *testing.T) {
	o := &origin{handler: func(w http.ResponseWriter, req *http.Request) {
		assert.Equal(t, "bytes=0-1", req.Header.Get("Range"))
		w.Header().Set("Cache-Control", "max-age=60")
		w.WriteHeader(http.StatusPartialContent)
	}}
	c := cache.New(o, 1<<20)
	for range 2 {
		assert.Equal(t, "206 Partial Content", get(t, c, "/", "Range", "bytes=0-1"))
	}
	assert.Equal(t, 2, o.asked)
}
