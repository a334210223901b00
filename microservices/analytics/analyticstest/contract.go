// Package analyticstest tells whether an [analytics.Store] keeps its contract: what
// the documentation of its methods says, one subtest for each sentence. It also makes
// the traffic by which stores are measured.
package analyticstest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics"
	"gonotes/microservices/event"
)

// Contract fails where the store that open returns breaks the contract of
// [analytics.Store]. Each subtest opens one, which must be empty. The open function
// closes what it opened in a cleanup.
func Contract(t *testing.T, open func(t *testing.T) analytics.Store) {
	for _, part := range []struct {
		name    string
		clauses []clause
	}{
		{"Position", position},
		{"Apply", apply},
		{"Numbers", numbers},
		{"Hours", hours},
		{"Pages", pages},
		{"Referrers", referrers},
		{"Visitors", visitors},
		{"Store", whole},
		{"concurrent", concurrent},
	} {
		t.Run(part.name, func(t *testing.T) {
			for _, clause := range part.clauses {
				t.Run(clause.says, func(t *testing.T) { clause.check(t, open(t)) })
			}
		})
	}
	for seed := range *modelSeeds {
		t.Run(fmt.Sprintf("model/seed=%d", seed), func(t *testing.T) { walk(t, open(t), seed, *modelSteps) })
	}
}

type clause struct {
	says  string
	check func(t *testing.T, s analytics.Store)
}

// start is the hour that most records below are of, in the middle of a day.
var start = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

const site = "site-1"

// record is a view of / by person 1, a minute after start, with an ID of its offset,
// as changes make it.
func record(offset int64, changes ...func(*analytics.Record)) analytics.Record {
	r := analytics.Record{Offset: offset, Activity: event.Activity{
		Version: event.Version, ID: id(uint64(offset)), Kind: event.View, Time: event.TimeOf(start.Add(time.Minute)),
		Site: site, Domain: "site-1.example", Path: "/", Person: person(1),
	}}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func like(r *analytics.Record) { r.Kind = event.Like }
func bot(r *analytics.Record)  { r.Bot = true }

func at(t time.Time) func(*analytics.Record) {
	return func(r *analytics.Record) { r.Time = event.TimeOf(t) }
}
func by(n uint64) func(*analytics.Record)    { return func(r *analytics.Record) { r.Person = person(n) } }
func on(path string) func(*analytics.Record) { return func(r *analytics.Record) { r.Path = path } }
func from(host string) func(*analytics.Record) {
	return func(r *analytics.Record) { r.Referrer = host }
}
func of(site string) func(*analytics.Record)      { return func(r *analytics.Record) { r.Site = site } }
func withID(id uuid.UUID) func(*analytics.Record) { return func(r *analytics.Record) { r.ID = id } }

// id returns a UUID 7 of its own for each n.
func id(n uint64) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("0190a6e0-0000-7000-8000-%012x", n))
}

func person(n uint64) (p event.Person) {
	copy(p[:], fmt.Sprintf("%016x", n))
	return p
}

// batch holds the records, from the first one's offset to after the last one's.
func batch(records ...analytics.Record) analytics.Batch {
	return analytics.Batch{From: records[0].Offset, Next: records[len(records)-1].Offset + 1, Records: records}
}

// batchOf likewise holds records from offset on, each with the changes.
func batchOf(offset int64, changes ...[]func(*analytics.Record)) analytics.Batch {
	var records []analytics.Record
	for i, c := range changes {
		records = append(records, record(offset+int64(i), c...))
	}
	return batch(records...)
}

func mustApply(t *testing.T, s analytics.Store, batches ...analytics.Batch) {
	t.Helper()
	for _, b := range batches {
		require.NoError(t, s.Apply(t.Context(), b), "apply from %d to before %d of partition %d", b.From, b.Next, b.Partition)
	}
}

func assertPosition(t *testing.T, s analytics.Store, partition int32, want int64) {
	t.Helper()
	got, err := s.Position(t.Context(), partition)
	assert.NoError(t, err)
	assert.Equal(t, want, got, "position of partition %d", partition)
}

// all is a span that has all records of the tests in it, and does not begin or end
// with a day.
var all = analytics.Span{From: start.AddDate(0, -1, 0), To: start.AddDate(0, 1, 0)}

// hour returns the span of n hours from start on.
func hoursFrom(start time.Time, n int) analytics.Span {
	return analytics.Span{From: start, To: start.Add(time.Duration(n) * time.Hour)}
}

func mustHours(t *testing.T, s analytics.Store, site string, span analytics.Span) []analytics.Hour {
	t.Helper()
	found, err := s.Hours(t.Context(), site, span)
	require.NoError(t, err, "hours of %s", site)
	return found
}

func mustPages(t *testing.T, s analytics.Store, site string, span analytics.Span, limit int) []analytics.Page {
	t.Helper()
	found, err := s.Pages(t.Context(), site, span, limit)
	require.NoError(t, err, "pages of %s", site)
	return found
}

func mustReferrers(t *testing.T, s analytics.Store, site string, span analytics.Span, limit int) []analytics.Referrer {
	t.Helper()
	found, err := s.Referrers(t.Context(), site, span, limit)
	require.NoError(t, err, "referrers of %s", site)
	return found
}

func mustVisitors(t *testing.T, s analytics.Store, site string, span analytics.Span) analytics.Visitors {
	t.Helper()
	found, err := s.Visitors(t.Context(), site, span)
	require.NoError(t, err, "visitors of %s", site)
	return found
}

// assertNumbers fails unless these are all the numbers of the site.
func assertNumbers(t *testing.T, s analytics.Store, site string, hours []analytics.Hour, pages []analytics.Page, referrers []analytics.Referrer) {
	t.Helper()
	assert.Equal(t, hours, orNil(mustHours(t, s, site, all)), "hours")
	assert.Equal(t, pages, orNil(mustPages(t, s, site, all, 99)), "pages")
	assert.Equal(t, referrers, orNil(mustReferrers(t, s, site, all, 99)), "referrers")
}

// orNil returns nil for a list without elements: a store may return either.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// mixed is one batch of all that is counted, and counted are its numbers.
func mixed() analytics.Batch {
	return batchOf(0,
		list(on("/a"), from("search.example")),
		list(on("/a"), by(2), from("news.example")),
		list(on("/a"), like),
		list(on("/b"), by(2), at(start.Add(time.Hour)), from("search.example")),
		list(on("/c"), by(3), bot),
	)
}

func assertMixed(t *testing.T, s analytics.Store) {
	t.Helper()
	assertNumbers(t, s, site, []analytics.Hour{
		{Start: start, Views: 2, Likes: 1, Bots: 1, Visitors: 2},
		{Start: start.Add(time.Hour), Views: 1, Visitors: 1},
	}, []analytics.Page{
		{Path: "/a", Views: 2, Likes: 1},
		{Path: "/b", Views: 1},
	}, []analytics.Referrer{
		{Host: "search.example", Views: 2},
		{Host: "news.example", Views: 1},
	})
	assert.EqualValues(t, 2, mustVisitors(t, s, site, all).Count, "visitors")
}

func list(changes ...func(*analytics.Record)) []func(*analytics.Record) { return changes }

var position = []clause{
	{"is 0 if there was none", func(t *testing.T, s analytics.Store) {
		assertPosition(t, s, 3, 0)
	}},
	{"is the offset of the next record to be applied", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batch(record(0), record(1)))
		assertPosition(t, s, 0, 2)
		mustApply(t, s, batch(record(2)))
		assertPosition(t, s, 0, 3)
	}},
	{"is that of its partition alone", func(t *testing.T, s analytics.Store) {
		b := batch(record(0), record(1))
		b.Partition = 2
		mustApply(t, s, b)
		assertPosition(t, s, 2, 2)
		assertPosition(t, s, 0, 0)
	}},
}

var apply = []clause{
	{"adds the records to the numbers", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, mixed())
		assertMixed(t, s)
	}},
	{"adds to what is there", func(t *testing.T, s analytics.Store) {
		b := mixed()
		for i, r := range b.Records {
			mustApply(t, s, batch(r))
			assertPosition(t, s, 0, int64(i+1))
		}
		assertMixed(t, s)
	}},
	{"moves the position over offsets without a record", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, analytics.Batch{From: 0, Next: 7, Records: []analytics.Record{record(2), record(4)}}, analytics.Batch{From: 7, Next: 9})
		assertPosition(t, s, 0, 9)
		assertNumbers(t, s, site, []analytics.Hour{{Start: start, Views: 2, Visitors: 1}}, []analytics.Page{{Path: "/", Views: 2}}, nil)
	}},
	{"moves no number and no position with a batch that was applied", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, mixed(), mixed())
		assertMixed(t, s)
		mustApply(t, s, analytics.Batch{From: 1, Next: 3, Records: mixed().Records[1:3]})
		assertMixed(t, s)
		assertPosition(t, s, 0, 5)
	}},
	{"moves no number for records before the position, whatever they are", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, mixed())
		mustApply(t, s, batch(record(3, withID(id(99))), record(4, withID(id(98)))))
		assertMixed(t, s)
		mustApply(t, s, batch(record(4, withID(id(97))), record(5, of("site-2"))))
		assertMixed(t, s)
		assertPosition(t, s, 0, 6)
	}},
	{"adds the part of a batch that is after the position", func(t *testing.T, s analytics.Store) {
		b := mixed()
		mustApply(t, s, analytics.Batch{Next: 2, Records: b.Records[:2]}, b)
		assertMixed(t, s)
		assertPosition(t, s, 0, 5)
	}},
	{"moves no number when all of the bus comes again", func(t *testing.T, s analytics.Store) {
		for range 2 {
			for _, r := range mixed().Records {
				mustApply(t, s, batch(r))
			}
		}
		mustApply(t, s, mixed())
		assertMixed(t, s)
	}},
	{"is ErrGap after the position, and changes nothing", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, mixed())
		for _, b := range []analytics.Batch{batch(record(6)), batch(record(7), record(8))} {
			assert.ErrorIs(t, s.Apply(t.Context(), b), analytics.ErrGap)
		}
		other := batch(record(1))
		other.Partition = 1
		assert.ErrorIs(t, s.Apply(t.Context(), other), analytics.ErrGap)
		assertMixed(t, s)
		assertPosition(t, s, 0, 5)
		mustApply(t, s, batch(record(5, on("/a"), like, withID(id(6))), record(6, on("/a"), like)))
		assert.Equal(t, []analytics.Page{{Path: "/a", Views: 2, Likes: 2}}, mustPages(t, s, site, all, 1), "ID 6 was remembered")
	}},
	{"is an error for a batch that no bus has, and changes nothing", func(t *testing.T, s analytics.Store) {
		for _, test := range []struct {
			batch analytics.Batch
			want  string
		}{
			{analytics.Batch{From: -1, Next: 1}, "batch from offset -1"},
			{analytics.Batch{From: 0, Next: -1}, "to before -1"},
			{analytics.Batch{From: 0, Next: 1, Records: []analytics.Record{record(1)}}, "record at offset 1, want one from 0 to before 1"},
			{analytics.Batch{From: 0, Next: 2, Records: []analytics.Record{record(1), record(0)}}, "record at offset 0, want one from 2 to before 2"},
			{analytics.Batch{From: 0, Next: 2, Records: []analytics.Record{record(0), record(0, withID(id(9)))}}, "record at offset 0, want one from 1"},
			{batch(record(0), record(1, of(""))), "record at offset 1 has no site"},
			{batch(record(0), record(1, func(r *analytics.Record) { r.Kind = "share" })), `record at offset 1 has kind "share"`},
		} {
			assert.ErrorContains(t, s.Apply(t.Context(), test.batch), test.want)
		}
		assertPosition(t, s, 0, 0)
		assertNumbers(t, s, site, nil, nil, nil)
	}},
	{"moves no number for a record with the site and ID of an earlier one", func(t *testing.T, s analytics.Store) {
		again := list(withID(id(0)), by(7), on("/other"), from("other.example"))
		mustApply(t, s, batchOf(0, nil, again, append(again, like), append(again, bot)))
		mustApply(t, s, batchOf(4, again, append(again, at(start.AddDate(0, 0, 3)))))
		assertNumbers(t, s, site, []analytics.Hour{{Start: start, Views: 1, Visitors: 1}}, []analytics.Page{{Path: "/", Views: 1}}, nil)
		assert.Equal(t, analytics.Visitors{Count: 1}, mustVisitors(t, s, site, hoursFrom(start, 1)))
		assert.EqualValues(t, 1, mustVisitors(t, s, site, all).Count)
		assertPosition(t, s, 0, 6)
	}},
	{"knows many IDs, and many persons, again", func(t *testing.T, s analytics.Store) {
		const n = 250
		var first, again, others []analytics.Record
		for i := range int64(n) {
			first = append(first, record(i, by(uint64(i))))
			again = append(again, record(n+i, by(uint64(i)), withID(id(uint64(i))), on("/again")))
			others = append(others, record(2*n+i, by(uint64(i)), like))
		}
		mustApply(t, s, batch(first...), batch(again...), batch(others...))
		assertNumbers(t, s, site, []analytics.Hour{{Start: start, Views: n, Likes: n, Visitors: n}}, []analytics.Page{{Path: "/", Views: n, Likes: n}}, nil)
	}},
	{"counts the first of two bots with one ID", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0, list(bot), list(withID(id(0)))), batchOf(2, list(withID(id(0)))))
		assertNumbers(t, s, site, []analytics.Hour{{Start: start, Bots: 1}}, nil, nil)
	}},
	{"counts records with one ID on two sites", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0, nil, list(of("site-2"), withID(id(0)))), batchOf(2, list(of("site-3"), withID(id(0)))))
		for _, site := range []string{"site-1", "site-2", "site-3"} {
			assertNumbers(t, s, site, []analytics.Hour{{Start: start, Views: 1, Visitors: 1}}, []analytics.Page{{Path: "/", Views: 1}}, nil)
		}
	}},
	{"counts records of one time with random IDs", func(t *testing.T, s analytics.Store) {
		var changes [][]func(*analytics.Record)
		for n := range 60 {
			changes = append(changes, list(withID(uuid.NewSHA1(uuid.NameSpaceURL, []byte{byte(n % 40)}))))
		}
		mustApply(t, s, batchOf(0, changes[:50]...), batchOf(50, changes[50:]...))
		assert.EqualValues(t, 40, mustHours(t, s, site, all)[0].Views)
	}},
	{"counts a record by its time, however late it comes", func(t *testing.T, s analytics.Store) {
		late := start.Add(-50 * time.Hour)
		mustApply(t, s, batchOf(0, nil, list(at(start.Add(30*time.Hour)))))
		mustApply(t, s, batchOf(2, list(at(late), on("/late"), from("late.example"))))
		assertNumbers(t, s, site, []analytics.Hour{
			{Start: late, Views: 1, Visitors: 1}, {Start: start, Views: 1, Visitors: 1}, {Start: start.Add(30 * time.Hour), Views: 1, Visitors: 1},
		}, []analytics.Page{{Path: "/", Views: 2}, {Path: "/late", Views: 1}}, []analytics.Referrer{{Host: "late.example", Views: 1}})
		day := analytics.Span{From: late.Truncate(24 * time.Hour), To: late.Truncate(24*time.Hour).AddDate(0, 0, 1)}
		assert.Equal(t, []analytics.Page{{Path: "/late", Views: 1}}, mustPages(t, s, site, day, 9))
		assert.EqualValues(t, 1, mustVisitors(t, s, site, day).Count)
	}},
	{"may be done again after a cancellation", func(t *testing.T, s analytics.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.ErrorIs(t, s.Apply(ctx, mixed()), context.Canceled)
		mustApply(t, s, mixed())
		assertMixed(t, s)
	}},
	{"may be done again in other batches after a cancellation at any moment", func(t *testing.T, s analytics.Store) {
		want := mixed()
		cancelled := 0
		for wait := time.Microsecond; ; wait = wait * 3 / 2 {
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			err := s.Apply(ctx, want)
			cancel()
			if err == nil {
				break
			}
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			cancelled++
		}
		t.Logf("%d were cancelled", cancelled)
		for _, r := range want.Records {
			mustApply(t, s, batch(r))
		}
		assertMixed(t, s)
	}},
}

var numbers = []clause{
	{"of bots are in no other number", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0, list(bot, from("search.example")), list(bot, like), list(bot, by(2))))
		assertNumbers(t, s, site, []analytics.Hour{{Start: start, Bots: 3}}, nil, nil)
		assert.Equal(t, analytics.Visitors{}, mustVisitors(t, s, site, hoursFrom(start, 1)))
		assert.Zero(t, mustVisitors(t, s, site, all).Count)
	}},
	{"are those of the site alone", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0, list(from("a.example")), list(of("site-2"), by(2), on("/2"), from("b.example"))))
		assertNumbers(t, s, site, []analytics.Hour{{Start: start, Views: 1, Visitors: 1}}, []analytics.Page{{Path: "/", Views: 1}}, []analytics.Referrer{{Host: "a.example", Views: 1}})
		assertNumbers(t, s, "site-2", []analytics.Hour{{Start: start, Views: 1, Visitors: 1}}, []analytics.Page{{Path: "/2", Views: 1}}, []analytics.Referrer{{Host: "b.example", Views: 1}})
		assert.EqualValues(t, 1, mustVisitors(t, s, site, all).Count)
		assertNumbers(t, s, "site", nil, nil, nil)
		assert.Equal(t, analytics.Visitors{}, mustVisitors(t, s, "site", all))
	}},
	{"are the same from any partition", func(t *testing.T, s analytics.Store) {
		b := mixed()
		b.Partition = 7
		mustApply(t, s, b)
		assertMixed(t, s)
	}},
	{"keep every text that an event can have", func(t *testing.T, s analytics.Store) {
		texts := []string{"/é", "/e\u0301", "/a'b\"c%d_e\\f", "/\x00", "/" + strings.Repeat("long", 500), "/♥", " ", "/A", "/a"}
		var changes [][]func(*analytics.Record)
		for _, text := range texts {
			changes = append(changes, list(on(text), from(text), of("s"+text)), list(on(text)))
		}
		mustApply(t, s, batchOf(0, changes...))
		got := map[string]bool{}
		for _, page := range mustPages(t, s, site, all, 99) {
			assert.EqualValues(t, 1, page.Views)
			got[page.Path] = true
		}
		for _, text := range texts {
			assert.True(t, got[text], "page %q", text)
			assert.Equal(t, []analytics.Referrer{{Host: text, Views: 1}}, mustReferrers(t, s, "s"+text, all, 9))
		}
		assert.Len(t, got, len(texts))
	}},
	{"are of the hour in UTC that the time is in", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0,
			list(at(start)), list(at(start.Add(time.Hour-time.Millisecond))), list(at(start.Add(time.Hour))),
			list(at(time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC)))))
		assert.Equal(t, []analytics.Hour{{Start: start, Views: 2, Visitors: 1}, {Start: start.Add(time.Hour), Views: 1, Visitors: 1}}, mustHours(t, s, site, all))
		before := time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)
		assert.Equal(t, []analytics.Hour{{Start: before.Add(23 * time.Hour), Views: 1, Visitors: 1}}, mustHours(t, s, site, hoursFrom(before, 24)))
		assert.Equal(t, []analytics.Page{{Path: "/", Views: 1}}, mustPages(t, s, site, hoursFrom(before, 24), 9))
	}},
}

var hours = []clause{
	{"are those in which something happened, by time", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0,
			list(at(start.Add(40*time.Hour)), bot), list(at(start.Add(2*time.Hour)), like), list(), list(at(start.Add(-24*time.Hour)))))
		assert.Equal(t, []analytics.Hour{
			{Start: start.Add(-24 * time.Hour), Views: 1, Visitors: 1}, {Start: start, Views: 1, Visitors: 1},
			{Start: start.Add(2 * time.Hour), Likes: 1, Visitors: 1}, {Start: start.Add(40 * time.Hour), Bots: 1},
		}, mustHours(t, s, site, all))
	}},
	{"are those of the span, its end not included", func(t *testing.T, s analytics.Store) {
		for i := range int64(50) {
			mustApply(t, s, batch(record(i, at(start.Add(time.Duration(i)*time.Hour)))))
		}
		for _, n := range []int{0, 1, 2, 30} {
			got := mustHours(t, s, site, hoursFrom(start.Add(5*time.Hour), n))
			require.Len(t, got, n)
			for i, hour := range got {
				assert.Equal(t, start.Add(time.Duration(5+i)*time.Hour), hour.Start)
			}
		}
	}},
	{"count a person once", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0, list(), list(on("/b")), list(like), list(by(2))), batchOf(4, list(on("/c")), list(by(3), like), list(at(start.Add(time.Hour)))))
		assert.Equal(t, []analytics.Hour{{Start: start, Views: 4, Likes: 2, Visitors: 3}, {Start: start.Add(time.Hour), Views: 1, Visitors: 1}}, mustHours(t, s, site, all))
	}},
	{"fail for a span that its Check refuses", func(t *testing.T, s analytics.Store) {
		assertRefused(t, func(span analytics.Span) error {
			_, err := s.Hours(t.Context(), site, span)
			return err
		})
	}},
}

// assertRefused fails if the query takes a span that its Check refuses.
func assertRefused(t *testing.T, query func(analytics.Span) error) {
	t.Helper()
	for _, test := range []struct {
		span analytics.Span
		want string
	}{
		{analytics.Span{From: start.Add(time.Nanosecond), To: start.Add(time.Hour)}, "want full hours"},
		{analytics.Span{From: start, To: start.Add(30 * time.Minute)}, "want full hours"},
		{analytics.Span{From: start.Add(time.Hour), To: start}, "which is before"},
	} {
		assert.ErrorContains(t, query(test.span), test.want)
	}
}

var pages = []clause{
	{"stand by views, then likes, then path", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0,
			list(on("/b")), list(on("/a")), list(on("/c")), list(on("/c"), like), list(on("/z")), list(on("/z")),
			list(on("/liked"), like), list(on("/liked"), like), list(on("/B"))))
		want := []analytics.Page{
			{Path: "/z", Views: 2}, {Path: "/c", Views: 1, Likes: 1}, {Path: "/B", Views: 1}, {Path: "/a", Views: 1}, {Path: "/b", Views: 1}, {Path: "/liked", Likes: 2},
		}
		for limit := 1; limit < 9; limit++ {
			assert.Equal(t, want[:min(limit, len(want))], mustPages(t, s, site, all, limit), "limit %d", limit)
		}
	}},
	{"are those of the span, whole days and hours alike", func(t *testing.T, s analytics.Store) {
		days(t, s, func(hour int64) func(*analytics.Record) { return on(fmt.Sprint(hour)) }, func(span analytics.Span, hours []int64) {
			var want []analytics.Page
			for _, hour := range hours {
				want = append(want, analytics.Page{Path: fmt.Sprint(hour), Views: 1})
			}
			assert.ElementsMatch(t, want, mustPages(t, s, site, span, 999))
		})
	}},
	{"fail for a span that its Check refuses", func(t *testing.T, s analytics.Store) {
		assertRefused(t, func(span analytics.Span) error {
			_, err := s.Pages(t.Context(), site, span, 1)
			return err
		})
	}},
}

// days applies a record for each hour of four days, changed by its number, and calls
// check with spans that begin and end with a day or do not, and the hours in them.
func days(t *testing.T, s analytics.Store, changed func(hour int64) func(*analytics.Record), check func(span analytics.Span, hours []int64)) {
	t.Helper()
	midnight := start.Truncate(24 * time.Hour)
	var records []analytics.Record
	for n := range int64(4 * 24) {
		records = append(records, record(n, changed(n), at(midnight.Add(time.Duration(n)*time.Hour+59*time.Minute))))
	}
	mustApply(t, s, batch(records...))
	for _, test := range []struct{ from, to int64 }{
		{0, 96}, {24, 48}, {24, 72}, {23, 49}, {1, 95}, {30, 40}, {47, 48}, {48, 49}, {36, 60}, {12, 48}, {24, 60}, {50, 50},
	} {
		var hours []int64
		for n := test.from; n < test.to; n++ {
			hours = append(hours, n)
		}
		check(hoursFrom(midnight.Add(time.Duration(test.from)*time.Hour), int(test.to-test.from)), hours)
	}
}

var referrers = []clause{
	{"stand by views, then host", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0, list(from("b")), list(from("a")), list(from("z")), list(from("z"), on("/other"))))
		want := []analytics.Referrer{{Host: "z", Views: 2}, {Host: "a", Views: 1}, {Host: "b", Views: 1}}
		for limit := 1; limit < 5; limit++ {
			assert.Equal(t, want[:min(limit, len(want))], mustReferrers(t, s, site, all, limit), "limit %d", limit)
		}
	}},
	{"count views that have one, and no likes", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, batchOf(0, list(from("a")), list(), list(from("a"), like), list(from("b"), like)))
		assert.Equal(t, []analytics.Referrer{{Host: "a", Views: 1}}, mustReferrers(t, s, site, all, 9))
	}},
	{"are those of the span, whole days and hours alike", func(t *testing.T, s analytics.Store) {
		days(t, s, func(hour int64) func(*analytics.Record) { return from(fmt.Sprint(hour)) }, func(span analytics.Span, hours []int64) {
			var want []analytics.Referrer
			for _, hour := range hours {
				want = append(want, analytics.Referrer{Host: fmt.Sprint(hour), Views: 1})
			}
			assert.ElementsMatch(t, want, mustReferrers(t, s, site, span, 999))
		})
	}},
	{"fail for a span that its Check refuses", func(t *testing.T, s analytics.Store) {
		assertRefused(t, func(span analytics.Span) error {
			_, err := s.Referrers(t.Context(), site, span, 1)
			return err
		})
	}},
}

var visitors = []clause{
	{"are exact in one hour", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, crowd(3000))
		assert.Equal(t, analytics.Visitors{Count: 3000}, mustVisitors(t, s, site, hoursFrom(start, 1)))
		assert.Equal(t, analytics.Visitors{Count: 1}, mustVisitors(t, s, site, hoursFrom(start.Add(time.Hour), 1)))
		assert.Equal(t, analytics.Visitors{}, mustVisitors(t, s, site, hoursFrom(start.Add(-time.Hour), 1)))
		assert.Equal(t, analytics.Visitors{}, mustVisitors(t, s, site, hoursFrom(start, 0)))
	}},
	{"are estimated in more, within four times the error", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, crowd(3000))
		for _, span := range []analytics.Span{all, hoursFrom(start, 2), hoursFrom(start.Truncate(24*time.Hour), 24)} {
			got := mustVisitors(t, s, site, span)
			assert.Greater(t, got.Error, 0.0)
			assert.Less(t, got.Error, 0.02)
			assertEstimates(t, 3000, got)
		}
	}},
	{"are counted once, in however many hours and days they come", func(t *testing.T, s analytics.Store) {
		var records []analytics.Record
		for n := range int64(300) {
			records = append(records, record(n, by(uint64(n%10)), at(start.Add(time.Duration(n)*time.Hour))))
		}
		mustApply(t, s, batch(records...))
		for _, span := range []analytics.Span{all, hoursFrom(start, 200), hoursFrom(start.Add(30*time.Hour), 10)} {
			assertEstimates(t, 10, mustVisitors(t, s, site, span))
		}
	}},
	{"are those of the span, whole days and hours alike", func(t *testing.T, s analytics.Store) {
		days(t, s, func(hour int64) func(*analytics.Record) { return by(uint64(hour)) }, func(span analytics.Span, hours []int64) {
			assertEstimates(t, int64(len(hours)), mustVisitors(t, s, site, span))
		})
	}},
	{"fail for a span that its Check refuses", func(t *testing.T, s analytics.Store) {
		assertRefused(t, func(span analytics.Span) error {
			_, err := s.Visitors(t.Context(), site, span)
			return err
		})
	}},
}

// crowd is a batch of n persons in one hour, the first of whom comes again an hour
// later.
func crowd(n int64) analytics.Batch {
	var records []analytics.Record
	for i := range n {
		records = append(records, record(i, by(uint64(i))))
	}
	return batch(append(records, record(n, by(0), at(start.Add(time.Hour))))...)
}

// assertEstimates fails if the estimate is further from the truth than four times
// its standard error, which one of 16,000 is.
func assertEstimates(t *testing.T, want int64, got analytics.Visitors) {
	t.Helper()
	assert.LessOrEqual(t, math.Abs(float64(got.Count-want)), 4*got.Error*float64(want), "%+v, want %d", got, want)
}

var whole = []clause{
	{"answers", func(t *testing.T, s analytics.Store) {
		assert.NoError(t, s.Ping(t.Context()))
	}},
	{"says that a query was cancelled", func(t *testing.T, s analytics.Store) {
		mustApply(t, s, mixed())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Position(ctx, 0)
		assert.ErrorIs(t, err, context.Canceled)
		_, err = s.Hours(ctx, site, all)
		assert.ErrorIs(t, err, context.Canceled)
		_, err = s.Pages(ctx, site, all, 1)
		assert.ErrorIs(t, err, context.Canceled)
		_, err = s.Referrers(ctx, site, all, 1)
		assert.ErrorIs(t, err, context.Canceled)
		_, err = s.Visitors(ctx, site, all)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, s.Ping(ctx), context.Canceled)
		assertMixed(t, s)
	}},
}
