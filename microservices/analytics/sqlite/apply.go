package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/ncruces/go-sqlite3"

	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/internal/count"
	"gonotes/microservices/event"
)

// maxNames is how many bytes of names a writer remembers the numbers of, about.
const maxNames = 16 << 20

// writer is the connection that applies batches.
type writer struct {
	connection
	position, setPosition   *sqlite3.Stmt
	number, addName         *sqlite3.Stmt
	sketch, setSketch       *sqlite3.Stmt
	ids, persons            inserter // what is new
	hours, pages, referrers inserter // or the numbers are added
	numbers                 map[string]int64
	bytes                   int // of the names in numbers
}

func (w *writer) prepare() error {
	w.numbers = map[string]int64{}
	for _, s := range []struct {
		stmt  **sqlite3.Stmt
		query string
	}{
		{&w.position, position},
		{&w.setPosition, "INSERT INTO positions VALUES (?, ?) ON CONFLICT DO UPDATE SET next = excluded.next"},
		{&w.number, number},
		{&w.addName, "INSERT INTO names (name) VALUES (?) RETURNING id"},
		{&w.sketch, "SELECT sketch FROM sketches WHERE hours = ? AND start = ? AND site = ?"},
		{&w.setSketch, "INSERT INTO sketches VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET sketch = excluded.sketch"},
	} {
		var err error
		if *s.stmt, err = w.prepared(s.query); err != nil {
			return err
		}
	}
	for _, s := range []struct {
		inserter *inserter
		begins   string
		columns  int
		ends     string
	}{
		{&w.ids, "INSERT INTO ids", 2, "ON CONFLICT DO NOTHING RETURNING id, site"},
		{&w.persons, "INSERT INTO persons", 3, "ON CONFLICT DO NOTHING RETURNING start, site, person"},
		{&w.hours, "INSERT INTO hours", 6, "ON CONFLICT DO UPDATE SET views = views + excluded.views, likes = likes + excluded.likes, bots = bots + excluded.bots, visitors = visitors + excluded.visitors"},
		{&w.pages, "INSERT INTO pages", 6, "ON CONFLICT DO UPDATE SET views = views + excluded.views, likes = likes + excluded.likes"},
		{&w.referrers, "INSERT INTO referrers", 5, "ON CONFLICT DO UPDATE SET views = views + excluded.views"},
	} {
		var err error
		if *s.inserter, err = w.inserter(s.begins, s.columns, s.ends); err != nil {
			return err
		}
	}
	return nil
}

// Apply is part of [analytics.Store].
func (s *Store) Apply(ctx context.Context, batch analytics.Batch) error {
	err := batch.Check()
	if err == nil {
		err = s.writer.use(ctx, func(w *writer) error {
			err := w.apply(batch)
			if err != nil { // the numbers of new names may be given away again
				clear(w.numbers)
				w.bytes = 0
			}
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("sqlite: apply the batch from %d to before %d of partition %d: %w", batch.From, batch.Next, batch.Partition, err)
	}
	return nil
}

// What a batch is broken down to.
type (
	sighting struct { // of a record, by its ID
		id     uuid.UUID
		site   int64
		record *analytics.Record
		first  bool
	}
	visit struct { // of a person, in an hour
		hour, site int64
		person     event.Person
		first      bool
	}
	place struct { // of a number
		count.Period
		site, name int64 // the name of a page or a host, 0 for all of the site
	}
	sum struct{ views, likes, bots, visitors int64 }
	row struct {
		place
		*sum
	}
	sums map[place]*sum
)

func (s sums) at(p place) *sum {
	if s[p] == nil {
		s[p] = &sum{}
	}
	return s[p]
}

// rows returns the sums in the order in which they stand.
func (s sums) rows() []row {
	rows := make([]row, 0, len(s))
	for p, sum := range s {
		rows = append(rows, row{p, sum})
	}
	slices.SortFunc(rows, func(a, b row) int { return a.place.compare(b.place) })
	return rows
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.Hours, q.Hours), cmp.Compare(p.Start, q.Start), cmp.Compare(p.site, q.site), cmp.Compare(p.name, q.name))
}

func (w *writer) apply(batch analytics.Batch) (err error) {
	tx, err := w.BeginImmediate()
	if err != nil {
		return err
	}
	defer tx.End(&err)
	position, err := positionOf(w.position, batch.Partition)
	if err != nil {
		return err
	}
	if batch.From > position {
		return fmt.Errorf("%w, which is %d", analytics.ErrGap, position)
	}
	if batch.Next <= position {
		return nil
	}
	seen, err := w.see(batch.Records, position)
	if err != nil {
		return err
	}
	if err := w.count(seen); err != nil {
		return err
	}
	return with(w.setPosition).ints(int64(batch.Partition), batch.Next).run(nil)
}

// see remembers the records from the position on, and says which are the first with
// their site and ID.
func (w *writer) see(records []analytics.Record, position int64) ([]sighting, error) {
	seen := make([]sighting, 0, len(records))
	for i := range records {
		r := &records[i]
		if r.Offset < position {
			continue
		}
		site, err := w.nameOf(r.Site)
		if err != nil {
			return nil, err
		}
		seen = append(seen, sighting{id: r.ID, site: site, record: r})
	}
	compare := func(a, b sighting) int { return cmp.Or(bytes.Compare(a.id[:], b.id[:]), cmp.Compare(a.site, b.site)) }
	slices.SortStableFunc(seen, compare)
	return seen, insert(w.ids, seen, func(b *binding, s *sighting) {
		b.blob(s.id[:]).ints(s.site)
	}, func(asked []sighting, row *sqlite3.Stmt) {
		found := sighting{id: uuid.UUID(row.ColumnRawBlob(0)), site: row.ColumnInt64(1)}
		i, _ := slices.BinarySearchFunc(asked, found, compare) // of equal ones the first
		asked[i].first = true
	})
}

// count adds the records that are the first with their ID to all numbers.
func (w *writer) count(seen []sighting) error {
	hours, pages, referrers := sums{}, sums{}, sums{}
	var visits []visit
	for _, s := range seen {
		if !s.first {
			continue
		}
		hour := count.HourOf(s.record.Time)
		of := hours.at(place{hour, s.site, 0})
		if s.record.Bot {
			of.bots++
			continue
		}
		visits = append(visits, visit{hour: hour.Start, site: s.site, person: s.record.Person})
		path, err := w.nameOf(s.record.Path)
		if err != nil {
			return err
		}
		inHour, inDay := pages.at(place{hour, s.site, path}), pages.at(place{hour.Day(), s.site, path})
		if s.record.Kind == event.Like {
			of.likes++
			inHour.likes++
			inDay.likes++
			continue
		}
		of.views++
		inHour.views++
		inDay.views++
		if s.record.Referrer == "" {
			continue
		}
		host, err := w.nameOf(s.record.Referrer)
		if err != nil {
			return err
		}
		referrers.at(place{hour, s.site, host}).views++
		referrers.at(place{hour.Day(), s.site, host}).views++
	}
	if err := w.visit(visits, hours); err != nil {
		return err
	}
	err := insert(w.hours, hours.rows(), func(b *binding, r *row) {
		b.ints(r.Start, r.site, r.views, r.likes, r.bots, r.visitors)
	}, nil)
	if err != nil {
		return err
	}
	err = insert(w.pages, pages.rows(), func(b *binding, r *row) {
		b.ints(r.Hours, r.Start, r.site, r.name, r.views, r.likes)
	}, nil)
	if err != nil {
		return err
	}
	return insert(w.referrers, referrers.rows(), func(b *binding, r *row) {
		b.ints(r.Hours, r.Start, r.site, r.name, r.views)
	}, nil)
}

// visit remembers who was there, and adds those that are new in their hour to its
// visitors and to the sketches of the hour and of the day.
func (w *writer) visit(visits []visit, hours sums) error {
	compare := func(a, b visit) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.site, b.site), bytes.Compare(a.person[:], b.person[:]))
	}
	slices.SortFunc(visits, compare)
	visits = slices.Compact(visits)
	err := insert(w.persons, visits, func(b *binding, v *visit) {
		b.ints(v.hour, v.site).blob(v.person[:])
	}, func(asked []visit, row *sqlite3.Stmt) {
		found := visit{hour: row.ColumnInt64(0), site: row.ColumnInt64(1), person: event.Person(row.ColumnRawBlob(2))}
		i, _ := slices.BinarySearchFunc(asked, found, compare)
		asked[i].first = true
	})
	if err != nil {
		return err
	}
	sketches := map[place]count.Sketch{}
	for _, v := range visits {
		if !v.first {
			continue
		}
		hour := count.Period{Hours: count.Hour, Start: v.hour}
		hours[place{hour, v.site, 0}].visitors++
		for _, period := range []count.Period{hour, hour.Day()} {
			p := place{period, v.site, 0}
			if _, ok := sketches[p]; !ok {
				if sketches[p], err = sketchOf(w.sketch, p.Period, p.site); err != nil {
					return err
				}
			}
			sketches[p].Add(v.person)
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(sketches), place.compare) {
		data, err := sketches[p].MarshalBinary()
		if err != nil {
			return err
		}
		if err := with(w.setSketch).ints(p.Hours, p.Start, p.site).blob(data).run(nil); err != nil {
			return err
		}
	}
	return nil
}

// nameOf returns the number of a name, which it is given when it comes first.
func (w *writer) nameOf(name string) (id int64, err error) {
	if id, ok := w.numbers[name]; ok {
		return id, nil
	}
	find := func(stmt *sqlite3.Stmt) error {
		return with(stmt).text(name).run(func() { id = stmt.ColumnInt64(0) })
	}
	if err := find(w.number); err != nil {
		return 0, err
	}
	if id == 0 {
		if err := find(w.addName); err != nil {
			return 0, err
		}
	}
	if w.bytes > maxNames {
		clear(w.numbers)
		w.bytes = 0
	}
	w.numbers[name] = id
	w.bytes += len(name)
	return id, nil
}
