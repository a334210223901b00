package book_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/goroutines/exchange/book"
)

// A command takes about as long in a large book as in a small one: there is nothing that
// one looks through from end to end. The shortest of some rounds counts for both.
func TestBook_work(t *testing.T) {
	sell := func(id uint64, price int64) book.Command {
		return book.Command{Kind: book.Enter, ID: id, Side: book.Sell, Price: price, Quantity: 1}
	}
	// moved takes each of some orders out and enters it again, 2,000 times.
	moved := func(orders []book.Command) (commands []book.Command) {
		for i := range 2000 {
			c := orders[i%len(orders)]
			commands = append(commands, book.Command{Kind: book.Cancel, ID: c.ID}, c)
		}
		return commands
	}
	for _, test := range []struct {
		name         string
		small, large int
		market       func(n int) (fill, commands []book.Command)
	}{
		{"levels behind the best, which goes and comes", 10, 50_000, func(n int) (fill, commands []book.Command) {
			for i := range n {
				fill = append(fill, sell(uint64(i), int64(1000*i)))
			}
			return fill, moved(fill[:1])
		}},
		{"orders at a price, of which some in the middle go", 100, 50_000, func(n int) (fill, commands []book.Command) {
			for i := range n {
				fill = append(fill, sell(uint64(i), 1000))
			}
			return fill, moved(fill[n/2 : n/2+40])
		}},
		{"ticks between the two best, of which one goes and comes", 1, 1 << 20, func(n int) (fill, commands []book.Command) {
			fill = []book.Command{sell(1, 1000), sell(2, 1000+int64(n))}
			return fill, moved(fill[:1])
		}},
		{"ids, of which some go and come", 100, 50_000, func(n int) (fill, commands []book.Command) {
			for i := range n {
				fill = append(fill, sell(uint64(i), int64(i%50)))
			}
			return fill, moved(fill[:40])
		}},
		{"orders for a fill or kill, which is filled by the first", 10, 50_000, func(n int) (fill, commands []book.Command) {
			for i := range n {
				fill = append(fill, sell(uint64(i), int64(i)))
			}
			kill := book.Command{Kind: book.Enter, ID: 1 << 40, Side: book.Buy, Price: math.MaxInt64, Quantity: 1, Flags: book.FOK}
			for i := range 2000 {
				commands = append(commands, kill, sell(uint64(i%10), int64(i%10)))
			}
			return fill, commands
		}},
	} {
		run := func(n int) float64 {
			fill, commands := test.market(n)
			b := book.New(0)
			var reports []book.Report
			for i := range fill {
				reports = b.Apply(&fill[i], reports[:0])
			}
			start := time.Now()
			for i := range commands {
				reports = b.Apply(&commands[i], reports[:0])
			}
			return float64(time.Since(start).Nanoseconds()) / float64(len(commands))
		}
		var small, large []float64
		for range 5 {
			small, large = append(small, run(test.small)), append(large, run(test.large))
		}
		few, many := slices.Min(small), slices.Min(large)
		t.Logf("%s: %.0f ns with %d, %.0f ns with %d", test.name, few, test.small, many, test.large)
		assert.Less(t, many, 12*few, "ns with %d %s, %.0f ns with %d", test.large, test.name, few, test.small)
	}
}
