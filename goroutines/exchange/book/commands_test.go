package book_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"gonotes/goroutines/exchange/book"
)

// dice returns a number from 0 to below n.
type dice func(n int) int

// seeded dice roll the same numbers for the same seed.
func seeded(seed uint64) dice { return rand.New(rand.NewPCG(seed, 0)).IntN }

// read dice roll what the bytes say, and 0 when there are no more.
func read(data []byte) dice {
	return func(n int) int {
		var number [8]byte
		used := 1
		for n > 1<<(8*used) && used < 7 {
			used++
		}
		data = data[copy(number[:used], data):]
		return int(binary.LittleEndian.Uint64(number[:]) % uint64(n))
	}
}

// A mix is what commands of a market are like: few ids, prices and owners, so that they
// have to do with each other.
type mix struct {
	name     string
	ids      int   // orders are at most so many
	owners   int   // from 0, who is nobody, on
	prices   int   // ticks from the mid to both sides
	mid      int64 // in ticks
	quantity int   // at most, in lots
	plain    int   // percent of the new orders that have no flags
	takes    int   // percent of the commands that cancel, reduce or replace
	odd      int   // per thousand, how often a field is what it should not be
	edges    bool  // whether prices are the highest and the lowest there are
}

var mixes = []mix{
	{name: "usual", ids: 64, owners: 8, prices: 8, mid: 1000, quantity: 20, plain: 50, takes: 30, odd: 5},
	{name: "around 0", ids: 100, owners: 30, prices: 4, mid: 0, quantity: 100, plain: 40, takes: 30, odd: 5},
	{name: "far apart", ids: 64, owners: 8, prices: 1 << 40, mid: -1 << 50, quantity: 20, plain: 40, takes: 40, odd: 5},
	{name: "edges", ids: 32, owners: 4, prices: 2, quantity: 30, plain: 30, takes: 30, odd: 30, edges: true},
	{name: "flags", ids: 64, owners: 8, prices: 5, mid: 1 << 62, quantity: 40, plain: 0, takes: 30, odd: 2},
	{name: "one owner", ids: 32, owners: 2, prices: 3, mid: 100, quantity: 10, plain: 30, takes: 30, odd: 2},
	{name: "deep", ids: 300, owners: 200, prices: 60, mid: 5000, quantity: 5, plain: 70, takes: 60, odd: 2},
	{name: "large orders", ids: 32, owners: 1, prices: 3, mid: 100, quantity: 3000, plain: 20, takes: 40, odd: 10},
}

var extremes = []int64{0, 1, -1, 2, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1, math.MaxInt64 / 2, 1 << 32}

// command rolls a command of any kind.
func (m mix) command(roll dice) book.Command {
	odd := func() bool { return roll(1000) >= 1000-m.odd }
	c := book.Command{ID: uint64(1 + roll(m.ids)), Kind: book.Enter, Side: book.Side(roll(2))}
	if odd() {
		c.ID = uint64(extremes[roll(len(extremes))])
	}
	// An id mostly has the same owner, so that most may cancel what they want to.
	c.Owner = uint32(c.ID % uint64(m.owners))
	if roll(10) == 9 {
		c.Owner = uint32(roll(m.owners))
	}
	switch {
	case roll(100) >= 100-m.takes:
		c.Kind = book.Cancel + book.Kind(roll(3))
	case roll(500) == 499:
		c.Kind = book.EndDay
	case odd():
		c.Kind = book.Kind(roll(256))
	}
	if c.Kind == book.Enter && roll(100) >= m.plain {
		c.Flags = m.flags(roll)
	}
	if c.Kind == book.Replace && roll(4) == 0 {
		c.Flags = []book.Flags{book.Stop, book.Market, book.Stop | book.Market}[roll(3)]
	}
	if odd() {
		c.Flags = book.Flags(roll(256))
	}
	if odd() {
		c.Side = book.Side(roll(256))
	}
	c.Quantity = 1 + int64(roll(m.quantity))
	if odd() {
		c.Quantity = extremes[roll(len(extremes))]
	}
	if c.Flags&book.Market == 0 || odd() {
		c.Price = m.price(roll)
	}
	if c.Flags&book.Stop != 0 || odd() {
		c.Trigger = m.price(roll)
	}
	if c.Flags&book.Iceberg != 0 || odd() {
		c.Display = 1 + int64(roll(max(1, int(min(c.Quantity, int64(m.quantity))))))
		if odd() {
			c.Display = extremes[roll(len(extremes))]
		}
	}
	return c
}

// flags rolls flags that are consistent more often than not.
func (m mix) flags(roll dice) book.Flags {
	flags := [...]book.Flags{
		book.Market, book.IOC, book.FOK, book.Market | book.IOC, book.Market | book.FOK,
		book.PostOnly, book.Iceberg, book.PostOnly | book.Iceberg, 0, book.Iceberg, book.FOK,
	}[roll(11)]
	if roll(3) == 0 {
		flags |= book.Stop
	}
	if roll(4) == 0 {
		flags |= book.Day
	}
	return flags
}

func (m mix) price(roll dice) int64 {
	if m.edges {
		return extremes[roll(len(extremes))]
	}
	return m.mid + int64(roll(2*m.prices+1)-m.prices)
}
