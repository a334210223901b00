package cache_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/cache"
)

func newRequest(path string) *http.Request {
	return httptest.NewRequest(http.MethodGet, "http://origin"+path, nil)
}

// roundTripper is a function as origin.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// The answer to a request with Authorization is stored where the origin says
// that it may be, and is then everybody's (RFC 9111 §3.5).
func TestStored_authorization(t *testing.T) {
	for said, want := range map[string]string{
		"max-age=60": "2", "max-age=60, private": "2",
		"max-age=60, public": "1", "s-maxage=60": "1", "max-age=60, must-revalidate": "1",
	} {
		t.Run(said, func(t *testing.T) {
			c := cache.New(numbered("Cache-Control", said), 1<<20)
			assert.Equal(t, "1", get(t, c, "/", "Authorization", "Bearer x"))
			assert.Equal(t, want, get(t, c, "/"))
		})
	}
}

// Two hosts behind one address, and two addresses of one host, have nothing in
// common; spelling and fragment of the URI do not matter.
func TestStored_key(t *testing.T) {
	o := numbered("Cache-Control", "max-age=60")
	c := cache.New(o, 1<<20)
	assert.Equal(t, "1", get(t, c, "/", "Host", "a.example"))
	assert.Equal(t, "2", get(t, c, "/", "Host", "b.example"))
	assert.Equal(t, "3", get(t, c, "/", "Host", "origin"))
	assert.Equal(t, "4", get(t, c, "/?q", "Host", "origin"))
	assert.Equal(t, "5", get(t, c, "/Q", "Host", "origin"))
	assert.Equal(t, "1", get(t, c, "/", "Host", "A.example"))
	assert.Equal(t, "3", get(t, c, "/", "Host", "ORIGIN"))
	for url, want := range map[string]string{"http://ORIGIN#f": "3", "https://origin/": "6"} {
		req, err := http.NewRequest(http.MethodGet, url, nil)
		require.NoError(t, err)
		resp, err := c.RoundTrip(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, want, string(body), url)
	}
}

// Fields for one hop, those that Connection names, and those that no-cache
// and private name reach the first client's gateway and are not stored.
func TestStored_fields(t *testing.T) {
	omitted := []string{
		"Connection", "A", "B", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
		"Proxy-Connection", "Te", "Trailer", "Upgrade", "Set-Cookie", "X-One", "X-Two",
	}
	fields := []string{"Connection", "a, B", "Cache-Control", `max-age=60, private="set-cookie", no-cache="x-one, X-Two"`, "Kept", "k"}
	for _, name := range omitted[1:] {
		fields = append(fields, name, "v")
	}
	c := cache.New(numbered(fields...), 1<<20)
	first, _ := ask(t, c, http.MethodGet, "/")
	second, body := ask(t, c, http.MethodGet, "/")
	assert.Equal(t, "1", body, "named fields do not stop the rest from being used")
	assert.Equal(t, "k", second.Header.Get("Kept"))
	for _, name := range omitted {
		if name != "Trailer" { // the recorder takes it for a declaration
			assert.NotEmpty(t, first.Header.Get(name), name)
		}
		assert.Empty(t, second.Header.Get(name), name)
	}
}

// closes notes whether a body was closed.
type closes struct {
	io.Reader
	closed bool
}

func (c *closes) Close() error { c.closed = true; return nil }

// What ends early, by an error or by its Content-Length, is passed on as it
// came and is not stored.
func TestStored_incomplete(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name   string
		body   func() io.Reader
		length int64
		want   error
		asked  int
	}{
		{"whole", func() io.Reader { return strings.NewReader("12345") }, 5, nil, 1},
		{"of unknown length", func() io.Reader { return strings.NewReader("12345") }, -1, nil, 1},
		{"short", func() io.Reader { return strings.NewReader("12345") }, 6, nil, 2},
		{"broken", func() io.Reader { return io.MultiReader(strings.NewReader("12345"), &brokenReader{broken}) }, -1, broken, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var bodies []*closes
			c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
				bodies = append(bodies, &closes{Reader: test.body()})
				return &http.Response{
					StatusCode: 200, ContentLength: test.length, Body: bodies[len(bodies)-1], Request: req,
					Header: http.Header{"Cache-Control": {"max-age=60"}},
				}, nil
			}), 1<<20)
			for range 2 {
				resp, err := c.RoundTrip(newRequest("/"))
				require.NoError(t, err)
				body, err := io.ReadAll(resp.Body)
				assert.Equal(t, "12345", string(body))
				assert.ErrorIs(t, err, test.want)
				resp.Body.Close()
			}
			assert.Len(t, bodies, test.asked)
			for _, body := range bodies {
				assert.True(t, body.closed, "the origin's body was closed")
			}
		})
	}
}

// brokenReader says its error once.
type brokenReader struct{ err error }

func (b *brokenReader) Read([]byte) (int, error) {
	err := b.err
	b.err = io.EOF
	return 0, err
}

// A body known to be too big is passed on without being read first.
func TestStored_streams(t *testing.T) {
	r, w := io.Pipe()
	c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, ContentLength: 1 << 20, Body: r, Request: req,
			Header: http.Header{"Cache-Control": {"max-age=60"}},
		}, nil
	}), 1<<19)
	resp, err := c.RoundTrip(newRequest("/"))
	require.NoError(t, err)
	go func() {
		w.Write([]byte("first"))
		w.Close()
	}()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "first", string(body))
}

// What is the origin's alone reaches it each time with its fields, even while
// something fresh is stored.
func TestStored_passes(t *testing.T) {
	for _, fields := range [][]string{
		{"If-Match", `"a"`}, {"If-Unmodified-Since", midnight}, {"Upgrade", "websocket"}, {"Cache-Control", "no-store"},
	} {
		t.Run(fields[0], func(t *testing.T) {
			c := cache.New(numbered("Cache-Control", "max-age=60"), 1<<20)
			assert.Equal(t, "1", get(t, c, "/"))
			assert.Equal(t, "2", get(t, c, "/", fields...))
			assert.Equal(t, "1", get(t, c, "/"))
		})
	}
	t.Run("content", func(t *testing.T) {
		c := cache.New(numbered("Cache-Control", "max-age=60"), 1<<20)
		assert.Equal(t, "1", get(t, c, "/"))
		body := &closes{Reader: strings.NewReader("x")}
		req := newRequest("/")
		req.Body = body
		resp, err := c.RoundTrip(req)
		require.NoError(t, err)
		read, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, "2", string(read))
	})
}

// A switch of protocols is passed on with the connection as its body.
func TestStored_switchingProtocols(t *testing.T) {
	conn := &closes{Reader: strings.NewReader("")}
	c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 101, Body: conn, Header: http.Header{"Cache-Control": {"max-age=60"}}, Request: req}, nil
	}), 1<<20)
	resp, err := c.RoundTrip(newRequest("/"))
	require.NoError(t, err)
	assert.Same(t, conn, resp.Body)
}

// HEAD is answered from the response to GET, without content; its own answer
// is not stored.
func TestHead_stored(t *testing.T) {
	o := numbered("Cache-Control", "max-age=60")
	c := cache.New(o, 1<<20)
	ask(t, c, http.MethodHead, "/")
	ask(t, c, http.MethodHead, "/")
	assert.Equal(t, 2, o.asked)
	get(t, c, "/")
	resp, body := ask(t, c, http.MethodHead, "/")
	assert.Equal(t, 3, o.asked)
	assert.Equal(t, 200, resp.StatusCode)
	assert.EqualValues(t, 1, resp.ContentLength)
	assert.Empty(t, body)
	assert.Equal(t, "0", resp.Header.Get("Age"))
}

// The answer to a HEAD that went to the origin makes the stored response
// fresh again if it is about it, and drops it if not (RFC 9111 §4.3.5).
func TestHead_updates(t *testing.T) {
	tests := []struct {
		name   string
		status int
		fields []string
		want   string
	}{
		{"the same", 200, []string{"ETag", `"a"`, "Content-Length", "1"}, "1"},
		{"nothing said", 200, nil, "1"},
		{"another ETag", 200, []string{"ETag", `"b"`}, "3"},
		{"another length", 200, []string{"Content-Length", "2"}, "3"},
		{"another date", 200, []string{"Last-Modified", minuteLater}, "3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := numbered("Cache-Control", "max-age=60", "ETag", `"a"`, "Last-Modified", midnight, "X", "old")
				get := func(c *cache.Cache) string { return get(t, c, "/", "Cache-Control", "max-stale") }
				c := cache.New(o, 1<<20)
				assert.Equal(t, "1", get(c))
				time.Sleep(time.Minute)
				ofGet := o.handler
				o.handler = func(w http.ResponseWriter, _ *http.Request) {
					for i := 0; i < len(test.fields); i += 2 {
						w.Header().Set(test.fields[i], test.fields[i+1])
					}
					w.Header().Set("X", "new")
				}
				ask(t, c, http.MethodHead, "/")
				o.handler = ofGet
				assert.Equal(t, test.want, get(c))
				if test.want == "1" {
					resp, _ := ask(t, c, http.MethodGet, "/")
					assert.Equal(t, "new", resp.Header.Get("X"))
					assert.Equal(t, 2, o.asked, "fresh again")
				}
			})
		})
	}
}
