// Package feed publishes market data to any number of readers without ever waiting for
// one. Each reader has a ring of its own; one that is too slow for it misses events, is
// told how many, and takes a new snapshot of the book.
//
// To follow a book, subscribe first, then take a snapshot with the number of its last
// event, as the View of a market gives it, and then read: events up to that number are in
// the snapshot, and each one behind it changes it. After a *MissedError take another.
package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/ring"
)

// Kind of an event.
type Kind uint8

const (
	Trade Kind = iota + 1 // price and quantity of a trade; the side is that of the order that came in
	Depth                 // a level as it is now; quantity 0 if it is gone
	Top                   // the best level of a side as it is now; quantity 0 if there is none
)

func (k Kind) String() string {
	switch k {
	case Trade:
		return "trade"
	case Depth:
		return "depth"
	case Top:
		return "top"
	}
	return "no event"
}

// An Event of the market.
type Event struct {
	Number   uint64 // events of a feed are numbered from 1 on, without gaps
	Price    int64  // in ticks
	Quantity int64  // in lots
	Orders   uint32 // in a level
	Kind     Kind
	Side     book.Side
}

// A Feed has one publisher and any number of readers.
type Feed struct {
	last   atomic.Uint64 // number of the last event
	events []Event
	top    [2]book.Level

	changing sync.Mutex // of the list, which is copied for it
	readers  atomic.Pointer[[]*Reader]
	closed   bool
}

// New returns a feed without readers.
func New() *Feed {
	f := &Feed{top: [2]book.Level{book.Buy: {Side: book.Buy}, book.Sell: {Side: book.Sell}}}
	f.readers.Store(new([]*Reader))
	return f
}

// Last returns the number of the last event.
func (f *Feed) Last() uint64 { return f.last.Load() }

// Publish tells all readers what commands did to a book: its trades, the levels that
// changed since the last call, and the best levels if they changed. It belongs to the
// goroutine that owns the book.
func (f *Feed) Publish(b *book.Book, reports []book.Report, changed []book.Level) {
	f.events = f.events[:0]
	for i := range reports {
		if r := &reports[i]; r.Event == book.Traded {
			f.events = append(f.events, Event{Kind: Trade, Side: r.Side, Price: r.Price, Quantity: r.Quantity})
		}
	}
	for i := range changed {
		f.events = append(f.events, Event{Kind: Depth, Side: changed[i].Side, Price: changed[i].Price, Quantity: changed[i].Quantity, Orders: changed[i].Orders})
	}
	for side := range f.top {
		if best, _ := b.Best(book.Side(side)); best != f.top[side] {
			f.top[side] = best
			f.events = append(f.events, Event{Kind: Top, Side: best.Side, Price: best.Price, Quantity: best.Quantity, Orders: best.Orders})
		}
	}
	if len(f.events) == 0 {
		return
	}
	last := f.last.Load()
	for i := range f.events {
		last++
		f.events[i].Number = last
	}
	for _, r := range *f.readers.Load() {
		r.offer(f.events)
	}
	f.last.Store(last) // now, as a reader that comes meanwhile expects what it is offered
}

// Subscribe returns a reader that can be so many events behind; what is published at once
// and is more than that, it always misses. It gets what is published from now on.
func (f *Feed) Subscribe(size int) *Reader {
	r := &Reader{feed: f, ring: ring.New[Event](size), wake: make(chan struct{}, 1), last: f.Last()}
	f.change(func(readers []*Reader) []*Reader {
		r.closed.Store(f.closed)
		return append(readers, r)
	})
	return r
}

func (f *Feed) change(to func([]*Reader) []*Reader) {
	f.changing.Lock()
	defer f.changing.Unlock()
	readers := to(slices.Clone(*f.readers.Load()))
	f.readers.Store(&readers)
}

// Close ends the feed: its readers get what is left for them and then ErrClosed. It is
// the publisher's to call, after its last event.
func (f *Feed) Close() {
	f.change(func(readers []*Reader) []*Reader {
		f.closed = true
		for _, r := range readers {
			r.closed.Store(true)
			r.notify()
		}
		return nil
	})
}

// ErrClosed says that the feed has ended.
var ErrClosed = errors.New("feed: closed")

// A Reader of a feed belongs to one goroutine.
type Reader struct {
	feed   *Feed
	ring   *ring.Ring[Event]
	wake   chan struct{}
	closed atomic.Bool
	lost   atomic.Uint64 // number of the last event for which there was no room
	last   uint64        // number of the last event that was read or told to be missed
	gone   bool          // by Close
}

// offer gives the reader all of the events, so that what it has ends where the book was
// at rest, or none.
func (r *Reader) offer(events []Event) {
	if r.ring.Free() < len(events) {
		r.lost.Store(events[len(events)-1].Number)
	} else {
		r.ring.Write(events)
	}
	r.notify()
}

func (r *Reader) notify() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// A MissedError tells that a reader was too slow.
type MissedError struct {
	From, To uint64 // numbers of the first and the last event that were missed
}

func (e *MissedError) Error() string {
	return fmt.Sprintf("feed: too slow for the %d events from %d to %d", e.To-e.From+1, e.From, e.To)
}

// Read waits until there are events and returns how many it read into the list, which
// must not be empty. A *MissedError tells that some were missed between the last call and
// the next, ErrClosed that there are no more.
func (r *Reader) Read(ctx context.Context, into []Event) (int, error) {
	if r.gone {
		return 0, ErrClosed
	}
	for {
		closed := r.closed.Load()
		lost := r.lost.Load()
		if events := r.ring.Peek(); len(events) > 0 {
			if first := events[0].Number; first > r.last+1 {
				return 0, r.missed(first - 1)
			}
			n := 0
			for n < min(len(into), len(events)) && events[n].Number == r.last+1 {
				into[n] = events[n]
				r.last++
				n++
			}
			r.ring.Skip(n)
			return n, nil
		}
		if lost > r.last { // and what there was room for before is read
			return 0, r.missed(lost)
		}
		if closed {
			return 0, ErrClosed
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func (r *Reader) missed(to uint64) error {
	missed := &MissedError{From: r.last + 1, To: to}
	r.last = to
	return missed
}

// Close ends the subscription: what was not read is gone.
func (r *Reader) Close() {
	r.gone = true
	r.feed.change(func(readers []*Reader) []*Reader {
		return slices.DeleteFunc(readers, func(other *Reader) bool { return other == r })
	})
}
