package exchange_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strings"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/feed"
	"gonotes/goroutines/exchange/market"
	"gonotes/goroutines/exchange/protocol"
)

// trade carries out lines of the protocol on a book of ACME, whose tick is a cent, and
// prints each line and what came of it.
func trade(lines string) {
	var parser protocol.Parser
	if err := parser.Declare(acme); err != nil {
		fmt.Println(err)
	}
	b := book.New(10)
	for line, err := range parser.Lines(strings.NewReader(lines + "\n")) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		if line.Kind == protocol.Show {
			last, traded := b.Last()
			fmt.Print(string(protocol.AppendBook(nil, acme, b.Depth(nil, book.Buy, 5), b.Depth(nil, book.Sell, 5), last, traded)))
			continue
		}
		fmt.Println(strings.TrimSpace(line.Text))
		for _, r := range b.Apply(&line.Command, nil) {
			fmt.Printf("  %s\n", protocol.AppendReport(nil, acme, &r))
		}
	}
}

// The best price trades first, then who came first, at the price of who was there.
//
//claim:trading/price-time-priority
func Example_limit() {
	trade(`
		sell 10 ACME @ 10.02 id 1
		sell 10 ACME @ 10.01 id 2
		sell 10 ACME @ 10.01 id 3
		buy 25 ACME @ 10.05 id 4
		book ACME`)
	// Output:
	// sell 10 ACME @ 10.02 id 1
	//   accepted 1 sell 10 @ 10.02
	// sell 10 ACME @ 10.01 id 2
	//   accepted 2 sell 10 @ 10.01
	// sell 10 ACME @ 10.01 id 3
	//   accepted 3 sell 10 @ 10.01
	// buy 25 ACME @ 10.05 id 4
	//   accepted 4 buy 25 @ 10.05
	//   traded 10 @ 10.01: 4 buys from 2 and has 15 left
	//   traded 10 @ 10.01: 4 buys from 3 and has 5 left
	//   traded 5 @ 10.02: 4 buys from 1 and has 0 left
	// ACME, last trade at 10.02
	// orders  quantity  bid |   ask  quantity  orders
	//                       | 10.02         5       1
}

// A market order takes any price, and what is left of it does not rest.
//
//claim:trading/price-time-priority
func Example_market() {
	trade(`
		sell 10 ACME @ 10.01 id 1
		buy 30 ACME market id 2`)
	// Output:
	// sell 10 ACME @ 10.01 id 1
	//   accepted 1 sell 10 @ 10.01
	// buy 30 ACME market id 2
	//   accepted 2 buy 30
	//   traded 10 @ 10.01: 2 buys from 1 and has 20 left
	//   cancelled 2 buy 20: what is left of a market or immediate-or-cancel order does not rest
}

// Immediate or cancel: what does not trade at once at its price or better is cancelled.
//
//claim:trading/price-time-priority
func Example_ioc() {
	trade(`
		sell 10 ACME @ 10.01 id 1
		sell 10 ACME @ 10.02 id 2
		buy 15 ACME @ 10.01 id 3 ioc`)
	// Output:
	// sell 10 ACME @ 10.01 id 1
	//   accepted 1 sell 10 @ 10.01
	// sell 10 ACME @ 10.02 id 2
	//   accepted 2 sell 10 @ 10.02
	// buy 15 ACME @ 10.01 id 3 ioc
	//   accepted 3 buy 15 @ 10.01
	//   traded 10 @ 10.01: 3 buys from 1 and has 5 left
	//   cancelled 3 buy 5 @ 10.01: what is left of a market or immediate-or-cancel order does not rest
}

// Fill or kill: all of it, over as many prices as its limit allows, or nothing.
//
//claim:trading/price-time-priority
func Example_fok() {
	trade(`
		sell 10 ACME @ 10.01 id 1
		sell 10 ACME @ 10.02 id 2
		buy 25 ACME @ 10.02 id 3 fok
		buy 20 ACME @ 10.02 id 4 fok`)
	// Output:
	// sell 10 ACME @ 10.01 id 1
	//   accepted 1 sell 10 @ 10.01
	// sell 10 ACME @ 10.02 id 2
	//   accepted 2 sell 10 @ 10.02
	// buy 25 ACME @ 10.02 id 3 fok
	//   accepted 3 buy 25 @ 10.02
	//   cancelled 3 buy 25 @ 10.02: a fill-or-kill order could not trade all of its quantity
	// buy 20 ACME @ 10.02 id 4 fok
	//   accepted 4 buy 20 @ 10.02
	//   traded 10 @ 10.01: 4 buys from 1 and has 10 left
	//   traded 10 @ 10.02: 4 buys from 2 and has 0 left
}

// A post-only order wants to be the one that rests, which many markets charge less for.
//
//claim:trading/price-time-priority
func Example_postOnly() {
	trade(`
		sell 10 ACME @ 10.01 id 1
		buy 10 ACME @ 10.01 id 2 post
		buy 10 ACME @ 10.00 id 3 post`)
	// Output:
	// sell 10 ACME @ 10.01 id 1
	//   accepted 1 sell 10 @ 10.01
	// buy 10 ACME @ 10.01 id 2 post
	//   rejected 2: a post-only order must not cross the other side
	// buy 10 ACME @ 10.00 id 3 post
	//   accepted 3 buy 10 @ 10.00
}

// A stop waits for a trade at its trigger or beyond, and is a market order then.
//
//claim:trading/price-time-priority
func Example_stop() {
	trade(`
		buy 10 ACME @ 10.00 id 1
		buy 50 ACME @ 9.90 id 2
		sell 20 ACME market id 3 stop 10.00
		book ACME
		sell 10 ACME @ 10.00 id 4`)
	// Output:
	// buy 10 ACME @ 10.00 id 1
	//   accepted 1 buy 10 @ 10.00
	// buy 50 ACME @ 9.90 id 2
	//   accepted 2 buy 50 @ 9.90
	// sell 20 ACME market id 3 stop 10.00
	//   accepted 3 sell 20
	// ACME, no trade yet
	// orders  quantity    bid | ask  quantity  orders
	//      1        10  10.00 |
	//      1        50   9.90 |
	// sell 10 ACME @ 10.00 id 4
	//   accepted 4 sell 10 @ 10.00
	//   traded 10 @ 10.00: 4 sells to 1 and has 0 left
	//   triggered 3 sell 20 at 10.00
	//   traded 20 @ 9.90: 3 sells to 2 and has 0 left
}

// A stop with a limit does not sell at any price: it rests at its limit.
//
//claim:trading/price-time-priority
func Example_stopLimit() {
	trade(`
		buy 10 ACME @ 10.00 id 1
		buy 50 ACME @ 9.90 id 2
		sell 20 ACME @ 9.95 id 3 stop 10.00
		sell 10 ACME @ 10.00 id 4
		book ACME`)
	// Output:
	// buy 10 ACME @ 10.00 id 1
	//   accepted 1 buy 10 @ 10.00
	// buy 50 ACME @ 9.90 id 2
	//   accepted 2 buy 50 @ 9.90
	// sell 20 ACME @ 9.95 id 3 stop 10.00
	//   accepted 3 sell 20 @ 9.95
	// sell 10 ACME @ 10.00 id 4
	//   accepted 4 sell 10 @ 10.00
	//   traded 10 @ 10.00: 4 sells to 1 and has 0 left
	//   triggered 3 sell 20 at 10.00
	// ACME, last trade at 10.00
	// orders  quantity   bid |  ask  quantity  orders
	//      1        50  9.90 | 9.95        20       1
}

// An iceberg shows a part. When that is traded the next part goes to the end of the queue.
//
//claim:trading/price-time-priority
func Example_iceberg() {
	trade(`
		sell 30 ACME @ 10.00 id 1 show 10
		sell 10 ACME @ 10.00 id 2
		book ACME
		buy 25 ACME @ 10.00 id 3
		book ACME`)
	// Output:
	// sell 30 ACME @ 10.00 id 1 show 10
	//   accepted 1 sell 30 @ 10.00
	// sell 10 ACME @ 10.00 id 2
	//   accepted 2 sell 10 @ 10.00
	// ACME, no trade yet
	// orders  quantity  bid |   ask  quantity  orders
	//                       | 10.00        20       2
	// buy 25 ACME @ 10.00 id 3
	//   accepted 3 buy 25 @ 10.00
	//   traded 10 @ 10.00: 3 buys from 1 and has 15 left
	//   traded 10 @ 10.00: 3 buys from 2 and has 5 left
	//   traded 5 @ 10.00: 3 buys from 1 and has 0 left
	// ACME, last trade at 10.00
	// orders  quantity  bid |   ask  quantity  orders
	//                       | 10.00         5       1
}

// An order for the day ends with it, others stay.
//
//claim:trading/price-time-priority
func Example_day() {
	trade(`
		buy 10 ACME @ 10.00 id 1 day
		buy 10 ACME @ 9.99 id 2
		endday ACME
		book ACME`)
	// Output:
	// buy 10 ACME @ 10.00 id 1 day
	//   accepted 1 buy 10 @ 10.00
	// buy 10 ACME @ 9.99 id 2
	//   accepted 2 buy 10 @ 9.99
	// endday ACME
	//   accepted endday
	//   cancelled 1 buy 10 @ 10.00: the day ended
	// ACME, no trade yet
	// orders  quantity   bid | ask  quantity  orders
	//      1        10  9.99 |
}

// To take lots off keeps the place in the queue, to ask for more or for another price
// does not.
//
//claim:trading/price-time-priority
func Example_replace() {
	trade(`
		sell 10 ACME @ 10.00 id 1
		sell 10 ACME @ 10.00 id 2
		sell 10 ACME @ 10.00 id 3
		reduce 1 ACME 4
		replace 2 ACME 12 @ 10.00
		cancel 4 ACME
		buy 20 ACME @ 10.00 id 5`)
	// Output:
	// sell 10 ACME @ 10.00 id 1
	//   accepted 1 sell 10 @ 10.00
	// sell 10 ACME @ 10.00 id 2
	//   accepted 2 sell 10 @ 10.00
	// sell 10 ACME @ 10.00 id 3
	//   accepted 3 sell 10 @ 10.00
	// reduce 1 ACME 4
	//   replaced 1 sell 6 @ 10.00
	// replace 2 ACME 12 @ 10.00
	//   replaced 2 sell 12 @ 10.00
	// cancel 4 ACME
	//   rejected 4: no order with this id is in the book
	// buy 20 ACME @ 10.00 id 5
	//   accepted 5 buy 20 @ 10.00
	//   traded 6 @ 10.00: 5 buys from 1 and has 14 left
	//   traded 10 @ 10.00: 5 buys from 3 and has 4 left
	//   traded 4 @ 10.00: 5 buys from 2 and has 0 left
}

// Who would trade with himself does not: the newer order is cancelled.
//
//claim:trading/price-time-priority
func Example_selfTrade() {
	trade(`
		sell 10 ACME @ 10.00 id 1 by 7
		sell 10 ACME @ 10.01 id 2 by 8
		buy 20 ACME @ 10.01 id 3 by 7`)
	// Output:
	// sell 10 ACME @ 10.00 id 1 by 7
	//   accepted 1 sell 10 @ 10.00
	// sell 10 ACME @ 10.01 id 2 by 8
	//   accepted 2 sell 10 @ 10.01
	// buy 20 ACME @ 10.01 id 3 by 7
	//   accepted 3 buy 20 @ 10.01
	//   cancelled 3 buy 20 @ 10.01: the next order is of the same owner
}

// Prices are multiples of the tick, and text that is not is refused, with the rule.
func Example_noFloat() {
	for _, text := range []string{"0.1", "0.2", "0.3", "0.30000000000000004", "1e3"} {
		ticks, err := acme.Price(text)
		fmt.Println(ticks, err)
	}
	// Output:
	// 10 <nil>
	// 20 <nil>
	// 30 <nil>
	// 0 0.30000000000000004 is not a multiple of the tick 0.01 of ACME
	// 0 "1e3" is not a number such as 10.25
}

// A market keeps its commands: the next one that opens the directory has the book.
func Example_noLostOrders() {
	directory, err := os.MkdirTemp("", "market-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(directory)
	for _, id := range []uint64{1, 2} {
		m, found, err := market.Open(directory, slog.New(slog.DiscardHandler))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("replayed", found.Replayed)
		batch := &market.Batch{}
		batch.Commands = []book.Command{{Kind: book.Enter, ID: id, Side: book.Buy, Price: 1000, Quantity: 10}}
		fmt.Println("error:", m.Do(context.Background(), batch))
		err = m.View(context.Background(), func(b *book.Book, _ uint64) {
			fmt.Println("bids:", b.Depth(nil, book.Buy, math.MaxInt))
		})
		fmt.Println("error:", err, m.Close())
	}
	// Output:
	// replayed 0
	// error: <nil>
	// bids: [{1000 10 1 buy}]
	// error: <nil> <nil>
	// replayed 1
	// error: <nil>
	// bids: [{1000 20 2 buy}]
	// error: <nil> <nil>
}

// Market data goes to readers that the market does not wait for. One that is too slow is
// told what it missed.
//
//claim:trading/single-writer-faster
func Example_singleWriterFaster_feed() {
	m, _, err := market.Open("", slog.New(slog.DiscardHandler)) // keeps nothing
	if err != nil {
		fmt.Println(err)
		return
	}
	reader := m.Feed().Subscribe(8) // has room for eight events
	batch := &market.Batch{}
	for id := range uint64(5) {
		batch.Commands = []book.Command{{Kind: book.Enter, ID: id, Side: book.Sell, Price: 1000 + int64(id), Quantity: 10}}
		if err := m.Do(context.Background(), batch); err != nil {
			fmt.Println(err)
		}
	}
	batch.Commands = []book.Command{{Kind: book.Enter, ID: 5, Side: book.Buy, Price: 1002, Quantity: 25}}
	if err := m.Do(context.Background(), batch); err != nil {
		fmt.Println(err)
	}
	fmt.Println("closed:", m.Close())
	events := make([]feed.Event, 8)
	for {
		n, err := reader.Read(context.Background(), events)
		for _, e := range events[:n] {
			fmt.Println(e.Number, e.Kind, e.Side, e.Price, e.Quantity)
		}
		if err != nil {
			fmt.Println(err)
		}
		if err == feed.ErrClosed {
			return
		}
	}
	// Output:
	// closed: <nil>
	// 1 depth sell 1000 10
	// 2 top sell 1000 10
	// 3 depth sell 1001 10
	// 4 depth sell 1002 10
	// 5 depth sell 1003 10
	// 6 depth sell 1004 10
	// feed: too slow for the 7 events from 7 to 13
	// feed: closed
}
