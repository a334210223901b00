package collector_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/collector"
)

// nowhere is a bus that takes everything at once.
type nowhere struct{}

func (nowhere) TryProduce(_ context.Context, r *kgo.Record, done func(*kgo.Record, error)) {
	done(r, nil)
}

// unheard is a ResponseWriter that writes nowhere.
type unheard http.Header

func (w unheard) Header() http.Header         { return http.Header(w) }
func (w unheard) Write(b []byte) (int, error) { return len(b), nil }
func (w unheard) WriteHeader(int)             {}

// contentOf is that of a request with so many events, from number n on.
func contentOf(n, events int) string {
	var content strings.Builder
	for i := n; i < n+events; i++ {
		if i > n {
			content.WriteByte(',')
		}
		fmt.Fprintf(&content, `{"id":"0190a6e0-0000-7000-8000-%012x","kind":"view","site":"s%d.example","path":"/articles/%d","referrer":"https://search.example/?q=x","visitor":"v%d"}`,
			i, i%100, i%1000, i*7%100_000)
	}
	if events == 1 {
		return content.String()
	}
	return "[" + content.String() + "]"
}

// What the handlers do with a request, without net/http and without a bus.
// Run: go test -run='^$' -bench=Events -count=10 ./microservices/collector
func BenchmarkEvents(b *testing.B) {
	c, err := collector.New(nowhere{}, hundredSites(), secret, nil, slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	for _, events := range []int{1, 100} {
		for _, impl := range []struct {
			name string
			http.Handler
		}{{"bare", http.HandlerFunc(bare)}, {"collector", c}} {
			b.Run(fmt.Sprintf("events=%d/impl=%s", events, impl.name), func(b *testing.B) {
				body := contentOf(0, events)
				r := newRequest(http.MethodPost, "/events", jsonType, strings.NewReader(body))
				content := strings.NewReader(body)
				r.Body = io.NopCloser(content)
				b.ReportAllocs()
				for b.Loop() {
					content.Reset(body)
					impl.ServeHTTP(unheard{}, r)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(events), "ns/event")
			})
		}
	}
}
