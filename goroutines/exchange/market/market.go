// Package market runs order books: one goroutine owns each, and nothing else touches it.
// What clients send comes in batches; those that wait are journalled together, which
// costs one sync for all, then applied, published and answered.
//
// A journal has files of 64 MiB. When one is full, the older ones become a snapshot beside
// the trading. What a tick and a lot are is not in it: that is the caller's to keep.
package market

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/feed"
	"gonotes/goroutines/exchange/journal"
)

// groupSize is the number of commands from which on a group takes no more batches.
const groupSize = 4096

// segmentSize is the number of bytes from which on the journal goes on in a new file and
// the older ones become a snapshot; tests have it smaller.
var segmentSize int64 = 64 << 20

// ErrClosed says that the market has been closed.
var ErrClosed = errors.New("market: closed")

// A HaltedError says why a market takes no commands: its journal cannot be written. What
// was acknowledged is kept and what is not was not carried out. The market tries again
// with each batch, and trading resumes when one can be written. If the cause says that it
// wants a restart, none can, and that restart may find the batch in the journal or not.
type HaltedError struct{ Cause error }

func (e *HaltedError) Error() string { return "market: halted: " + e.Cause.Error() }

func (e *HaltedError) Unwrap() error { return e.Cause }

// A Batch is what a client sends, and gets back with the reports. It can be used again
// and again, by one goroutine at a time, which empties Reports if it wants to. Its zero
// value is an empty batch.
type Batch struct {
	Commands []book.Command
	Reports  []book.Report // to which Do appends those of the commands

	view func(*book.Book, uint64) // instead of commands
	err  error
	done chan struct{}
}

// A Market is one book and the goroutine that owns it.
type Market struct {
	in     chan *Batch
	closed chan struct{} // by Close, so that nobody sends any more
	ended  chan struct{} // by the owner
	once   sync.Once
	halted atomic.Pointer[HaltedError]
	feed   *feed.Feed

	// The owner's alone.
	directory  string
	book       *book.Book
	journal    *journal.Journal // nil if nothing is kept
	changed    []book.Level
	group      []*Batch
	grows      bool // since the journal cannot begin a new file
	compaction sync.WaitGroup
	compacting atomic.Bool
	log        *slog.Logger
	err        error
}

// Open starts a market whose journal is in a directory, with the book that it holds.
// With an empty directory nothing is kept. Close it to end its goroutine.
func Open(directory string, log *slog.Logger) (*Market, journal.Recovery, error) {
	m := &Market{
		in:        make(chan *Batch, 64),
		closed:    make(chan struct{}),
		ended:     make(chan struct{}),
		feed:      feed.New(),
		directory: directory,
		book:      book.New(1 << 12),
		log:       log,
	}
	var found journal.Recovery
	if directory != "" {
		var err error
		if m.journal, found, err = journal.Open(directory, m.book); err != nil {
			return nil, found, err
		}
	}
	m.book.Changes(nil) // from here on
	m.feed.Publish(m.book, nil, nil)
	go m.run()
	return m, found, nil
}

// Do carries out the commands of a batch, in their order and with no other between them,
// and appends their reports to it. It returns nil once they are journalled and applied.
// With a *HaltedError or ErrClosed none of them was. With the error of the context it is
// not known whether they were, and the batch must not be used again.
func (m *Market) Do(ctx context.Context, batch *Batch) error {
	if batch.done == nil {
		batch.done = make(chan struct{}, 1)
	}
	select {
	case <-m.closed:
		return ErrClosed
	default:
	}
	select {
	case m.in <- batch:
	case <-m.closed:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-batch.done:
		return batch.err
	case <-m.ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select { // the owner may have done it last
	case <-batch.done:
		return batch.err
	default:
		return ErrClosed
	}
}

// View lets a function look at the book between two batches, with the number of the last
// event of the feed. It must not keep the book nor take long: the market waits for it.
// After an error of the context it may still be called.
func (m *Market) View(ctx context.Context, look func(b *book.Book, event uint64)) error {
	return m.Do(ctx, &Batch{view: look})
}

// Feed returns the market data.
func (m *Market) Feed() *feed.Feed { return m.feed }

// Halted returns why the market is halted, or nil.
func (m *Market) Halted() error {
	if halted := m.halted.Load(); halted != nil {
		return halted
	}
	return nil
}

// Close ends the goroutine, the feed and the journal. Batches that wait get ErrClosed.
func (m *Market) Close() error {
	m.once.Do(func() { close(m.closed) })
	<-m.ended
	return m.err
}

// run is the goroutine that owns the book.
func (m *Market) run() {
	defer close(m.ended)
	for {
		select {
		case batch := <-m.in:
			if m.journal != nil {
				runtime.Gosched() // so that others send before the sync, though there is one processor
			}
			m.collect(batch)
			m.carryOut()
		case <-m.closed:
			m.feed.Close()
			m.compaction.Wait()
			if m.journal != nil {
				m.err = m.journal.Close()
			}
			return
		}
	}
}

// collect makes a group of a batch and those that wait behind it.
func (m *Market) collect(first *Batch) {
	m.group = append(m.group[:0], first)
	for commands := len(first.Commands); commands < groupSize; {
		select {
		case batch := <-m.in:
			m.group = append(m.group, batch)
			commands += len(batch.Commands)
		default:
			return
		}
	}
}

func (m *Market) carryOut() {
	err := m.keep()
	for _, batch := range m.group {
		switch {
		case batch.view != nil:
			batch.view(m.book, m.feed.Last())
			batch.err = nil
		case err != nil:
			batch.err = err
		default:
			m.apply(batch)
			batch.err = nil
		}
		batch.done <- struct{}{}
	}
}

// keep writes the commands of the group to the journal.
func (m *Market) keep() error {
	if m.journal == nil {
		return nil
	}
	commands := 0
	for _, batch := range m.group {
		m.journal.Append(batch.Commands)
		commands += len(batch.Commands)
	}
	if commands == 0 {
		return m.Halted() // and that nothing was written says nothing of it
	}
	if err := m.journal.Commit(); err != nil {
		halted := &HaltedError{err}
		if before := m.halted.Swap(halted); before == nil || before.Error() != halted.Error() {
			m.log.Error("trading halted", "error", err)
		}
		return halted
	}
	if m.halted.Load() != nil {
		m.halted.Store(nil)
		m.log.Info("trading resumed")
	}
	turned, err := m.journal.Turn(segmentSize)
	if err != nil && !m.grows {
		m.log.Error("a new file of the journal did not begin as it should", "error", err)
	}
	m.grows = err != nil
	if turned && m.compacting.CompareAndSwap(false, true) {
		before := m.journal.Segment()
		m.compaction.Go(func() {
			defer m.compacting.Store(false)
			if err := journal.Compact(m.directory, before); err != nil {
				m.log.Error("the journal keeps its old files", "error", err)
			}
		})
	}
	return nil
}

func (m *Market) apply(batch *Batch) {
	from := len(batch.Reports)
	for i := range batch.Commands {
		batch.Reports = m.book.Apply(&batch.Commands[i], batch.Reports)
	}
	m.changed = m.book.Changes(m.changed[:0])
	m.feed.Publish(m.book, batch.Reports[from:], m.changed)
}
