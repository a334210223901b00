package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/memnet"
	"gonotes/rest/api"
	"gonotes/rest/store"
)

// server is api.Serve on a network in memory.
type server struct {
	*memnet.Listener
	stop   context.CancelFunc
	served chan error
}

func serve(t *testing.T, h http.Handler) *server {
	ctx, stop := context.WithCancel(t.Context())
	s := &server{memnet.Listen(), stop, make(chan error, 1)}
	go func() { s.served <- api.Serve(ctx, s, h, quiet) }()
	return s
}

func newAPI(s store.Store) http.Handler { return api.New(s, quiet) }

// close stops the server and waits for its end.
func (s *server) close() {
	s.stop()
	<-s.served
}

func (s *server) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := s.Dial(t.Context(), "", "")
	require.NoError(t, err)
	return conn
}

// post has a header that says that much content comes.
func post(length int) string {
	return fmt.Sprintf("POST /accounts HTTP/1.1\r\nHost: api.example\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", length)
}

// receive reads an answer, which the contract has, to a request.
func receive(t *testing.T, from io.Reader, method, target string) answer {
	t.Helper()
	r := request(t, method, target, "")
	resp, err := http.ReadResponse(bufio.NewReader(from), r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	got := answer{resp.StatusCode, resp.Header, string(body)}
	_, err = breach(r, got)
	assert.NoError(t, err)
	return got
}

// A header has 5 seconds, however it comes. net/http answers when half a line is
// there, and else says nothing.
func TestServe_slowHeader(t *testing.T) {
	for _, test := range []struct{ name, in, then, want string }{
		{"first line", "", post(0), "HTTP/1.1 400 Bad Request"},
		{"fields", "GET /accounts HTTP/1.1\r\n", "Host: api.example\r\n", ""},
		{"nothing", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, newAPI(store.NewMemory()))
				defer s.close()
				conn := s.dial(t)
				defer conn.Close()
				var writer sync.WaitGroup
				defer writer.Wait()
				writer.Go(func() {
					io.WriteString(conn, test.in)
					byteByByte(conn, test.then)
				})
				began := time.Now()
				got, err := io.ReadAll(conn)
				assert.NoError(t, err)
				assert.Equal(t, 5*time.Second, time.Since(began))
				line, _, _ := strings.Cut(string(got), "\r\n")
				assert.Equal(t, test.want, line)
			})
		})
	}
}

// byteByByte writes a byte each second, until it cannot.
func byteByByte(w io.Writer, text string) {
	for _, b := range []byte(text) {
		if _, err := w.Write([]byte{b}); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// Content that does not come in time is answered with 408, and the connection is closed.
func TestServe_slowContent(t *testing.T) {
	for _, test := range []struct {
		name string
		in   func(io.Writer)
	}{
		{"stalls at once", func(io.Writer) {}},
		{"stalls later", func(w io.Writer) { io.WriteString(w, account[:10]) }},
		{"byte by byte", func(w io.Writer) { byteByByte(w, account) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, newAPI(store.NewMemory()))
				defer s.close()
				conn := s.dial(t)
				defer conn.Close()
				began := time.Now()
				io.WriteString(conn, post(len(account)))
				var writer sync.WaitGroup
				defer writer.Wait()
				writer.Go(func() { test.in(conn) })
				got := receive(t, conn, http.MethodPost, "/accounts")
				assert.Equal(t, http.StatusRequestTimeout, got.status)
				assert.Equal(t, api.Timeout, time.Since(began))
				_, err := conn.Read(make([]byte, 1))
				assert.ErrorIs(t, err, io.EOF)
			})
		})
	}
}

// Content that comes in time, slowly, is taken; the connection then waits for the
// next request as after any other.
func TestServe_contentInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, newAPI(store.NewMemory()))
		defer s.close()
		conn := s.dial(t)
		defer conn.Close()
		for range 2 {
			io.WriteString(conn, post(len(account)))
			time.Sleep(api.Timeout - time.Second)
			io.WriteString(conn, account)
			assert.Equal(t, http.StatusCreated, receive(t, conn, http.MethodPost, "/accounts").status)
			time.Sleep(30 * time.Second)
		}
	})
}

// The store has what is left of the time; when that is over the answer is 503.
func TestServe_slowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, newAPI(&sick{store.NewMemory(), hang}))
		defer s.close()
		conn := s.dial(t)
		defer conn.Close()
		began := time.Now()
		io.WriteString(conn, post(len(account)))
		time.Sleep(api.Timeout - time.Second)
		io.WriteString(conn, account)
		assert.Equal(t, http.StatusServiceUnavailable, receive(t, conn, http.MethodPost, "/accounts").status)
		assert.Equal(t, api.Timeout, time.Since(began))
	})
}

// deadlines remembers the read deadlines of a connection.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

// Content is read until the request's time is over. The deadline ends with the
// content: it would else cancel the request at the instant at which it times out,
// and 503 could be 500.
func TestServe_deadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		newAPI(store.NewMemory()).ServeHTTP(w, request(t, http.MethodPost, "/accounts", account))
		assert.Equal(t, http.StatusCreated, w.Code)
		assert.Equal(t, []time.Time{time.Now().Add(api.Timeout), {}}, w.set)
	})
}

// A client that does not read its answer loses the connection.
func TestServe_unread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, newAPI(store.NewMemory()))
		defer s.close()
		conn := s.dial(t)
		defer conn.Close()
		io.WriteString(conn, "GET /openapi.yaml HTTP/1.1\r\nHost: api.example\r\n\r\n")
		time.Sleep(21 * time.Second)
		got, err := io.ReadAll(conn)
		assert.NoError(t, err)
		assert.Less(t, len(got), 1000, "the rest of the answer is not sent")
	})
}

// A connection without requests is closed after a minute.
func TestServe_idle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, newAPI(store.NewMemory()))
		defer s.close()
		conn := s.dial(t)
		defer conn.Close()
		io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: api.example\r\n\r\n")
		assert.Equal(t, http.StatusOK, receive(t, conn, http.MethodGet, "/health").status)
		began := time.Now()
		_, err := conn.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
		assert.Equal(t, time.Minute, time.Since(began))
	})
}

// More header fields than 16 KiB are refused.
func TestServe_headerSize(t *testing.T) {
	for _, test := range []struct {
		name string
		in   int
		want int
	}{{"less", 15 << 10, 200}, {"more", 17 << 10, 431}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, newAPI(store.NewMemory()))
				defer s.close()
				conn := s.dial(t)
				defer conn.Close()
				go fmt.Fprintf(conn, "GET /health HTTP/1.1\r\nHost: api.example\r\nX: %s\r\n\r\n", strings.Repeat("x", test.in))
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				require.NoError(t, err)
				assert.Equal(t, test.want, resp.StatusCode)
			})
		})
	}
}

// slow returns a store that takes that long, whatever the context says, and
// tells when it was asked.
func slow(d time.Duration) (store.Store, <-chan struct{}) {
	asked := make(chan struct{}, 1)
	return &sick{store.NewMemory(), func(context.Context) error {
		asked <- struct{}{}
		time.Sleep(d)
		return nil
	}}, asked
}

// A server that is stopped ends the request under way and refuses others.
func TestServe_stop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slowStore, asked := slow(4 * time.Second)
		s := serve(t, newAPI(slowStore))
		idle := s.dial(t)
		defer idle.Close()
		io.WriteString(idle, "GET /health HTTP/1.1\r\nHost: api.example\r\n\r\n")
		receive(t, idle, http.MethodGet, "/health")
		conn := s.dial(t)
		defer conn.Close()
		var wg sync.WaitGroup
		wg.Go(func() {
			io.WriteString(conn, "GET /accounts HTTP/1.1\r\nHost: api.example\r\n\r\n")
			got := receive(t, conn, http.MethodGet, "/accounts")
			assert.Equal(t, http.StatusOK, got.status)
		})
		<-asked
		s.stop()
		synctest.Wait()
		_, err := s.Dial(t.Context(), "", "")
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		_, err = idle.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
		select {
		case err := <-s.served:
			t.Errorf("Serve returned %v while a request was under way", err)
		default:
		}
		wg.Wait()
		assert.NoError(t, <-s.served)
	})
}

// A request that takes longer than the grace is cut off, and Serve says so.
func TestServe_graceOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slowStore, asked := slow(api.Grace + 5*time.Second)
		s := serve(t, newAPI(slowStore))
		conn := s.dial(t)
		defer conn.Close()
		io.WriteString(conn, "GET /accounts HTTP/1.1\r\nHost: api.example\r\n\r\n")
		<-asked
		began := time.Now()
		s.stop()
		assert.ErrorIs(t, <-s.served, context.DeadlineExceeded)
		assert.Equal(t, api.Grace, time.Since(began))
		_, err := conn.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
		time.Sleep(5 * time.Second) // the store ends, and with it the bubble
	})
}

// A listener that fails ends Serve with its error.
func TestServe_listener(t *testing.T) {
	l := memnet.Listen()
	require.NoError(t, l.Close())
	assert.ErrorIs(t, api.Serve(t.Context(), l, http.NotFoundHandler(), quiet), net.ErrClosed)
}
