// Package workload generates streams of commands for an order book: six markets, of
// which one is usual and five are hard on some book or other. The same seed gives the
// same commands.
package workload

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"

	"gonotes/goroutines/exchange/book"
)

// A Workload is a kind of market.
type Workload struct {
	Name  string
	About string

	limit, cancel int // percent of the commands; the others are market orders
	mid           func(g *generator, i int) int64
	crash         func(i int) bool // whether all sell and cancel
}

// start is the price, in ticks, where each market begins.
const start = 10_000_000

// All workloads, the usual one first.
var All = []Workload{
	{Name: "mix", About: "60 % limit, 30 % cancel, 10 % market around a mid that walks by a tick",
		limit: 60, cancel: 30, mid: walk},
	{Name: "static", About: "the same mix around a mid that stands still",
		limit: 60, cancel: 30, mid: func(*generator, int) int64 { return start }},
	{Name: "swing", About: "the same mix around a mid that swings by 100,000 ticks up and down in 500,000 commands",
		limit: 60, cancel: 30, mid: func(_ *generator, i int) int64 {
			return start + int64(100_000*math.Sin(2*math.Pi*float64(i)/500_000))
		}},
	{Name: "jump", About: "the same mix around a mid that jumps by up to 5,000,000 ticks every 1,000 commands",
		limit: 60, cancel: 30, mid: func(g *generator, i int) int64 {
			if i%1000 == 0 {
				return start + g.random.Int64N(10_000_000) - 5_000_000
			}
			return g.at
		}},
	{Name: "crash", About: "the same mix, but in commands 30,000 to 50,000 of each 250,000 the price falls by 30 % while 40 % cancel and 40 % sell at the market, and in the next 50,000 it comes back",
		limit: 60, cancel: 30,
		mid: func(_ *generator, i int) int64 {
			const depth = start * 3 / 10
			switch i %= crashEvery; {
			case i < crashStarts || i >= crashBack:
				return start
			case i < crashEnds:
				return start - depth*int64(i-crashStarts)/(crashEnds-crashStarts)
			default:
				return start - depth + depth*int64(i-crashEnds)/(crashBack-crashEnds)
			}
		},
		crash: func(i int) bool { return i%crashEvery >= crashStarts && i%crashEvery < crashEnds }},
	{Name: "cancel", About: "57 % limit, 42 % cancel, 1 % market around a mid that walks by a tick",
		limit: 57, cancel: 42, mid: walk},
}

const (
	crashEvery  = 250_000
	crashStarts = 30_000
	crashEnds   = 50_000
	crashBack   = 100_000
)

func walk(g *generator, _ int) int64 {
	if g.random.IntN(10) == 0 {
		return g.at + g.random.Int64N(2)*2 - 1
	}
	return g.at
}

// Named returns the workload with the name.
func Named(name string) (Workload, error) {
	var names []string
	for _, w := range All {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	return Workload{}, fmt.Errorf("workload %q, want one of %s", name, strings.Join(names, ", "))
}

// A generator follows the market it makes, so that cancels are of orders in the book.
type generator struct {
	random  *rand.Rand
	depth   int
	at      int64 // the mid, in ticks
	id      uint64
	book    *book.Book
	reports []book.Report
	live    []uint64
	place   map[uint64]int // in live
}

// Commands yields commands that fill a book with so many orders, and then, with true, so
// many commands of the workload. Ids are scattered over all 64 bits, cancels are of any
// order in the book, limit orders are 20 ticks away from the mid on average and of up to
// 100 lots. Market orders are of up to 600 lots while the book is deeper than at first,
// and else of up to 10, so that it stays about as deep as it is.
func (w Workload) Commands(seed uint64, depth, commands int) iter.Seq2[book.Command, bool] {
	return func(yield func(book.Command, bool) bool) {
		g := &generator{
			random: rand.New(rand.NewPCG(seed, 0)), depth: depth, at: start,
			book: book.New(depth), place: map[uint64]int{},
		}
		for g.book.Orders() < depth {
			if !yield(g.apply(g.limit()), false) {
				return
			}
		}
		for i := range commands {
			g.at = w.mid(g, i)
			if !yield(g.apply(w.next(g, i)), true) {
				return
			}
		}
	}
}

// Generate returns what Commands yields: those that fill the book, and the others.
func (w Workload) Generate(seed uint64, depth, commands int) (fill, measured []book.Command) {
	measured = make([]book.Command, 0, commands)
	for c, filled := range w.Commands(seed, depth, commands) {
		if filled {
			measured = append(measured, c)
		} else {
			fill = append(fill, c)
		}
	}
	return fill, measured
}

func (w Workload) next(g *generator, i int) book.Command {
	limit, cancel := w.limit, w.cancel
	if w.crash != nil && w.crash(i) {
		limit, cancel = 20, 40
	}
	switch dice := g.random.IntN(100); {
	case dice < limit || len(g.live) == 0:
		return g.limit()
	case dice < limit+cancel:
		return book.Command{Kind: book.Cancel, ID: g.live[g.random.IntN(len(g.live))]}
	default:
		side := book.Side(g.random.IntN(2))
		if w.crash != nil && w.crash(i) {
			side = book.Sell
		}
		most := int64(10)
		if len(g.live) > g.depth {
			most = 600
		}
		return book.Command{Kind: book.Enter, ID: g.newID(), Side: side, Flags: book.Market, Quantity: 1 + g.random.Int64N(most)}
	}
}

func (g *generator) limit() book.Command {
	side := book.Side(g.random.IntN(2))
	away := 1 + int64(20*g.random.ExpFloat64())
	if side == book.Buy {
		away = -away
	}
	return book.Command{Kind: book.Enter, ID: g.newID(), Side: side, Price: g.at + away, Quantity: 1 + g.random.Int64N(100)}
}

// newID returns an id that no order had: an odd factor maps each count to another id.
func (g *generator) newID() uint64 {
	g.id++
	return g.id * 0x9e3779b97f4a7c15
}

// apply a command to the market that the generator follows.
func (g *generator) apply(c book.Command) book.Command {
	g.reports = g.book.Apply(&c, g.reports[:0])
	if c.Kind == book.Enter {
		g.place[c.ID] = len(g.live)
		g.live = append(g.live, c.ID)
	}
	for _, r := range g.reports {
		switch r.Event {
		case book.Cancelled:
			g.gone(r.ID)
		case book.Traded:
			if r.Left == 0 {
				g.gone(r.ID)
			}
			if !g.book.Has(r.Maker) {
				g.gone(r.Maker)
			}
		}
	}
	return c
}

func (g *generator) gone(id uint64) {
	at, last := g.place[id], g.live[len(g.live)-1]
	g.live[at], g.place[last] = last, at
	g.live = g.live[:len(g.live)-1]
	delete(g.place, id)
}
