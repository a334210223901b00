package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/internal/count"
)

const (
	position = "SELECT next FROM positions WHERE partition = ?"
	number   = "SELECT id FROM names WHERE name = ?"
)

// reader is a connection that answers queries.
type reader struct {
	connection
	position, number, name         *sqlite3.Stmt
	hour, pages, referrers, sketch *sqlite3.Stmt
}

func (r *reader) prepare() error {
	for _, s := range []struct {
		stmt  **sqlite3.Stmt
		query string
	}{
		{&r.position, position},
		{&r.number, number},
		{&r.name, "SELECT name FROM names WHERE id = ?"},
		{&r.hour, "SELECT views, likes, bots, visitors FROM hours WHERE start = ? AND site = ?"},
		{&r.pages, "SELECT path, views, likes FROM pages WHERE hours = ? AND start = ? AND site = ?"},
		{&r.referrers, "SELECT host, views, 0 FROM referrers WHERE hours = ? AND start = ? AND site = ?"},
		{&r.sketch, "SELECT sketch FROM sketches WHERE hours = ? AND start = ? AND site = ?"},
	} {
		var err error
		if *s.stmt, err = r.prepared(s.query); err != nil {
			return err
		}
	}
	return nil
}

// query calls do with the number of the site, unless the store has nothing of it. All
// that do reads is of one instant.
func (s *Store) query(ctx context.Context, site string, do func(r *reader, site int64) error) error {
	err := s.reader.use(ctx, func(r *reader) (err error) {
		tx := r.Begin()
		defer tx.End(&err)
		id := int64(0)
		if err := with(r.number).text(site).run(func() { id = r.number.ColumnInt64(0) }); err != nil || id == 0 {
			return err
		}
		return do(r, id)
	})
	if err != nil {
		return fmt.Errorf("sqlite: query about site %q: %w", site, err)
	}
	return nil
}

func positionOf(stmt *sqlite3.Stmt, partition int32) (next int64, err error) {
	err = with(stmt).ints(int64(partition)).run(func() { next = stmt.ColumnInt64(0) })
	return next, err
}

// Position is part of [analytics.Store].
func (s *Store) Position(ctx context.Context, partition int32) (next int64, err error) {
	err = s.reader.use(ctx, func(r *reader) error {
		next, err = positionOf(r.position, partition)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sqlite: position of partition %d: %w", partition, err)
	}
	return next, nil
}

// Hours is part of [analytics.Store].
func (s *Store) Hours(ctx context.Context, site string, span analytics.Span) (hours []analytics.Hour, err error) {
	from, to, err := count.HoursOf(span)
	if err != nil {
		return nil, err
	}
	err = s.query(ctx, site, func(r *reader, site int64) error {
		for hour := from; hour < to; hour++ {
			err := with(r.hour).ints(hour, site).run(func() {
				hours = append(hours, analytics.Hour{
					Start: count.Period{Hours: count.Hour, Start: hour}.In(),
					Views: r.hour.ColumnInt64(0), Likes: r.hour.ColumnInt64(1), Bots: r.hour.ColumnInt64(2), Visitors: r.hour.ColumnInt64(3),
				})
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return hours, err
}

// Pages is part of [analytics.Store].
func (s *Store) Pages(ctx context.Context, site string, span analytics.Span, limit int) (pages []analytics.Page, err error) {
	err = s.top(ctx, (*reader).pagesOf, site, span, limit, func(name string, t tally) {
		pages = append(pages, analytics.Page{Path: name, Views: t.views, Likes: t.likes})
	})
	return count.TopPages(pages, limit), err
}

// Referrers is part of [analytics.Store].
func (s *Store) Referrers(ctx context.Context, site string, span analytics.Span, limit int) (referrers []analytics.Referrer, err error) {
	err = s.top(ctx, (*reader).referrersOf, site, span, limit, func(name string, t tally) {
		referrers = append(referrers, analytics.Referrer{Host: name, Views: t.views})
	})
	return count.TopReferrers(referrers, limit), err
}

func (r *reader) pagesOf() *sqlite3.Stmt     { return r.pages }
func (r *reader) referrersOf() *sqlite3.Stmt { return r.referrers }

type tally struct{ name, views, likes int64 }

// top adds up what the statement finds by name, and calls found for the limit names
// with the most views, and for those with as many as the last.
func (s *Store) top(ctx context.Context, stmt func(*reader) *sqlite3.Stmt, site string, span analytics.Span, limit int, found func(name string, t tally)) error {
	from, to, err := count.HoursOf(span)
	if err != nil {
		return err
	}
	return s.query(ctx, site, func(r *reader, site int64) error {
		at := map[int64]int{}
		var tallies []tally
		rows := stmt(r)
		for _, p := range count.Split(from, to) {
			err := with(rows).ints(p.Hours, p.Start, site).run(func() {
				name := rows.ColumnInt64(0)
				i, ok := at[name]
				if !ok {
					i = len(tallies)
					at[name] = i
					tallies = append(tallies, tally{name: name})
				}
				tallies[i].views += rows.ColumnInt64(1)
				tallies[i].likes += rows.ColumnInt64(2)
			})
			if err != nil {
				return err
			}
		}
		slices.SortFunc(tallies, func(a, b tally) int { return cmp.Compare(b.views, a.views) })
		for i, t := range tallies {
			if i >= limit && t.views < tallies[limit-1].views {
				break
			}
			if err := with(r.name).ints(t.name).run(func() { found(r.name.ColumnText(0), t) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// Visitors is part of [analytics.Store].
func (s *Store) Visitors(ctx context.Context, site string, span analytics.Span) (visitors analytics.Visitors, err error) {
	from, to, err := count.HoursOf(span)
	if err != nil {
		return visitors, err
	}
	err = s.query(ctx, site, func(r *reader, site int64) error {
		if to-from == 1 {
			return with(r.hour).ints(from, site).run(func() { visitors.Count = r.hour.ColumnInt64(3) })
		}
		all := count.NewSketch()
		for _, p := range count.Split(from, to) {
			sketch, err := sketchOf(r.sketch, p, site)
			if err != nil {
				return err
			}
			if err := all.Merge(sketch.Sketch); err != nil {
				return err
			}
		}
		visitors = all.Visitors()
		return nil
	})
	return visitors, err
}

// sketchOf returns the sketch that the statement finds, or an empty one.
func sketchOf(stmt *sqlite3.Stmt, p count.Period, site int64) (sketch count.Sketch, err error) {
	sketch = count.NewSketch()
	var bad error
	err = with(stmt).ints(p.Hours, p.Start, site).run(func() { sketch, bad = count.Read(stmt.ColumnRawBlob(0)) })
	return sketch, cmp.Or(err, bad)
}
