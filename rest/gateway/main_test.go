package gateway_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gonotes/internal/memnet"
	"gonotes/rest/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// network has servers in memory, each at a host name.
type network struct{ memnet.Network }

// transport is gateway.Transport on this network.
func (n *network) transport() *http.Transport {
	transport := gateway.Transport()
	transport.DialContext = n.Dial
	return transport
}

// gzipped is a body that was compressed by the API.
var gzipped = func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, strings.Repeat("compressed ", 100))
	z.Close()
	return b.Bytes()
}()

var modified = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// api is a handler with an answer of every form that a layer could change.
func api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /sites/1", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Vary", "Accept")
		h.Set("Cache-Control", "private, max-age=60")
		if strings.Contains(r.Header.Get("Accept"), "xml") {
			h.Set("Content-Type", "application/xml")
			h.Set("ETag", `"x1"`)
			http.ServeContent(w, r, "", modified, strings.NewReader("<site><id>1</id></site>"))
			return
		}
		h.Set("Content-Type", "application/json")
		h.Set("ETag", `"j1"`)
		http.ServeContent(w, r, "", modified, strings.NewReader(`{"id":1,"name":"site"}`))
	})
	mux.HandleFunc("GET /sites/2", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"type":"about:blank","title":"Not Found","status":404}`)
	})
	mux.HandleFunc("GET /gzip", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(gzipped)
	})
	mux.HandleFunc("GET /untyped", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		fmt.Fprint(w, "<html>")
	})
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		for i := range 3 {
			fmt.Fprintln(w, "line", i)
			http.NewResponseController(w).Flush()
		}
	})
	mux.HandleFunc("GET /trailers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "Checksum")
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "content")
		http.NewResponseController(w).Flush() // else HTTP/2 has a Content-Length and HTTP/1.1 has not
		w.Header().Set("Checksum", "7")
		w.Header().Set(http.TrailerPrefix+"Unannounced", "8")
	})
	mux.HandleFunc("/echo/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("X-Request-Id", r.Header.Get("X-Request-Id"))
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		fmt.Fprintf(w, "%s %s %s %q checksum=%q", r.Method, r.Host, r.URL.RequestURI(), content, r.Trailer.Get("Checksum"))
	})
	return mux
}
