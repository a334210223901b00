// Package book is the order book of one symbol: a matching engine that takes one
// command at a time and appends what it did to a list of reports.
//
// It has no clock, no lock, no goroutine, no randomness that shows and no floating
// point: the same commands give the same reports and the same book, byte for byte.
//
// # Orders
//
// There is one order, and what it does is its Flags. Prices are ticks and quantities
// are lots, both int64; decimals are a matter of the edge. A limit order trades at its
// price or better and rests with what is left, until it is cancelled or, with Day,
// until the day ends. The best price is matched first, and within a price the oldest
// order first; each trade is at the price of the order that rested, the maker. What
// the flags add:
//
//	Market    takes any price; what is left is cancelled. Price must be 0.
//	IOC       immediate or cancel: what does not trade at once is cancelled.
//	FOK       fill or kill: trades all of its quantity at once, or nothing.
//	PostOnly  is rejected if it would trade at once, or meet an order of its owner.
//	Stop      waits, unseen, until a trade is at its Trigger or beyond: at or above for
//	          a buy, at or below for a sell. Any trade counts, not only the last one of
//	          a command. Then it enters as if it came now, and is a Stop no longer. If
//	          the last trade is there already when it comes, it is triggered at once.
//	Iceberg   shows Display lots at a time. When they are traded, the next ones join the
//	          end of the queue of that price. It has at most MaxSlices such slices.
//	          One that comes in trades with all that it has.
//	Day       ends with the day.
//
// Market excludes PostOnly and Iceberg; IOC, FOK and PostOnly exclude each other; IOC
// and FOK exclude Iceberg; Stop excludes PostOnly; Day needs an order that can rest:
// a Stop, or one without Market, IOC and FOK. Display is for Iceberg and Trigger for
// Stop alone, and 0 otherwise.
//
// # Commands
//
//	Enter    an order. Its ID may be any value that no order in the book has.
//	Cancel   takes the order out.
//	Reduce   takes Quantity lots off, and keeps the place in the queue. An iceberg loses
//	         what is hidden first. If nothing is left, the order is cancelled.
//	Replace  sets Price, Quantity (what is still to be traded) and, if its Flags have
//	         Stop, Trigger. That of an order with Market has Market, too, and no Price.
//	         With the same prices and no more quantity the order keeps its place, and
//	         an iceberg loses what is hidden first. Otherwise it leaves and enters
//	         anew, behind others, with the same flags, and may trade. If the command
//	         is rejected, the order stays as it was.
//	EndDay   cancels all orders with Day: bids and asks from the best price on, buy
//	         stops from the lowest trigger on, sell stops from the highest on, and each
//	         time the first in the queue first.
//
// Cancel, Reduce and Replace must come from the Owner of the order. What a command has no
// use for does not count: of Cancel all but ID and Owner, of EndDay everything.
//
// The open quantity of a side, that of waiting stops included, fits into an int64. An
// order that would make it larger is rejected, even if it would not rest.
//
// Where more than one thing is wrong, the first of these is the reason:
//
//	Enter    BadFlags, BadSide, BadQuantity, BadPrice, BadTrigger, BadDisplay,
//	         DuplicateID, TooMuch, WouldTrade.
//	Cancel   UnknownOrder, NotOwner.
//	Reduce   BadQuantity, UnknownOrder, NotOwner.
//	Replace  BadQuantity, UnknownOrder, NotOwner, BadPrice if only one of the two has
//	         Market or there is a Price with it, BadTrigger if it has Stop and the
//	         order does not wait, or a Trigger without Stop, BadDisplay if the new
//	         quantity has too many slices (one below Display is allowed), TooMuch,
//	         WouldTrade.
//
// Two orders of the same Owner never trade with each other: if an order meets one of
// its own owner, what is left of the newer one, the one that comes in, is cancelled.
// Owner 0 is nobody, to whom this does not apply. For FOK an own order ends what can be
// had, so that it trades nothing and is cancelled as NotAllFilled, not SelfTrade.
//
// # Reports
//
// Each command gets at least one report, in this order: Accepted for Enter, Replaced for
// Replace and Reduce, or Rejected; then one Traded for each trade; then Cancelled for
// what is not to rest. A cancelled order, be it by Cancel or by a Reduce that leaves
// nothing, is reported as Cancelled alone, and EndDay as Accepted with ID 0 before its
// orders. Commands that were rejected change nothing, the last price included.
//
// Then come the stops that are triggered: the one that came in, or those that the trades
// reached: buy stops from the lowest trigger on, then sell stops from the highest on, of
// the same trigger the oldest first. Each is reported as Triggered and enters the book,
// with reports of its trades and of what is cancelled; what its own trades trigger waits
// behind those that were triggered before.
//
// # Snapshots
//
// AppendBinary writes the sequence and the last price, 8 bytes each, the lowest first,
// and a byte that is 1 if there was a trade. Bids, asks, buy stops and sell stops follow
// in the order of EndDay, each after their number in 8 bytes. An order is its ID, Price,
// lots shown, lots hidden, Display and Trigger, 8 bytes each, Owner, 4, and Flags, 1. What
// rests has its Price for a trigger.
//
// # Inside
//
// Orders lie in one slice without pointers, linked by index, so that the garbage
// collector has nothing to follow and a slot that an order leaves is used by another. A
// price level is found through a ladder, a 64-way tree of bitmaps over all prices that
// there are: it needs no scan where prices lie far apart and no band in which they have
// to be. An id is found through a hash table of chains that go through the orders.
package book
