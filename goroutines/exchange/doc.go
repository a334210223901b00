// Package exchange answers what one knows about Go in market trading, with an exchange
// that runs.
//
// # The answer
//
// Go serves where a market is mostly waiting, moving and remembering: gateways that hold
// many thousand sessions, market data that goes out to as many readers, risk checks, order
// management, back tests and tools. A goroutine for each session is cheap, the race
// detector finds what is shared by mistake, and one binary is deployed. It also matches
// orders: the book in gonotes/goroutines/exchange takes 38 to 42 nanoseconds a command in
// a market of 10,000 orders (60 % limit orders, 30 % cancels, 10 % market orders, on one
// core of an Intel Xeon, go1.26.8), allocates nothing, and the slowest command of a
// thousand (p99.9) takes 0.4 microseconds, where the same book with pointers and maps
// takes 4 to 5.
//
// What makes it so is not the language but the shape. One goroutine owns each book, so
// there is no lock and one order of events. Commands reach it in batches or through a
// ring, since a channel for each costs as much as the matching. Orders lie in one slice
// without pointers, so that nothing is left for the garbage collector. Prices are whole
// ticks. The book reads no clock and no map in its order, so the same commands give the
// same trades, and a journal of them, synced before anybody is answered, is all that a
// crash needs: 4.3 to 5.2 million commands a second reach the disk in batches of 1,024,
// 36,000 to 50,000 from eight clients that wait for each, some 160 microseconds for one
// sync. These figures are in bench/results, and make reference measures them anew.
//
// Where Go does not serve is the last microsecond. The scheduler and the kernel leave
// tails of tens of microseconds, and a collector that has pointers to follow makes them
// longer; who competes on that takes C++ or Rust on isolated cores, or an FPGA. So measure
// the tail and not the mean, and say which book, which mix and which depth.
//
// # The parts
//
// [gonotes/goroutines/exchange/book] matches orders: its documentation is the rules.
// [gonotes/goroutines/exchange/reference] reads the same rules a second time, as simply as
// can be, to compare the two. [gonotes/goroutines/exchange/market] runs a book in a
// goroutine of its own, for several symbols, [gonotes/goroutines/exchange/journal] keeps
// its commands, [gonotes/goroutines/exchange/feed] publishes what happens through a
// [gonotes/goroutines/exchange/ring] for each reader and waits for none of them.
// [gonotes/goroutines/exchange/protocol] reads and writes lines for people, with exact
// decimals, [gonotes/goroutines/exchange/workload] makes markets to measure in, and the
// command exchange, in cmd/exchange, is a door to all of it. The stories in testdata tell
// each kind of order.
//
// # The claims
//
// [PriceTimePriority]: the best price trades first, and at a price who came first, at the
// price of the order that was there.
//
// [Deterministic]: a book is a function of its commands, whatever the clock and the
// number of processors.
//
// [NoLostOrders]: what was acknowledged is on disk. A market that is killed, and a journal
// that is cut off at any byte, lose none of it and do nothing twice.
//
// [SingleWriterFaster]: sixteen clients that wait for the disk wait a tenth as long if
// one owner syncs for all of them as they do behind a lock, and as long as they do if one
// of those behind the lock does so for the others. In memory a lock costs nothing until
// others want it at the same time, and then as much as the matching.
//
// [NoAllocation] and [GCPauses]: a million commands allocate nothing and cause no
// collection, and collections that others cause have nothing to follow.
//
// [NoFloat]: with floats the same price, once reached in steps and once typed, is two
// levels, and a sum of a million orders is wrong.
package exchange
