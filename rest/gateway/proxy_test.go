package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/gateway"
)

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// origin answers like handler, without a network.
func origin(handler http.Handler) transportFunc {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		resp := w.Result()
		resp.ProtoMajor, resp.ProtoMinor = 1, 1
		return resp, nil
	}
}

// What is between two ends of one connection stays there; all else passes, with
// this hop noted.
func TestProxy_fields(t *testing.T) {
	var seen http.Header
	handler := gateway.Proxy(origin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("Keep-Alive", "timeout=5")
		w.Header().Set("X-Request-Id", "r-1")
		w.Header().Add("Via", "1.1 inner")
	})), quiet)
	r := httptest.NewRequest(http.MethodGet, "http://api.example/", nil)
	r.RemoteAddr = "192.0.2.7:1234"
	for name, value := range map[string]string{
		"Connection": "X-Mine, keep-alive", "X-Mine": "1", "Keep-Alive": "timeout=5", "Te": "gzip", "Proxy-Authorization": "secret",
		"X-Request-Id": "r-1", "Authorization": "Bearer 1", "If-None-Match": `"1"`, "Via": "1.0 outer",
		"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "h", "Forwarded": "for=198.51.100.1",
	} {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	assert.Equal(t, http.Header{
		"X-Request-Id": {"r-1"}, "Authorization": {"Bearer 1"}, "If-None-Match": {`"1"`}, "User-Agent": {""},
		"X-Forwarded-For": {"198.51.100.1, 192.0.2.7"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"h"},
		"Forwarded": {"for=198.51.100.1"}, "Via": {"1.0 outer", "1.1 gonotes"},
	}, seen)
	assert.Equal(t, http.Header{"X-Request-Id": {"r-1"}, "Via": {"1.1 inner", "1.1 gonotes"}, "Content-Type": nil}, w.Header())
}

// Via names the version of HTTP that the message came in.
func TestProxy_via(t *testing.T) {
	for _, tt := range []struct {
		major, minor int
		want         string
	}{{1, 0, "1.0 gonotes"}, {1, 1, "1.1 gonotes"}, {2, 0, "2 gonotes"}, {3, 0, "3 gonotes"}} {
		var seen string
		handler := gateway.Proxy(transportFunc(func(r *http.Request) (*http.Response, error) {
			seen = r.Header.Get("Via")
			return &http.Response{StatusCode: 200, ProtoMajor: tt.major, ProtoMinor: tt.minor, Header: http.Header{}, Body: http.NoBody}, nil
		}), quiet)
		r := httptest.NewRequest(http.MethodGet, "http://api.example/", nil)
		r.ProtoMajor, r.ProtoMinor = tt.major, tt.minor
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		assert.Equal(t, tt.want, seen)
		assert.Equal(t, tt.want, w.Header().Get("Via"))
	}
}

// The target reaches the origin as the client wrote it, with its Host.
func TestProxy_target(t *testing.T) {
	for _, target := range []string{"/", "/a/../b", "//a", "/a%2Fb", "/a?x=1;y=2", "/a?%zz", "/a?", "/%C3%A4?q=%20+"} {
		var got *http.Request
		handler := gateway.Proxy(transportFunc(func(r *http.Request) (*http.Response, error) {
			got = r
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
		}), quiet)
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: api.example\r\n\r\n")))
		require.NoError(t, err)
		handler.ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, target, got.URL.RequestURI())
		assert.Equal(t, "api.example", got.Host)
		assert.Equal(t, "http://api.example", got.URL.Scheme+"://"+got.URL.Host)
	}
}

// Every part of an answer arrives when it is written, also if the length of the
// whole is known beforehand.
func TestProxy_streams(t *testing.T) {
	for _, length := range []string{"", "9"} {
		t.Run("length="+length, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n network
				api := n.Serve("api", &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if length != "" {
						w.Header().Set("Content-Length", length)
					}
					for i := range 3 {
						if i > 0 {
							time.Sleep(time.Minute)
						}
						fmt.Fprintf(w, "p%d\n", i)
						http.NewResponseController(w).Flush()
					}
				})})
				defer api.Close()
				transport := n.transport()
				defer transport.CloseIdleConnections()
				front := n.Serve("front", &http.Server{Handler: gateway.Proxy(transportFunc(func(r *http.Request) (*http.Response, error) {
					r.URL.Host = "api"
					return transport.RoundTrip(r)
				}), quiet)})
				defer front.Close()
				resp, err := (&http.Client{Transport: transport}).Get("http://front/")
				require.NoError(t, err)
				defer resp.Body.Close()
				start := time.Now()
				lines := bufio.NewScanner(resp.Body)
				for i := range 3 {
					require.True(t, lines.Scan())
					assert.Equal(t, fmt.Sprintf("p%d", i), lines.Text())
					assert.Equal(t, time.Duration(i)*time.Minute, time.Since(start))
				}
			})
		})
	}
}

// When the client goes away, the request at the API ends.
func TestProxy_clientGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ended := make(chan error, 1)
		var n network
		front := n.Serve("front", &http.Server{Handler: gateway.Proxy(transportFunc(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			ended <- r.Context().Err()
			return nil, r.Context().Err()
		}), slog.New(slog.NewTextHandler(&log, nil)))})
		defer front.Close()
		transport := n.transport()
		defer transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://front/", nil)
		require.NoError(t, err)
		_, err = transport.RoundTrip(req)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, <-ended, context.Canceled)
		synctest.Wait()
		assert.Empty(t, log.String(), "that a client left is no failure")
	})
}

// What went wrong decides about the status, and the log is told.
func TestProxy_problems(t *testing.T) {
	for _, tt := range []struct {
		name    string
		err     error
		content io.Reader
		want    int
		retry   string
	}{
		{name: "broken", err: io.ErrUnexpectedEOF, want: 502},
		{name: "no replica", err: fmt.Errorf("wrapped: %w", &gateway.NoReplicaError{RetryAfter: 1500 * time.Millisecond}), want: 503, retry: "2"},
		{name: "deadline", err: context.DeadlineExceeded, want: 504},
		{name: "net timeout", err: os.ErrDeadlineExceeded, want: 504},
		{name: "client's content", err: io.ErrClosedPipe, content: failing{errors.New("bad chunk")}, want: 400},
		{name: "client's content is too long", err: io.ErrClosedPipe, content: failing{&http.MaxBytesError{Limit: 7}}, want: 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			handler := gateway.Proxy(transportFunc(func(r *http.Request) (*http.Response, error) {
				if r.Body != nil {
					io.Copy(io.Discard, r.Body)
				}
				return nil, tt.err
			}), slog.New(slog.NewTextHandler(&log, nil)))
			r := httptest.NewRequest(http.MethodGet, "http://api.example/sites?secret=1", tt.content)
			r.Header.Set("X-Request-Id", "r-1")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			assert.Equal(t, tt.want, w.Code)
			assert.Equal(t, tt.retry, w.Header().Get("Retry-After"))
			isProblem(t, w)
			assert.Contains(t, log.String(), fmt.Sprintf(`msg="request failed" method=GET path=/sites status=%d request_id=r-1`, tt.want))
			assert.NotContains(t, log.String(), "secret")
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// isProblem checks that w holds problem details that no cache keeps.
func isProblem(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Equal(t, fmt.Sprint(w.Body.Len()), w.Header().Get("Content-Length"))
	var got struct {
		Type, Title, Detail string
		Status              int
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	assert.Equal(t, "about:blank", got.Type)
	assert.Equal(t, http.StatusText(w.Code), got.Title)
	assert.Equal(t, w.Code, got.Status)
	assert.NotEmpty(t, got.Detail)
}

// A malformed content is the client's fault also over a network.
func TestProxy_badChunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, nil, "a")
		defer f.stop()
		front := f.Serve("front", &http.Server{Handler: gateway.Proxy(f, quiet)})
		defer front.Close()
		conn, err := f.Dial(t.Context(), "tcp", "front:80")
		require.NoError(t, err)
		defer conn.Close()
		go io.WriteString(conn, "POST / HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		defer resp.Body.Close()
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
		assert.Empty(t, f.log.String())
		time.Sleep(time.Minute) // the servers wait before they close, lest the answer is lost
	})
}

// An answer that comes before the whole content of the request was read arrives
// as a whole.
func TestProxy_earlyAnswer(t *testing.T) {
	want := strings.Repeat("too much ", 5000)
	for _, read := range []int64{0, 1000, 100_000, 200_000} {
		t.Run(fmt.Sprintf("read=%d", read), func(t *testing.T) {
			client := connect(t, layers["balancer"](t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/health" {
					return
				}
				io.CopyN(io.Discard, r.Body, read)
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				io.WriteString(w, want)
			})))
			for range 20 {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://tls.example/", strings.NewReader(strings.Repeat("x", 200_000)))
				require.NoError(t, err)
				resp, err := client.RoundTrip(req)
				require.NoError(t, err)
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				require.NoError(t, err)
				require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
				require.Len(t, got, len(want))
			}
		})
	}
}

// The way to the API asks for no compression and keeps its connections.
func TestTransport(t *testing.T) {
	transport := gateway.Transport()
	assert.True(t, transport.DisableCompression)
	assert.Nil(t, transport.Proxy)
	assert.Greater(t, transport.MaxIdleConnsPerHost, 2)
}
