package book_test

import (
	"encoding/binary"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/reference"
)

// encode writes the reference's book as the documentation of package book says.
func encode(b *reference.Book) []byte {
	last, traded := b.Last()
	var orders []reference.Order
	for _, o := range b.Orders() {
		if o.Waits {
			o.Shown = o.Open
		} else {
			o.Flags &^= book.Stop
			o.Trigger = o.Price
		}
		orders = append(orders, o)
	}
	return encodeOrders(b.Sequence(), last, traded, orders)
}

func encodeOrders(sequence uint64, last int64, traded bool, orders []reference.Order) []byte {
	to := binary.LittleEndian.AppendUint64(nil, sequence)
	to = binary.LittleEndian.AppendUint64(to, uint64(last))
	to = append(to, 0)
	if traded {
		to[16] = 1
	}
	for _, group := range groups(orders) {
		to = binary.LittleEndian.AppendUint64(to, uint64(len(group)))
		for _, o := range group {
			for _, field := range []int64{int64(o.ID), o.Price, o.Shown, o.Open - o.Shown, o.Display, o.Trigger} {
				to = binary.LittleEndian.AppendUint64(to, uint64(field))
			}
			to = binary.LittleEndian.AppendUint32(to, o.Owner)
			to = append(to, byte(o.Flags))
		}
	}
	return to
}

// groups returns bids, asks, buy stops and sell stops.
func groups(orders []reference.Order) (all [][]reference.Order) {
	for _, waits := range []bool{false, true} {
		for _, side := range []book.Side{book.Buy, book.Sell} {
			all = append(all, slices.DeleteFunc(slices.Clone(orders), func(o reference.Order) bool { return o.Waits != waits || o.Side != side }))
		}
	}
	return all
}

// requireSameBook fails if any question to the book has another answer than the
// reference's.
func requireSameBook(t *testing.T, got *book.Book, want *reference.Book) {
	t.Helper()
	bytes, err := got.AppendBinary(nil)
	require.NoError(t, err)
	require.Equal(t, encode(want), bytes, "snapshot")
	require.Equal(t, want.Sequence(), got.Sequence(), "sequence")
	require.Len(t, want.Orders(), got.Orders(), "orders")
	for _, o := range want.Orders() {
		require.True(t, got.Has(o.ID), "has order %d", o.ID)
	}
	var entered []book.Command
	for _, o := range slices.Concat(groups(want.Orders())...) {
		c := book.Command{Kind: book.Enter, ID: o.ID, Side: o.Side, Price: o.Price, Quantity: o.Open, Display: min(o.Display, o.Open), Owner: o.Owner, Flags: o.Flags}
		if o.Waits {
			c.Trigger = o.Trigger
		} else {
			c.Flags &^= book.Stop
		}
		entered = append(entered, c)
	}
	require.Equal(t, entered, slices.Collect(got.All()), "all orders")
	wantLast, wantTraded := want.Last()
	last, traded := got.Last()
	require.Equal(t, wantLast, last, "last price")
	require.Equal(t, wantTraded, traded, "whether there is a last price")
	for _, side := range []book.Side{book.Buy, book.Sell} {
		depth := want.Depth(side)
		require.Equal(t, depth, got.Depth(nil, side, math.MaxInt), "depth, %v", side)
		best, ok := got.Best(side)
		require.Equal(t, len(depth) > 0, ok, "whether there is a best level, %v", side)
		if ok {
			require.Equal(t, depth[0], best, "best level, %v", side)
		}
	}
}

// requireSame runs commands through both books and fails at the first report that
// differs. Each command and its reports go to also.
func requireSame(t *testing.T, count int, next func() book.Command, also func(book.Command, []book.Report)) {
	t.Helper()
	engine, naive := book.New(0), new(reference.Book)
	var reports []book.Report
	for i := range count {
		c := next()
		reports = engine.Apply(&c, reports[:0])
		if want := naive.Apply(c); !slices.Equal(reports, want) {
			require.Equal(t, want, reports, "command %d: %+v", i+1, c)
		}
		also(c, reports)
		if i%199 == 0 || i == count-1 {
			requireSameBook(t, engine, naive)
		}
	}
}

// The engine gives the same reports as a matcher that is as simple as can be, command by
// command, in markets of all kinds.
func TestBook_agreesWithReference(t *testing.T) {
	const perBook = 2000
	total := size(t, "GONOTES_COMMANDS", 100_000)
	reached := newCoverage()
	start, told := time.Now(), time.Now()
	var m mix
	seed := uint64(0)
	defer func() {
		if t.Failed() {
			t.Logf("seed %d, %s", seed, m.name)
		}
	}()
	for done := 0; done < total; {
		seed++
		m = mixes[seed%uint64(len(mixes))]
		roll, count := seeded(seed), min(perBook, total-done)
		requireSame(t, count, func() book.Command { return m.command(roll) }, reached.add)
		done += count
		if time.Since(told) > 10*time.Second || done == total {
			told = time.Now()
			t.Logf("%d of %d commands agree, %.0f a second", done, total, float64(done)/time.Since(start).Seconds())
		}
	}
	reached.assertAll(t)
}

// FuzzBook looks for commands of which engine and reference give different reports.
func FuzzBook(f *testing.F) {
	for i := range mixes {
		for seed := range uint64(4) {
			roll := seeded(seed)
			data := []byte{byte(i)}
			for range 1000 {
				data = append(data, byte(roll(256)))
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		m, roll := mixes[int(data[0])%len(mixes)], read(data[1:])
		requireSame(t, 1+len(data)/20, func() book.Command { return m.command(roll) }, func(book.Command, []book.Report) {})
	})
}

// size returns how much a test is to do: what the environment variable says, or else a
// size that takes a second or so.
func size(t *testing.T, variable string, usual int) int {
	value := os.Getenv(variable)
	if value == "" {
		return usual
	}
	n, err := strconv.Atoi(value)
	require.NoError(t, err, "%s", variable)
	return n
}

// coverage counts what commands reached, so that a generator that falls silent is seen.
type coverage struct {
	commands  [256]int
	events    [256]int
	reasons   [256]int
	flags     [256]int // of orders that were accepted
	triggered [256]int // flags of stops
	cascades  int      // stops that entered after another had traded
	refills   int      // icebergs that one order met twice
	of        map[uint64]book.Flags
}

func newCoverage() *coverage { return &coverage{of: map[uint64]book.Flags{}} }

func (v *coverage) add(c book.Command, reports []book.Report) {
	v.commands[c.Kind]++
	var stopped, cascade bool
	met := map[uint64]bool{}
	for _, r := range reports {
		v.events[r.Event]++
		v.reasons[r.Reason]++
		switch {
		case r.Event == book.Accepted && c.Kind == book.Enter:
			v.flags[c.Flags]++
			v.of[r.ID] = c.Flags
		case r.Event == book.Triggered:
			v.triggered[v.of[r.ID]]++
			if cascade {
				v.cascades++
			}
			stopped = true
			clear(met)
		case r.Event == book.Traded:
			cascade = stopped
			if met[r.Maker] {
				v.refills++
			}
			met[r.Maker] = true
		}
	}
}

// consistent is every combination of flags that an order may have.
var consistent = func() []book.Flags {
	const M, I, F, P, S, B, D = book.Market, book.IOC, book.FOK, book.PostOnly, book.Stop, book.Iceberg, book.Day
	return []book.Flags{
		0, M, I, F, M | I, M | F, P, B, P | B, // at once
		D, D | P, D | B, D | P | B, // until the day ends
		S, S | M, S | I, S | F, S | M | I, S | M | F, S | B, // later
		S | D, S | D | M, S | D | I, S | D | F, S | D | M | I, S | D | M | F, S | D | B,
	}
}()

func (v *coverage) assertAll(t *testing.T) {
	const least = 10
	for kind := book.Enter; kind <= book.EndDay; kind++ {
		assert.GreaterOrEqual(t, v.commands[kind], least, "commands of kind %d", kind)
	}
	for event := book.Accepted; event <= book.Triggered; event++ {
		assert.GreaterOrEqual(t, v.events[event], least, "reports: %v", event)
	}
	for reason := book.UnknownCommand; reason <= book.DayEnded; reason++ {
		assert.GreaterOrEqual(t, v.reasons[reason], least, "reports: %v", reason)
	}
	assert.GreaterOrEqual(t, v.cascades, least, "stops that entered after another had traded")
	assert.GreaterOrEqual(t, v.refills, least, "icebergs that showed more to the same order")
	for _, flags := range consistent {
		assert.GreaterOrEqual(t, v.flags[flags], least, "accepted orders with flags %07b", flags)
		if flags&book.Stop != 0 {
			assert.GreaterOrEqual(t, v.triggered[flags], least, "triggered stops with flags %07b", flags)
		}
	}
}

// An order is accepted with the flags that are said to be consistent, and with no others.
func TestBook_flags(t *testing.T) {
	for i := range 256 {
		flags := book.Flags(i)
		c := book.Command{Kind: book.Enter, ID: 1, Quantity: 1, Flags: flags}
		if flags&book.Iceberg != 0 {
			c.Display = 1
		}
		reason := book.New(0).Apply(&c, nil)[0].Reason
		if slices.Contains(consistent, flags) {
			assert.Zero(t, reason, "flags %08b", flags)
		} else {
			assert.Equal(t, book.BadFlags, reason, "flags %08b", flags)
		}
	}
}
