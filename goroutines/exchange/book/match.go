package book

import "math"

// arrive matches an order that comes in with those that rest; what is left of it rests
// or is cancelled. Head is where the chain of its id begins.
func (b *Book) arrive(c *Command, head *uint32) {
	makers := &b.sides[c.Side&1^1]
	limit := makers.key(c.Price)
	if c.Flags&Market != 0 {
		limit = math.MaxUint64
	}
	left, reason := c.Quantity, Reason(0)
	if c.Flags&FOK != 0 && !b.fillable(c, makers, limit) {
		reason = NotAllFilled
	} else if makers.best != 0 && makers.levels[makers.best].key <= limit {
		left, reason = b.match(c, makers, limit)
		if left == 0 {
			return
		}
	}
	if reason == 0 && c.Flags&(Market|IOC) != 0 {
		reason = NotFilled
	}
	if reason != 0 {
		b.open[c.Side&1] -= left
		b.report(Cancelled, reason, c.ID, c.Side, c.Price, left)
		return
	}
	hidden := int64(0)
	if c.Flags&Iceberg != 0 {
		hidden = left - min(left, c.Display)
	}
	b.queue(c, head, &b.sides[c.Side&1], c.Price, left-hidden, hidden)
}

// match trades an order with those that rest up to the key, the best price first and
// then the oldest first, each at its own price. It returns the lots that are left, and
// SelfTrade if an order of the same owner ended that.
func (b *Book) match(c *Command, makers *ladder, limit uint64) (left int64, reason Reason) {
	left = c.Quantity
	first := makers.price(makers.levels[makers.best].key)
	for left > 0 && makers.best != 0 {
		l := &makers.levels[makers.best]
		if l.key > limit {
			break
		}
		index := l.head
		maker := &b.orders[index]
		if maker.owner == c.Owner && c.Owner != 0 {
			reason = SelfTrade
			break
		}
		lots := min(left, maker.open)
		left -= lots
		maker.open -= lots
		l.open -= lots
		b.last = maker.price
		b.touch(makers, maker)
		r := b.next()
		r.Sequence, r.ID, r.Maker = b.sequence, c.ID, maker.id
		r.Price, r.Quantity, r.Left = maker.price, lots, left
		r.Event, r.Reason, r.Side = Traded, 0, c.Side
		switch {
		case maker.open > 0:
		case maker.hidden > 0:
			maker.open = min(maker.hidden, maker.display)
			maker.hidden -= maker.open
			l.open += maker.open
			b.toEnd(index, l)
		default:
			b.unlink(index, maker, makers)
		}
	}
	if lots := c.Quantity - left; lots > 0 {
		b.open[Buy] -= lots
		b.open[Sell] -= lots
		b.moved, b.traded, b.first = true, true, first
	}
	return left, reason
}

// fillable tells whether the order could trade all of its quantity. An own order ends
// what can be had: of the icebergs before it only what they show, as the rest goes
// behind it.
func (b *Book) fillable(c *Command, makers *ladder, limit uint64) bool {
	left := c.Quantity
	for at := makers.best; at != 0 && makers.levels[at].key <= limit; at = makers.next(at) {
		shown, all := left, left
		for i := makers.levels[at].head; i != 0; i = b.orders[i].next {
			maker := &b.orders[i]
			if maker.owner == c.Owner && c.Owner != 0 {
				return shown <= 0
			}
			shown -= maker.open // the open lots of a side fit into an int64
			all -= maker.open + maker.hidden
		}
		if all <= 0 {
			return true
		}
		left = all
	}
	return false
}
