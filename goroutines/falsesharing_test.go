package goroutines_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// cacheLine is what processors fetch at once: 64 bytes, or 128 on Apple's, and
// Intel's fetch two lines together.
const cacheLine = 128

// padded keeps its neighbour off its cache line.
type padded struct {
	atomic.Int64
	_ [cacheLine - unsafe.Sizeof(atomic.Int64{})]byte
}

// Counters of two goroutines that share no variable may still share a cache line,
// between whose copies the processors then wait for each other. Padding keeps
// them apart; BenchmarkChannels_falseSharing says what it is worth.
func TestChannels_falseSharing(t *testing.T) {
	adjacent := new([2]atomic.Int64)
	apart := new([2]padded)
	distance := func(a, b *atomic.Int64) claim.Figure {
		return claim.Figure{Name: "apart", Value: float64(uintptr(unsafe.Pointer(b)) - uintptr(unsafe.Pointer(a))), Unit: "B"}
	}
	proof := claim.Prove(t, goroutines.Channels, claim.AtLeast(cacheLine))
	proof.Holds("two padded counters", distance(&apart[0].Int64, &apart[1].Int64))
	proof.Control("two counters of an array", distance(&adjacent[0], &adjacent[1]), "8 B, want at least 128")
}

// A goroutine adds to its counter while so many others add to theirs, which lie
// next to it or apart, or while all add to the same:
// go test -run '^$' -bench 'Channels_falseSharing' -count 10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkChannels_falseSharing(b *testing.B) {
	const adds = 1000
	for _, neighbours := range []int{0, 1, 3} {
		adjacent := make([]atomic.Int64, neighbours+1)
		apart := make([]padded, neighbours+1)
		for _, bench := range []struct {
			impl    string
			counter func(i int) *atomic.Int64
		}{
			{"adjacent", func(i int) *atomic.Int64 { return &adjacent[i] }},
			{"padded", func(i int) *atomic.Int64 { return &apart[i].Int64 }},
			{"same", func(int) *atomic.Int64 { return &apart[0].Int64 }},
		} {
			if neighbours >= runtime.GOMAXPROCS(0) {
				continue // they would take turns and not add at the same time
			}
			b.Run(fmt.Sprintf("neighbours=%d/impl=%s", neighbours, bench.impl), func(b *testing.B) {
				var adding sync.WaitGroup
				var ended atomic.Bool
				add := func(counter *atomic.Int64) {
					for range adds {
						counter.Add(1)
					}
				}
				for i := range neighbours {
					adding.Go(func() {
						for !ended.Load() {
							add(bench.counter(i + 1))
						}
					})
				}
				for b.Loop() {
					add(bench.counter(0))
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/adds, "ns/add")
				ended.Store(true)
				adding.Wait()
			})
		}
	}
}
