package gateway_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/gateway"
)

var nothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

func limited(t testing.TB, l gateway.Limit) func(peer string) *httptest.ResponseRecorder {
	limit, err := gateway.NewRateLimit(l)
	require.NoError(t, err)
	handler := limit.Limit(nothing)
	return func(peer string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
}

// A burst passes, then a request every 1/rate; Retry-After says when, and at that
// time, not before the second before it, the request passes.
func TestRateLimit_retryAfter(t *testing.T) {
	for _, tt := range []struct {
		rate  float64
		burst int
		want  string
	}{{1, 1, "1"}, {0.1, 2, "10"}, {3, 2, "1"}, {0.7, 3, "2"}, {1.0 / 49, 1, "49"}, {1.0 / 3, 1, "3"}} {
		t.Run(fmt.Sprintf("rate=%.3f burst=%d", tt.rate, tt.burst), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				send := limited(t, gateway.Limit{Rate: tt.rate, Burst: tt.burst, Clients: 10})
				for range tt.burst {
					require.Equal(t, 200, send("192.0.2.1:1").Code)
				}
				for range 3 { // a refused request takes no token
					w := send("192.0.2.1:2")
					assert.Equal(t, 429, w.Code)
					assert.Equal(t, tt.want, w.Header().Get("Retry-After"))
					isProblem(t, w)
				}
				assert.Equal(t, 200, send("192.0.2.2:1").Code, "another client")
				wait, _ := strconv.Atoi(tt.want)
				time.Sleep(time.Duration(wait-1) * time.Second)
				w := send("192.0.2.1:1")
				assert.Equal(t, 429, w.Code)
				assert.Equal(t, "1", w.Header().Get("Retry-After"))
				time.Sleep(time.Second)
				assert.Equal(t, 200, send("192.0.2.1:1").Code)
			})
		})
	}
}

// Whatever the rate, and however the client waits, a request at the time that
// Retry-After names passes.
func TestRateLimit_retryAfterHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for i := range 200 {
			send := limited(t, gateway.Limit{Rate: 1 / float64(i+1), Burst: 1, Clients: 1})
			send("192.0.2.1:1")
			time.Sleep(time.Duration(i*i) * time.Millisecond / 7)
			w := send("192.0.2.1:1")
			if w.Code == 200 {
				w = send("192.0.2.1:1")
			}
			require.Equal(t, 429, w.Code)
			wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
			require.NoError(t, err)
			time.Sleep(time.Duration(wait) * time.Second)
			require.Equal(t, 200, send("192.0.2.1:1").Code, "rate 1/%d, waited %d s", i+1, wait)
		}
	})
}

// Requests at once share the bucket exactly.
func TestRateLimit_concurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		send := limited(t, gateway.Limit{Rate: 1, Burst: 50, Clients: 10})
		var passed atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 20 {
					if send("192.0.2.1:1").Code == 200 {
						passed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		assert.EqualValues(t, 50, passed.Load())
	})
}

// The client that was silent longest is forgotten, not one that keeps sending.
func TestRateLimit_forgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		send := limited(t, gateway.Limit{Rate: 0.001, Burst: 1, Clients: 2})
		require.Equal(t, 200, send("192.0.2.1:1").Code)
		require.Equal(t, 200, send("192.0.2.2:1").Code)
		require.Equal(t, 429, send("192.0.2.1:1").Code, "1 is the one that came last")
		require.Equal(t, 200, send("192.0.2.3:1").Code, "2 is forgotten")
		assert.Equal(t, 429, send("192.0.2.1:1").Code)
		assert.Equal(t, 200, send("192.0.2.2:1").Code)
	})
}

// A flood of a million clients with long keys leaves no more memory behind than
// the clients remembered need.
func TestRateLimit_bounded(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	var key string
	limit, err := gateway.NewRateLimit(gateway.Limit{Rate: 1, Burst: 1, Clients: 1000, Key: func(*http.Request) string { return key }})
	require.NoError(t, err)
	handler := limit.Limit(nothing)
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	long := strings.Repeat("x", 1000)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range n {
		key = strconv.Itoa(i) + long
		handler.ServeHTTP(w, r)
	}
	key = ""
	grown := int64(heap()) - int64(before)
	assert.Less(t, grown, int64(700_000), "1000 clients, not their keys of 1 kB")
	runtime.KeepAlive(handler)
}

func TestClientKey(t *testing.T) {
	for _, tt := range []struct{ peer, want string }{
		{"192.0.2.1:1234", "192.0.2.1"},
		{"[::ffff:192.0.2.1]:1234", "192.0.2.1"},
		{"[2001:db8:1:2:3:4:5:6]:1234", "2001:db8:1:2::/64"},
		{"[2001:db8:1:2:ffff::]:9", "2001:db8:1:2::/64"},
		{"[fe80::1%eth0]:9", "fe80::/64"},
		{"pipe", "pipe"},
	} {
		assert.Equal(t, tt.want, gateway.ClientKey(&http.Request{RemoteAddr: tt.peer}))
	}
}

func TestNewRateLimit_errors(t *testing.T) {
	for _, tt := range []struct {
		limit gateway.Limit
		want  string
	}{
		{gateway.Limit{Rate: 0, Burst: 1, Clients: 1}, "gateway: Limit.Rate is 0, want a finite number above 0"},
		{gateway.Limit{Rate: -1, Burst: 1, Clients: 1}, "gateway: Limit.Rate is -1, want a finite number above 0"},
		{gateway.Limit{Rate: math.NaN(), Burst: 1, Clients: 1}, "gateway: Limit.Rate is NaN, want a finite number above 0"},
		{gateway.Limit{Rate: math.Inf(1), Burst: 1, Clients: 1}, "gateway: Limit.Rate is +Inf, want a finite number above 0"},
		{gateway.Limit{Rate: 1, Burst: 0, Clients: 1}, "gateway: Limit.Burst is 0, want at least 1"},
		{gateway.Limit{Rate: 1, Burst: 1, Clients: 0}, "gateway: Limit.Clients is 0, want at least 1"},
	} {
		_, err := gateway.NewRateLimit(tt.limit)
		assert.EqualError(t, err, tt.want)
	}
}
