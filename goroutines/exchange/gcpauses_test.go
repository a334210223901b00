package exchange_test

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/workload"
	"gonotes/internal/claim"
)

// asOften makes the collector run about as often as in a process that holds nothing but
// the book: the commands that a test has recorded make the heap ten times as large.
func asOften(t testing.TB) {
	percent := debug.SetGCPercent(10)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
}

// A market of its own for these tests: a book 10,000 orders deep and half a million
// commands.
var usual = sync.OnceValue(func() struct{ fill, commands []book.Command } {
	fill, commands := workload.All[0].Generate(1, 10_000, million/2)
	return struct{ fill, commands []book.Command }{fill, commands}
})

// filled returns the book with the orders that are there before the commands.
func filled(m matcher) matcher {
	reports := make([]book.Report, 0, 1<<12)
	for i := range usual().fill {
		reports = m.Apply(&usual().fill[i], reports[:0])
	}
	return m
}

// collections counts the collections while a book carries out the commands.
func collections(m matcher) claim.Figure {
	filled(m)
	reports := make([]book.Report, 0, 1<<12)
	runtime.GC()
	during := collectionsDuring(func() {
		for i := range usual().commands {
			reports = m.Apply(&usual().commands[i], reports[:0])
		}
	})
	runtime.KeepAlive(m)
	return claim.Figure{Name: "in half a million commands", Value: during, Unit: "collections"}
}

func collectionsDuring(run func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	return float64(after.NumGC - before.NumGC)
}

// A book that allocates nothing causes no collection.
func TestGCPauses(t *testing.T) {
	asOften(t)
	proof := claim.Prove(t, exchange.GCPauses, claim.AtMost(0))
	proof.Holds("the book, 60/30/10 around a walking mid, 10,000 orders deep", collections(book.New(20_000)))
	proof.Control("the same book with pointers, lists and maps", collections(newPointerBook()), "collections, want at most 0")
}

// scannable tells how much a collector has to look through for each order of a book.
func scannable(m matcher) claim.Figure {
	const orders = 200_000
	measure := func() float64 {
		runtime.GC()
		sample := []metrics.Sample{{Name: "/gc/scan/heap:bytes"}}
		metrics.Read(sample)
		return float64(sample[0].Value.Uint64())
	}
	before := measure()
	reports := make([]book.Report, 0, 8)
	for i := range int64(orders) {
		c := book.Command{Kind: book.Enter, ID: uint64(i), Side: book.Side(i % 2), Price: 1000 - i%100 + i%2*1000, Quantity: 1}
		reports = m.Apply(&c, reports[:0])
	}
	after := measure()
	runtime.KeepAlive(m)
	return claim.Figure{Name: "to be scanned for an order", Value: max(0, after-before) / orders, Unit: "B"}
}

// A book without pointers is nothing to a collection that others cause.
func TestGCPauses_nothingToFollow(t *testing.T) {
	proof := claim.Prove(t, exchange.GCPauses, claim.AtMost(1))
	proof.Holds("the book with 200,000 orders", scannable(book.New(0)))
	proof.Control("the same book with pointers, lists and maps", scannable(newPointerBook()), "B, want at most 1")
}

// A tail is how long the slowest commands take, in ns, with reading the clock: the
// slowest of 1,000, and of 5,000; how many collections there were meanwhile, and how long
// a command helped them.
type tail struct{ p999, p9998, collections, help float64 }

// shortest has the shortest of two runs, and the collections and the help of both.
func (t *tail) shortest(other tail) {
	t.p999, t.p9998 = min(t.p999, other.p999), min(t.p9998, other.p9998)
	t.collections += other.collections
	t.help += other.help
}

func tailOf(m matcher) tail {
	filled(m)
	reports := make([]book.Report, 0, 1<<12)
	took := make([]time.Duration, len(usual().commands))
	help := assists()
	collections := collectionsDuring(func() {
		for i := range usual().commands {
			start := time.Now()
			reports = m.Apply(&usual().commands[i], reports[:0])
			took[i] = time.Since(start)
		}
	})
	help = (assists() - help) / float64(len(took))
	runtime.KeepAlive(m)
	slices.Sort(took)
	return tail{float64(took[len(took)*999/1000]), float64(took[len(took)*4999/5000]), collections, help}
}

// A historian is the book, which keeps its last 100,000 reports, as a list of pointers.
type historian struct {
	*book.Book
	reports []*book.Report
	latest  int
}

func newHistorian() *historian {
	h := &historian{Book: book.New(20_000), reports: make([]*book.Report, 100_000)}
	for i := range h.reports {
		h.reports[i] = new(book.Report)
	}
	return h
}

func (h *historian) Apply(c *book.Command, reports []book.Report) []book.Report {
	from := len(reports)
	reports = h.Book.Apply(c, reports)
	for _, r := range reports[from:] {
		h.reports[h.latest%len(h.reports)] = new(r)
		h.latest++
	}
	return reports
}

// collecting runs a function while another goroutine has everything collected, again and
// again.
func collecting(run func() tail) tail {
	var stop atomic.Bool
	var others sync.WaitGroup
	others.Go(func() {
		for !stop.Load() {
			runtime.GC()
		}
	})
	defer others.Wait()
	defer stop.Store(true)
	return run()
}

// assists returns how long goroutines have helped the collector so far, in ns of CPU, as
// the last collection told.
func assists() float64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/cpu/classes/gc/mark/assist:cpu-seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64() * 1e9
}

// Who allocates has to help the collector, who does not need not, though collections
// that others want never end. That is what garbage does to the tail of a book: how long
// its slowest commands take is told, the shortest of five rounds, and depends on the load
// of the machine.
func TestGCPauses_tail(t *testing.T) {
	asOften(t)
	proof := claim.Prove(t, exchange.GCPauses, claim.AtMost(1))
	never := tail{p999: math.Inf(1), p9998: math.Inf(1)}
	alone, beside, garbage, kept, pointers := never, never, never, never, never
	for range 5 {
		alone.shortest(tailOf(book.New(20_000)))
		beside.shortest(collecting(func() tail { return tailOf(book.New(20_000)) }))
		garbage.shortest(tailOf(newHistorian()))
		pointers.shortest(tailOf(newPointerBook()))
		percent := debug.SetGCPercent(-1)
		kept.shortest(tailOf(newHistorian()))
		debug.SetGCPercent(percent)
	}
	require.Positive(t, beside.collections, "nothing was collected beside the book")
	require.Positive(t, garbage.collections, "nothing of what the book keeps was collected")
	figure := func(of tail) claim.Figure {
		return claim.Figure{Name: "help for the collector, for each command", Value: of.help / 5, Unit: "ns"}
	}
	proof.Holds("the book, beside collections without end", figure(beside))
	proof.Control("the book, if it keeps its last 100,000 reports behind pointers", figure(garbage), "ns, want at most 1")
	proof.Figure("p99.98 of the book alone, with reading the clock", alone.p9998, "ns")
	proof.Figure("p99.98 with the reports", garbage.p9998, "ns")
	proof.Figure("the same with the collector off", kept.p9998, "ns")
	proof.Figure("p99.98 beside collections without end", beside.p9998, "ns")
	proof.Figure("p99.9 of the book alone", alone.p999, "ns")
	proof.Figure("p99.9 of the book with pointers, lists and maps", pointers.p999, "ns")
	proof.Figure("beside the book, in five rounds", beside.collections, "collections")
}
