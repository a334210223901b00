package book

import "math"

// Side of an order.
type Side uint8

const (
	Buy Side = iota
	Sell
)

// Opposite of the side.
func (s Side) Opposite() Side { return s ^ 1 }

func (s Side) String() string {
	switch s {
	case Buy:
		return "buy"
	case Sell:
		return "sell"
	}
	return "no side"
}

// Flags say what kind of order it is; none is a limit order, good till cancelled.
type Flags uint8

const (
	Market Flags = 1 << iota
	IOC
	FOK
	PostOnly
	Stop
	Iceberg
	Day
)

// contradictions are the pairs of flags that exclude each other.
var contradictions = []Flags{
	Market | PostOnly, Market | Iceberg,
	IOC | FOK, IOC | PostOnly, FOK | PostOnly,
	IOC | Iceberg, FOK | Iceberg,
	Stop | PostOnly,
}

// consistent tells which flags an order may have.
var consistent = func() (table [math.MaxUint8 + 1]bool) {
	for i := range table {
		flags := Flags(i)
		table[i] = flags < Day<<1 && (flags&Day == 0 || flags&Stop != 0 || flags&(Market|IOC|FOK) == 0)
		for _, pair := range contradictions {
			if flags&pair == pair {
				table[i] = false
			}
		}
	}
	return table
}()

// Kind of a command.
type Kind uint8

const (
	Enter Kind = iota + 1
	Cancel
	Reduce
	Replace
	EndDay
)

// MaxSlices is the number of parts in which an iceberg may show itself: more would let
// one command make as many trades.
const MaxSlices = 1000

// A Command to the book; the documentation of the package says which fields count.
type Command struct {
	ID       uint64 // of the order
	Price    int64  // limit, in ticks
	Quantity int64  // in lots
	Display  int64  // what an iceberg shows, in lots
	Trigger  int64  // of a stop, in ticks
	Owner    uint32
	Kind     Kind
	Side     Side
	Flags    Flags
}
