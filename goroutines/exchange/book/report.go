package book

// Event is what a report tells.
type Event uint8

const (
	Accepted Event = iota + 1
	Rejected
	Traded
	Cancelled
	Replaced
	Triggered
)

var events = [...]string{Accepted: "accepted", Rejected: "rejected", Traded: "traded", Cancelled: "cancelled", Replaced: "replaced", Triggered: "triggered"}

func (e Event) String() string {
	if int(e) < len(events) && events[e] != "" {
		return events[e]
	}
	return "no event"
}

// Reason why an order or a command was rejected, or an order cancelled.
type Reason uint8

const (
	// Of what was rejected.
	UnknownCommand Reason = iota + 1
	BadFlags
	BadSide
	BadQuantity
	BadPrice
	BadTrigger
	BadDisplay
	DuplicateID
	UnknownOrder
	NotOwner
	TooMuch
	WouldTrade

	// Of what was cancelled.
	Asked
	NotFilled
	NotAllFilled
	SelfTrade
	DayEnded
)

var reasons = [...]string{
	UnknownCommand: "this is no command",
	BadFlags:       "these do not go together: market with post or show, two of ioc, fok and post, ioc or fok with show, stop with post, day with what cannot rest",
	BadSide:        "the side is neither buy nor sell",
	BadQuantity:    "the quantity is not above 0",
	BadPrice:       "a market order has no price, and every other order has one",
	BadTrigger:     "only a stop that waits has a trigger",
	BadDisplay:     "an iceberg shows from 1 lot to all of them, in at most 1,000 slices; others show no part",
	DuplicateID:    "an order with this id is in the book",
	UnknownOrder:   "no order with this id is in the book",
	NotOwner:       "the order belongs to another owner",
	TooMuch:        "the open quantity of this side would be above 2^63-1 lots",
	WouldTrade:     "a post-only order must not cross the other side",
	Asked:          "as asked",
	NotFilled:      "what is left of a market or immediate-or-cancel order does not rest",
	NotAllFilled:   "a fill-or-kill order could not trade all of its quantity",
	SelfTrade:      "the next order is of the same owner",
	DayEnded:       "the day ended",
}

func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return "no reason"
}

// A Report is one thing that a command did. Which fields are set:
//
//	Accepted   ID, Side, Price, Quantity: of the order; all 0 for EndDay
//	Rejected   ID, Reason
//	Traded     ID and Side of the order that came in, Maker, the id of the one that
//	           rested, Price of the maker, Quantity traded, Left of the order that came in
//	Cancelled  ID, Side, Price, Quantity: of what was open; Reason
//	Replaced   ID, Side, Price, Quantity: of the order as it is now
//	Triggered  ID, Side, Price, which is the trigger, Quantity
type Report struct {
	Sequence uint64 // number of the command, from 1 on
	ID       uint64
	Maker    uint64
	Price    int64 // in ticks
	Quantity int64 // in lots
	Left     int64 // in lots
	Event    Event
	Reason   Reason
	Side     Side
}
