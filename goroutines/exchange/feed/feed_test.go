package feed_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/feed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A publisher is the owner of a book, with a feed.
type publisher struct {
	book    *book.Book
	feed    *feed.Feed
	random  *rand.Rand
	id      uint64
	reports []book.Report
	changed []book.Level
}

func newPublisher() *publisher {
	p := &publisher{book: book.New(100), feed: feed.New(), random: rand.New(rand.NewPCG(1, 0))}
	p.book.Changes(nil)
	return p
}

// publish lets so many random orders come and go, and publishes them at once.
func (p *publisher) publish(orders int) {
	p.reports = p.reports[:0]
	for range orders {
		p.id++
		c := book.Command{Kind: book.Enter, ID: p.id, Side: book.Side(p.random.IntN(2)), Price: 100 + p.random.Int64N(20), Quantity: 1 + p.random.Int64N(9)}
		if p.random.IntN(3) == 0 {
			c = book.Command{Kind: book.Cancel, ID: 1 + p.random.Uint64N(p.id)}
		}
		p.reports = p.book.Apply(&c, p.reports)
	}
	p.changed = p.book.Changes(p.changed[:0])
	p.feed.Publish(p.book, p.reports, p.changed)
}

// A mirror is what a reader knows of a book.
type mirror struct {
	levels [2]map[int64]book.Level
	top    [2]book.Level
	last   uint64
}

func (m *mirror) take(b *book.Book, event uint64) {
	m.last = event
	for side := range m.levels {
		m.levels[side] = map[int64]book.Level{}
		for _, level := range b.Depth(nil, book.Side(side), math.MaxInt) {
			m.levels[side][level.Price] = level
		}
		m.top[side], _ = b.Best(book.Side(side))
	}
}

func (m *mirror) apply(t *testing.T, e feed.Event) {
	if e.Number <= m.last {
		return // from before the snapshot
	}
	require.Equal(t, m.last+1, e.Number)
	m.last = e.Number
	level := book.Level{Price: e.Price, Quantity: e.Quantity, Orders: e.Orders, Side: e.Side}
	switch e.Kind {
	case feed.Depth:
		if e.Quantity == 0 {
			delete(m.levels[e.Side], e.Price)
		} else {
			m.levels[e.Side][e.Price] = level
		}
	case feed.Top:
		require.NotEqual(t, m.top[e.Side], level, "told though it did not change")
		m.top[e.Side] = level
	}
}

// read applies all that there is to a mirror, and takes a new snapshot for what was missed.
func (m *mirror) read(t *testing.T, r *feed.Reader, p *publisher) (missed int) {
	events := make([]feed.Event, 7)
	done, cancel := context.WithCancel(t.Context())
	cancel() // so that Read does not wait
	for {
		n, err := r.Read(done, events)
		for _, e := range events[:n] {
			m.apply(t, e)
		}
		var gap *feed.MissedError
		switch {
		case errors.As(err, &gap):
			missed++
			m.take(p.book, p.feed.Last())
		case err != nil:
			return missed
		}
	}
}

func (m *mirror) equal(t *testing.T, b *book.Book) {
	var want mirror
	want.take(b, m.last)
	require.Equal(t, want, *m)
}

// A reader that keeps up gets every event, in order; what it then knows is the book.
func TestFeed(t *testing.T) {
	p := newPublisher()
	r := p.feed.Subscribe(1 << 10)
	var m mirror
	m.take(p.book, p.feed.Last())
	for range 2_000 {
		p.publish(1 + p.random.IntN(20))
		require.Zero(t, m.read(t, r, p))
		m.equal(t, p.book)
	}
}

// A reader that is too slow is told so, and knows the book again after a snapshot; one
// that keeps up does not notice, and neither does the publisher.
func TestFeed_slow(t *testing.T) {
	p := newPublisher()
	fast, slow, never := p.feed.Subscribe(1<<10), p.feed.Subscribe(64), p.feed.Subscribe(1)
	var mirrors [2]mirror
	mirrors[0].take(p.book, p.feed.Last())
	mirrors[1].take(p.book, p.feed.Last())
	missed := 0
	for i := range 2_000 {
		p.publish(1 + p.random.IntN(20))
		require.Zero(t, mirrors[0].read(t, fast, p))
		if i%10 == 9 {
			missed += mirrors[1].read(t, slow, p)
			mirrors[1].equal(t, p.book)
		}
	}
	mirrors[0].equal(t, p.book)
	assert.Greater(t, missed, 100)

	// One that never reads is told in the end what it missed, though nothing more is
	// published.
	last := uint64(0)
	for last < p.feed.Last() {
		events := make([]feed.Event, 1)
		n, err := never.Read(t.Context(), events)
		var gap *feed.MissedError
		if errors.As(err, &gap) {
			require.Equal(t, last+1, gap.From)
			last = gap.To
			continue
		}
		require.NoError(t, err)
		require.Equal(t, 1, n)
		last = events[0].Number
	}
	assert.EqualError(t, &feed.MissedError{From: 3, To: 5}, "feed: too slow for the 3 events from 3 to 5")
}

// Exactly what was missed is told: the events before and after it are read.
func TestReader_missed(t *testing.T) {
	f := feed.New()
	r := f.Subscribe(4)
	b := book.New(1)
	trade := book.Report{Event: book.Traded, Price: 7, Quantity: 2, Side: book.Sell}
	publish := func(trades int) { f.Publish(b, make([]book.Report, trades), nil) }
	f.Publish(b, []book.Report{trade, trade, trade}, nil)
	f.Publish(b, []book.Report{trade, trade}, nil) // 4 and 5, for which there is no room
	f.Publish(b, []book.Report{trade}, nil)
	publish(9) // of no event
	events := make([]feed.Event, 8)
	n, err := r.Read(t.Context(), events)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	assert.Equal(t, feed.Event{Number: 1, Kind: feed.Trade, Side: book.Sell, Price: 7, Quantity: 2}, events[0])
	_, err = r.Read(t.Context(), events)
	assert.Equal(t, &feed.MissedError{From: 4, To: 5}, err)
	n, err = r.Read(t.Context(), events)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, uint64(6), events[0].Number)
	f.Close()
	_, err = r.Read(t.Context(), events)
	assert.Equal(t, feed.ErrClosed, err)
}

// Read waits for the next event, until its context is done.
func TestReader_Read(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPublisher()
		r := p.feed.Subscribe(64)
		go func() {
			time.Sleep(time.Hour)
			p.publish(20)
		}()
		start := time.Now()
		n, err := r.Read(t.Context(), make([]feed.Event, 8))
		require.NoError(t, err)
		assert.Equal(t, 8, n)
		assert.Equal(t, time.Hour, time.Since(start))
		for n == 8 { // until there are no more
			n, err = r.Read(t.Context(), make([]feed.Event, 8))
			require.NoError(t, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = r.Read(ctx, make([]feed.Event, 8))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// A reader that is closed gets no more, and readers may come and go while others are
// served.
func TestReader_Close(t *testing.T) {
	p := newPublisher()
	var readers sync.WaitGroup
	stop := make(chan bool)
	for range 4 {
		readers.Go(func() {
			for {
				r := p.feed.Subscribe(64)
				n, err := r.Read(context.Background(), make([]feed.Event, 8))
				r.Close()
				assert.True(t, n > 0 || err != nil, "nothing, and no reason")
				if errors.Is(err, feed.ErrClosed) {
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range 1_000 {
		p.publish(1)
	}
	close(stop)
	closed := p.feed.Subscribe(64)
	p.publish(20)
	n, err := closed.Read(t.Context(), make([]feed.Event, 1))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	p.publish(20)
	closed.Close()
	p.publish(20)
	_, err = closed.Read(t.Context(), make([]feed.Event, 8))
	assert.Equal(t, feed.ErrClosed, err)
	p.feed.Close()
	readers.Wait()
	_, err = p.feed.Subscribe(8).Read(t.Context(), make([]feed.Event, 8))
	assert.Equal(t, feed.ErrClosed, err)
}

// A reader that subscribes while something is published gets it or is told, at once.
func TestFeed_Subscribe(t *testing.T) {
	f := feed.New()
	stop := make(chan bool)
	var publisher sync.WaitGroup
	publisher.Go(func() {
		b, trades := book.New(1), make([]book.Report, 20)
		for i := range trades {
			trades[i].Event = book.Traded
		}
		for {
			select {
			case <-stop:
				return
			default:
				f.Publish(b, trades, nil)
			}
		}
	})
	began := time.Now()
	for n := 0; n < 5_000 && time.Since(began) < 2*time.Second; n++ { // with one processor few
		r := f.Subscribe(64)
		n, err := r.Read(t.Context(), make([]feed.Event, 8))
		if n == 0 && err == nil {
			t.Error("nothing, and no reason")
			break
		}
		r.Close()
	}
	close(stop)
	publisher.Wait()
}

// To publish allocates nothing in steady state.
func TestFeed_allocations(t *testing.T) {
	p := newPublisher()
	p.feed.Subscribe(64)
	for range 2_000 {
		p.publish(20)
	}
	trades := make([]book.Report, 20)
	for i := range trades {
		trades[i] = book.Report{Event: book.Traded}
	}
	changed := make([]book.Level, 20)
	assert.Zero(t, testing.AllocsPerRun(1_000, func() { p.feed.Publish(p.book, trades, changed) }))
}
