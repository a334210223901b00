package book_test

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/book"
)

// An account keeps what commands and reports say of one order.
type account struct {
	id               uint64
	entered, reduced int64
	traded           int64
	command          book.Command // as it is now
	shown            int64
	waits            bool
	since            int // when it took its place in the queue
}

func (a *account) open() int64 { return a.entered - a.reduced - a.traded }

// reached tells whether a trade at the price triggers a stop.
func (a *account) reached(price int64) bool {
	if a.command.Side == book.Buy {
		return price >= a.command.Trigger
	}
	return price <= a.command.Trigger
}

// before tells whether an account has its turn before another of the same side.
func (a *account) before(other *account) bool {
	if a.command.Price != other.command.Price {
		return (a.command.Price > other.command.Price) == (a.command.Side == book.Buy)
	}
	return a.since < other.since
}

// An auditor follows a book by its reports alone, and fails if they break a rule.
type auditor struct {
	*testing.T
	accounts map[uint64]*account
	coming   *account            // the order that trades now, which does not rest yet
	due      map[uint64]struct{} // stops that are to be triggered before the command ends
	sequence uint64
	clock    int
	last     int64
	traded   bool
}

// shapes are the orders in which the reports of a command may come, by their first
// letters, and x for rejected and g for triggered.
var shapes = map[book.Kind]*regexp.Regexp{
	book.Enter:   regexp.MustCompile(`^(x|at*c?(gt*c?)*)$`),
	book.Cancel:  regexp.MustCompile(`^(x|c)$`),
	book.Reduce:  regexp.MustCompile(`^(x|r|c)$`),
	book.Replace: regexp.MustCompile(`^(x|rt*c?(gt*c?)*)$`),
	book.EndDay:  regexp.MustCompile(`^ac*$`),
}

func (a *auditor) audit(c book.Command, reports []book.Report) {
	a.sequence++
	var shape []byte
	for _, r := range reports {
		require.Equal(a, a.sequence, r.Sequence, "number of the command: %+v", r)
		shape = append(shape, " axtcrg"[r.Event])
		a.report(c, r)
	}
	a.settle()
	if allowed, ok := shapes[c.Kind]; ok {
		require.True(a, allowed.Match(shape), "reports come as %s, after %+v", shape, c)
	} else {
		require.Equal(a, "x", string(shape), "reports of %+v", c)
	}
	require.Empty(a, a.due, "stops that were not triggered after %+v", c)
}

func (a *auditor) report(c book.Command, r book.Report) {
	switch r.Event {
	case book.Accepted:
		if c.Kind == book.Enter {
			require.NotContains(a, a.accounts, r.ID, "accepted twice")
			a.come(&account{id: r.ID, entered: c.Quantity, command: c, waits: c.Flags&book.Stop != 0})
		}
	case book.Replaced:
		a.replaced(c, r)
	case book.Triggered:
		a.settle()
		require.Contains(a, a.due, r.ID, "triggered by no trade: %+v", r)
		delete(a.due, r.ID)
		stop := a.accounts[r.ID]
		require.Equal(a, stop.open(), r.Quantity, "lots of a stop that is triggered: %+v", r)
		stop.waits = false
		a.come(stop)
	case book.Traded:
		a.trade(r)
	case book.Cancelled:
		o := a.accounts[r.ID]
		if a.coming != nil && a.coming.id == r.ID {
			o, a.coming = a.coming, nil
		}
		require.NotNil(a, o, "cancelled, but not in the book: %+v", r)
		require.Equal(a, o.open(), r.Quantity, "entered less reduced and traded is what is cancelled: %+v", r)
		if o.command.Flags&book.FOK != 0 {
			require.Zero(a, o.traded, "fill or kill, but filled in part: %+v", r)
		}
		delete(a.accounts, r.ID)
	}
}

// levels returns what is shown of a side, in no order.
func (a *auditor) levels(side book.Side) []book.Level {
	byPrice := map[int64]book.Level{}
	for _, o := range a.accounts {
		if !o.waits && o.command.Side == side {
			l := byPrice[o.command.Price]
			byPrice[o.command.Price] = book.Level{Side: side, Price: o.command.Price, Quantity: l.Quantity + o.shown, Orders: l.Orders + 1}
		}
	}
	return slices.Collect(maps.Values(byPrice))
}

// come makes an order the one that trades now, or, if it is a stop, lets it wait.
func (a *auditor) come(o *account) {
	if !o.waits {
		delete(a.accounts, o.id)
		a.coming = o
		return
	}
	a.rest(o)
	if a.traded && o.reached(a.last) {
		a.due[o.id] = struct{}{}
	}
}

// settle puts what is left of the order that traded at the end of its queue.
func (a *auditor) settle() {
	if o := a.coming; o != nil && o.open() > 0 {
		a.rest(o)
	}
	a.coming = nil
}

func (a *auditor) rest(o *account) {
	a.clock++
	o.since = a.clock
	o.shown = o.open()
	if o.command.Flags&book.Iceberg != 0 {
		o.shown = min(o.shown, o.command.Display)
	}
	a.accounts[o.id] = o
}

func (a *auditor) replaced(c book.Command, r book.Report) {
	o := a.accounts[r.ID]
	stays := true
	if c.Kind == book.Reduce {
		o.reduced += c.Quantity
	} else {
		stays = c.Price == o.command.Price && c.Quantity <= o.open()
		o.command.Price = c.Price
		if c.Flags&book.Stop != 0 {
			stays = stays && c.Trigger == o.command.Trigger
			o.command.Trigger = c.Trigger
		}
		if more := c.Quantity - o.open(); more > 0 {
			o.entered += more
		} else {
			o.reduced -= more
		}
	}
	require.Equal(a, o.open(), r.Quantity, "entered less reduced and traded is what is left: %+v", r)
	if stays {
		o.shown = min(o.shown, o.open())
	} else {
		a.come(o)
	}
}

func (a *auditor) trade(r book.Report) {
	taker := a.coming
	require.NotNil(a, taker, "nothing came that could trade: %+v", r)
	require.Equal(a, taker.id, r.ID, "who trades: %+v", r)
	var first *account
	for _, o := range a.accounts {
		if !o.waits && o.command.Side != taker.command.Side && (first == nil || o.before(first)) {
			first = o
		}
	}
	require.NotNil(a, first, "nobody is there to trade with: %+v", r)
	require.Equal(a, first.id, r.Maker, "the best price first, then the oldest: %+v", r)
	require.Equal(a, first.command.Price, r.Price, "the maker's price: %+v", r)
	if taker.command.Flags&book.Market == 0 {
		require.False(a, taker.command.Side == book.Buy && r.Price > taker.command.Price, "a buy at %d above its limit: %+v", taker.command.Price, r)
		require.False(a, taker.command.Side == book.Sell && r.Price < taker.command.Price, "a sell at %d below its limit: %+v", taker.command.Price, r)
	}
	require.Zero(a, taker.command.Flags&book.PostOnly, "post-only, but it takes: %+v", r)
	if taker.command.Owner != 0 {
		require.NotEqual(a, taker.command.Owner, first.command.Owner, "owners: %+v", r)
	}
	require.Positive(a, r.Quantity)
	require.Equal(a, min(taker.open(), first.shown), r.Quantity, "as much as both have: %+v", r)
	taker.traded += r.Quantity
	first.traded += r.Quantity
	first.shown -= r.Quantity
	require.Equal(a, taker.open(), r.Left, "what is left counts down: %+v", r)
	switch {
	case first.open() == 0:
		delete(a.accounts, first.id)
	case first.shown == 0:
		a.rest(first)
	}
	a.last, a.traded = r.Price, true
	for id, o := range a.accounts {
		if o.waits && o.reached(r.Price) {
			a.due[id] = struct{}{}
		}
	}
}

// Whatever commands come: each trade is with the best price and, there, with the oldest
// order, at its price; of each order, what was entered is what was traded, cancelled,
// reduced and is open, and the levels show just that; the book is never crossed; stops
// are triggered by trades and by nothing else; a command that is rejected changes
// nothing; the reports come in the order in which they should.
func TestBook_properties(t *testing.T) {
	const perBook = 2000
	var m mix
	seed := uint64(0)
	defer func() {
		if t.Failed() {
			t.Logf("seed %d, %s", seed, m.name)
		}
	}()
	for ; seed < uint64(size(t, "GONOTES_COMMANDS", 40_000)/perBook); seed++ {
		m = mixes[seed%uint64(len(mixes))]
		roll := seeded(seed)
		b := book.New(0)
		a := &auditor{T: t, accounts: map[uint64]*account{}, due: map[uint64]struct{}{}}
		var before, after []byte
		apply := func(c book.Command) {
			reports := b.Apply(&c, nil)
			a.audit(c, reports)
			require.Len(t, a.accounts, b.Orders(), "orders after %+v", c)
			bid, isBid := b.Best(book.Buy)
			ask, isAsk := b.Best(book.Sell)
			require.False(t, isBid && isAsk && bid.Price >= ask.Price, "crossed: bid %d, ask %d after %+v", bid.Price, ask.Price, c)
			if a.sequence%50 == 0 {
				require.ElementsMatch(t, a.levels(book.Buy), b.Depth(nil, book.Buy, math.MaxInt), "bids after %+v", c)
				require.ElementsMatch(t, a.levels(book.Sell), b.Depth(nil, book.Sell, math.MaxInt), "asks after %+v", c)
			}
			before, after = after, before
			after, _ = b.AppendBinary(after[:0])
			if reports[0].Event == book.Rejected {
				require.Equal(t, before[8:], after[8:], "rejected, but the book changed: %+v", c) // all but the sequence
			}
		}
		after, _ = b.AppendBinary(nil)
		for range perBook {
			apply(m.command(roll))
		}
		for id, o := range a.accounts { // in the order of the map, so that queues are emptied from anywhere
			apply(book.Command{Kind: book.Cancel, ID: id, Owner: o.command.Owner})
		}
		require.Zero(t, b.Orders(), "orders after all were cancelled")
	}
}

// A book that was written and read again goes on as if nothing had happened, and so does
// a book that is given all commands again.
func TestBook_restored(t *testing.T) {
	for seed := range uint64(2 * len(mixes)) {
		m := mixes[seed%uint64(len(mixes))]
		roll := seeded(seed)
		first, restored, again := book.New(0), book.New(0), book.New(5000)
		for i := range 2000 {
			c := m.command(roll)
			if i%97 == 0 {
				written, _ := first.AppendBinary([]byte("before"))
				require.NoError(t, restored.UnmarshalBinary(written[len("before"):]), "seed %d, command %d", seed, i)
			}
			want := first.Apply(&c, nil)
			require.Equal(t, want, restored.Apply(&c, nil), "restored: seed %d, command %d", seed, i)
			require.Equal(t, want, again.Apply(&c, nil), "replayed: seed %d, command %d", seed, i)
			if i%89 == 0 {
				want, _ := first.AppendBinary(nil)
				got, _ := restored.AppendBinary(nil)
				require.Equal(t, want, got, "restored: seed %d, command %d", seed, i)
				got, _ = again.AppendBinary(nil)
				require.Equal(t, want, got, "replayed: seed %d, command %d", seed, i)
			}
		}
	}
}

// A reader that starts with Depth and then follows Changes has the same levels as the
// book, and is told nothing where no command was carried out.
func TestBook_changes(t *testing.T) {
	for seed := range uint64(2 * len(mixes)) {
		m := mixes[seed%uint64(len(mixes))]
		roll := seeded(seed)
		b := book.New(0)
		mirror := [2]map[int64]book.Level{{}, {}}
		levels := func() (now [2]map[int64]book.Level) {
			for _, side := range []book.Side{book.Buy, book.Sell} {
				now[side] = map[int64]book.Level{}
				for _, l := range b.Depth(nil, side, 1000) {
					now[side][l.Price] = l
				}
			}
			return now
		}
		for i := range 2000 {
			c := m.command(roll)
			b.Apply(&c, nil)
			switch {
			case i < 50:
			case i == 50:
				assert.Empty(t, b.Changes(nil), "before anybody asked")
				mirror = levels()
			case roll(5) == 0:
				for _, l := range b.Changes(nil) {
					if l.Orders == 0 {
						assert.Zero(t, l.Quantity, "of a level that is gone")
						delete(mirror[l.Side], l.Price)
					} else {
						mirror[l.Side][l.Price] = l
					}
				}
				require.Equal(t, levels(), mirror, "seed %d, command %d", seed, i)
				require.Empty(t, b.Changes(nil), "nothing happened since")
			}
		}
	}
}

// What nobody sees changes no level.
func TestBook_changesUnseen(t *testing.T) {
	b := book.New(0)
	b.Changes(nil)
	for _, c := range []book.Command{
		stopAt(110, buy(1, 5, 120)), reduce(1, 1), replace(1, 5, 130), with(book.IOC, sell(2, 5, 100)), sell(3, -5, 100), cancel(3), cancel(1),
	} {
		b.Apply(&c, nil)
		assert.Empty(t, b.Changes(nil), "after %+v", c)
	}
	iceberg := showing(2, sell(4, 6, 100))
	b.Apply(&iceberg, nil)
	assert.Len(t, b.Changes(nil), 1)
	for _, c := range []book.Command{reduce(4, 1), replace(4, 5, 100), replace(4, 3, 100)} {
		b.Apply(&c, nil)
		assert.Empty(t, b.Changes(nil), "after %+v", c)
	}
	reduced := reduce(4, 2)
	b.Apply(&reduced, nil)
	assert.Equal(t, []book.Level{{Price: 100, Quantity: 1, Orders: 1, Side: book.Sell}}, b.Changes(nil))
}
