package exchange_test

import (
	"math"
	"runtime"
	"testing"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/workload"
	"gonotes/internal/claim"
)

// spent counts what a book allocates for a million commands in steady state, behind those
// that led to it, and the collections meanwhile: the fewest of three rounds, as the runtime
// allocates a little for itself now and then.
func spent(fresh func() matcher, fill, commands []book.Command) (allocations, collections claim.Figure) {
	allocations = claim.Figure{Name: "allocated by a million commands", Value: math.Inf(1), Unit: "allocs"}
	collections = claim.Figure{Name: "while it carried them out", Value: math.Inf(1), Unit: "collections"}
	steady := len(commands) - million
	reports := make([]book.Report, 0, 1<<16)
	for range 3 {
		m := fresh()
		runtime.GC() // now, so that what it leaves to be done is done before the last million
		for i := range fill {
			reports = m.Apply(&fill[i], reports[:0])
		}
		for i := range commands[:steady] {
			reports = m.Apply(&commands[i], reports[:0])
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range commands[steady:] {
			reports = m.Apply(&commands[steady+i], reports[:0])
		}
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(m)
		allocations.Value = min(allocations.Value, float64(after.Mallocs-before.Mallocs))
		collections.Value = min(collections.Value, float64(after.NumGC-before.NumGC))
	}
	return allocations, collections
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
	pointerFree := func() matcher { return book.New(20_000) }
	fill, commands := workload.All[0].Generate(1, 10_000, 2*million)
	allocations, collections := spent(pointerFree, fill, commands)
	proof.Holds("the book, 60/30/10 around a walking mid, 10,000 orders deep", allocations)
	proof.Holds("the collector meanwhile", collections)
	allocations, collections = spent(func() matcher { return newPointerBook() }, fill, commands)
	proof.Control("the same book with pointers, lists and maps", allocations, "allocs, want at most 0")
	proof.Control("the collector beside that book", collections, "collections, want at most 0")
	commands = everyKind(1, 2*million)
	allocations, collections = spent(pointerFree, nil, commands)
	proof.Holds("the book, orders and commands of all kinds", allocations)
	proof.Holds("the collector beside these", collections)
	allocations, _ = spent(func() matcher { return &keeper{Book: book.New(20_000)} }, nil, commands)
	proof.Control("the book, if it copies stops to the heap", allocations, "allocs, want at most 0")
}
