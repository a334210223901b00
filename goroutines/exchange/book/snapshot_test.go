package book_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/reference"
)

const header = 17 // bytes before the number of bids

// resting returns the fields of an order that rests, all lots shown.
func resting(id uint64, side book.Side, lots, price int64) reference.Order {
	return reference.Order{ID: id, Side: side, Price: price, Open: lots, Shown: lots, Trigger: price}
}

// waiting returns the fields of a stop that waits.
func waiting(id uint64, side book.Side, lots, price, trigger int64, flags book.Flags) reference.Order {
	return reference.Order{ID: id, Side: side, Price: price, Open: lots, Shown: lots, Trigger: trigger, Flags: book.Stop | flags, Waits: true}
}

// sample is a book with orders of every kind, whose last trade was at 100.
func sample() []reference.Order {
	iceberg := resting(2, book.Buy, 10, 98)
	iceberg.Flags, iceberg.Display, iceberg.Shown = book.Iceberg|book.Day, 4, 3
	return []reference.Order{
		resting(1, book.Buy, 5, 99), iceberg, resting(3, book.Buy, 5, 98),
		resting(4, book.Sell, 5, 101), resting(5, book.Sell, 5, 102),
		waiting(6, book.Buy, 5, 0, 110, book.Market|book.IOC), waiting(7, book.Buy, 5, 130, 120, book.Day),
		waiting(8, book.Sell, 5, 80, 90, book.FOK),
	}
}

// requireRefused fails if a book takes the bytes, or is changed by them.
func requireRefused(t *testing.T, from []byte, message string, context ...any) {
	t.Helper()
	b := book.New(0)
	for _, c := range []book.Command{buy(1, 5, 100), sell(2, 3, 100), stopAt(90, sell(3, 5, 80))} {
		b.Apply(&c, nil)
	}
	before, _ := b.AppendBinary(nil)
	require.ErrorContains(t, b.UnmarshalBinary(from), message, context...)
	after, _ := b.AppendBinary(nil)
	require.Equal(t, before, after, context...)
}

// A snapshot that ends too early or too late is refused, and leaves the book as it was.
func TestBook_truncated(t *testing.T) {
	whole := encodeOrders(1000, 100, true, sample())
	for size := range whole {
		requireRefused(t, whole[:size], "book: ", "the first %d of %d bytes", size, len(whole))
	}
	requireRefused(t, append(whole, 0), "book: 1 bytes behind the last order")

	b := book.New(0)
	require.NoError(t, b.UnmarshalBinary(whole))
	written, err := b.AppendBinary(nil)
	require.NoError(t, err)
	require.Equal(t, whole, written)
}

// A snapshot of a book that no commands lead to is refused, and leaves the book as it was.
func TestBook_impossible(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(o []reference.Order)
		want   string
	}{
		{"flags that contradict each other", func(o []reference.Order) { o[0].Flags = book.PostOnly | book.IOC }, "order 1: flags 0xa"},
		{"a flag that there is not", func(o []reference.Order) { o[0].Flags = 1 << 7 }, "order 1: flags 0x80"},
		{"a market order that rests", func(o []reference.Order) { o[0].Flags = book.Market }, "order 1: flags 0x1"},
		{"an immediate-or-cancel order that rests", func(o []reference.Order) { o[0].Flags = book.IOC }, "order 1: flags 0x2"},
		{"a fill-or-kill order that rests", func(o []reference.Order) { o[0].Flags = book.FOK }, "order 1: flags 0x4"},
		{"a stop that rests", func(o []reference.Order) { o[0].Flags = book.Stop }, "order 1: flags 0x10"},
		{"no stop that waits", func(o []reference.Order) { o[6].Flags = 0 }, "order 7: flags 0x0"},
		{"no lots", func(o []reference.Order) { o[0].Open, o[0].Shown = 0, 0 }, "order 1: 0 lots shown"},
		{"lots below 0", func(o []reference.Order) { o[7].Open, o[7].Shown = -1, -1 }, "order 8: -1 lots shown"},
		{"an iceberg that shows nothing", func(o []reference.Order) { o[1].Shown = 0 }, "order 2: 0 lots shown"},
		{"hidden lots below 0", func(o []reference.Order) { o[1].Open = 2 }, "order 2: 3 lots shown and -1 hidden"},
		{"more lots than there can be", func(o []reference.Order) { o[1].Shown, o[1].Open = math.MaxInt64, math.MinInt64 }, "order 2: 9223372036854775807 lots shown and 1 hidden"},
		{"more lots on a side than there can be", func(o []reference.Order) { o[0].Open, o[0].Shown = math.MaxInt64-19, math.MaxInt64-19 }, "order 6: 5 lots"},
		{"an order away from its price", func(o []reference.Order) { o[0].Trigger = 97 }, "order 1: lies at 97, want its price 99"},
		{"a market order with a price", func(o []reference.Order) { o[5].Price = 1 }, "order 6: price 1, want 0"},
		{"a display of no iceberg", func(o []reference.Order) { o[0].Display = 5 }, "order 1: shows 5 and hides 0"},
		{"hidden lots of no iceberg", func(o []reference.Order) { o[0].Open = 6 }, "order 1: shows 0 and hides 1"},
		{"an iceberg without a display", func(o []reference.Order) { o[1].Display = 0 }, "order 2: shows 3 of 10 lots, and 0 at a time"},
		{"an iceberg that waits without a display", func(o []reference.Order) { o[6].Flags |= book.Iceberg }, "order 7: shows 5 of 5 lots, and 0 at a time"},
		{"an iceberg that shows too much", func(o []reference.Order) { o[1].Display = 2 }, "order 2: shows 3 of 10 lots, and 2 at a time"},
		{"an iceberg of too many slices", func(o []reference.Order) { o[1].Open = 4001 }, "want at most 1000 slices"},
		{"an iceberg that waits and hides", func(o []reference.Order) { o[6].Flags |= book.Iceberg; o[6].Display, o[6].Shown = 4, 4 }, "order 7: shows 4 of 5 lots"},
		{"an id twice", func(o []reference.Order) { o[7].ID = 1 }, "order 1: is there twice"},
		{"a bid behind a worse one", func(o []reference.Order) { o[0].Price, o[0].Trigger = 97, 97 }, "order 2 at 98 comes behind worse prices"},
		{"an ask behind a worse one", func(o []reference.Order) { o[3].Price, o[3].Trigger = 103, 103 }, "order 5 at 102 comes behind worse prices"},
		{"a buy stop behind a farther one", func(o []reference.Order) { o[5].Trigger = 121 }, "order 7 at 120 comes behind worse prices"},
		{"a bid at the best ask", func(o []reference.Order) { o[0].Price, o[0].Trigger = 101, 101 }, "the best bid is not below the best ask"},
		{"a buy stop that was reached", func(o []reference.Order) { o[5].Trigger = 100 }, "order 6: waits for 100, which the last trade at 100 has reached"},
		{"a sell stop that was reached", func(o []reference.Order) { o[7].Trigger = 101 }, "order 8: waits for 101, which the last trade at 100 has reached"},
	} {
		t.Run(test.name, func(t *testing.T) {
			orders := sample()
			test.change(orders)
			requireRefused(t, encodeOrders(1000, 100, true, orders), test.want)
		})
	}

	orders := sample()
	requireRefused(t, encodeOrders(1000, 100, false, orders), "0 for whether there was a trade, last at 100")
	bytes := encodeOrders(1000, 100, true, orders)
	bytes[header-1] = 2
	requireRefused(t, bytes, "2 for whether there was a trade, last at 100")
	for _, count := range []uint64{uint64(len(orders)) + 1, math.MaxUint64, math.MaxUint64/53 + 1} {
		bytes = encodeOrders(1000, 100, true, orders)
		binary.LittleEndian.PutUint64(bytes[header:], count)
		requireRefused(t, bytes, "orders in")
	}
}

// FuzzUnmarshal looks for bytes that a book takes and does not write again, or after
// which it writes what no book takes.
func FuzzUnmarshal(f *testing.F) {
	f.Add(encodeOrders(0, 0, false, nil))
	f.Add(encodeOrders(1000, 100, true, sample()))
	f.Add(encodeOrders(1000, 0, false, slices.Concat(sample()[:4], sample()[6:])))
	for _, m := range mixes {
		b, roll := book.New(0), seeded(1)
		for range 200 {
			c := m.command(roll)
			b.Apply(&c, nil)
		}
		bytes, _ := b.AppendBinary(nil)
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, roll := book.New(0), read(data)
		if b.UnmarshalBinary(data) != nil {
			return
		}
		bytes, err := b.AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, data, bytes)
		for range 50 {
			c := mixes[0].command(roll)
			assert.NotEmpty(t, b.Apply(&c, nil))
		}
		bytes, err = b.AppendBinary(nil)
		require.NoError(t, err)
		require.NoError(t, b.UnmarshalBinary(bytes), "what the book wrote after some commands")
	})
}
