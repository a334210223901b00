package book

import "iter"

// A Level is what the book shows of one price.
type Level struct {
	Price    int64  // in ticks
	Quantity int64  // in lots, without what icebergs hide; 0 if the level is gone
	Orders   uint32 // number of orders
	Side     Side
}

// Best returns the level that would be matched first, and whether there is one.
func (b *Book) Best(side Side) (Level, bool) {
	in := &b.sides[side]
	if in.best == 0 {
		return Level{Side: side}, false
	}
	return in.show(in.best, side), true
}

// Depth appends up to so many levels of a side, the best first.
func (b *Book) Depth(to []Level, side Side, most int) []Level {
	in := &b.sides[side]
	for at := in.best; at != 0 && most > 0; at = in.next(at) {
		to = append(to, in.show(at, side))
		most--
	}
	return to
}

func (l *ladder) show(at uint32, side Side) Level {
	found := &l.levels[at]
	return Level{Price: l.price(found.key), Quantity: found.open, Orders: found.orders, Side: side}
}

// Last returns the price of the last trade, and whether there was one.
func (b *Book) Last() (int64, bool) { return b.last, b.traded }

// Sequence returns the number of the last command.
func (b *Book) Sequence() uint64 { return b.sequence }

// Orders returns the number of orders in the book, waiting stops included.
func (b *Book) Orders() int { return b.byID.used }

// All yields, for each order in the book, the command that would enter what is left of it:
// bids, asks, buy stops and sell stops, the first to be matched or triggered first. The
// book must not change meanwhile.
func (b *Book) All() iter.Seq[Command] {
	return func(yield func(Command) bool) {
		for _, in := range b.ladders() {
			for o := range in.all(b.orders) {
				c := Command{
					Kind: Enter, ID: o.id, Side: o.side, Price: o.price, Quantity: o.open + o.hidden,
					Owner: o.owner, Flags: o.flags,
				}
				c.Display = min(o.display, c.Quantity)
				if o.flags&Stop != 0 {
					c.Trigger = b.trigger(o)
				}
				if !yield(c) {
					return
				}
			}
		}
	}
}

// all yields the orders of a ladder, the first to be matched or triggered first.
func (l *ladder) all(orders []order) iter.Seq[*order] {
	return func(yield func(*order) bool) {
		for at := l.best; at != 0; at = l.next(at) {
			for i := l.levels[at].head; i != 0; i = orders[i].next {
				if !yield(&orders[i]) {
					return
				}
			}
		}
	}
}

// Changes appends the levels that changed since the last call, each as it is now; a
// level that was gone meanwhile may be there twice. The book takes note from the
// first call on, which appends none.
func (b *Book) Changes(to []Level) []Level {
	for _, changed := range b.changes {
		in := &b.sides[changed.side]
		if at := in.find(in.key(changed.price)); at != 0 {
			to = append(to, in.show(at, changed.side))
		} else {
			to = append(to, Level{Price: changed.price, Side: changed.side})
		}
	}
	b.changes = b.changes[:0]
	b.round++
	return to
}

// A change is a level that differs from what it was when Changes was called last.
type change struct {
	price int64
	side  Side
}

// touch takes note that the level of an order changed, if somebody asks.
func (b *Book) touch(in *ladder, o *order) {
	if l := &in.levels[o.level]; l.touched != b.round { // both are 0 as long as nobody asks
		b.note(l, in, o)
	}
}

func (b *Book) note(l *level, in *ladder, o *order) {
	l.touched = b.round
	if o.flags&Stop == 0 {
		b.changes = append(b.changes, change{in.price(l.key), o.side})
	}
}

// Has tells whether an order with the id is in the book.
func (b *Book) Has(id uint64) bool { return find(b.byID.head(id), id, b.orders) != 0 }
