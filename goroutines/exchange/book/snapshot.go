package book

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

const (
	bookSize  = 8 + 8 + 1 + 4*8
	orderSize = 6*8 + 4 + 1
)

// AppendBinary appends the book: the sequence and the last price, then all orders in
// the order in which EndDay goes through them. Equal books give equal bytes. The error
// is always nil.
func (b *Book) AppendBinary(to []byte) ([]byte, error) {
	to = binary.LittleEndian.AppendUint64(to, b.sequence)
	to = binary.LittleEndian.AppendUint64(to, uint64(b.last))
	traded := byte(0)
	if b.traded {
		traded = 1
	}
	to = append(to, traded)
	for _, in := range b.ladders() {
		count := len(to)
		to = binary.LittleEndian.AppendUint64(to, 0)
		orders := uint64(0)
		for o := range in.all(b.orders) {
			orders++
			to = binary.LittleEndian.AppendUint64(to, o.id)
			to = binary.LittleEndian.AppendUint64(to, uint64(o.price))
			to = binary.LittleEndian.AppendUint64(to, uint64(o.open))
			to = binary.LittleEndian.AppendUint64(to, uint64(o.hidden))
			to = binary.LittleEndian.AppendUint64(to, uint64(o.display))
			to = binary.LittleEndian.AppendUint64(to, uint64(in.price(in.levels[o.level].key)))
			to = binary.LittleEndian.AppendUint32(to, o.owner)
			to = append(to, byte(o.flags))
		}
		binary.LittleEndian.PutUint64(to[count:], orders)
	}
	return to, nil
}

// UnmarshalBinary makes the book what AppendBinary wrote. If the bytes are no book, the
// error says why and the book is not changed.
func (b *Book) UnmarshalBinary(from []byte) error {
	if len(from) < bookSize {
		return fmt.Errorf("book: %d bytes, want at least %d", len(from), bookSize)
	}
	made := New((len(from) - bookSize) / orderSize)
	made.sequence = binary.LittleEndian.Uint64(from)
	made.last = int64(binary.LittleEndian.Uint64(from[8:]))
	if from[16] > 1 || from[16] == 0 && made.last != 0 {
		return fmt.Errorf("book: %d for whether there was a trade, last at %d", from[16], made.last)
	}
	made.traded = from[16] == 1
	from = from[17:]
	for i, in := range made.ladders() {
		if len(from) < 8 {
			return errors.New("book: ends within the number of orders")
		}
		orders := binary.LittleEndian.Uint64(from)
		from = from[8:]
		if orders > uint64(len(from)/orderSize) {
			return fmt.Errorf("book: %d orders in %d bytes, want %d bytes for each", orders, len(from), orderSize)
		}
		side, waits := Side(i%2), i >= 2
		key := uint64(0)
		for range orders {
			c := Command{
				ID:      binary.LittleEndian.Uint64(from),
				Price:   int64(binary.LittleEndian.Uint64(from[8:])),
				Display: int64(binary.LittleEndian.Uint64(from[32:])),
				Owner:   binary.LittleEndian.Uint32(from[48:]),
				Flags:   Flags(from[52]),
				Side:    side,
			}
			open, hidden := int64(binary.LittleEndian.Uint64(from[16:])), int64(binary.LittleEndian.Uint64(from[24:]))
			at := int64(binary.LittleEndian.Uint64(from[40:]))
			from = from[orderSize:]
			if err := made.restore(&c, open, hidden, in, at, waits); err != nil {
				return fmt.Errorf("book: order %d: %w", c.ID, err)
			}
			if in.key(at) < key {
				return fmt.Errorf("book: order %d at %d comes behind worse prices", c.ID, at)
			}
			key = in.key(at)
		}
	}
	if len(from) != 0 {
		return fmt.Errorf("book: %d bytes behind the last order", len(from))
	}
	if bids, asks := &made.sides[Buy], &made.sides[Sell]; bids.best != 0 && asks.best != 0 && made.crosses(Buy, bids.price(bids.levels[bids.best].key)) {
		return errors.New("book: the best bid is not below the best ask")
	}
	*b = *made
	return nil
}

// restore puts an order of a snapshot at the end of its queue.
func (b *Book) restore(c *Command, open, hidden int64, in *ladder, at int64, waits bool) error {
	switch {
	case !consistent[c.Flags] || waits != (c.Flags&Stop != 0) || !waits && c.Flags&(Market|IOC|FOK) != 0:
		return fmt.Errorf("flags %#x, want those of an order that rests, or waits for its trigger", c.Flags)
	case open <= 0 || hidden < 0 || open > math.MaxInt64-hidden || b.open[c.Side] > math.MaxInt64-open-hidden:
		return fmt.Errorf("%d lots shown and %d hidden, want more than 0, and at most 2^63-1 on a side", open, hidden)
	case !waits && at != c.Price:
		return fmt.Errorf("lies at %d, want its price %d", at, c.Price)
	case waits && b.traded && in.key(at) <= in.key(b.last):
		return fmt.Errorf("waits for %d, which the last trade at %d has reached", at, b.last)
	case waits && c.Flags&Market != 0 && c.Price != 0:
		return fmt.Errorf("price %d, want 0 of a market order", c.Price)
	case c.Flags&Iceberg == 0 && (c.Display != 0 || hidden != 0):
		return fmt.Errorf("shows %d and hides %d, want 0 if it is no iceberg", c.Display, hidden)
	case c.Flags&Iceberg != 0 && (c.Display <= 0 || !waits && open > c.Display || waits && hidden != 0 || (open+hidden-1)/c.Display >= MaxSlices):
		return fmt.Errorf("shows %d of %d lots, and %d at a time, want at most %d slices", open, open+hidden, c.Display, MaxSlices)
	}
	head := b.byID.head(c.ID)
	if find(head, c.ID, b.orders) != 0 {
		return errors.New("is there twice")
	}
	b.open[c.Side] += open + hidden
	b.queue(c, head, in, at, open, hidden)
	return nil
}
