package exchange_test

import (
	"runtime"
	"slices"
	"testing"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/workload"
	"gonotes/internal/claim"
)

// A stretch is a million commands in steady state, behind those that led to it.
type stretch struct{ before, commands []book.Command }

func steady(w workload.Workload, depth int) stretch {
	fill, commands := w.Generate(1, depth, 2*million)
	return stretch{slices.Concat(fill, commands[:million]), commands[million:]}
}

// spent counts what a book allocates for the commands, and the collections meanwhile.
func spent(s stretch, m matcher) (allocations, collections claim.Figure) {
	reports := make([]book.Report, 0, 1<<16)
	for i := range s.before {
		reports = m.Apply(&s.before[i], reports[:0])
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range s.commands {
		reports = m.Apply(&s.commands[i], reports[:0])
	}
	runtime.ReadMemStats(&after)
	return claim.Figure{Name: "allocated by a million commands", Value: float64(after.Mallocs - before.Mallocs), Unit: "allocs"},
		claim.Figure{Name: "while it carried them out", Value: float64(after.NumGC - before.NumGC), Unit: "collections"}
}

// A keeper is the book, which keeps a copy of the last stop that came in.
type keeper struct {
	*book.Book
	stop *book.Command
}

func (k *keeper) Apply(c *book.Command, reports []book.Report) []book.Report {
	if c.Flags&book.Stop != 0 {
		k.stop = new(*c)
	}
	return k.Book.Apply(c, reports)
}

// In steady state a million commands allocate nothing: orders that are gone leave their
// slots to those that come, and so do stops that are triggered and orders replaced.
func TestNoAllocation(t *testing.T) {
	asOften(t)
	proof := claim.Prove(t, exchange.NoAllocation, claim.AtMost(0))
	usual := steady(workload.All[0], 10_000)
	kinds := everyKind(1, 2*million)
	every := stretch{kinds[:million], kinds[million:]}
	allocations, collections := spent(usual, book.New(20_000))
	proof.Holds("the book, 60/30/10 around a walking mid, 10,000 orders deep", allocations)
	proof.Holds("the collector meanwhile", collections)
	allocations, collections = spent(every, book.New(1_000))
	proof.Holds("the book, orders and commands of all kinds", allocations)
	proof.Holds("the collector beside these", collections)
	allocations, collections = spent(usual, newPointerBook())
	proof.Control("the same book with pointers, lists and maps", allocations, "allocs, want at most 0")
	proof.Control("the collector beside that book", collections, "collections, want at most 0")
	allocations, _ = spent(every, &keeper{Book: book.New(1_000)})
	proof.Control("the book, if it copies stops to the heap", allocations, "allocs, want at most 0")
}
