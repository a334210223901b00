package cache_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/cache"
)

// A stale response is used at once while one request validates it, to the end
// of the window and not longer (RFC 5861 §3).
func TestStale_whileRevalidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control", "max-age=60, stale-while-revalidate=30")
		handler := o.handler
		o.handler = func(w http.ResponseWriter, req *http.Request) {
			if o.asked > 1 {
				time.Sleep(5 * time.Second)
			}
			handler(w, req)
		}
		c := cache.New(o, 1<<20)
		assert.Equal(t, "1", get(t, c, "/"))
		time.Sleep(90 * time.Second)
		began := time.Now()
		for range 3 {
			assert.Equal(t, "1", get(t, c, "/"))
		}
		assert.Zero(t, time.Since(began), "no client waits")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		assert.Equal(t, 2, o.asked, "one validation for three requests")
		assert.Equal(t, "2", get(t, c, "/"))
		time.Sleep(91 * time.Second)
		assert.Equal(t, "3", get(t, c, "/"), "after the window")
		c.Close()
	})
}

// A client that asks for more than a stale response waits for the origin.
func TestStale_whileRevalidateClient(t *testing.T) {
	for _, asks := range []string{"no-cache", "max-age=60", "min-fresh=0"} {
		synctest.Test(t, func(t *testing.T) {
			c := cache.New(numbered("Cache-Control", "max-age=60, stale-while-revalidate=30"), 1<<20)
			defer c.Close()
			get(t, c, "/")
			time.Sleep(61 * time.Second)
			assert.Equal(t, "2", get(t, c, "/", "Cache-Control", asks), asks)
		})
	}
}

// The validation asks for all of the representation and without the client's
// conditions, whatever the client asked.
func TestStale_whileRevalidateWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control", "max-age=60, stale-while-revalidate=30")
		handler := o.handler
		o.handler = func(w http.ResponseWriter, req *http.Request) {
			assert.Equal(t, http.MethodGet, req.Method)
			for _, name := range []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since"} {
				assert.Empty(t, req.Header.Get(name), name)
			}
			handler(w, req)
		}
		c := cache.New(o, 1<<20)
		defer c.Close()
		get(t, c, "/")
		time.Sleep(61 * time.Second)
		ask(t, c, http.MethodHead, "/", "Range", "bytes=0-0", "If-Range", `"x"`, "If-None-Match", `"x"`, "If-Modified-Since", midnight)
		synctest.Wait()
		assert.Equal(t, 2, o.asked)
		assert.Equal(t, "2", get(t, c, "/"))
	})
}

// A validation that hangs ends with the window, and Close ends it at once.
// After Close a stale response is validated before it is used.
func TestStale_close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control", "max-age=60, stale-while-revalidate=30")
		hang := false
		c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
			if hang {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return o.RoundTrip(req)
		}), 1<<20)
		assert.Equal(t, "1", get(t, c, "/"))
		hang = true
		time.Sleep(61 * time.Second)
		assert.Equal(t, "1", get(t, c, "/"))
		synctest.Wait()
		assert.Equal(t, 1, c.Fetching())
		time.Sleep(29 * time.Second)
		synctest.Wait()
		assert.Equal(t, 1, c.Fetching())
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Zero(t, c.Fetching(), "ended with the window")

		hang = false
		get(t, c, "/")
		time.Sleep(61 * time.Second)
		hang = true
		get(t, c, "/")
		synctest.Wait()
		assert.Equal(t, 1, c.Fetching())
		began := time.Now()
		c.Close()
		assert.Zero(t, time.Since(began))
		assert.Zero(t, c.Fetching())
		hang = false
		assert.Equal(t, "3", get(t, c, "/"))
	})
}

// A failing validation in the background leaves the window as it is: the next
// request tries again.
func TestStale_whileRevalidateFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control", "max-age=60, stale-while-revalidate=30")
		c := cache.New(o, 1<<20)
		defer c.Close()
		get(t, c, "/")
		time.Sleep(61 * time.Second)
		o.down = true
		for range 2 {
			assert.Equal(t, "1", get(t, c, "/"))
			synctest.Wait()
		}
		assert.Equal(t, 3, o.asked)
	})
}

// What covers an error: each status of RFC 5861 §4, for GET and HEAD, as the
// origin or the client allows it; nothing else does.
func TestStale_ifError(t *testing.T) {
	tests := []struct {
		name, origin, client string
		status, want         int
	}{
		{"500", "stale-if-error=30", "", 500, 200},
		{"502", "stale-if-error=30", "", 502, 200},
		{"503", "stale-if-error=30", "", 503, 200},
		{"504", "stale-if-error=30", "", 504, 200},
		{"404 is an answer", "stale-if-error=30", "", 404, 404},
		{"501 is an answer", "stale-if-error=30", "", 501, 501},
		{"not allowed", "", "", 503, 503},
		{"for too short", "stale-if-error=9", "", 503, 503},
		{"malformed", "stale-if-error=x", "", 503, 503},
		{"the client allows it", "", "stale-if-error=30", 503, 200},
		{"the client allows more", "stale-if-error=9", "stale-if-error=30", 503, 200},
		{"the client allows less", "stale-if-error=30", "stale-if-error=9", 503, 200},
	}
	for _, test := range tests {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			t.Run(method+" "+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := numbered("Cache-Control", "max-age=60, "+test.origin)
					c := cache.New(o, 1<<20)
					get(t, c, "/")
					time.Sleep(70 * time.Second)
					o.handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) }
					resp, _ := ask(t, c, method, "/", "Cache-Control", test.client)
					assert.Equal(t, test.want, resp.StatusCode)
					assert.Equal(t, 2, o.asked)
				})
			})
		}
	}
}

// A new answer that may not be stored was for nobody.
func TestStale_closesUnstored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unstored := &closes{Reader: strings.NewReader("x")}
		asked := 0
		c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
			if asked++; asked == 1 {
				return textResponse(req, "1", "Cache-Control", "max-age=60, stale-while-revalidate=30")
			}
			return &http.Response{StatusCode: 200, Body: unstored, Header: http.Header{"Cache-Control": {"private"}}, Request: req}, nil
		}), 1<<20)
		assert.Equal(t, "1", get(t, c, "/"))
		time.Sleep(61 * time.Second)
		assert.Equal(t, "1", get(t, c, "/"))
		synctest.Wait()
		c.Close()
		assert.Equal(t, 2, asked)
		assert.True(t, unstored.closed)
	})
}

// A body that is not used is closed.
func TestStale_closesBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bodies []*closes
		status := http.StatusOK
		c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
			bodies = append(bodies, &closes{Reader: http.NoBody})
			return &http.Response{StatusCode: status, ContentLength: -1, Body: bodies[len(bodies)-1], Request: req, Header: http.Header{
				"Cache-Control": {"max-age=60, stale-if-error=60, stale-while-revalidate=5"}, "Etag": {`"a"`},
			}}, nil
		}), 1<<20)
		ask(t, c, http.MethodGet, "/")
		for age, becomes := range map[time.Duration]int{62 * time.Second: 503, 63 * time.Second: 304} {
			time.Sleep(age) // within the window: closed in the background
			status = becomes
			assert.Equal(t, http.StatusOK, roundTrip(t, c, http.MethodGet))
			synctest.Wait()
			time.Sleep(10 * time.Second)
			assert.Equal(t, http.StatusOK, roundTrip(t, c, http.MethodGet))
			if becomes == 503 {
				assert.Equal(t, http.StatusOK, roundTrip(t, c, http.MethodHead))
			}
			status = http.StatusOK
			time.Sleep(time.Hour)
			roundTrip(t, c, http.MethodGet)
		}
		c.Close()
		for i, body := range bodies {
			assert.True(t, body.closed, i)
		}
	})
}

func roundTrip(t *testing.T, c *cache.Cache, method string) int {
	t.Helper()
	req := newRequest("/")
	req.Method = method
	resp, err := c.RoundTrip(req)
	require.NoError(t, err)
	resp.Body.Close()
	return resp.StatusCode
}
