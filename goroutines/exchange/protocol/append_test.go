package protocol_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/protocol"
)

var reports = []struct {
	in   book.Report
	want string
}{
	{book.Report{Event: book.Accepted, ID: 1, Side: book.Buy, Price: 1020, Quantity: 100}, "accepted 1 buy 100 @ 10.20"},
	{book.Report{Event: book.Accepted, ID: math.MaxUint64, Side: book.Sell, Quantity: 100}, "accepted 18446744073709551615 sell 100"},
	{book.Report{Event: book.Accepted}, "accepted endday"},
	{book.Report{Event: book.Accepted, ID: 0, Side: book.Buy, Price: -1, Quantity: 1}, "accepted 0 buy 1 @ -0.01"},
	{book.Report{Event: book.Rejected, ID: 3, Reason: book.DuplicateID}, "rejected 3: an order with this id is in the book"},
	{book.Report{Event: book.Traded, ID: 2, Side: book.Buy, Maker: 1, Price: 1025, Quantity: 40, Left: 5}, "traded 40 @ 10.25: 2 buys from 1 and has 5 left"},
	{book.Report{Event: book.Traded, ID: 2, Side: book.Sell, Maker: 1, Quantity: 40}, "traded 40 @ 0.00: 2 sells to 1 and has 0 left"},
	{book.Report{Event: book.Cancelled, ID: 2, Side: book.Sell, Price: 1025, Quantity: 60, Reason: book.SelfTrade}, "cancelled 2 sell 60 @ 10.25: the next order is of the same owner"},
	{book.Report{Event: book.Cancelled, ID: 2, Side: book.Buy, Quantity: 60, Reason: book.NotAllFilled}, "cancelled 2 buy 60: a fill-or-kill order could not trade all of its quantity"},
	{book.Report{Event: book.Replaced, ID: 2, Side: book.Sell, Price: 1025, Quantity: 60}, "replaced 2 sell 60 @ 10.25"},
	{book.Report{Event: book.Triggered, ID: 4, Side: book.Sell, Price: 990, Quantity: 10}, "triggered 4 sell 10 at 9.90"},
	{book.Report{Event: book.Triggered, ID: 4, Side: book.Buy, Quantity: 10}, "triggered 4 buy 10 at 0.00"},
}

// Each report is one line.
func TestAppendReport(t *testing.T) {
	in := instrument(t, "0.01", "1")
	for _, test := range reports {
		assert.Equal(t, "> "+test.want, string(protocol.AppendReport([]byte("> "), in, &test.in)))
	}
	in = instrument(t, "5", "0.001")
	assert.Equal(t, "traded 0.040 @ 5125: 2 buys from 1 and has 0.005 left", string(protocol.AppendReport(nil, in, &reports[5].in)))
}

var (
	bids = []book.Level{{Price: 1020, Quantity: 50, Orders: 1}, {Price: 999, Quantity: 12, Orders: 3}}
	asks = []book.Level{{Price: 1030, Quantity: 7, Orders: 1}}
)

// The columns are as wide as what stands in them, and numbers end below each other.
func TestAppendBook(t *testing.T) {
	in := instrument(t, "0.01", "1")
	show := func(bids, asks []book.Level, last int64, traded bool) string {
		return string(protocol.AppendBook([]byte("> "), in, bids, asks, last, traded))
	}
	assert.Equal(t, `> ACME, last trade at 10.25
orders  quantity    bid |   ask  quantity  orders
     1        50  10.20 | 10.30         7       1
     3        12   9.99 |
`, show(bids, asks, 1025, true))
	assert.Equal(t, `> ACME, last trade at 0.00
orders  quantity  bid |   ask  quantity  orders
                      | 10.30         7       1
`, show(nil, asks, 0, true))
	assert.Equal(t, `> ACME, no trade yet
orders  quantity    bid | ask  quantity  orders
     1        50  10.20 |
     3        12   9.99 |
`, show(bids, nil, 0, false))
	assert.Equal(t, "> ACME, no trade yet\nno orders\n", show(nil, nil, 0, false))

	far := []book.Level{{Price: math.MinInt64, Quantity: math.MaxInt64, Orders: math.MaxUint32}, {Price: 1, Quantity: 1, Orders: 1}}
	assert.Equal(t, `> ACME, no trade yet
    orders             quantity                    bid |                   ask             quantity      orders
4294967295  9223372036854775807  -92233720368547758.08 | -92233720368547758.08  9223372036854775807  4294967295
         1                    1                   0.01 |                  0.01                    1           1
`, show(far, far, 0, false))
}

// What is written into a slice that has room allocates nothing, and neither does a command
// that is read.
func TestNoAllocation(t *testing.T) {
	in := instrument(t, "0.01", "0.001")
	c := book.Command{Kind: book.Enter, Side: book.Sell, ID: math.MaxUint64, Owner: 7, Price: -math.MaxInt64, Quantity: math.MaxInt64, Display: 5, Trigger: 6, Flags: book.Iceberg | book.Stop | book.Day}
	room := make([]byte, 0, 1000)
	assert.Zero(t, testing.AllocsPerRun(100, func() { protocol.AppendCommand(room, in, &c) }), "command")
	assert.Zero(t, testing.AllocsPerRun(100, func() { protocol.AppendInstrument(room, in) }), "instrument")
	assert.Zero(t, testing.AllocsPerRun(100, func() { protocol.AppendBook(room, in, bids, asks, 1025, true) }), "book")
	for _, test := range reports {
		assert.Zero(t, testing.AllocsPerRun(100, func() { protocol.AppendReport(room, in, &test.in) }), test.want)
	}

	var parser protocol.Parser
	require.NoError(t, parser.Declare(in))
	line := string(protocol.AppendCommand(nil, in, &c))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := parser.Parse(line); err != nil {
			t.Error(err)
		}
	}), "parse")
}

// go test -run=^$ -bench=. -benchmem ./goroutines/exchange/protocol
func BenchmarkParse(b *testing.B) {
	parser := declared(b)
	for b.Loop() {
		if _, err := parser.Parse("buy 100 ACME @ 10.25 id 9223372036854775807 by 7"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendCommand(b *testing.B) {
	in, err := protocol.NewInstrument("ACME", "0.01", "1")
	require.NoError(b, err)
	c := book.Command{Kind: book.Enter, Quantity: 100, Price: 1025, ID: math.MaxInt64, Owner: 7}
	room := make([]byte, 0, 1000)
	for b.Loop() {
		protocol.AppendCommand(room, in, &c)
	}
}

func BenchmarkAppendReport(b *testing.B) {
	in, err := protocol.NewInstrument("ACME", "0.01", "1")
	require.NoError(b, err)
	r := book.Report{Event: book.Traded, ID: math.MaxInt64, Maker: 1, Price: 1025, Quantity: 100}
	room := make([]byte, 0, 1000)
	for b.Loop() {
		protocol.AppendReport(room, in, &r)
	}
}
