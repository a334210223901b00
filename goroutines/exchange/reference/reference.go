// Package reference is an order book that is as simple as can be: one slice, looked
// through from end to end for every question. It follows the documentation of package
// book, of which it uses the commands and reports and no code, so that where the two
// agree, two readings of the rules agree.
package reference

import (
	"cmp"
	"math"
	"slices"

	"gonotes/goroutines/exchange/book"
)

// An Order is in the book.
type Order struct {
	ID      uint64
	Price   int64
	Open    int64 // what is still to be traded
	Shown   int64 // of it; 0 while the order waits
	Display int64
	Trigger int64
	Owner   uint32
	Side    book.Side
	Flags   book.Flags
	Waits   bool // for a trade at its trigger

	arrival uint64 // at the end of its queue
}

// A Book of orders, empty to begin with.
type Book struct {
	orders   []Order // in no order
	sequence uint64
	arrivals uint64
	last     int64 // price
	traded   bool  // whether there is a last price

	reports []book.Report // of the command that is being carried out
	prices  []int64       // of the trades since the stops were looked at
	queue   []Order       // stops that are triggered and did not enter yet
}

// Apply carries out a command and returns its reports.
func (b *Book) Apply(c book.Command) []book.Report {
	b.sequence++
	b.reports = nil
	if reason := b.refusal(c); reason != 0 {
		b.report(book.Report{Event: book.Rejected, ID: c.ID, Reason: reason})
		return b.reports
	}
	switch c.Kind {
	case book.Enter:
		o := Order{ID: c.ID, Price: c.Price, Open: c.Quantity, Display: c.Display, Trigger: c.Trigger, Owner: c.Owner, Side: c.Side, Flags: c.Flags, Waits: c.Flags&book.Stop != 0}
		b.reportOrder(book.Accepted, o)
		b.come(o)
	case book.Cancel:
		b.cancel(b.take(c.ID), book.Asked)
	case book.Reduce:
		b.reduce(c)
	case book.Replace:
		b.replace(c)
	case book.EndDay:
		b.report(book.Report{Event: book.Accepted})
		for _, o := range b.Orders() {
			if o.Flags&book.Day != 0 {
				b.cancel(b.take(o.ID), book.DayEnded)
			}
		}
	}
	for b.trigger(); len(b.queue) > 0; b.trigger() {
		stop := b.queue[0]
		b.queue = b.queue[1:]
		b.report(book.Report{Event: book.Triggered, ID: stop.ID, Side: stop.Side, Price: stop.Trigger, Quantity: stop.Open})
		b.enter(stop)
	}
	return b.reports
}

// refusal returns why a command is rejected, or 0.
func (b *Book) refusal(c book.Command) book.Reason {
	if c.Kind == book.EndDay {
		return 0
	}
	if c.Kind < book.Enter || c.Kind > book.EndDay {
		return book.UnknownCommand
	}
	if c.Kind == book.Enter {
		return b.refusalToEnter(c)
	}
	if c.Kind != book.Cancel && c.Quantity <= 0 {
		return book.BadQuantity
	}
	i := b.index(c.ID)
	if i < 0 {
		return book.UnknownOrder
	}
	o := b.orders[i]
	if o.Owner != c.Owner {
		return book.NotOwner
	}
	if c.Kind != book.Replace {
		return 0
	}
	switch {
	case o.Flags&book.Market != c.Flags&book.Market:
		return book.BadPrice
	case o.Flags&book.Market != 0 && c.Price != 0:
		return book.BadPrice
	case c.Flags&book.Stop != 0 && !o.Waits:
		return book.BadTrigger
	case c.Flags&book.Stop == 0 && c.Trigger != 0:
		return book.BadTrigger
	case o.Flags&book.Iceberg != 0 && slicesOf(c.Quantity, o.Display) > book.MaxSlices:
		return book.BadDisplay
	case c.Quantity > math.MaxInt64-(b.open(o.Side)-o.Open):
		return book.TooMuch
	case o.Flags&book.PostOnly != 0 && b.crosses(o.Side, c.Price):
		return book.WouldTrade
	}
	return 0
}

func (b *Book) refusalToEnter(c book.Command) book.Reason {
	is := func(flags book.Flags) bool { return c.Flags&flags != 0 }
	switch {
	case !consistent(c.Flags):
		return book.BadFlags
	case c.Side != book.Buy && c.Side != book.Sell:
		return book.BadSide
	case c.Quantity <= 0:
		return book.BadQuantity
	case is(book.Market) && c.Price != 0:
		return book.BadPrice
	case !is(book.Stop) && c.Trigger != 0:
		return book.BadTrigger
	case !is(book.Iceberg) && c.Display != 0:
		return book.BadDisplay
	case is(book.Iceberg) && (c.Display < 1 || c.Display > c.Quantity || slicesOf(c.Quantity, c.Display) > book.MaxSlices):
		return book.BadDisplay
	case b.index(c.ID) >= 0:
		return book.DuplicateID
	case c.Quantity > math.MaxInt64-b.open(c.Side):
		return book.TooMuch
	case is(book.PostOnly) && b.crosses(c.Side, c.Price):
		return book.WouldTrade
	}
	return 0
}

func consistent(f book.Flags) bool {
	is := func(flags book.Flags) bool { return f&flags != 0 }
	switch {
	case f >= book.Day<<1,
		is(book.Market) && is(book.PostOnly|book.Iceberg),
		is(book.IOC) && is(book.FOK),
		is(book.IOC|book.FOK) && is(book.PostOnly|book.Iceberg),
		is(book.Stop) && is(book.PostOnly),
		is(book.Day) && !is(book.Stop) && is(book.Market|book.IOC|book.FOK):
		return false
	}
	return true
}

func slicesOf(quantity, display int64) int64 { return (quantity-1)/display + 1 }

// reduce takes off what is hidden first.
func (b *Book) reduce(c book.Command) {
	o := &b.orders[b.index(c.ID)]
	if c.Quantity >= o.Open {
		b.cancel(b.take(c.ID), book.Asked)
		return
	}
	o.Open -= c.Quantity
	o.Shown = min(o.Shown, o.Open)
	b.reportOrder(book.Replaced, *o)
}

func (b *Book) replace(c book.Command) {
	o := &b.orders[b.index(c.ID)]
	trigger := o.Trigger
	if c.Flags&book.Stop != 0 {
		trigger = c.Trigger
	}
	if c.Price == o.Price && c.Quantity <= o.Open && trigger == o.Trigger {
		o.Open = c.Quantity
		o.Shown = min(o.Shown, o.Open)
		b.reportOrder(book.Replaced, *o)
		return
	}
	anew := b.take(c.ID)
	anew.Price, anew.Open, anew.Trigger = c.Price, c.Quantity, trigger
	b.reportOrder(book.Replaced, anew)
	b.come(anew)
}

// come lets a stop wait, unless the last trade triggers it, and any other order enter.
func (b *Book) come(o Order) {
	switch {
	case !o.Waits:
		b.enter(o)
	case b.traded && reaches(b.last, o):
		b.queue = append(b.queue, o)
	default:
		b.add(o)
	}
}

// enter trades what can be traded; what is left rests or is cancelled.
func (b *Book) enter(o Order) {
	o.Waits = false
	if o.Flags&book.FOK != 0 {
		trial := Book{orders: slices.Clone(b.orders), arrivals: b.arrivals}
		if left, _ := trial.match(o); left.Open > 0 {
			b.cancel(o, book.NotAllFilled)
			return
		}
	}
	o, own := b.match(o)
	switch {
	case o.Open == 0:
	case own:
		b.cancel(o, book.SelfTrade)
	case o.Flags&(book.Market|book.IOC) != 0:
		b.cancel(o, book.NotFilled)
	default:
		o.Shown = o.Open
		if o.Flags&book.Iceberg != 0 {
			o.Shown = min(o.Display, o.Open)
		}
		b.add(o)
	}
}

// match trades until nothing is left, nobody is at the price, or the next is of the same
// owner. It returns the order with what is left, and whether it met its owner.
func (b *Book) match(o Order) (left Order, own bool) {
	for o.Open > 0 {
		i := b.first(o.Side.Opposite())
		if i < 0 {
			break
		}
		maker := &b.orders[i]
		if o.Flags&book.Market == 0 && better(maker.Side, o.Price, maker.Price) {
			break
		}
		if o.Owner != 0 && o.Owner == maker.Owner {
			return o, true
		}
		quantity := min(o.Open, maker.Shown)
		o.Open -= quantity
		maker.Open -= quantity
		maker.Shown -= quantity
		b.last, b.traded = maker.Price, true
		b.prices = append(b.prices, maker.Price)
		b.report(book.Report{Event: book.Traded, ID: o.ID, Side: o.Side, Maker: maker.ID, Price: maker.Price, Quantity: quantity, Left: o.Open})
		if maker.Shown == 0 {
			next := b.take(maker.ID)
			if next.Open > 0 {
				next.Shown = min(next.Display, next.Open)
				b.add(next)
			}
		}
	}
	return o, false
}

// trigger moves the stops that the latest trades trigger to the end of the queue.
func (b *Book) trigger() {
	for _, o := range b.Orders() {
		if o.Waits && slices.ContainsFunc(b.prices, func(price int64) bool { return reaches(price, o) }) {
			b.queue = append(b.queue, b.take(o.ID))
		}
	}
	b.prices = nil
}

func reaches(price int64, stop Order) bool {
	if stop.Side == book.Buy {
		return price >= stop.Trigger
	}
	return price <= stop.Trigger
}

// first returns the index of the order of a side that is matched first, or -1.
func (b *Book) first(side book.Side) int {
	first := -1
	for i, o := range b.orders {
		if o.Side == side && !o.Waits && (first < 0 || compare(o, b.orders[first]) < 0) {
			first = i
		}
	}
	return first
}

// crosses tells whether an order of a side and price would meet another.
func (b *Book) crosses(side book.Side, price int64) bool {
	i := b.first(side.Opposite())
	return i >= 0 && !better(side.Opposite(), price, b.orders[i].Price)
}

// better tells whether a price comes before another among the resting orders of a side.
func better(side book.Side, price, other int64) bool {
	if side == book.Buy {
		return price > other
	}
	return price < other
}

// compare orders bids, asks, buy stops and sell stops, each as they have their turn.
func compare(a, b Order) int {
	if a.Waits != b.Waits {
		if b.Waits {
			return -1
		}
		return 1
	}
	if a.Side != b.Side {
		return cmp.Compare(a.Side, b.Side)
	}
	byPrice := cmp.Compare(a.Price, b.Price)
	if a.Waits {
		byPrice = cmp.Compare(a.Trigger, b.Trigger)
	}
	if a.Waits == (a.Side == book.Sell) {
		byPrice = -byPrice // bids and sell stops begin with the highest
	}
	return cmp.Or(byPrice, cmp.Compare(a.arrival, b.arrival))
}

// open returns what all orders of a side have open, waiting stops included.
func (b *Book) open(side book.Side) int64 {
	var open int64 // at most MaxInt64, since what would be above it was refused
	for _, o := range b.orders {
		if o.Side == side {
			open += o.Open
		}
	}
	return open
}

func (b *Book) index(id uint64) int {
	return slices.IndexFunc(b.orders, func(o Order) bool { return o.ID == id })
}

func (b *Book) add(o Order) {
	b.arrivals++
	o.arrival = b.arrivals
	b.orders = append(b.orders, o)
}

func (b *Book) take(id uint64) Order {
	i := b.index(id)
	o := b.orders[i]
	b.orders = slices.Delete(b.orders, i, i+1)
	return o
}

func (b *Book) cancel(o Order, reason book.Reason) {
	b.report(book.Report{Event: book.Cancelled, Reason: reason, ID: o.ID, Side: o.Side, Price: o.Price, Quantity: o.Open})
}

func (b *Book) reportOrder(event book.Event, o Order) {
	b.report(book.Report{Event: event, ID: o.ID, Side: o.Side, Price: o.Price, Quantity: o.Open})
}

func (b *Book) report(r book.Report) {
	r.Sequence = b.sequence
	b.reports = append(b.reports, r)
}

// Orders returns the bids, asks, buy stops and sell stops, each in the order in which
// they have their turn.
func (b *Book) Orders() []Order {
	return slices.SortedFunc(slices.Values(b.orders), compare)
}

// Depth returns the levels of a side, the best first.
func (b *Book) Depth(side book.Side) []book.Level {
	var levels []book.Level
	for _, o := range b.Orders() {
		if o.Waits || o.Side != side {
			continue
		}
		if len(levels) == 0 || levels[len(levels)-1].Price != o.Price {
			levels = append(levels, book.Level{Side: side, Price: o.Price})
		}
		level := &levels[len(levels)-1]
		level.Quantity += o.Shown
		level.Orders++
	}
	return levels
}

// Last returns the price of the last trade, and whether there was one.
func (b *Book) Last() (int64, bool) { return b.last, b.traded }

// Sequence returns the number of commands.
func (b *Book) Sequence() uint64 { return b.sequence }
