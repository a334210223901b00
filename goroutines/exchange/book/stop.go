package book

// wait puts a stop where it waits, or triggers it if the last trade is at its trigger
// or beyond. Head is where the chain of its id begins.
func (b *Book) wait(c *Command, head *uint32) {
	in := &b.stops[c.Side&1]
	if b.traded && in.key(c.Trigger) <= in.key(b.last) {
		b.triggered = append(b.triggered, *c)
		return
	}
	b.queue(c, head, in, c.Trigger, c.Quantity, 0)
}

// runStops lets the stops that are triggered enter the book one by one; their trades
// may trigger more.
func (b *Book) runStops() {
	b.reach()
	for i := 0; i < len(b.triggered); i++ {
		c := b.triggered[i]
		c.Flags &^= Stop
		b.report(Triggered, 0, c.ID, c.Side, c.Trigger, c.Quantity)
		b.arrive(&c, b.byID.head(c.ID))
		b.reach()
	}
	b.triggered = b.triggered[:0]
}

// reach triggers the stops between the first and the last trade since it was called
// last: an order trades at ever better prices for its makers, so no trade was beyond
// these two.
func (b *Book) reach() {
	if !b.moved {
		return
	}
	b.moved = false
	reached := [2]int64{Buy: max(b.first, b.last), Sell: min(b.first, b.last)}
	for side := range b.stops {
		in := &b.stops[side]
		for in.best != 0 && in.levels[in.best].key <= in.key(reached[side]) {
			index := in.levels[in.best].head
			o := &b.orders[index]
			b.triggered = append(b.triggered, Command{
				ID: o.id, Price: o.price, Quantity: o.open, Display: o.display, Trigger: b.trigger(o),
				Owner: o.owner, Flags: o.flags, Side: o.side,
			})
			b.leave(index, o)
		}
	}
}

// trigger returns the price that a stop waits for.
func (b *Book) trigger(o *order) int64 {
	in := &b.stops[o.side&1]
	return in.price(in.levels[o.level].key)
}
