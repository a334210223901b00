package analyticstest

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics"
	"gonotes/microservices/event"
)

var (
	modelSeeds = flag.Uint64("analyticstest.seeds", 3, "runs against the model, each with its own seed")
	modelSteps = flag.Int("analyticstest.steps", 150, "batches of each run against the model")
)

// A Model is a store that is written so that it is easily seen to be right: it keeps
// all records, and counts them when it is asked.
type Model struct {
	positions map[int32]int64
	records   []analytics.Record
}

// Apply is that of a store.
func (m *Model) Apply(batch analytics.Batch) error {
	position := m.positions[batch.Partition]
	if batch.From > position {
		return analytics.ErrGap
	}
	for _, r := range batch.Records {
		if r.Offset >= position && !slices.ContainsFunc(m.records, func(old analytics.Record) bool { return old.Site == r.Site && old.ID == r.ID }) {
			m.records = append(m.records, r)
		}
	}
	if m.positions == nil {
		m.positions = map[int32]int64{}
	}
	m.positions[batch.Partition] = max(position, batch.Next)
	return nil
}

// select returns the records of the site in the span, without those of bots.
func (m *Model) of(site string, span analytics.Span, bots bool) (found []analytics.Record) {
	for _, r := range m.records {
		if r.Site == site && r.Bot == bots && !r.Time.In().Before(span.From) && r.Time.In().Before(span.To) {
			found = append(found, r)
		}
	}
	return found
}

func (m *Model) hours(site string, span analytics.Span) (hours []analytics.Hour) {
	for start := span.From; start.Before(span.To); start = start.Add(time.Hour) {
		hour := analytics.Hour{Start: start}
		one := analytics.Span{From: start, To: start.Add(time.Hour)}
		for _, r := range m.of(site, one, false) {
			if r.Kind == event.Like {
				hour.Likes++
			} else {
				hour.Views++
			}
		}
		hour.Bots = int64(len(m.of(site, one, true)))
		hour.Visitors = m.visitors(site, one)
		if hour != (analytics.Hour{Start: start}) {
			hours = append(hours, hour)
		}
	}
	return hours
}

func (m *Model) pages(site string, span analytics.Span) (pages []analytics.Page) {
	found := map[string]analytics.Page{}
	for _, r := range m.of(site, span, false) {
		page := found[r.Path]
		page.Path = r.Path
		if r.Kind == event.Like {
			page.Likes++
		} else {
			page.Views++
		}
		found[r.Path] = page
	}
	return slices.SortedFunc(maps.Values(found), func(a, b analytics.Page) int {
		return cmp.Or(cmp.Compare(b.Views, a.Views), cmp.Compare(b.Likes, a.Likes), cmp.Compare(a.Path, b.Path))
	})
}

func (m *Model) referrers(site string, span analytics.Span) (referrers []analytics.Referrer) {
	found := map[string]int64{}
	for _, r := range m.of(site, span, false) {
		if r.Kind == event.View && r.Referrer != "" {
			found[r.Referrer]++
		}
	}
	for host, views := range found {
		referrers = append(referrers, analytics.Referrer{Host: host, Views: views})
	}
	slices.SortFunc(referrers, func(a, b analytics.Referrer) int {
		return cmp.Or(cmp.Compare(b.Views, a.Views), cmp.Compare(a.Host, b.Host))
	})
	return referrers
}

func (m *Model) visitors(site string, span analytics.Span) int64 {
	found := map[event.Person]bool{}
	for _, r := range m.of(site, span, false) {
		found[r.Person] = true
	}
	return int64(len(found))
}

// Agree fails unless the store answers as the model does, for this site and span.
func (m *Model) Agree(t *testing.T, s analytics.Store, site string, span analytics.Span, limit int) {
	t.Helper()
	about := fmt.Sprintf("%s from %s to %s", site, span.From.Format(time.RFC3339), span.To.Format(time.RFC3339))
	require.Equal(t, m.hours(site, span), orNil(mustHours(t, s, site, span)), "hours of %s", about)
	pages := m.pages(site, span)
	require.Equal(t, pages[:min(limit, len(pages))], orNil(mustPages(t, s, site, span, limit)), "pages of %s", about)
	referrers := m.referrers(site, span)
	require.Equal(t, referrers[:min(limit, len(referrers))], orNil(mustReferrers(t, s, site, span, limit)), "referrers of %s", about)
	if got := mustVisitors(t, s, site, span); got.Error == 0 {
		require.Equal(t, m.visitors(site, span), got.Count, "visitors of %s", about)
	} else {
		assertEstimates(t, m.visitors(site, span), got)
	}
}

// AgreeAll fails unless the store answers as the model does, for all sites, the time
// of all records and positions.
func (m *Model) AgreeAll(t *testing.T, s analytics.Store) {
	t.Helper()
	first, last := start, start
	sites := map[string]bool{}
	for _, r := range m.records {
		sites[r.Site] = true
		if r.Time.In().Before(first) {
			first = r.Time.In().Truncate(time.Hour)
		}
		if r.Time.In().After(last) {
			last = r.Time.In()
		}
	}
	for site := range sites {
		m.Agree(t, s, site, analytics.Span{From: first, To: last.Truncate(time.Hour).Add(time.Hour)}, len(m.records))
	}
	for partition, position := range m.positions {
		assertPosition(t, s, partition, position)
	}
}

// A Log is one partition of a bus.
type Log struct {
	partition int32
	records   []analytics.Record // not one for every offset
	next      int64
}

// RandomLog returns a log that has offsets without a record, IDs that come again,
// late records, bots, and two sites that no other partition has.
func RandomLog(seed uint64, partition int32, next int64) Log {
	random := rand.New(rand.NewPCG(seed, uint64(partition)))
	log := Log{partition: partition, next: next}
	for offset := range next {
		if random.IntN(10) == 0 {
			continue
		}
		hour := float64(offset) / float64(next) * 100
		if random.IntN(8) == 0 {
			hour -= random.Float64() * 70
		}
		r := record(offset, by(uint64(random.IntN(30))), of(fmt.Sprint("site-", partition, "-", random.IntN(2))), on(fmt.Sprint("/", random.IntN(1+random.IntN(20)))),
			at(start.Add(time.Duration(hour*float64(time.Hour)))))
		switch random.IntN(3) {
		case 0: // as a client that makes random ones does
			r.ID = uuid.UUID{byte(random.Uint32()), byte(random.Uint32()), byte(random.Uint32()), byte(offset >> 8), byte(offset), 15: byte(partition)}
		case 1:
			r.ID = id(uint64(offset)<<8 | uint64(partition))
		default:
			if len(log.records) > 0 { // sent again, in this site or in another
				r.ID = log.records[random.IntN(len(log.records))].ID
			}
		}
		if random.IntN(2) == 0 {
			r.Referrer = fmt.Sprint("host-", random.IntN(6), ".example")
		}
		if random.IntN(5) == 0 {
			r.Kind = event.Like
		}
		r.Bot = random.IntN(12) == 0
		log.records = append(log.records, r)
	}
	return log
}

// Batch returns the records from one offset to before another.
func (l Log) Batch(from, next int64) analytics.Batch {
	b := analytics.Batch{Partition: l.partition, From: from, Next: next}
	for _, r := range l.records {
		if r.Offset >= from && r.Offset < next {
			b.Records = append(b.Records, r)
		}
	}
	return b
}

// walk applies random batches to the store and to the model: new ones, some that were
// applied, some that overlap, all from the beginning, some after the position. After
// each, a query must agree.
func walk(t *testing.T, s analytics.Store, seed uint64, steps int) {
	random := rand.New(rand.NewPCG(seed, 0))
	var m Model
	var logs []Log
	for partition := range int32(3) {
		logs = append(logs, RandomLog(seed, partition, int64(steps)*6))
	}
	gaps, replays := 0, 0
	for step := range steps {
		log := logs[random.IntN(len(logs))]
		position := m.positions[log.partition]
		from := position
		switch random.IntN(8) {
		case 0:
			from = random.Int64N(position + 1)
		case 1:
			from = max(0, position-random.Int64N(20))
		case 2:
			from = min(log.next, position+random.Int64N(3))
		}
		b := log.Batch(from, min(log.next, from+random.Int64N(40)))
		want := m.Apply(b)
		got := s.Apply(t.Context(), b)
		if want == nil {
			require.NoError(t, got, "step %d", step)
		} else {
			require.ErrorIs(t, got, want, "step %d", step)
			gaps++
		}
		if b.Next < position {
			replays++
		}
		span := analytics.Span{From: start.Add(time.Duration(random.IntN(180)-80) * time.Hour)}
		if random.IntN(3) == 0 {
			span.From = span.From.Truncate(24 * time.Hour)
		}
		span.To = span.From.Add(time.Duration([]int{1, 24, 48, 1 + random.IntN(170)}[random.IntN(4)]) * time.Hour)
		m.Agree(t, s, fmt.Sprint("site-", random.IntN(len(logs)), "-", random.IntN(2)), span, 1+random.IntN(12))
	}
	m.AgreeAll(t, s)
	assert.NotZero(t, gaps, "the walk came to no batch after the position")
	assert.NotZero(t, replays, "the walk came to no batch before the position")
}
