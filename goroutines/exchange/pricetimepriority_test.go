package exchange_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/reference"
	"gonotes/internal/claim"
)

// A resting order is what a client knows of an order: what it sent, and what the reports
// say is left.
type resting struct {
	book.Command
	arrived int
}

// prioritised is the check that each trade is with the best price there is, at that price
// with the oldest order, and is made at its price; and that an order which trades no more
// found none that would.
func prioritised(m matcher) error {
	random := rand.New(rand.NewPCG(1, 0))
	var there []resting
	var reports []book.Report
	for i := range 20_000 {
		c := book.Command{Kind: book.Enter, ID: uint64(i), Side: book.Side(random.IntN(2)), Price: 100 + random.Int64N(10), Quantity: 1 + random.Int64N(20)}
		reports = m.Apply(&c, reports[:0])
		left := c.Quantity
		for _, r := range reports {
			if r.Event != book.Traded {
				continue
			}
			first := foremost(there, c)
			switch {
			case first < 0:
				return fmt.Errorf("order %d trades with %d, want no trade", c.ID, r.Maker)
			case there[first].ID != r.Maker:
				rule := "whose price is better"
				if slices.ContainsFunc(there, func(o resting) bool { return o.ID == r.Maker && o.Price == there[first].Price }) {
					rule = "which came before"
				}
				return fmt.Errorf("order %d trades with %d, want with %d at %d, %s", c.ID, r.Maker, there[first].ID, there[first].Price, rule)
			case there[first].Price != r.Price:
				return fmt.Errorf("order %d trades with %d at %d, want at its price %d", c.ID, r.Maker, r.Price, there[first].Price)
			}
			left -= r.Quantity
			there[first].Quantity -= r.Quantity
			if there[first].Quantity == 0 {
				there = slices.Delete(there, first, first+1)
			}
		}
		if left == 0 {
			continue
		}
		if first := foremost(there, c); first >= 0 {
			return fmt.Errorf("order %d rests, want a trade with %d", c.ID, there[first].ID)
		}
		c.Quantity = left
		there = append(there, resting{c, i})
	}
	return nil
}

// foremost returns the place of the order with which another has to trade next, or -1.
func foremost(there []resting, taker book.Command) int {
	found := -1
	for i, o := range there {
		if o.Side == taker.Side || better(o.Side, taker.Price, o.Price) {
			continue
		}
		if found < 0 || better(o.Side, o.Price, there[found].Price) || o.Price == there[found].Price && o.arrived < there[found].arrived {
			found = i
		}
	}
	return found
}

// A simple matcher is one for limit orders alone, in which one rule can be broken.
type simple struct {
	there []resting
	count int

	lastFirst   bool // at a price, the last order trades first
	worstFirst  bool // the worst price trades first
	takersPrice bool // trades are at the price of the order that comes in
	shy         bool // orders at just the other's price do not trade
	beyond      bool // orders trade beyond their limit
}

func (s *simple) Apply(c *book.Command, reports []book.Report) []book.Report {
	taker := *c
	for taker.Quantity > 0 {
		found := -1
		for i, o := range s.there {
			if o.Side == taker.Side || better(o.Side, taker.Price, o.Price) && !s.beyond || s.shy && o.Price == taker.Price {
				continue
			}
			if found < 0 {
				found = i
				continue
			}
			best := s.there[found]
			first := better(o.Side, o.Price, best.Price) != s.worstFirst
			if o.Price == best.Price {
				first = s.lastFirst
			}
			if first {
				found = i
			}
		}
		if found < 0 {
			break
		}
		maker := &s.there[found]
		lots, price := min(taker.Quantity, maker.Quantity), maker.Price
		if s.takersPrice {
			price = taker.Price
		}
		taker.Quantity -= lots
		maker.Quantity -= lots
		reports = append(reports, book.Report{Event: book.Traded, ID: taker.ID, Maker: maker.ID, Price: price, Quantity: lots, Left: taker.Quantity})
		if maker.Quantity == 0 {
			s.there = slices.Delete(s.there, found, found+1)
		}
	}
	if taker.Quantity > 0 {
		s.count++
		s.there = append(s.there, resting{taker, s.count})
	}
	return reports
}

// Of 20,000 limit orders in a narrow market each trades with the one it has to. The
// controls are one simple matcher that breaks one rule each; without that it passes.
func TestPriceTimePriority(t *testing.T) {
	proof := claim.Prove(t, exchange.PriceTimePriority, prioritised)
	proof.Holds("the book", matcher(book.New(1_000)))
	proof.Holds("a simple matcher", &simple{})
	proof.Control("the simple matcher, last in first out", &simple{lastFirst: true}, "which came before")
	proof.Control("the simple matcher, worst price first", &simple{worstFirst: true}, "whose price is better")
	proof.Control("the simple matcher, at the price of the order that comes in", &simple{takersPrice: true}, "want at its price")
	proof.Control("the simple matcher, which does not trade at just the other's price", &simple{shy: true}, "rests, want a trade with")
	proof.Control("the simple matcher, which trades beyond the limit", &simple{beyond: true}, "want no trade")
}

// agrees is the check that a matcher makes the reports of the reference, which was
// written from the rules alone, for commands and orders of all kinds.
func agrees(m matcher) error {
	var reference reference.Book
	var reports []book.Report
	for i, c := range everyKind(2, 20_000) {
		reports = m.Apply(&c, reports[:0])
		want := reference.Apply(c)
		for k := range max(len(reports), len(want)) {
			switch {
			case k == len(reports):
				return fmt.Errorf("command %d: no more reports, want %s", i, want[k].Event)
			case k == len(want):
				return fmt.Errorf("command %d: %s, want no more reports", i, reports[k].Event)
			case reports[k].Event != want[k].Event:
				return fmt.Errorf("command %d: %s, want %s", i, reports[k].Event, want[k].Event)
			case reports[k] != want[k]:
				return fmt.Errorf("command %d: %s %+v, want %+v", i, want[k].Event, reports[k], want[k])
			}
		}
	}
	return nil
}

// An altered book gets other commands than those that were sent, or tells other reports.
type altered struct {
	*book.Book
	command func(*book.Command)
	report  func(*book.Command, *book.Report)
}

func (a altered) Apply(c *book.Command, reports []book.Report) []book.Report {
	sent := *c
	if a.command != nil {
		a.command(&sent)
	}
	reports = a.Book.Apply(&sent, reports)
	for i := range reports {
		if a.report != nil {
			a.report(c, &reports[i])
		}
	}
	return reports
}

// instead is a book for which one flag is another.
func instead(flag, other book.Flags) altered {
	return altered{Book: book.New(100), command: func(c *book.Command) {
		if c.Flags&flag != 0 {
			c.Flags = c.Flags&^flag | other
		}
	}}
}

// 20,000 commands of all kinds, with orders of all flags, have the reports of a matcher
// that shares no code with the book.
func TestPriceTimePriority_reference(t *testing.T) {
	proof := claim.Prove(t, exchange.PriceTimePriority, agrees)
	proof.Holds("the book", matcher(book.New(100)))
	partly := instead(book.FOK, book.IOC)
	partly.report = func(c *book.Command, r *book.Report) {
		if c.Flags&book.FOK != 0 && r.Reason == book.NotFilled {
			r.Reason = book.NotAllFilled
		}
	}
	proof.Control("fill or kill that fills partly", partly, "traded, want cancelled")
	proof.Control("immediate or cancel that rests", instead(book.IOC, 0), "no more reports, want cancelled")
	proof.Control("post-only that trades", instead(book.PostOnly, 0), "accepted, want rejected")
	proof.Control("a stop that does not wait", altered{Book: book.New(100), command: func(c *book.Command) {
		c.Flags &^= book.Stop
		c.Trigger = 0
	}}, "want no more reports")
	proof.Control("an owner who trades with himself", altered{Book: book.New(100), command: func(c *book.Command) { c.Owner = 0 }}, "traded, want cancelled")
	proof.Control("trades at the price of the order that comes in", altered{Book: book.New(100), report: func(c *book.Command, r *book.Report) {
		if r.Event == book.Traded && c.ID == r.ID {
			r.Price = c.Price
		}
	}}, "traded {")
}
