package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
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

// fleet is a balancer over replicas that answer with their names.
type fleet struct {
	network
	*gateway.Balancer
	servers map[string]*http.Server
	healthy map[string]*atomic.Bool
	checks  atomic.Int64
	log     bytes.Buffer
}

// newFleet starts the replicas, to run in a bubble. Their handler is own, or one
// that reads the content and answers with the replica's name.
func newFleet(t *testing.T, own func(name string) http.Handler, names ...string) *fleet {
	f := &fleet{servers: map[string]*http.Server{}, healthy: map[string]*atomic.Bool{}}
	var urls []string
	for _, name := range names {
		f.healthy[name] = new(atomic.Bool)
		f.healthy[name].Store(true)
		f.start(name, own)
		urls = append(urls, "http://"+name)
	}
	var err error
	f.Balancer, err = gateway.NewBalancer(gateway.Replicas{URLs: urls, HealthPath: "/health",
		Interval: 10 * time.Second, Timeout: time.Second, Transport: f.transport(),
		Log: slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "error" {
				return slog.Attr{}
			}
			return a
		}}))})
	require.NoError(t, err)
	synctest.Wait() // the first checks
	return f
}

func (f *fleet) start(name string, own func(name string) http.Handler) {
	handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s%s", name, content)
	}))
	if own != nil {
		handler = own(name)
	}
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		f.checks.Add(1)
		if !f.healthy[name].Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	f.servers[name] = f.Serve(name, &http.Server{Handler: mux})
}

func (f *fleet) stop() {
	f.Close()
	for _, server := range f.servers {
		server.Close()
	}
}

// send is the answer's content, or the error.
func (f *fleet) send(req *http.Request) string {
	resp, err := f.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

func (f *fleet) get(n int) string {
	var answers []string
	for range n {
		req, _ := http.NewRequest(http.MethodGet, "http://api.example/", nil)
		answers = append(answers, f.send(req))
	}
	return strings.Join(answers, " ")
}

// Requests go round all replicas, whoever sends them.
func TestBalancer_roundRobin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, nil, "a", "b", "c")
		defer f.stop()
		assert.Equal(t, "a b c a b c", f.get(6))
		var got []string
		for i := range 6 {
			req := httptest.NewRequest(http.MethodGet, "http://api.example/", nil)
			req.RequestURI = ""
			req.RemoteAddr = fmt.Sprint("192.0.2.", i%2, ":1")
			req.Header.Set("Cookie", "session=same")
			got = append(got, f.send(req))
		}
		assert.Equal(t, "a b c a b c", strings.Join(got, " "))
	})
}

// A replica that answers a check with other than 2xx is left out until it answers
// well again: nothing happens before the check, all of it at the check.
func TestBalancer_activeChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, nil, "a", "b")
		defer f.stop()
		f.healthy["a"].Store(false)
		time.Sleep(10*time.Second - 1)
		assert.Equal(t, "a b a b", f.get(4))
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		assert.Equal(t, "b b b b", f.get(4))
		f.healthy["a"].Store(true)
		time.Sleep(10*time.Second - 1)
		assert.Equal(t, "b b", f.get(2))
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		assert.Equal(t, "a b a b", f.get(4))
		assert.EqualValues(t, 6, f.checks.Load(), "two replicas, three checks each")
		assert.Equal(t, "level=WARN msg=\"replica is down\" replica=a\nlevel=INFO msg=\"replica is up\" replica=a\n", f.log.String())
	})
}

// A replica that does not answer a check in time is left out.
func TestBalancer_checkTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n network
		slow := n.Serve("slow", &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })})
		defer slow.Close()
		b, err := gateway.NewBalancer(gateway.Replicas{URLs: []string{"http://slow"}, HealthPath: "/", Interval: time.Minute,
			Timeout: time.Second, Transport: n.transport(), Log: quiet})
		require.NoError(t, err)
		defer b.Close()
		time.Sleep(time.Second)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = b.RoundTrip(httptest.NewRequestWithContext(ctx, http.MethodGet, "http://api.example/", nil))
		assert.EqualError(t, err, "gateway: no replica works, the next check is within 1m0s")
	})
}

// Any replica may be killed between two requests, and come back.
func TestBalancer_killedBetweenRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, nil, "a", "b", "c")
		defer f.stop()
		for _, name := range []string{"a", "b", "c"} {
			require.Equal(t, 1, strings.Count(f.get(3), name))
			f.servers[name].Close()
			got := f.get(6)
			assert.Equal(t, 0, strings.Count(got, name), got)
			assert.NotContains(t, got, "gateway")
			f.start(name, nil)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			assert.Equal(t, 2, strings.Count(f.get(6), name))
		}
	})
}

// A killed replica is out at once, without waiting for a check: only the first
// request that it misses has to try twice.
func TestBalancer_passive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, nil, "a", "b")
		defer f.stop()
		f.servers["a"].Close()
		assert.Equal(t, "b b b b", f.get(4))
		assert.Contains(t, f.log.String(), "replica is down")
		f.servers["b"].Close()
		want := "gateway: no replica works, the next check is within 10s"
		assert.Equal(t, want+" "+want, f.get(2))
	})
}

// A request on which a replica closes the connection is sent again if that does
// no harm, once to each other replica; it takes no replica out.
func TestBalancer_retries(t *testing.T) {
	for _, tt := range []struct {
		name    string
		method  string
		content func() io.Reader
		key     string
		want    int // replicas that see the request
	}{
		{name: "GET", method: "GET", want: 3},
		{name: "HEAD", method: "HEAD", want: 3},
		{name: "OPTIONS", method: "OPTIONS", want: 3},
		{name: "TRACE", method: "TRACE", want: 3},
		{name: "DELETE", method: "DELETE", want: 3},
		{name: "POST", method: "POST", want: 1},
		{name: "PATCH", method: "PATCH", want: 1},
		{name: "POST with key", method: "POST", key: "k", want: 3},
		{name: "PUT with GetBody", method: "PUT", content: func() io.Reader { return strings.NewReader("x") }, want: 3},
		{name: "PUT without GetBody", method: "PUT", content: func() io.Reader { return io.MultiReader(strings.NewReader("x")) }, want: 1},
		{name: "POST with GetBody", method: "POST", content: func() io.Reader { return strings.NewReader("x") }, want: 1},
		{name: "POST with GetBody and key", method: "POST", key: "k", content: func() io.Reader { return strings.NewReader("x") }, want: 3},
		{name: "POST with key, without GetBody", method: "POST", key: "k", content: func() io.Reader { return io.MultiReader(strings.NewReader("x")) }, want: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen sync.Map
				var count atomic.Int64
				f := newFleet(t, func(name string) http.Handler {
					return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						content, _ := io.ReadAll(r.Body)
						seen.Store(name, string(content))
						count.Add(1)
						panic(http.ErrAbortHandler)
					})
				}, "a", "b", "c")
				defer f.stop()
				var content io.Reader
				if tt.content != nil {
					content = tt.content()
				}
				req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://api.example/", content)
				require.NoError(t, err)
				if tt.key != "" {
					req.Header.Set("Idempotency-Key", tt.key)
				}
				_, err = f.RoundTrip(req)
				require.Error(t, err)
				assert.NotErrorAs(t, err, new(*gateway.NoReplicaError), "replicas were reached")
				replicas := 0
				seen.Range(func(name, got any) bool {
					replicas++
					if content != nil {
						assert.Equal(t, "x", got, "content at %s", name)
					}
					return true
				})
				assert.Equal(t, tt.want, replicas)
				assert.Empty(t, f.log.String(), "no replica is down")
			})
		})
	}
}

// What was never sent may be sent anew, whatever the method: its content is
// unread, and closed once.
func TestBalancer_refusedPost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, nil, "a", "b")
		defer f.stop()
		f.servers["a"].Close()
		synctest.Wait() // idle connections are noticed to be closed
		for range 2 {
			content := &counted{Reader: strings.NewReader("!")}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://api.example/", content)
			require.NoError(t, err)
			assert.Equal(t, "b!", f.send(req))
			synctest.Wait()
			assert.EqualValues(t, 1, content.closed.Load())
		}
		f.servers["b"].Close()
		synctest.Wait()
		content := &counted{Reader: strings.NewReader("!")}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://api.example/", content)
		require.NoError(t, err)
		assert.Contains(t, f.send(req), "no replica works")
		assert.EqualValues(t, 1, content.closed.Load())
	})
}

// The content of a request is closed also when the transport answered before it
// read any, or when the client went away.
func TestBalancer_closesUnread(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"early answer": func(*http.Request) (*http.Response, error) { return httptest.NewRecorder().Result(), nil },
		"cancelled":    func(r *http.Request) (*http.Response, error) { return nil, r.Context().Err() },
	} {
		t.Run(name, func(t *testing.T) {
			b, err := gateway.NewBalancer(gateway.Replicas{URLs: []string{"http://a"}, HealthPath: "/health", Interval: time.Hour, Timeout: time.Hour,
				Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == "/health" {
						return httptest.NewRecorder().Result(), nil
					}
					r.Body.Close()
					return answer(r)
				}), Log: quiet})
			require.NoError(t, err)
			defer b.Close()
			ctx, cancel := context.WithCancel(t.Context())
			if name == "cancelled" {
				cancel()
			}
			defer cancel()
			content := &counted{Reader: strings.NewReader("!")}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://api.example/", content)
			require.NoError(t, err)
			b.RoundTrip(req)
			assert.EqualValues(t, 1, content.closed.Load())
		})
	}
}

type counted struct {
	io.Reader
	closed atomic.Int64
}

func (c *counted) Close() error { c.closed.Add(1); return nil }

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A client that goes away is no reason to try other replicas, nor to leave one
// out.
func TestBalancer_clientGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Int64
		gone := make(chan struct{}, 2)
		f := newFleet(t, func(string) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				seen.Add(1)
				<-r.Context().Done()
				gone <- struct{}{}
			})
		}, "a", "b")
		defer f.stop()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://api.example/", nil)
		require.NoError(t, err)
		assert.Equal(t, "context canceled", f.send(req))
		<-gone
		assert.EqualValues(t, 1, seen.Load())
		assert.Empty(t, f.log.String())
	})
}

// The same when the client leaves while the connection is being made.
func TestBalancer_clientGoneInDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		tries := 0
		ctx, cancel := context.WithCancel(t.Context())
		b, err := gateway.NewBalancer(gateway.Replicas{URLs: []string{"http://a", "http://b"}, HealthPath: "/health", Interval: time.Hour, Timeout: time.Hour,
			Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path == "/health" {
					return httptest.NewRecorder().Result(), nil
				}
				tries++
				cancel()
				return nil, &net.OpError{Op: "dial", Err: r.Context().Err()}
			}), Log: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err)
		defer b.Close()
		synctest.Wait()
		_, err = b.RoundTrip(httptest.NewRequestWithContext(ctx, http.MethodGet, "http://api.example/", nil))
		assert.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 1, tries)
		assert.Empty(t, log.String())
	})
}

// A replica killed in the middle of its answer gives an error, not a short body,
// also when the length was not known beforehand and with a proxy in between.
func TestBalancer_killedDuringAnswer(t *testing.T) {
	for _, length := range []string{"", "100"} {
		t.Run("length="+length, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				half := make(chan struct{})
				f := newFleet(t, func(string) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if length != "" {
							w.Header().Set("Content-Length", length)
						}
						fmt.Fprint(w, "half")
						http.NewResponseController(w).Flush()
						close(half)
						<-r.Context().Done()
					})
				}, "a")
				defer f.stop()
				front := f.Serve("front", &http.Server{Handler: gateway.Proxy(f, quiet)})
				defer front.Close()
				transport := f.transport()
				defer transport.CloseIdleConnections()
				resp, err := (&http.Client{Transport: transport}).Get("http://front/")
				require.NoError(t, err)
				defer resp.Body.Close()
				<-half
				f.servers["a"].Close()
				content, err := io.ReadAll(resp.Body)
				assert.Equal(t, "half", string(content))
				assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			})
		})
	}
}

// Many requests at once are spread evenly while a replica dies, and none fails.
func TestBalancer_concurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, nil, "a", "b", "c")
		defer f.stop()
		var wg sync.WaitGroup
		var failed atomic.Int64
		for range 20 {
			wg.Go(func() {
				for range 10 {
					if got := f.get(1); len(got) != 1 {
						failed.Add(1)
					}
				}
			})
		}
		f.servers["b"].Close()
		wg.Wait()
		assert.Zero(t, failed.Load())
	})
}

// The Host that the client named arrives at the replica, and the caller's request
// is not changed.
func TestBalancer_leavesRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, func(string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) })
		}, "a")
		defer f.stop()
		req := &http.Request{Method: http.MethodGet, URL: mustURL("https://api.example/x"), Header: http.Header{}}
		assert.Equal(t, "api.example", f.send(req))
		req.Host = "other.example"
		assert.Equal(t, "other.example", f.send(req))
		assert.Equal(t, "https://api.example/x", req.URL.String())
		assert.Nil(t, req.Body)
	})
}

// No check follows Close, and Close may come twice.
func TestBalancer_close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, nil, "a")
		defer f.stop()
		f.Close()
		time.Sleep(time.Hour)
		assert.EqualValues(t, 1, f.checks.Load())
		assert.Equal(t, "a", f.get(1), "requests still pass")
		f.Close()
		assert.Empty(t, f.log.String(), "a check that Close ends says nothing about the replica")
	})
}

// Close during a check ends the check, which says nothing about the replica.
func TestBalancer_closeDuringCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b, err := gateway.NewBalancer(gateway.Replicas{URLs: []string{"http://a"}, HealthPath: "/", Interval: time.Hour, Timeout: time.Hour,
			Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}), Log: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err)
		synctest.Wait()
		start := time.Now()
		b.Close()
		assert.Zero(t, time.Since(start))
		assert.Empty(t, log.String())
	})
}

func TestNewBalancer_errors(t *testing.T) {
	for _, tt := range []struct {
		change func(*gateway.Replicas)
		want   string
	}{
		{func(r *gateway.Replicas) { r.URLs = nil }, "gateway: Replicas.URLs is empty, want at least one URL"},
		{func(r *gateway.Replicas) { r.URLs[1] = "a.example:80" }, `gateway: Replicas.URLs[1] "a.example:80" has the scheme "a.example", want http or https`},
		{func(r *gateway.Replicas) { r.URLs[1] = "ftp://a.example" }, `gateway: Replicas.URLs[1] "ftp://a.example" has the scheme "ftp", want http or https`},
		{func(r *gateway.Replicas) { r.URLs[0] = "http://" }, `gateway: Replicas.URLs[0] "http://" has no host`},
		{func(r *gateway.Replicas) { r.URLs[0] = "http://:80" }, `gateway: Replicas.URLs[0] "http://:80" has no host`},
		{func(r *gateway.Replicas) { r.URLs[0] = "http://a\x00" }, `gateway: Replicas.URLs[0]: parse "http://a\x00": net/url: invalid control character in URL`},
		{func(r *gateway.Replicas) { r.URLs[0] = "http://a/v1" }, `gateway: Replicas.URLs[0] "http://a/v1" has more than scheme and host`},
		{func(r *gateway.Replicas) { r.URLs[0] = "http://me@a" }, `gateway: Replicas.URLs[0] "http://me@a" has more than scheme and host`},
		{func(r *gateway.Replicas) { r.URLs[0] = "http://a?x" }, `gateway: Replicas.URLs[0] "http://a?x" has more than scheme and host`},
		{func(r *gateway.Replicas) { r.URLs[1] = r.URLs[0] }, `gateway: Replicas.URLs[1] "http://a.example" is there twice`},
		{func(r *gateway.Replicas) { r.HealthPath = "" }, `gateway: Replicas.HealthPath is "", want a path that starts with /`},
		{func(r *gateway.Replicas) { r.HealthPath = "health" }, `gateway: Replicas.HealthPath is "health", want a path that starts with /`},
		{func(r *gateway.Replicas) { r.HealthPath = "http://a/health" }, `gateway: Replicas.HealthPath is "http://a/health", want a path that starts with /`},
		{func(r *gateway.Replicas) { r.Interval = 0 }, "gateway: Replicas.Interval is 0s, want more than 0"},
		{func(r *gateway.Replicas) { r.Timeout = -time.Second }, "gateway: Replicas.Timeout is -1s, want more than 0"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			r := gateway.Replicas{URLs: []string{"http://a.example", "http://b.example/"}, HealthPath: "/health", Interval: time.Second, Timeout: time.Second}
			tt.change(&r)
			b, err := gateway.NewBalancer(r)
			if b != nil {
				b.Close()
			}
			assert.EqualError(t, err, tt.want)
		})
	}
}
