package exchange

import "gonotes/internal/claim"

// PriceTimePriority: the book matches best price first, then oldest first. (§3, asked next)
//
// Holds: each trade is with the best price there is and, at that price, with the oldest
// order, and is made at the price of that order.
//
// Asked: In what order does an exchange match orders?
//
// Answer: By price, then by time: who offers the best price trades first, and among equal
// prices who came first. The price of a trade is that of the order which was there, so the
// one that comes in can only get a better one than it asked for. An order keeps its place
// when it gets smaller, and goes to the end of the queue when its price changes or it gets
// larger; an iceberg's next slice goes there, too. Some markets share pro rata instead.
//
// Source: https://arxiv.org/abs/1012.0349 (Gould and others, Limit order books)
const PriceTimePriority claim.ID = "trading/price-time-priority"

// Deterministic: the same commands give the same trades, byte for byte. (§3, asked next)
//
// Holds: a book without a clock, random numbers, goroutines and maps it walks through is
// a function of its commands.
//
// Asked: How do you make a matching engine that can be replayed?
//
// Answer: Let the book be a function of its commands: no clock, no random numbers, no
// goroutines, no range over a map, which Go takes in another order each time. Where time
// counts, as at the end of the day, it comes in as a command. Then a journal of commands
// is a backup, a second machine that reads it is a standby, and a bug of yesterday is
// replayed under the debugger. It is also what lets one test compare two matchers report
// by report.
//
// Source: https://martinfowler.com/articles/lmax.html
const Deterministic claim.ID = "trading/deterministic"

// NoLostOrders: a crash loses no acknowledged command. (§3, asked next)
//
// Holds: a command is in the journal, and the journal on the disk, before it is answered;
// what a crash leaves half written was answered to nobody.
//
// Asked: What happens to orders when the exchange crashes?
//
// Answer: Write ahead: each command goes to a checksummed journal, and the journal to the
// disk, before the answer goes out. A sync takes hundreds of microseconds, so one serves
// all commands that wait: group commit. After a crash the snapshot is loaded and the rest
// of the journal replayed, which gives the same book. A torn last record is cut off, since
// nobody was told of it; damage before whole records is an error, not a place to cut. And
// when the disk is full, trading halts.
//
// Source: https://martinfowler.com/articles/lmax.html
const NoLostOrders claim.ID = "trading/no-lost-orders"

// NoAllocation: the hot path allocates nothing. (§3, asked next)
//
// Holds: a million commands in steady state make no allocation and no collection, with
// orders in one slice, linked by index.
//
// Asked: How do you write Go that does not allocate?
//
// Answer: Keep the orders in one slice and link them by index instead of pointer; free
// slots are linked, too, and used again. Reports go to a slice of the caller, who uses it
// again. No closures, no interfaces around values and no formatting on the way. Then count:
// testing.AllocsPerRun says zero, or it is not so. Growth still allocates, so the book is
// made large enough before the market opens.
//
// Source: https://go.dev/doc/gc-guide
const NoAllocation claim.ID = "trading/no-allocation"

// SingleWriterFaster: one goroutine that owns the book beats a lock around it. (§3, asked next)
//
// Holds, but: since it takes all that waits at once and syncs once for that; behind a lock
// a client that does so for the others is as fast. A channel per command costs about as
// much as the matching, and in memory a lock for a batch is as good.
//
// Asked: Would you protect an order book with a mutex or give it to one goroutine?
//
// Answer: One goroutine, fed in batches or through a ring. A command takes some forty
// nanoseconds; a channel per command costs as much again, and so does a mutex once many
// want it at the same time. With hundreds of commands for each hand-over its cost is gone,
// be it a lock or a channel. What counts is one sync for all who wait: the owner has that
// and the order for the journal from its loop, while behind a lock clients have to elect
// who does it.
//
// Source: https://lmax-exchange.github.io/disruptor/disruptor.html
const SingleWriterFaster claim.ID = "trading/single-writer-faster"

// GCPauses: garbage collection spoils the tail. (§3, asked next)
//
// Holds, but: only where there is garbage, or much to follow; a book without pointers
// causes no collection, and is nothing to one that others cause.
//
// Asked: Is Go's garbage collector a problem for a trading system?
//
// Answer: Only if you feed it. It runs when the heap has grown, and it follows pointers: a
// book of a million orders in one slice without pointers is skipped at once, one of maps
// and pointers is walked each time, on cores that should match orders, and who allocates
// has to help. So no garbage on the hot path, no pointers in large tables. What remains
// are tails of tens of microseconds from scheduler and kernel; who needs less takes C++,
// Rust or an FPGA.
//
// Source: https://go.dev/doc/gc-guide
const GCPauses claim.ID = "trading/gc-pauses"

// NoFloat: prices may be floating point. (§3, asked next)
//
// Wrong: a price is a whole number of ticks; ten cents are no binary fraction, so floats
// split a level in two and lose money in sums.
//
// Asked: Which type has a price?
//
// Answer: An integer, in ticks: the smallest step that the market allows. A tenth has no
// exact binary fraction, so a price that was reached by adding is not equal to the same
// one that was typed in: as a key it makes a second level, and an order at it waits while
// the market trades beside it. Sums drift as well. Decimals belong to the edge, where text
// is read and written, with the tick checked and overflow refused.
//
// Source: https://go.dev/ref/spec#Numeric_types
const NoFloat claim.ID = "trading/no-float"
