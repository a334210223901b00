package book_test

import (
	"slices"
	"testing"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/workload"
)

// The cost of a command in six markets of a million commands, around 10,000 orders deep,
// and the floor, which no book can leave out: to look up the id and, for each report, to
// touch the order that it is about and its level and to write it. Commands come in
// batches of 256.
//
//	go test -run='^$' -bench=Book -benchtime=10x -count=10 ./goroutines/exchange/book | go tool benchstat -col /impl -
func BenchmarkBook(b *testing.B) {
	const depth, count, size = 10_000, 1_000_000, 256
	for _, w := range workload.All {
		fill, commands := w.Generate(1, depth, count)
		b.Run("workload="+w.Name+"/impl=book", func(b *testing.B) {
			var bk *book.Book
			var reports []book.Report
			for b.Loop() {
				b.StopTimer()
				bk, reports = filled(fill, depth)
				b.StartTimer()
				for batch := range slices.Chunk(commands, size) {
					reports = reports[:0]
					for i := range batch {
						reports = bk.Apply(&batch[i], reports)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/command")
			b.ReportMetric(0, "ns/op")
		})
		b.Run("workload="+w.Name+"/impl=floor", func(b *testing.B) {
			m := follow(fill, commands, depth)
			_, reports := filled(fill, depth)
			for b.Loop() {
				touches, counts := m.touches, m.counts
				for batch := range slices.Chunk(commands, size) {
					reports = reports[:0]
					for i := range batch {
						n := counts[i]
						reports = m.book.Floor(&batch[i], touches[:n], reports)
						touches = touches[n:]
					}
					counts = counts[len(batch):]
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/command")
			b.ReportMetric(float64(m.trades)/count, "trades/command")
			b.ReportMetric(float64(m.orders)/count, "orders")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// A market tells what commands meet in a book.
type market struct {
	book    *book.Book // after all of them
	counts  []uint8    // number of reports of each
	touches []book.Touch
	trades  int
	orders  int // in the book, summed over the commands
}

// follow carries out commands on two books, one step apart: the reports of the first say
// which orders are about to be touched in the second.
func follow(fill, commands []book.Command, depth int) market {
	ahead, reports := filled(fill, depth)
	m := market{counts: make([]uint8, len(commands))}
	m.book, _ = filled(fill, depth)
	var unused []book.Report
	for i := range commands {
		c := &commands[i]
		reports = ahead.Apply(c, reports[:0])
		m.counts[i] = uint8(len(reports))
		own := len(m.touches)
		for _, r := range reports {
			id := c.ID
			if r.Event == book.Traded {
				id = r.Maker
				m.trades++
			}
			m.touches = append(m.touches, m.book.Where(id, c.Side))
		}
		unused = m.book.Apply(c, unused[:0])
		if c.Kind == book.Enter && m.book.Has(c.ID) {
			m.touches[own] = m.book.Where(c.ID, c.Side)
		}
		m.orders += m.book.Orders()
	}
	return m
}

func filled(fill []book.Command, depth int) (*book.Book, []book.Report) {
	bk := book.New(depth)
	reports := make([]book.Report, 0, 1<<12)
	for i := range fill {
		reports = bk.Apply(&fill[i], reports[:0])
	}
	return bk, reports
}
