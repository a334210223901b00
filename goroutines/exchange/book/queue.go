package book

// queue puts what is open of an order behind the others at a price, and its id in the
// table.
func (b *Book) queue(c *Command, head *uint32, in *ladder, price, open, hidden int64) {
	index := b.free
	if index == 0 {
		index = uint32(len(b.orders))
		b.orders = append(b.orders, order{})
	}
	o := &b.orders[index]
	b.free = o.next
	at := in.at(in.key(price))
	l := &in.levels[at]
	tail := l.tail
	o.id, o.price, o.open, o.hidden, o.display = c.ID, c.Price, open, hidden, c.Display
	o.level, o.prev, o.next = at, tail, 0
	o.owner, o.flags, o.side = c.Owner, c.Flags, c.Side
	if tail == 0 {
		l.head = index
	} else {
		b.orders[tail].next = index
	}
	l.tail = index
	l.open += open
	l.orders++
	b.touch(in, o)
	if b.byID.put(head, index, o) {
		b.byID.grow(b.orders)
	}
}

// drop cancels an order.
func (b *Book) drop(index uint32, o *order, reason Reason) {
	all := o.open + o.hidden
	b.open[o.side&1] -= all
	b.report(Cancelled, reason, o.id, o.side, o.price, all)
	b.leave(index, o)
}

// leave takes an order out of the book; only the open lots of its side are the caller's.
func (b *Book) leave(index uint32, o *order) {
	in := b.in(o)
	in.levels[o.level].open -= o.open
	b.touch(in, o)
	b.unlink(index, o, in)
}

// unlink takes an order out of its queue and its id out of the table, and frees its slot.
func (b *Book) unlink(index uint32, o *order, in *ladder) {
	b.byID.remove(b.byID.head(o.id), index, b.orders)
	l := &in.levels[o.level]
	if o.prev == 0 {
		l.head = o.next
	} else {
		b.orders[o.prev].next = o.next
	}
	if o.next == 0 {
		l.tail = o.prev
	} else {
		b.orders[o.next].prev = o.prev
	}
	l.orders--
	if l.orders == 0 {
		in.remove(o.level)
	}
	o.next, b.free = b.free, index
}

// toEnd moves the first order of a level behind the others.
func (b *Book) toEnd(index uint32, l *level) {
	if l.tail == index {
		return
	}
	o := &b.orders[index]
	l.head = o.next
	b.orders[l.head].prev = 0
	b.orders[l.tail].next = index
	o.prev, o.next, l.tail = l.tail, 0, index
}

// in returns the ladder where the order is.
func (b *Book) in(o *order) *ladder {
	if o.flags&Stop != 0 {
		return &b.stops[o.side&1]
	}
	return &b.sides[o.side&1]
}
