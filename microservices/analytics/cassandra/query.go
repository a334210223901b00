package cassandra

import (
	"context"
	"errors"
	"fmt"
	"sync"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"golang.org/x/sync/errgroup"

	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/internal/count"
)

// atOnce is how many requests one call has under way.
const atOnce = 32

// The kinds of counts.
const (
	ofSite = "site" // all of it: the name is empty
	ofPage = "page"
	ofHost = "host" // of referrers
)

// Position is part of [analytics.Store].
func (s *Store) Position(ctx context.Context, partition int32) (next int64, err error) {
	err = s.session.Query("SELECT next FROM positions WHERE partition = ?", partition).ScanContext(ctx, &next)
	if err != nil && !errors.Is(err, gocql.ErrNotFound) {
		return 0, fmt.Errorf("cassandra: position of partition %d: %w", partition, err)
	}
	return next, nil
}

// A run is some periods of one length and day that follow each other.
type run struct {
	day, hours int64
	from, to   int64 // the start of the first, and of the one after the last
}

// runs returns what the hours from one to before another consist of: whole days, and
// hours of the days at both ends.
func runs(from, to int64) (runs []run) {
	for _, p := range count.Split(from, to) {
		next := run{p.Day().Start, p.Hours, p.Start, p.Start + p.Hours}
		if last := len(runs) - 1; last >= 0 && runs[last].day == next.day {
			runs[last].to = next.to
		} else {
			runs = append(runs, next)
		}
	}
	return runs
}

// each calls do for all runs at once, some at a time.
func each(ctx context.Context, runs []run, do func(ctx context.Context, i int, r run) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, r := range runs {
		group.Go(func() error { return do(ctx, i, r) })
	}
	return group.Wait()
}

// scan calls row after each row of the query was scanned to dest.
func (s *Store) scan(ctx context.Context, dest []any, row func(), query string, values ...any) error {
	iter := s.session.Query(query, values...).IterContext(ctx)
	for iter.Scan(dest...) {
		row()
	}
	return iter.Close()
}

// counts calls found for each row of the kind in the run.
func (s *Store) counts(ctx context.Context, site, kind string, r run, found func(name string, start int64, n numbers)) error {
	var name string
	var start int64
	var n numbers
	return s.scan(ctx, []any{&name, &start, &n.views, &n.likes, &n.bots, &n.visitors}, func() { found(name, start, n) },
		"SELECT name, start, views, likes, bots, visitors FROM counts WHERE site = ? AND day = ? AND kind = ? AND hours = ? AND start >= ? AND start < ?",
		site, r.day, kind, r.hours, r.from, r.to)
}

// Hours is part of [analytics.Store].
func (s *Store) Hours(ctx context.Context, site string, span analytics.Span) ([]analytics.Hour, error) {
	from, to, err := count.HoursOf(span)
	if err != nil {
		return nil, err
	}
	runs := runs(from, to)
	found := make([][]analytics.Hour, len(runs))
	err = each(ctx, runs, func(ctx context.Context, i int, r run) error {
		r.hours = count.Hour // of whole days, too
		return s.counts(ctx, site, ofSite, r, func(_ string, start int64, n numbers) {
			found[i] = append(found[i], analytics.Hour{
				Start: count.Period{Hours: count.Hour, Start: start}.In(),
				Views: n.views, Likes: n.likes, Bots: n.bots, Visitors: n.visitors,
			})
		})
	})
	var hours []analytics.Hour
	for _, f := range found {
		hours = append(hours, f...)
	}
	return hours, about(site, err)
}

// about says what a query was about.
func about(site string, err error) error {
	if err != nil {
		return fmt.Errorf("cassandra: query about site %q: %w", site, err)
	}
	return nil
}

// sum adds up the counts of a kind by name.
func (s *Store) sum(ctx context.Context, site, kind string, span analytics.Span) (map[string]numbers, error) {
	from, to, err := count.HoursOf(span)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	sums := map[string]numbers{}
	err = each(ctx, runs(from, to), func(ctx context.Context, _ int, r run) error {
		return s.counts(ctx, site, kind, r, func(name string, _ int64, n numbers) {
			mu.Lock()
			defer mu.Unlock()
			sum := sums[name]
			sum.views += n.views
			sum.likes += n.likes
			sums[name] = sum
		})
	})
	return sums, about(site, err)
}

// Pages is part of [analytics.Store].
func (s *Store) Pages(ctx context.Context, site string, span analytics.Span, limit int) ([]analytics.Page, error) {
	sums, err := s.sum(ctx, site, ofPage, span)
	if err != nil {
		return nil, err
	}
	pages := make([]analytics.Page, 0, len(sums))
	for path, sum := range sums {
		pages = append(pages, analytics.Page{Path: path, Views: sum.views, Likes: sum.likes})
	}
	return count.TopPages(pages, limit), nil
}

// Referrers is part of [analytics.Store].
func (s *Store) Referrers(ctx context.Context, site string, span analytics.Span, limit int) ([]analytics.Referrer, error) {
	sums, err := s.sum(ctx, site, ofHost, span)
	if err != nil {
		return nil, err
	}
	referrers := make([]analytics.Referrer, 0, len(sums))
	for host, sum := range sums {
		referrers = append(referrers, analytics.Referrer{Host: host, Views: sum.views})
	}
	return count.TopReferrers(referrers, limit), nil
}

// Visitors is part of [analytics.Store].
func (s *Store) Visitors(ctx context.Context, site string, span analytics.Span) (visitors analytics.Visitors, err error) {
	from, to, err := count.HoursOf(span)
	if err != nil {
		return visitors, err
	}
	if to-from == 1 {
		err := s.counts(ctx, site, ofSite, runs(from, to)[0], func(_ string, _ int64, n numbers) { visitors.Count = n.visitors })
		return visitors, about(site, err)
	}
	var mu sync.Mutex
	all := count.NewSketch()
	err = each(ctx, runs(from, to), func(ctx context.Context, _ int, r run) error {
		var data []byte
		var bad error
		err := s.scan(ctx, []any{&data}, func() {
			sketch, err := count.Read(data)
			mu.Lock()
			defer mu.Unlock()
			bad = errors.Join(bad, err, all.Merge(sketch.Sketch))
		}, "SELECT sketch FROM sketches WHERE site = ? AND day = ? AND hours = ? AND start >= ? AND start < ?", site, r.day, r.hours, r.from, r.to)
		return errors.Join(err, bad)
	})
	if err != nil {
		return visitors, about(site, err)
	}
	return all.Visitors(), nil
}
