package exchange_test

import (
	"bytes"
	"context"
	"encoding"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/journal"
	"gonotes/goroutines/exchange/market"
	"gonotes/internal/claim"
)

// everyKind returns commands of all kinds and orders with all flags that go together,
// of a few owners, in a narrow market, so that they have much to do with each other.
func everyKind(seed uint64, n int) []book.Command {
	random := rand.New(rand.NewPCG(seed, 0))
	commands := make([]book.Command, n)
	for i := range commands {
		c := &commands[i]
		c.ID = random.Uint64N(500)
		c.Owner = random.Uint32N(4)
		c.Side = book.Side(random.IntN(2))
		c.Price = 1000 + random.Int64N(20)
		c.Quantity = 1 + random.Int64N(100)
		switch random.IntN(12) {
		case 0:
			c.Kind = book.Cancel
		case 1:
			c.Kind = book.Reduce
		case 2:
			c.Kind = book.Replace
		default:
			c.Kind = book.Enter
			c.Flags = []book.Flags{0, 0, 0, book.Day, book.Market, book.IOC, book.FOK, book.PostOnly, book.Iceberg, book.Stop, book.Stop | book.Market}[random.IntN(11)]
			if c.Flags&book.Market != 0 {
				c.Price = 0
			}
			if c.Flags&book.Iceberg != 0 {
				c.Display = 1 + c.Quantity/4
			}
			if c.Flags&book.Stop != 0 {
				c.Trigger = 1000 + random.Int64N(20)
			}
		}
		if i%5000 == 4999 {
			*c = book.Command{Kind: book.EndDay}
		}
	}
	return commands
}

// An outcome is what commands did: all reports, in bytes, and, of a book that can be
// written, the book.
type outcome func(commands []book.Command) ([]byte, error)

// repeatable is the check that the same commands have the same outcome, whenever they
// come and whatever the number of processors.
func repeatable(run outcome) error {
	commands := everyKind(1, 20_000)
	var first []byte
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, processors := range []int{1, 2, 8, 1} {
		runtime.GOMAXPROCS(processors)
		got, err := run(commands)
		if err != nil {
			return err
		}
		if first == nil {
			first = got
		}
		if !bytes.Equal(got, first) {
			at := 0
			for at < min(len(got), len(first)) && got[at] == first[at] {
				at++
			}
			return fmt.Errorf("the outcome differs from the first at byte %d of %d", at, len(first))
		}
	}
	return nil
}

// outcomeOf runs a book made anew.
func outcomeOf(fresh func() matcher) outcome {
	return func(commands []book.Command) ([]byte, error) {
		m := fresh()
		var all []byte
		var reports []book.Report
		for i := range commands {
			reports = m.Apply(&commands[i], reports[:0])
			all = appendReports(all, reports)
		}
		if whole, ok := m.(encoding.BinaryAppender); ok {
			return whole.AppendBinary(all)
		}
		return all, nil
	}
}

// journalled runs a market with a journal. The outcome is by turns what its clients got
// and the book it had, and what a replay of the journal gives.
func journalled(t *testing.T) outcome {
	again := false
	return func(commands []book.Command) (all []byte, err error) {
		directory := t.TempDir()
		m, _, err := market.Open(directory, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		batch := &market.Batch{}
		for part := range slices.Chunk(commands, 700) {
			batch.Commands, batch.Reports = part, batch.Reports[:0]
			require.NoError(t, m.Do(context.Background(), batch))
			all = appendReports(all, batch.Reports)
		}
		require.NoError(t, m.View(context.Background(), func(b *book.Book, _ uint64) {
			all, err = b.AppendBinary(all)
		}))
		require.NoError(t, m.Close())
		if again = !again; !again {
			return all, err
		}
		b := book.New(0)
		all = all[:0]
		_, err = journal.Replay(directory, b, func(reports []book.Report) { all = appendReports(all, reports) })
		require.NoError(t, err)
		return b.AppendBinary(all)
	}
}

func appendReports(to []byte, reports []book.Report) []byte {
	for i := range reports {
		to = fmt.Appendln(to, reports[i])
	}
	return to
}

// A stamped book reads the clock, as one does who wants to know when a trade was.
type stamped struct{ *book.Book }

func (s stamped) Apply(c *book.Command, reports []book.Report) []book.Report {
	reports = s.Book.Apply(c, reports)
	for i := range reports {
		reports[i].Sequence = uint64(time.Now().UnixNano())
	}
	return reports
}

// A mapped book ends the day in the order in which Go goes through a map.
type mapped struct {
	*book.Book
	day map[uint64]uint32 // owner by id of the orders for the day
}

func (m mapped) Apply(c *book.Command, reports []book.Report) []book.Report {
	if c.Kind == book.Enter && c.Flags&book.Day != 0 && !m.Has(c.ID) {
		m.day[c.ID] = c.Owner
	}
	if c.Kind != book.EndDay {
		return m.Book.Apply(c, reports)
	}
	for id, owner := range m.day {
		reports = m.Book.Apply(&book.Command{Kind: book.Cancel, ID: id, Owner: owner}, reports)
		delete(m.day, id)
	}
	return reports
}

// The same commands have the same outcome to the last byte, in the book, through the
// market with its goroutine, and from its journal.
func TestDeterministic(t *testing.T) {
	proof := claim.Prove(t, exchange.Deterministic, repeatable)
	proof.Holds("the book, 20,000 commands of all kinds, four times with 1, 2, 8 and 1 processors", outcomeOf(func() matcher { return book.New(100) }))
	proof.Holds("the market, by turns with a replay of its journal", journalled(t))
	proof.Control("a book that reads the clock", outcomeOf(func() matcher { return stamped{book.New(100)} }), "the outcome differs from the first")
	proof.Control("a book that ends the day in the order of a map", outcomeOf(func() matcher { return mapped{book.New(100), map[uint64]uint32{}} }), "the outcome differs from the first")
}
