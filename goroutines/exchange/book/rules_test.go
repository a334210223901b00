package book_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/goroutines/exchange/book"
)

func buy(id uint64, lots, price int64) book.Command {
	return book.Command{Kind: book.Enter, ID: id, Side: book.Buy, Quantity: lots, Price: price}
}

func sell(id uint64, lots, price int64) book.Command {
	return book.Command{Kind: book.Enter, ID: id, Side: book.Sell, Quantity: lots, Price: price}
}

func with(flags book.Flags, c book.Command) book.Command {
	c.Flags |= flags
	return c
}

func stopAt(trigger int64, c book.Command) book.Command {
	c.Trigger = trigger
	return with(book.Stop, c)
}

func showing(lots int64, c book.Command) book.Command {
	c.Display = lots
	return with(book.Iceberg, c)
}

func of(owner uint32, c book.Command) book.Command {
	c.Owner = owner
	return c
}

func cancel(id uint64) book.Command { return book.Command{Kind: book.Cancel, ID: id} }

func reduce(id uint64, lots int64) book.Command {
	return book.Command{Kind: book.Reduce, ID: id, Quantity: lots}
}

func replace(id uint64, lots, price int64) book.Command {
	return book.Command{Kind: book.Replace, ID: id, Quantity: lots, Price: price}
}

// tell says what a report says.
func tell(r book.Report) string {
	switch r.Event {
	case book.Traded:
		return fmt.Sprintf("%d trades %d lots with %d at %d", r.ID, r.Quantity, r.Maker, r.Price)
	case book.Rejected:
		return fmt.Sprintf("%d is rejected: %v", r.ID, r.Reason)
	case book.Cancelled:
		return fmt.Sprintf("%d is cancelled, %d lots: %v", r.ID, r.Quantity, r.Reason)
	}
	return fmt.Sprintf("%d is %v, %d lots", r.ID, r.Event, r.Quantity)
}

// The rules that order books are known to break, each with what a book that breaks it
// does instead.
func TestBook_rules(t *testing.T) {
	for _, test := range []struct {
		rule    string
		mistake string
		before  []book.Command
		command book.Command
		want    []string // reports of the command
		bids    []string // what is left
		asks    []string
	}{
		{
			rule:    "The best price trades first, be it the newest",
			mistake: "the oldest order first, whatever its price",
			before:  []book.Command{sell(1, 5, 101), sell(2, 5, 100)},
			command: buy(3, 5, 101),
			want:    []string{"3 is accepted, 5 lots", "3 trades 5 lots with 2 at 100"},
			asks:    []string{"101: 5 lots in 1"},
		}, {
			rule:    "Of one price the oldest order trades first",
			mistake: "last in, first out",
			before:  []book.Command{sell(1, 5, 100), sell(2, 5, 100)},
			command: buy(3, 5, 100),
			want:    []string{"3 is accepted, 5 lots", "3 trades 5 lots with 1 at 100"},
			asks:    []string{"100: 5 lots in 1"},
		}, {
			rule:    "A trade is at the price of the order that was there",
			mistake: "the price of the order that comes in",
			before:  []book.Command{sell(1, 5, 100)},
			command: buy(2, 5, 103),
			want:    []string{"2 is accepted, 5 lots", "2 trades 5 lots with 1 at 100"},
		}, {
			rule:    "Fill or kill trades nothing, if not all can trade",
			mistake: "it fills partly",
			before:  []book.Command{sell(1, 5, 100)},
			command: with(book.FOK, buy(2, 6, 100)),
			want:    []string{"2 is accepted, 6 lots", "2 is cancelled, 6 lots: a fill-or-kill order could not trade all of its quantity"},
			asks:    []string{"100: 5 lots in 1"},
		}, {
			rule:    "Fill or kill counts all prices within its own",
			mistake: "it looks at one level only",
			before:  []book.Command{sell(1, 5, 100), sell(2, 5, 101)},
			command: with(book.FOK, buy(3, 10, 101)),
			want:    []string{"3 is accepted, 10 lots", "3 trades 5 lots with 1 at 100", "3 trades 5 lots with 2 at 101"},
		}, {
			rule:    "Fill or kill counts what icebergs hide",
			mistake: "it counts what is shown",
			before:  []book.Command{showing(2, sell(1, 4, 100))},
			command: with(book.FOK, buy(2, 4, 100)),
			want:    []string{"2 is accepted, 4 lots", "2 trades 2 lots with 1 at 100", "2 trades 2 lots with 1 at 100"},
		}, {
			rule:    "What is left of an immediate-or-cancel order is cancelled",
			mistake: "it rests",
			before:  []book.Command{sell(1, 5, 100)},
			command: with(book.IOC, buy(2, 8, 100)),
			want:    []string{"2 is accepted, 8 lots", "2 trades 5 lots with 1 at 100", "2 is cancelled, 3 lots: what is left of a market or immediate-or-cancel order does not rest"},
		}, {
			rule:    "What is left of a market order is cancelled",
			mistake: "it rests",
			before:  []book.Command{sell(1, 5, 100)},
			command: with(book.Market, buy(2, 8, 0)),
			want:    []string{"2 is accepted, 8 lots", "2 trades 5 lots with 1 at 100", "2 is cancelled, 3 lots: what is left of a market or immediate-or-cancel order does not rest"},
		}, {
			rule:    "When the best price is cancelled, the next one is the best",
			mistake: "the best price is stale",
			before:  []book.Command{sell(1, 5, 100), sell(2, 5, 200), cancel(1)},
			command: buy(3, 5, 150),
			want:    []string{"3 is accepted, 5 lots"},
			bids:    []string{"150: 5 lots in 1"},
			asks:    []string{"200: 5 lots in 1"},
		}, {
			rule:    "A cancelled order is no part of its level",
			mistake: "the total stays",
			before:  []book.Command{sell(1, 5, 100), sell(2, 5, 100)},
			command: cancel(1),
			want:    []string{"1 is cancelled, 5 lots: as asked"},
			asks:    []string{"100: 5 lots in 1"},
		}, {
			rule:    "What is taken off an order is taken off its level",
			mistake: "the total stays",
			before:  []book.Command{sell(1, 5, 100), sell(2, 5, 100)},
			command: reduce(1, 2),
			want:    []string{"1 is replaced, 3 lots"},
			asks:    []string{"100: 8 lots in 2"},
		}, {
			rule:    "What is traded is no part of its level",
			mistake: "the total stays",
			before:  []book.Command{sell(1, 5, 100), sell(2, 5, 100)},
			command: buy(3, 2, 100),
			want:    []string{"3 is accepted, 2 lots", "3 trades 2 lots with 1 at 100"},
			asks:    []string{"100: 8 lots in 2"},
		}, {
			rule:    "An order that is rejected fires no stop",
			mistake: "its price is the last one",
			before:  []book.Command{stopAt(100, buy(1, 5, 100)), sell(2, 5, 100)},
			command: with(book.PostOnly, buy(3, 5, 100)),
			want:    []string{"3 is rejected: a post-only order must not cross the other side"},
			asks:    []string{"100: 5 lots in 1"},
		}, {
			rule:    "An order that gets smaller keeps its place",
			mistake: "it goes to the end of the queue",
			before:  []book.Command{sell(1, 5, 100), sell(2, 5, 100), reduce(1, 1), replace(1, 3, 100)},
			command: buy(3, 3, 100),
			want:    []string{"3 is accepted, 3 lots", "3 trades 3 lots with 1 at 100"},
			asks:    []string{"100: 5 lots in 1"},
		}, {
			rule:    "An order that gets larger goes to the end of the queue",
			mistake: "it keeps its place",
			before:  []book.Command{sell(1, 5, 100), sell(2, 5, 100), replace(1, 6, 100)},
			command: buy(3, 5, 100),
			want:    []string{"3 is accepted, 5 lots", "3 trades 5 lots with 2 at 100"},
			asks:    []string{"100: 6 lots in 1"},
		}, {
			rule:    "The next slice of an iceberg goes to the end of the queue",
			mistake: "it keeps its place",
			before:  []book.Command{showing(5, sell(1, 10, 100)), sell(2, 5, 100)},
			command: buy(3, 10, 100),
			want:    []string{"3 is accepted, 10 lots", "3 trades 5 lots with 1 at 100", "3 trades 5 lots with 2 at 100"},
			asks:    []string{"100: 5 lots in 1"},
		}, {
			rule:    "An iceberg shows a part of itself",
			mistake: "the level tells what it hides",
			before:  nil,
			command: showing(2, sell(1, 10, 100)),
			want:    []string{"1 is accepted, 10 lots"},
			asks:    []string{"100: 2 lots in 1"},
		}, {
			rule:    "Two orders of one owner do not trade, the newer one is cancelled",
			mistake: "they trade",
			before:  []book.Command{of(2, sell(1, 5, 100)), of(1, sell(2, 5, 101)), sell(3, 5, 102)},
			command: of(1, buy(4, 15, 102)),
			want:    []string{"4 is accepted, 15 lots", "4 trades 5 lots with 1 at 100", "4 is cancelled, 10 lots: the next order is of the same owner"},
			asks:    []string{"101: 5 lots in 1", "102: 5 lots in 1"},
		}, {
			rule:    "A post-only order that would trade is rejected",
			mistake: "it trades",
			before:  []book.Command{buy(1, 5, 100)},
			command: with(book.PostOnly, sell(2, 5, 100)),
			want:    []string{"2 is rejected: a post-only order must not cross the other side"},
			bids:    []string{"100: 5 lots in 1"},
		}, {
			rule:    "Any trade at the trigger fires a stop, not only the last one",
			mistake: "only the last price of a command counts",
			before:  []book.Command{stopAt(100, with(book.Market, sell(1, 5, 0))), sell(2, 5, 100), sell(3, 5, 101)},
			command: buy(4, 10, 101),
			want: []string{"4 is accepted, 10 lots", "4 trades 5 lots with 2 at 100", "4 trades 5 lots with 3 at 101", "1 is triggered, 5 lots",
				"1 is cancelled, 5 lots: what is left of a market or immediate-or-cancel order does not rest"},
		}, {
			rule:    "Stops enter from the nearest trigger on, what they fire comes behind",
			mistake: "the oldest stop first",
			before: []book.Command{sell(1, 1, 100), sell(2, 1, 110), sell(3, 1, 120),
				stopAt(100, buy(6, 1, 130)), stopAt(99, buy(5, 1, 110)), stopAt(105, buy(7, 1, 125))},
			command: buy(4, 1, 100),
			want: []string{"4 is accepted, 1 lots", "4 trades 1 lots with 1 at 100",
				"5 is triggered, 1 lots", "5 trades 1 lots with 2 at 110",
				"6 is triggered, 1 lots", "6 trades 1 lots with 3 at 120",
				"7 is triggered, 1 lots"},
			bids: []string{"125: 1 lots in 1"},
		},
	} {
		t.Run(test.rule, func(t *testing.T) {
			b := book.New(0)
			for _, c := range test.before {
				b.Apply(&c, nil)
			}
			var got []string
			for _, r := range b.Apply(&test.command, nil) {
				got = append(got, tell(r))
			}
			assert.Equal(t, test.want, got, "known mistake: %s", test.mistake)
			for side, want := range map[book.Side][]string{book.Buy: test.bids, book.Sell: test.asks} {
				var got []string
				for _, l := range b.Depth(nil, side, math.MaxInt) {
					got = append(got, fmt.Sprintf("%d: %d lots in %d", l.Price, l.Quantity, l.Orders))
				}
				assert.Equal(t, want, got, "what is left, %v; known mistake: %s", side, test.mistake)
			}
		})
	}
}
