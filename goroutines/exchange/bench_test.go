package exchange_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/workload"
)

// How long single commands take in six markets of a million commands, around 10,000
// orders deep, with and without pointers; each figure includes reading the clock, which
// is told beside them, and the collections that the book's own garbage causes.
//
//	go test -run='^$' -bench=GCPauses -benchtime=1x -count=6 ./goroutines/exchange | go tool benchstat -col /impl -
func BenchmarkGCPauses(b *testing.B) {
	const depth = 10_000
	for _, w := range workload.All {
		fill, commands := w.Generate(1, depth, million)
		for _, impl := range []struct {
			name  string
			fresh func() matcher
		}{
			{"book", func() matcher { return book.New(2 * depth) }},
			{"pointers", func() matcher { return newPointerBook() }},
		} {
			b.Run("workload="+w.Name+"/impl="+impl.name, func(b *testing.B) {
				asOften(b)
				took := make([]time.Duration, len(commands))
				reports := make([]book.Report, 0, 1<<16)
				var before, after runtime.MemStats
				for b.Loop() {
					b.StopTimer()
					m := impl.fresh()
					for i := range fill {
						reports = m.Apply(&fill[i], reports[:0])
					}
					runtime.GC()
					runtime.ReadMemStats(&before)
					b.StartTimer()
					for i := range commands {
						start := time.Now()
						reports = m.Apply(&commands[i], reports[:0])
						took[i] = time.Since(start)
					}
					b.StopTimer()
					runtime.ReadMemStats(&after)
					b.StartTimer()
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
				b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
				b.ReportMetric(float64(took[len(took)*999/1000]), "p99.9-ns")
				b.ReportMetric(clock(), "clock-ns")
				b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(len(commands)), "allocs/command")
				b.ReportMetric(float64(after.NumGC-before.NumGC), "collections")
				b.ReportMetric(float64(after.PauseTotalNs-before.PauseTotalNs)/1e3, "paused-µs")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// clock returns how long it takes to read the clock twice, in ns, the median of many.
func clock() float64 {
	took := make([]time.Duration, 10_000)
	for i := range took {
		start := time.Now()
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return float64(took[len(took)/2])
}

// Books that share nothing, each with half a million commands and a goroutine of its own,
// as more and more of them run at a time; a machine with as many processors as books
// takes no longer for all than for one.
//
//	go test -run='^$' -bench=SingleWriterFaster_books -count=6 ./goroutines/exchange
func BenchmarkSingleWriterFaster_books(b *testing.B) {
	for _, books := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("books=%d", books), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				var all []matcher
				for range books {
					all = append(all, filled(book.New(20_000)))
				}
				b.StartTimer()
				var running sync.WaitGroup
				for _, m := range all {
					running.Go(func() {
						reports := make([]book.Report, 0, 1<<12)
						for i := range usual().commands {
							reports = m.Apply(&usual().commands[i], reports[:0])
						}
					})
				}
				running.Wait()
			}
			commands := float64(books * len(usual().commands) * b.N)
			b.ReportMetric(commands/b.Elapsed().Seconds()/1e6, "Mcommands/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
