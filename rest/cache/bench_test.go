package cache_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"gonotes/rest/cache"
)

// What an answer from the store costs beside the handler itself, called
// without a network: content of size bytes, read to its end.
//
//	go test -run='^$' -bench=BenchmarkHit -count=10 ./rest/cache | benchstat -col /impl -
func BenchmarkHit(b *testing.B) {
	for _, size := range []int{100, 10_000, 1_000_000} {
		content := make([]byte, size)
		origin := handlerOrigin{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "max-age=3600")
			w.Header().Set("ETag", `"a"`)
			w.Write(content)
		})}
		c := cache.New(origin, 4<<20)
		for _, run := range []struct {
			impl      string
			transport http.RoundTripper
			known     string
			want      int64
		}{
			{"handler", origin, "", int64(size)},
			{"hit", c, "", int64(size)},
			{"hit304", c, `"a"`, 0},
		} {
			b.Run(fmt.Sprintf("size=%d/impl=%s", size, run.impl), func(b *testing.B) {
				req := newRequest("/")
				if _, err := c.RoundTrip(req); err != nil {
					b.Fatal(err)
				}
				if run.known != "" {
					req.Header.Set("If-None-Match", run.known)
				}
				b.ReportAllocs()
				for b.Loop() {
					resp, err := run.transport.RoundTrip(req)
					if err != nil {
						b.Fatal(err)
					}
					if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != run.want {
						b.Fatalf("read %d bytes, %v; want %d", n, err, run.want)
					}
				}
			})
		}
	}
}
