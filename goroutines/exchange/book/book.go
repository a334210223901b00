package book

import (
	"math"
	"slices"
)

// A Book is the order book of one symbol. Its zero value is of no use; it is not safe
// for concurrent use, and need not be: one goroutine owns it.
type Book struct {
	reports  []Report // of the command that is carried out, behind those of the caller
	sequence uint64   // of the last command
	last     int64    // price of the last trade
	traded   bool     // whether there is one

	orders []order // without 0, which means none
	free   uint32
	byID   table
	sides  [2]ladder // what rests, by Side
	stops  [2]ladder // what waits for its trigger, by Side
	open   [2]int64  // lots of all of these, by Side

	first     int64 // price of the first trade since stops were looked at
	moved     bool  // whether there is one
	triggered []Command

	round   uint64 // of Changes; 0 as long as nobody asks
	changes []change
}

// An order in the book, in a queue and in the table. It fills one cache line.
type order struct {
	id         uint64
	price      int64
	open       int64  // lots displayed; of an order that waits, all lots
	hidden     int64  // lots of an iceberg that are not displayed yet
	display    int64  // lots that an iceberg shows at a time
	next, prev uint32 // in the queue; of a free order, next is the next free one
	chain      uint32 // the next order with the same hash of the id
	level      uint32
	owner      uint32
	flags      Flags // Stop as long as it waits
	side       Side
}

// New returns an empty book with room for so many orders, if there are at least sixteen
// at a price on average. Room for more is allocated when it is needed; all is used again.
func New(orders int) *Book {
	return &Book{
		orders: make([]order, 1, 1+orders),
		byID:   newTable(orders),
		sides:  [2]ladder{Buy: newLadder(flipDown, orders/16), Sell: newLadder(flipUp, orders/16)},
		stops:  [2]ladder{Buy: newLadder(flipUp, 0), Sell: newLadder(flipDown, 0)},
	}
}

// Apply carries out a command, appends its reports and returns them.
func (b *Book) Apply(c *Command, reports []Report) []Report {
	b.sequence++
	b.reports = reports
	switch c.Kind {
	case Enter:
		b.enter(c)
	case Cancel:
		b.cancel(c)
	case Reduce:
		b.reduce(c)
	case Replace:
		b.replace(c)
	case EndDay:
		b.endDay()
	default:
		b.reject(c, UnknownCommand)
	}
	if b.moved && b.stops[Buy].best|b.stops[Sell].best != 0 || len(b.triggered) != 0 {
		b.runStops()
	}
	b.moved = false
	return b.reports
}

func (b *Book) enter(c *Command) {
	if reason := c.refuse(); reason != 0 {
		b.reject(c, reason)
		return
	}
	side := c.Side & 1
	head := b.byID.head(c.ID)
	if find(head, c.ID, b.orders) != 0 {
		b.reject(c, DuplicateID)
		return
	}
	if c.Quantity > math.MaxInt64-b.open[side] {
		b.reject(c, TooMuch)
		return
	}
	if c.Flags&PostOnly != 0 && b.crosses(side, c.Price) {
		b.reject(c, WouldTrade)
		return
	}
	b.report(Accepted, 0, c.ID, side, c.Price, c.Quantity)
	b.open[side] += c.Quantity
	if c.Flags&Stop != 0 {
		b.wait(c, head)
		return
	}
	b.arrive(c, head)
}

// refuse returns why a new order is rejected whatever is in the book, or 0.
func (c *Command) refuse() Reason {
	if c.Flags == 0 && c.Side <= Sell && c.Quantity > 0 && c.Trigger|c.Display == 0 {
		return 0 // as most are
	}
	switch {
	case !consistent[c.Flags]:
		return BadFlags
	case c.Side > Sell:
		return BadSide
	case c.Quantity <= 0:
		return BadQuantity
	case c.Flags&Market != 0 && c.Price != 0:
		return BadPrice
	case c.Flags&Stop == 0 && c.Trigger != 0:
		return BadTrigger
	case c.Flags&Iceberg == 0 && c.Display != 0, c.Flags&Iceberg != 0 && !showable(c.Quantity, c.Display):
		return BadDisplay
	}
	return 0
}

func showable(quantity, display int64) bool {
	return 1 <= display && display <= quantity && (quantity-1)/display < MaxSlices
}

// crosses tells whether an order of this side at this price would trade.
func (b *Book) crosses(side Side, price int64) bool {
	makers := &b.sides[side&1^1]
	return makers.best != 0 && makers.levels[makers.best].key <= makers.key(price)
}

// owned returns the order that a command is about, or why the command is rejected.
func (b *Book) owned(c *Command) (index uint32, reason Reason) {
	index = find(b.byID.head(c.ID), c.ID, b.orders)
	switch {
	case index == 0:
		return 0, UnknownOrder
	case b.orders[index].owner != c.Owner:
		return 0, NotOwner
	}
	return index, 0
}

func (b *Book) cancel(c *Command) {
	index, reason := b.owned(c)
	if reason != 0 {
		b.reject(c, reason)
		return
	}
	o := &b.orders[index]
	b.drop(index, o, Asked)
}

func (b *Book) reduce(c *Command) {
	if c.Quantity <= 0 {
		b.reject(c, BadQuantity)
		return
	}
	index, reason := b.owned(c)
	if reason != 0 {
		b.reject(c, reason)
		return
	}
	o := &b.orders[index]
	if c.Quantity < o.open+o.hidden {
		b.shrink(o, c.Quantity)
		return
	}
	b.drop(index, o, Asked)
}

// shrink takes lots off an order where it is.
func (b *Book) shrink(o *order, lots int64) {
	hidden := min(lots, o.hidden)
	o.hidden -= hidden
	o.open -= lots - hidden
	b.open[o.side&1] -= lots
	if shown := lots - hidden; shown > 0 {
		in := b.in(o)
		in.levels[o.level].open -= shown
		b.touch(in, o)
	}
	b.report(Replaced, 0, o.id, o.side, o.price, o.open+o.hidden)
}

func (b *Book) replace(c *Command) {
	if c.Quantity <= 0 {
		b.reject(c, BadQuantity)
		return
	}
	index, reason := b.owned(c)
	if reason != 0 {
		b.reject(c, reason)
		return
	}
	o := &b.orders[index]
	all := o.open + o.hidden
	waits := o.flags&Stop != 0
	switch {
	case (o.flags^c.Flags)&Market != 0 || o.flags&Market != 0 && c.Price != 0:
		b.reject(c, BadPrice)
		return
	case c.Flags&Stop == 0 && c.Trigger != 0 || c.Flags&Stop != 0 && !waits:
		b.reject(c, BadTrigger)
		return
	case o.flags&Iceberg != 0 && (c.Quantity-1)/o.display >= MaxSlices:
		b.reject(c, BadDisplay)
		return
	case c.Quantity > math.MaxInt64-(b.open[o.side&1]-all):
		b.reject(c, TooMuch)
		return
	case o.flags&PostOnly != 0 && b.crosses(o.side, c.Price):
		b.reject(c, WouldTrade)
		return
	}
	anew := Command{
		ID: o.id, Price: c.Price, Quantity: c.Quantity, Display: o.display,
		Owner: o.owner, Flags: o.flags, Side: o.side,
	}
	stays := c.Price == o.price && c.Quantity <= all
	if waits {
		anew.Trigger = b.trigger(o)
		if c.Flags&Stop != 0 && c.Trigger != anew.Trigger {
			anew.Trigger, stays = c.Trigger, false
		}
	}
	if stays {
		b.shrink(o, all-c.Quantity)
		return
	}
	b.leave(index, o)
	b.open[anew.Side&1] += anew.Quantity - all
	b.report(Replaced, 0, anew.ID, anew.Side, anew.Price, anew.Quantity)
	head := b.byID.head(anew.ID)
	if waits {
		b.wait(&anew, head)
		return
	}
	b.arrive(&anew, head)
}

func (b *Book) endDay() {
	b.report(Accepted, 0, 0, 0, 0, 0)
	for _, in := range b.ladders() {
		for at := in.best; at != 0; {
			next := in.next(at)
			for index := in.levels[at].head; index != 0; {
				o := &b.orders[index]
				behind := o.next
				if o.flags&Day != 0 {
					b.drop(index, o, DayEnded)
				}
				index = behind
			}
			at = next
		}
	}
}

// ladders returns bids, asks, buy stops and sell stops.
func (b *Book) ladders() [4]*ladder {
	return [...]*ladder{&b.sides[Buy], &b.sides[Sell], &b.stops[Buy], &b.stops[Sell]}
}

func (b *Book) reject(c *Command, reason Reason) { b.report(Rejected, reason, c.ID, 0, 0, 0) }

// report appends a report.
func (b *Book) report(event Event, reason Reason, id uint64, side Side, price, quantity int64) {
	r := b.next()
	r.Sequence, r.ID, r.Maker = b.sequence, id, 0
	r.Price, r.Quantity, r.Left = price, quantity, 0
	r.Event, r.Reason, r.Side = event, reason, side
}

// next returns the next report, for the caller to fill all of it: to fill one elsewhere
// and to copy it there takes longer than most commands.
func (b *Book) next() *Report {
	n := len(b.reports)
	if n == cap(b.reports) {
		b.reports = slices.Grow(b.reports, 1)
	}
	b.reports = b.reports[:n+1]
	return &b.reports[n]
}
