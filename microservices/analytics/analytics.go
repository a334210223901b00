// Package analytics keeps the numbers of the platform: what was seen and liked, by
// how many, on which pages, by site and hour. A [Store] is what the aggregator
// needs of a database and no more.
//
// Package sqlite is one, for a single machine; package cassandra is another. Both
// pass the same contract, [gonotes/microservices/analytics/analyticstest].
package analytics

import (
	"context"
	"time"

	"gonotes/microservices/event"
)

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
	Records    []Record // in the order of their offsets
}

// A Span is the time from From to before To, both at full hours in UTC.
type Span struct {
	From, To time.Time
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

// A Referrer is a host that visitors came from.
type Referrer struct {
	Host  string `json:"host"`
	Views int64  `json:"views"`
}

// Visitors is how many persons there were in a span.
type Visitors struct {
	Count int64   `json:"count"`
	Error float64 `json:"error"` // standard error as a share of Count; 0 for an exact count
}

// A Store keeps the numbers. It is safe for concurrent use.
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
	// may be applied again, and the numbers are right when that has succeeded. A
	// batch whose From is after the position is an error, and changes nothing:
	// records would be left out.
	Apply(ctx context.Context, batch Batch) error

	// Hours returns the hours of the span in which something happened, by time.
	Hours(ctx context.Context, site string, span Span) ([]Hour, error)

	// Pages returns the limit pages with the most views in the span, those with
	// equally many by likes, then by path.
	Pages(ctx context.Context, site string, span Span, limit int) ([]Page, error)

	// Referrers returns the limit hosts with the most views in the span, those with
	// equally many by name.
	Referrers(ctx context.Context, site string, span Span, limit int) ([]Referrer, error)

	// Visitors returns how many persons there were in the span, exact for one hour
	// and estimated by sketches for more.
	Visitors(ctx context.Context, site string, span Span) (Visitors, error)

	// Ping reports whether the store can answer.
	Ping(ctx context.Context) error
}
