// Package analytics keeps the numbers of the platform: what was seen and liked, by
// how many, on which pages, by site and hour. A [Store] is what the aggregator
// needs of a database and no more.
//
// Package sqlite is one, for a single machine; package cassandra is another. Both
// pass the same contract, [gonotes/microservices/analytics/analyticstest].
package analytics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gonotes/microservices/event"
)

// ErrGap is what Apply returns, wrapped, for a batch that begins after the position.
var ErrGap = errors.New("the batch begins after the position")

// A Record is an activity where it stands in its partition of the bus.
type Record struct {
	Offset int64
	event.Activity
}

// A Batch is what was read of one partition of the bus, from one offset to before
// another. There may be offsets without a record: those that nobody counts.
type Batch struct {
	Partition  int32
	From, Next int64
	Records    []Record // in the order of their offsets, each with a site
}

// Check reports the first thing that no batch may have.
func (b Batch) Check() error {
	if b.From < 0 || b.Next < b.From {
		return fmt.Errorf("batch from offset %d to before %d, want 0 or more, in order", b.From, b.Next)
	}
	least := b.From
	for i := range b.Records {
		switch r := &b.Records[i]; {
		case r.Offset < least || r.Offset >= b.Next:
			return fmt.Errorf("record at offset %d, want one from %d to before %d", r.Offset, least, b.Next)
		case r.Site == "":
			return fmt.Errorf("record at offset %d has no site", r.Offset)
		case r.Kind != event.View && r.Kind != event.Like:
			return fmt.Errorf("record at offset %d has kind %q, want %q or %q", r.Offset, r.Kind, event.View, event.Like)
		default:
			least = r.Offset + 1
		}
	}
	return nil
}

// A Span is the time from From to before To, both at full hours in UTC.
type Span struct {
	From, To time.Time
}

// Check reports what no span may have.
func (s Span) Check() error {
	for _, t := range []time.Time{s.From, s.To} {
		if !t.Equal(t.Truncate(time.Hour)) {
			return fmt.Errorf("span with an end at %s, want full hours", t.Format(time.RFC3339Nano))
		}
	}
	if s.To.Before(s.From) {
		return fmt.Errorf("span from %s to %s, which is before", s.From.Format(time.RFC3339), s.To.Format(time.RFC3339))
	}
	return nil
}

// Hour is what happened on a site in one hour.
type Hour struct {
	Start    time.Time `json:"start"`
	Views    int64     `json:"views"`
	Likes    int64     `json:"likes"`
	Bots     int64     `json:"bots"`     // views and likes of bots, which are in no other number
	Visitors int64     `json:"visitors"` // persons, exact
}

// A Page of a site, and how often it was seen and liked.
type Page struct {
	Path  string `json:"path"`
	Views int64  `json:"views"`
	Likes int64  `json:"likes"`
}

// A Referrer is a host that visitors came from. Views without one are in none.
type Referrer struct {
	Host  string `json:"host"`
	Views int64  `json:"views"`
}

// Visitors is how many persons saw or liked something in a span. A person of one
// month is another one in the next: see [event.Person].
type Visitors struct {
	Count int64   `json:"count"`
	Error float64 `json:"error"` // standard error as a share of Count; 0 for an exact count
}

// A Store keeps the numbers. It is safe for concurrent use. What is counted when is
// decided by the time of a record, however late it comes, and the hour in UTC. While
// a batch is applied, a query may see some of its numbers before others.
//
// All records of one site must stand in one partition. Then each number belongs to
// one partition, and is a function of the records of that partition before its
// position: applying a batch twice, or one that begins before the position, or all
// of the bus from its first record on, moves no number. Neither does a record with
// the site and ID of an earlier one, wherever it stands.
type Store interface {
	// Position returns the offset of the next record of the partition to be
	// applied: 0 if there was none.
	Position(ctx context.Context, partition int32) (int64, error)

	// Apply adds what is not yet in the numbers, and moves the position to
	// batch.Next, never back. After an error, or a kill at any instant, the batch
	// may be applied again, or others that begin where it did, and the numbers are
	// right when the position is at batch.Next; before, some may be ahead. A batch
	// whose From is after the position is an error, ErrGap, and changes nothing:
	// records would be left out. The same goes for one that its Check refuses.
	Apply(ctx context.Context, batch Batch) error

	// Hours returns the hours of the span in which something happened, by time. It
	// fails, as all queries do, for a span that its Check refuses.
	Hours(ctx context.Context, site string, span Span) ([]Hour, error)

	// Pages returns the limit pages, at least 1, with the most views in the span,
	// those with equally many by likes, then by path.
	Pages(ctx context.Context, site string, span Span, limit int) ([]Page, error)

	// Referrers returns the limit hosts, at least 1, with the most views in the span,
	// those with equally many by name.
	Referrers(ctx context.Context, site string, span Span, limit int) ([]Referrer, error)

	// Visitors returns how many persons there were in the span, exact for one hour
	// and estimated by sketches for more.
	Visitors(ctx context.Context, site string, span Span) (Visitors, error)

	// Ping reports whether the store can answer.
	Ping(ctx context.Context) error
}
