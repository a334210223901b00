package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"gonotes/rest/problem"
)

// pseudonym names the gateway in Via (RFC 9110 §7.6.3).
const pseudonym = "gonotes"

// Proxy returns a handler that answers with what origin answers: a [Balancer], a
// cache before one, or a transport if requests have absolute URLs. The target,
// Host and content of a request, and all of a response, pass as they are. What
// belongs to one connection does not pass (RFC 9110 §7.6.1), Via grows by this
// hop in both directions, and X-Forwarded-For by the address of the peer.
// Forwarded and the other X-Forwarded fields pass as the hop before sent them;
// see [Forwarded]. Each part of a response is flushed as it comes. The request to
// the origin ends when the client goes away.
//
// If origin fails, the answer is a problem: 502, 503 with Retry-After when it is
// a [NoReplicaError], 504 when it was a timeout, 400 or 413 when it was the
// client's body that could not be read. If origin fails in the middle of a
// response the connection to the client is aborted. log is told about both; nil
// is slog.Default().
func Proxy(origin http.RoundTripper, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	proxy := &httputil.ReverseProxy{
		Transport:     origin,
		Rewrite:       rewrite,
		FlushInterval: -1,
		BufferPool:    &buffers{},
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ModifyResponse: func(resp *http.Response) error {
			resp.Header.Add("Via", via(resp.ProtoMajor, resp.ProtoMinor))
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) { fail(w, r, err, log) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil // else net/http guesses one where the API sent none
		// Else the start of the answer closes a body that the transport may still
		// read, which then breaks its connection and cuts the answer short.
		http.NewResponseController(w).EnableFullDuplex() // HTTP/2 is, and has an error to say so
		proxy.ServeHTTP(w, r)
	})
}

func rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host = "http", r.In.Host
	if r.In.TLS != nil {
		r.Out.URL.Scheme = "https"
	}
	r.Out.URL.RawQuery = r.In.URL.RawQuery // ReverseProxy drops what it cannot parse
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
	if addr, ok := peer(r.In); ok {
		before := append(r.In.Header.Values("X-Forwarded-For"), addr.String())
		r.Out.Header.Set("X-Forwarded-For", strings.Join(before, ", "))
	}
	r.Out.Header.Add("Via", via(r.In.ProtoMajor, r.In.ProtoMinor))
	if r.Out.Body != nil {
		r.Out.Body = &received{ReadCloser: r.Out.Body}
		r.Out.Trailer = r.In.Trailer // filled when the body has been read
	}
}

// via is the element for a message that came in the given version of HTTP.
func via(major, minor int) string {
	if major >= 2 {
		return strconv.Itoa(major) + " " + pseudonym
	}
	return strconv.Itoa(major) + "." + strconv.Itoa(minor) + " " + pseudonym
}

// received is a client's body that remembers why it could not be read.
type received struct {
	io.ReadCloser
	err atomic.Pointer[error]
}

func (b *received) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

// fail answers the request r, which origin could not.
func fail(w http.ResponseWriter, r *http.Request, err error, log *slog.Logger) {
	status, detail := http.StatusBadGateway, "The API closed the connection before it answered. Whether it did what was asked is unknown."
	timeout, isNet := errors.AsType[net.Error](err)
	if b, ok := r.Body.(*received); ok && b.err.Load() != nil {
		err = *b.err.Load()
		status, detail = http.StatusBadRequest, "The content of the request could not be read: "+err.Error()+"."
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status, detail = http.StatusRequestEntityTooLarge, "The content is longer than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes."
		}
	} else if none, ok := errors.AsType[*NoReplicaError](err); ok {
		status, detail = http.StatusServiceUnavailable, "No replica of the API works at the moment."
		problem.RetryAfter(w, none.RetryAfter)
	} else if errors.Is(err, context.DeadlineExceeded) || isNet && timeout.Timeout() {
		status, detail = http.StatusGatewayTimeout, "The API did not answer in time. Whether it did what was asked is unknown."
	}
	if r.Context().Err() == nil { // else the client went away
		log.Warn("request failed", "method", r.Method, "path", r.URL.Path, "status", status,
			"request_id", r.Header.Get("X-Request-Id"), "error", err)
	}
	problem.Write(w, status, detail)
}

// buffers keeps what ReverseProxy copies with.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[32 << 10]byte); ok {
		return p[:]
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(p []byte) { b.pool.Put((*[32 << 10]byte)(p)) }
