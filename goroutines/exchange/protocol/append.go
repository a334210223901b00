package protocol

import (
	"strconv"

	"gonotes/goroutines/exchange/book"
)

// AppendInstrument appends the line that declares the instrument.
func AppendInstrument(dst []byte, in *Instrument) []byte {
	dst = appendSymbol(append(dst, "symbol"...), in)
	dst = in.Tick.append(append(dst, " tick "...), 1)
	return in.Lot.append(append(dst, " lot "...), 1)
}

// AppendCommand appends the line that Parse reads as the command. It leaves out what no
// line can say, though the book may refuse the command for it: a price of a market order,
// a trigger without Stop or a display without Iceberg. A command of no kind is an empty
// line.
func AppendCommand(dst []byte, in *Instrument, c *book.Command) []byte {
	switch c.Kind {
	case book.Enter:
		dst = append(dst, c.Side.String()...)
		dst = append(dst, ' ')
		dst = in.AppendQuantity(dst, c.Quantity)
		dst = in.appendPrice(appendSymbol(dst, in), c)
		dst = appendID(append(dst, " id"...), c.ID)
	case book.Cancel:
		dst = appendSymbol(appendID(append(dst, "cancel"...), c.ID), in)
	case book.Reduce:
		dst = appendSymbol(appendID(append(dst, "reduce"...), c.ID), in)
		dst = in.AppendQuantity(append(dst, ' '), c.Quantity)
	case book.Replace:
		dst = appendSymbol(appendID(append(dst, "replace"...), c.ID), in)
		dst = in.appendPrice(in.AppendQuantity(append(dst, ' '), c.Quantity), c)
	case book.EndDay:
		return appendSymbol(append(dst, "endday"...), in)
	default:
		return dst
	}
	if c.Owner != 0 {
		dst = appendID(append(dst, " by"...), uint64(c.Owner))
	}
	if c.Kind == book.Enter {
		for _, f := range flagWords {
			if c.Flags&f.flag != 0 {
				dst = append(append(dst, ' '), f.word...)
			}
		}
		if c.Flags&book.Iceberg != 0 {
			dst = in.AppendQuantity(append(dst, " show "...), c.Display)
		}
	}
	if c.Flags&book.Stop != 0 && (c.Kind == book.Enter || c.Kind == book.Replace) {
		dst = in.AppendPrice(append(dst, " stop "...), c.Trigger)
	}
	return dst
}

// AppendReport appends a line that tells a report. It does not name the symbol. Nothing
// in a report tells a market order from one with a limit of 0, so a price of 0 is said
// of trades and triggers only.
func AppendReport(dst []byte, in *Instrument, r *book.Report) []byte {
	dst = append(dst, r.Event.String()...)
	switch r.Event {
	case book.Accepted:
		if r.Quantity == 0 { // no order was accepted
			return append(dst, " endday"...)
		}
		return in.appendOrder(dst, r)
	case book.Replaced:
		return in.appendOrder(dst, r)
	case book.Rejected:
		dst = append(appendID(dst, r.ID), ": "...)
		return append(dst, r.Reason.String()...)
	case book.Cancelled:
		dst = append(in.appendOrder(dst, r), ": "...)
		return append(dst, r.Reason.String()...)
	case book.Traded:
		dst = in.AppendQuantity(append(dst, ' '), r.Quantity)
		dst = append(in.appendAt(dst, r.Price), ':')
		dst = appendID(dst, r.ID)
		if r.Side == book.Buy {
			dst = append(dst, " buys from"...)
		} else {
			dst = append(dst, " sells to"...)
		}
		dst = append(appendID(dst, r.Maker), " and has "...)
		return append(in.AppendQuantity(dst, r.Left), " left"...)
	case book.Triggered:
		dst = append(in.appendSized(dst, r), " at "...)
		return in.AppendPrice(dst, r.Price)
	}
	return dst
}

// AppendBook appends a table of a book: bids on the left and asks on the right, the best
// of both in the first row, each ended by a newline. Traded says whether there was a
// last trade; both are what book.Book.Last returns.
func AppendBook(dst []byte, in *Instrument, bids, asks []book.Level, last int64, traded bool) []byte {
	dst = append(dst, in.Symbol...)
	if traded {
		dst = in.AppendPrice(append(dst, ", last trade at "...), last)
	} else {
		dst = append(dst, ", no trade yet"...)
	}
	dst = append(dst, '\n')
	if len(bids)+len(asks) == 0 {
		return append(dst, "no orders\n"...)
	}
	const gap = 2
	left, right := in.widths(bids), in.widths(asks)
	left.quantity += gap
	left.price += gap
	right.price++ // from the line in the middle
	right.quantity += gap
	right.orders += gap
	dst = appendRight(dst, "orders", left.orders)
	dst = appendRight(dst, "quantity", left.quantity)
	dst = appendRight(dst, "bid", left.price)
	dst = append(dst, " |"...)
	dst = appendRight(dst, "ask", right.price)
	dst = appendRight(dst, "quantity", right.quantity)
	dst = append(appendRight(dst, "orders", right.orders), '\n')
	for i := range max(len(bids), len(asks)) {
		if i < len(bids) {
			dst = alignRight(appendOrders(dst, &bids[i]), len(dst), left.orders)
			dst = alignRight(in.AppendQuantity(dst, bids[i].Quantity), len(dst), left.quantity)
			dst = alignRight(in.AppendPrice(dst, bids[i].Price), len(dst), left.price)
		} else {
			dst = appendRight(dst, "", left.orders+left.quantity+left.price)
		}
		dst = append(dst, " |"...)
		if i < len(asks) {
			dst = alignRight(in.AppendPrice(dst, asks[i].Price), len(dst), right.price)
			dst = alignRight(in.AppendQuantity(dst, asks[i].Quantity), len(dst), right.quantity)
			dst = alignRight(appendOrders(dst, &asks[i]), len(dst), right.orders)
		}
		dst = append(dst, '\n')
	}
	return dst
}

// flagWords are the words of the flags that stand alone.
var flagWords = [...]struct {
	flag book.Flags
	word string
}{{book.Day, "day"}, {book.IOC, "ioc"}, {book.FOK, "fok"}, {book.PostOnly, "post"}}

func appendSymbol(dst []byte, in *Instrument) []byte {
	return append(append(dst, ' '), in.Symbol...)
}

func appendID(dst []byte, id uint64) []byte { return strconv.AppendUint(append(dst, ' '), id, 10) }

// appendPrice appends what an order may trade at.
func (in *Instrument) appendPrice(dst []byte, c *book.Command) []byte {
	if c.Flags&book.Market != 0 {
		return append(dst, " market"...)
	}
	return in.appendAt(dst, c.Price)
}

func (in *Instrument) appendAt(dst []byte, price int64) []byte {
	return in.AppendPrice(append(dst, " @ "...), price)
}

// appendSized appends the id, side and quantity of an order.
func (in *Instrument) appendSized(dst []byte, r *book.Report) []byte {
	dst = append(append(appendID(dst, r.ID), ' '), r.Side.String()...)
	return in.AppendQuantity(append(dst, ' '), r.Quantity)
}

func (in *Instrument) appendOrder(dst []byte, r *book.Report) []byte {
	dst = in.appendSized(dst, r)
	if r.Price == 0 {
		return dst
	}
	return in.appendAt(dst, r.Price)
}

// widths of the columns of one side of a book.
type widths struct{ orders, quantity, price int }

func (in *Instrument) widths(levels []book.Level) widths {
	w := widths{len("orders"), len("quantity"), len("bid")}
	var text [64]byte
	for i := range levels {
		l := &levels[i]
		w.orders = max(w.orders, len(appendOrders(text[:0], l)))
		w.quantity = max(w.quantity, len(in.AppendQuantity(text[:0], l.Quantity)))
		w.price = max(w.price, len(in.AppendPrice(text[:0], l.Price)))
	}
	return w
}

func appendOrders(dst []byte, l *book.Level) []byte {
	return strconv.AppendUint(dst, uint64(l.Orders), 10)
}

func appendRight(dst []byte, text string, width int) []byte {
	return alignRight(append(dst, text...), len(dst), width)
}

// alignRight moves what stands behind an index to the right end of a column.
func alignRight(dst []byte, from, width int) []byte {
	size := len(dst) - from
	for len(dst) < from+width {
		dst = append(dst, ' ')
	}
	copy(dst[len(dst)-size:], dst[from:from+size])
	for i := from; i < len(dst)-size; i++ {
		dst[i] = ' '
	}
	return dst
}
