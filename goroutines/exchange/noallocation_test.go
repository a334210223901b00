package exchange_test

import (
	"runtime"
	"testing"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/workload"
	"gonotes/internal/claim"
)

// steady makes a book go through a million commands until it is in steady state, and
// returns the next million.
func steady(w workload.Workload, depth int, into matcher) []book.Command {
	fill, commands := w.Generate(1, depth, 2*million)
	reports := make([]book.Report, 0, 1<<12)
	for i := range fill {
		reports = into.Apply(&fill[i], reports[:0])
	}
	for i := range commands[:million] {
		reports = into.Apply(&commands[i], reports[:0])
	}
	return commands[million:]
}

// allocations counts what a million commands allocate, in steady state.
func allocations(into matcher) claim.Figure {
	commands := steady(workload.All[0], 10_000, into)
	reports := make([]book.Report, 0, 1<<12)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range commands {
		reports = into.Apply(&commands[i], reports[:0])
	}
	runtime.ReadMemStats(&after)
	return claim.Figure{Name: "allocated by a million commands", Value: float64(after.Mallocs - before.Mallocs), Unit: "allocs"}
}

// In steady state a million commands allocate nothing: orders that are gone leave their
// slots to those that come.
func TestNoAllocation(t *testing.T) {
	proof := claim.Prove(t, exchange.NoAllocation, claim.AtMost(0))
	proof.Holds("the book, 60/30/10 around a walking mid, 10,000 orders deep", allocations(book.New(20_000)))
	proof.Control("the same book with pointers, lists and maps", allocations(newPointerBook()), "allocs, want at most 0")
}
