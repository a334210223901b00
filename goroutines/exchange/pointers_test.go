package exchange_test

import (
	"container/list"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/workload"
)

// A pointerBook is the book as one would write it first: orders and levels behind
// pointers, in lists and maps. It knows limit and market orders and cancels, as they are
// in the workloads, and is the control of what the pointer-free book claims.
type pointerBook struct {
	sequence uint64
	orders   map[uint64]*list.Element // of *pointerOrder
	levels   [2]map[int64]*pointerLevel
	prices   [2][]int64 // the best last
}

type pointerOrder struct {
	id    uint64
	side  book.Side
	open  int64
	level *pointerLevel
}

type pointerLevel struct {
	price  int64
	open   int64
	orders *list.List
}

func newPointerBook() *pointerBook {
	return &pointerBook{
		orders: map[uint64]*list.Element{},
		levels: [2]map[int64]*pointerLevel{{}, {}},
	}
}

// better tells whether the first price is matched before the second.
func better(side book.Side, first, second int64) bool {
	if side == book.Buy {
		return first > second
	}
	return first < second
}

func (b *pointerBook) Apply(c *book.Command, reports []book.Report) []book.Report {
	b.sequence++
	if c.Kind == book.Cancel {
		element := b.orders[c.ID]
		if element == nil {
			return append(reports, book.Report{Sequence: b.sequence, Event: book.Rejected, Reason: book.UnknownOrder, ID: c.ID})
		}
		o := element.Value.(*pointerOrder)
		b.remove(element)
		return append(reports, book.Report{Sequence: b.sequence, Event: book.Cancelled, Reason: book.Asked, ID: o.id, Side: o.side, Price: o.level.price, Quantity: o.open})
	}
	reports = append(reports, book.Report{Sequence: b.sequence, Event: book.Accepted, ID: c.ID, Side: c.Side, Price: c.Price, Quantity: c.Quantity})
	left, makers := c.Quantity, c.Side.Opposite()
	for left > 0 && len(b.prices[makers]) > 0 {
		price := b.prices[makers][len(b.prices[makers])-1]
		if c.Flags&book.Market == 0 && better(makers, c.Price, price) {
			break
		}
		element := b.levels[makers][price].orders.Front()
		maker := element.Value.(*pointerOrder)
		lots := min(left, maker.open)
		left -= lots
		maker.open -= lots
		maker.level.open -= lots
		reports = append(reports, book.Report{Sequence: b.sequence, Event: book.Traded, ID: c.ID, Side: c.Side, Maker: maker.id, Price: price, Quantity: lots, Left: left})
		if maker.open == 0 {
			b.remove(element)
		}
	}
	switch {
	case left == 0:
	case c.Flags&book.Market != 0:
		reports = append(reports, book.Report{Sequence: b.sequence, Event: book.Cancelled, Reason: book.NotFilled, ID: c.ID, Side: c.Side, Quantity: left})
	default:
		b.rest(c, left)
	}
	return reports
}

func (b *pointerBook) rest(c *book.Command, open int64) {
	level := b.levels[c.Side][c.Price]
	if level == nil {
		level = &pointerLevel{price: c.Price, orders: list.New()}
		b.levels[c.Side][c.Price] = level
		at, _ := b.find(c.Side, c.Price)
		b.prices[c.Side] = slices.Insert(b.prices[c.Side], at, c.Price)
	}
	level.open += open
	b.orders[c.ID] = level.orders.PushBack(&pointerOrder{id: c.ID, side: c.Side, open: open, level: level})
}

func (b *pointerBook) find(side book.Side, price int64) (int, bool) {
	return slices.BinarySearchFunc(b.prices[side], price, func(one, other int64) int {
		switch {
		case one == other:
			return 0
		case better(side, one, other):
			return 1
		}
		return -1
	})
}

func (b *pointerBook) remove(element *list.Element) {
	o := element.Value.(*pointerOrder)
	delete(b.orders, o.id)
	o.level.open -= o.open
	o.level.orders.Remove(element)
	if o.level.orders.Len() == 0 {
		delete(b.levels[o.side], o.level.price)
		at, _ := b.find(o.side, o.level.price)
		b.prices[o.side] = slices.Delete(b.prices[o.side], at, at+1)
	}
}

// A matcher is a book of any kind.
type matcher interface {
	Apply(c *book.Command, reports []book.Report) []book.Report
}

// The two books make the same reports, so that what they cost can be compared.
func TestGCPauses_sameReports(t *testing.T) {
	for _, w := range workload.All {
		fill, commands := w.Generate(1, 1_000, 50_000)
		with, without := newPointerBook(), book.New(1_000)
		for _, c := range slices.Concat(fill, commands) {
			require.Equal(t, without.Apply(&c, nil), with.Apply(&c, nil), "%s: command %d", w.Name, with.sequence)
		}
	}
}
