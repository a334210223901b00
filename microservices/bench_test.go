package microservices_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// What it costs to hand an event over by the bus, durably, and by a call that keeps
// nothing; 64 at once.
//
//	go test -run='^$' -bench=LooselyCoupled ./microservices
func BenchmarkLooselyCoupled(b *testing.B) {
	for _, bench := range []struct {
		name string
		take func(b *testing.B) http.Handler
	}{
		{"by=bus", func(b *testing.B) http.Handler { return newCollector(b, newBus(b), nil) }},
		{"by=call", func(b *testing.B) http.Handler {
			p := calling(b)
			b.Cleanup(p.consume())
			return p.take
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			take := bench.take(b)
			var sent atomic.Int64
			b.ReportAllocs()
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					w := httptest.NewRecorder()
					take.ServeHTTP(w, view(int(sent.Add(1))))
					if w.Code != http.StatusAccepted {
						b.Errorf("status %d: %s", w.Code, w.Body)
						return
					}
				}
			})
		})
	}
}
