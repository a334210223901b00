package cassandra

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/internal/count"
	"gonotes/microservices/event"
)

// together is how many rows of one partition are asked for or written at once.
const together = 100

// numbers of a site, of one of its pages, or of a host, in a period.
type numbers struct{ views, likes, bots, visitors int64 }

// A counted is a row of counts.
type counted struct {
	numbers
	next    int64 // the records before it are in the numbers
	changed bool
}

// name is of a row among those of a site and a period.
type name struct{ kind, name string }

// A slice is all rows of a site and a period.
type slice struct {
	counts map[name]*counted
	sketch count.Sketch
	grown  bool // the sketch
	used   bool // by the batch
}

type place struct {
	site string
	count.Period
}

// A partition of the bus, as far as it is remembered. What is remembered is right while
// the position is where this store has left it, since nobody else has written then.
type partition struct {
	turn   chan struct{} // holds one while a batch is applied
	next   int64
	slices map[place]*slice
}

func (s *Store) partition(n int32) *partition {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partitions[n]
	if p == nil {
		p = &partition{turn: make(chan struct{}, 1)}
		s.partitions[n] = p
	}
	return p
}

// Apply is part of [analytics.Store].
func (s *Store) Apply(ctx context.Context, batch analytics.Batch) error {
	if err := s.apply(ctx, batch); err != nil {
		return fmt.Errorf("cassandra: apply the batch from %d to before %d of partition %d: %w", batch.From, batch.Next, batch.Partition, err)
	}
	return nil
}

func (s *Store) apply(ctx context.Context, batch analytics.Batch) error {
	if err := batch.Check(); err != nil {
		return err
	}
	p := s.partition(batch.Partition)
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	position, err := s.Position(ctx, batch.Partition)
	if err != nil {
		return err
	}
	if batch.From > position {
		return fmt.Errorf("%w, which is %d", analytics.ErrGap, position)
	}
	if batch.Next <= position {
		return nil
	}
	if position != p.next || p.slices == nil {
		p.next, p.slices = position, map[place]*slice{}
	}
	if err := s.add(ctx, p, batch); err != nil {
		p.slices = nil // some is written and some is not
		return err
	}
	p.next = batch.Next
	p.forget(s.cached)
	return nil
}

// forget forgets what the last batch did not need, if there is more than keep.
func (p *partition) forget(keep int) {
	n := 0
	for _, slice := range p.slices {
		n += len(slice.counts)
	}
	maps.DeleteFunc(p.slices, func(_ place, s *slice) bool { return n > keep && !s.used })
	for _, slice := range p.slices {
		slice.used = false
	}
}

// add adds the records from the position on to the numbers, and moves the position.
func (s *Store) add(ctx context.Context, p *partition, batch analytics.Batch) error {
	w := writes{}
	records, err := s.see(ctx, batch, p.next, w)
	if err != nil {
		return err
	}
	visits, err := s.visits(ctx, records, w)
	if err != nil {
		return err
	}
	if err := s.load(ctx, p, records); err != nil {
		return err
	}
	for _, r := range records {
		hour := count.HourOf(r.Time)
		inHour := p.slices[place{r.Site, hour}]
		offset, first := visits[visit{r.Site, hour.Start, r.Person}]
		first = first && offset == r.Offset // bots are in no visit
		inHour.add(name{ofSite, ""}, r, first)
		if r.Bot {
			continue
		}
		inDay := p.slices[place{r.Site, hour.Day()}]
		for _, slice := range []*slice{inHour, inDay} {
			slice.add(name{ofPage, r.Path}, r, false)
			if r.Kind == event.View && r.Referrer != "" {
				slice.add(name{ofHost, r.Referrer}, r, false)
			}
			if first {
				slice.sketch.Add(r.Person)
				slice.grown = true
			}
		}
	}
	if err := w.counts(p, batch.Next); err != nil {
		return err
	}
	if err := s.write(ctx, w); err != nil {
		return err
	}
	last := s.session.Batch(gocql.UnloggedBatch)
	last.Entries = []gocql.BatchEntry{{
		Stmt: "INSERT INTO positions (partition, next) VALUES (?, ?) USING TIMESTAMP ?", Args: []any{batch.Partition, batch.Next, batch.Next}, Idempotent: true,
	}}
	return s.around(func() error { return last.ExecContext(ctx) })
}

// add adds the record to the numbers of a row, unless they have it.
func (s *slice) add(of name, r *analytics.Record, first bool) {
	row := s.counts[of]
	if row == nil {
		row = &counted{}
		s.counts[of] = row
	}
	if r.Offset < row.next {
		return
	}
	row.changed = true
	switch {
	case r.Bot:
		row.bots++
	case r.Kind == event.Like:
		row.likes++
	default:
		row.views++
	}
	if first {
		row.visitors++
	}
}

// see returns the records from the position on that are the first with their site and
// ID, and writes those that are not there yet.
func (s *Store) see(ctx context.Context, batch analytics.Batch, position int64, w writes) (first []*analytics.Record, err error) {
	type key struct {
		id   uuid.UUID
		site string
	}
	seen := map[key]int64{} // where first
	buckets := map[int32][]gocql.UUID{}
	var records []*analytics.Record
	for i := range batch.Records {
		r := &batch.Records[i]
		k := key{r.ID, r.Site}
		if _, again := seen[k]; r.Offset < position || again {
			continue
		}
		seen[k] = r.Offset
		records = append(records, r)
		buckets[bucket(r.ID)] = append(buckets[bucket(r.ID)], gocql.UUID(r.ID))
	}
	var mu sync.Mutex
	found := map[key]int64{}
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for bucket, ids := range buckets {
		for ids := range slices.Chunk(ids, together) {
			group.Go(func() error {
				var id gocql.UUID
				var site string
				var first int64
				return s.scan(reading, []any{&id, &site, &first}, func() {
					mu.Lock()
					defer mu.Unlock()
					found[key{uuid.UUID(id), site}] = first
				}, "SELECT id, site, first FROM ids WHERE partition = ? AND bucket = ? AND id IN ?", batch.Partition, bucket, ids)
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, r := range records {
		was, ok := found[key{r.ID, r.Site}]
		if ok && was < r.Offset {
			continue // it came again
		}
		first = append(first, r)
		if !ok {
			w.add(target{"ids", "", int64(bucket(r.ID))}, "INSERT INTO ids (partition, bucket, id, site, first) VALUES (?, ?, ?, ?, ?)",
				batch.Partition, bucket(r.ID), gocql.UUID(r.ID), r.Site, r.Offset)
		}
	}
	return first, nil
}

func bucket(id uuid.UUID) int32 {
	return int32(uint32(id[0])<<24 | uint32(id[1])<<16 | uint32(id[2])<<8 | uint32(id[3]))
}

// A visit is of a person, in an hour.
type visit struct {
	site   string
	hour   int64
	person event.Person
}

// visits returns the offsets of the records by which persons came first in an hour,
// as far as they are among these, and writes those that are not there yet.
func (s *Store) visits(ctx context.Context, records []*analytics.Record, w writes) (map[visit]int64, error) {
	type hour struct {
		site string
		hour int64
	}
	first := map[visit]int64{}
	persons := map[hour][][]byte{}
	for _, r := range records {
		v := visit{r.Site, count.HourOf(r.Time).Start, r.Person}
		if _, again := first[v]; r.Bot || again {
			continue
		}
		first[v] = r.Offset
		persons[hour{v.site, v.hour}] = append(persons[hour{v.site, v.hour}], r.Person[:])
	}
	var mu sync.Mutex
	found := map[visit]int64{}
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for of, persons := range persons {
		for persons := range slices.Chunk(persons, together) {
			group.Go(func() error {
				var person []byte
				var first int64
				return s.scan(reading, []any{&person, &first}, func() {
					mu.Lock()
					defer mu.Unlock()
					found[visit{of.site, of.hour, event.Person(person)}] = first
				}, "SELECT person, first FROM persons WHERE site = ? AND start = ? AND person IN ?", of.site, of.hour, persons)
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for v, offset := range first {
		was, ok := found[v]
		if ok && was < offset {
			delete(first, v)
		} else if !ok {
			w.add(target{"persons", v.site, v.hour}, "INSERT INTO persons (site, start, person, first) VALUES (?, ?, ?, ?)",
				v.site, v.hour, v.person[:], offset)
		}
	}
	return first, nil
}

// load reads the slices that the records belong to and that are not remembered.
func (s *Store) load(ctx context.Context, p *partition, records []*analytics.Record) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, r := range records {
		hour := count.HourOf(r.Time)
		for _, period := range []count.Period{hour, hour.Day()} {
			at := place{r.Site, period}
			if p.slices[at] == nil {
				slice := &slice{counts: map[name]*counted{}}
				p.slices[at] = slice
				group.Go(func() error { return s.read(ctx, at, slice) })
			}
			p.slices[at].used = true
		}
	}
	return group.Wait()
}

func (s *Store) read(ctx context.Context, at place, slice *slice) error {
	var of name
	var row counted
	err := s.scan(ctx, []any{&of.kind, &of.name, &row.views, &row.likes, &row.bots, &row.visitors, &row.next}, func() {
		found := row
		slice.counts[of] = &found
	}, "SELECT kind, name, views, likes, bots, visitors, next FROM counts WHERE site = ? AND day = ? AND kind IN ? AND hours = ? AND start = ?",
		at.site, at.Day().Start, []string{ofSite, ofPage, ofHost}, at.Hours, at.Start)
	if err != nil {
		return err
	}
	var data []byte
	err = s.scan(ctx, []any{&data}, func() {}, "SELECT sketch FROM sketches WHERE site = ? AND day = ? AND hours = ? AND start = ?", at.site, at.Day().Start, at.Hours, at.Start)
	if err != nil {
		return err
	}
	slice.sketch, err = count.Read(data)
	return err
}

// writes are rows to be written, by the partition in which they are.
type writes map[target][]gocql.BatchEntry

type target struct {
	table, site string
	n           int64
}

func (w writes) add(t target, statement string, values ...any) {
	w[t] = append(w[t], gocql.BatchEntry{Stmt: statement, Args: values, Idempotent: true})
}

// counts adds the rows that have changed, as they are at the offset next.
func (w writes) counts(p *partition, next int64) error {
	for at, slice := range p.slices {
		if !slice.used {
			continue
		}
		day := at.Day().Start
		t := target{"counts", at.site, day}
		for of, row := range slice.counts {
			if !row.changed {
				continue
			}
			row.next, row.changed = next, false
			w.add(t, "INSERT INTO counts (site, day, kind, hours, start, name, views, likes, bots, visitors, next) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
				at.site, day, of.kind, at.Hours, at.Start, of.name, row.views, row.likes, row.bots, row.visitors, next, next)
		}
		if !slice.grown {
			continue
		}
		slice.grown = false
		data, err := slice.sketch.MarshalBinary()
		if err != nil {
			return err
		}
		w.add(t, "INSERT INTO sketches (site, day, hours, start, sketch) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?",
			at.site, day, at.Hours, at.Start, data, next)
	}
	return nil
}

// write writes all rows, those of one partition together: a batch within a partition
// is one write for the server.
func (s *Store) write(ctx context.Context, w writes) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, entries := range w {
		for entries := range slices.Chunk(entries, together) {
			batch := s.session.Batch(gocql.UnloggedBatch)
			batch.Entries = entries
			group.Go(func() error { return s.around(func() error { return batch.ExecContext(ctx) }) })
		}
	}
	return group.Wait()
}
