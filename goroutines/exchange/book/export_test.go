package book

// A Touch is where in the book's memory a report finds its order.
type Touch struct {
	order, level uint32
	side         Side
}

// Where tells where an order is, or, if it is in none, where the next would be: in the
// free slot and at the best level of its side.
func (b *Book) Where(id uint64, side Side) Touch {
	if index := find(b.byID.head(id), id, b.orders); index != 0 {
		o := &b.orders[index]
		return Touch{order: index, level: o.level, side: o.side}
	}
	return Touch{order: b.free, level: b.sides[side].best, side: side}
}

// Floor is Apply without a book: it does what no book can leave out. It looks up the id
// and, for as many reports as the command has, touches the order that it is about and its
// level and writes it.
func (b *Book) Floor(c *Command, at []Touch, reports []Report) []Report {
	b.sequence++
	b.reports = reports
	found := find(b.byID.head(c.ID), c.ID, b.orders)
	for i := range at {
		o := &b.orders[at[i].order]
		o.open += c.Quantity
		l := &b.sides[at[i].side&1].levels[at[i].level]
		l.open += c.Quantity
		b.report(Accepted, 0, c.ID+uint64(found), c.Side, o.price, l.open)
	}
	return b.reports
}
