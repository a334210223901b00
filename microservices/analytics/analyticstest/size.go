package analyticstest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics"
	"gonotes/microservices/event"
)

const (
	// EventsName is the environment variable that says how many events a test applies.
	EventsName = "GONOTES_EVENTS"

	// Full is the size from which on queries have to be fast.
	Full = 10_000_000
)

// Events returns how many events GONOTES_EVENTS says, or those that are given.
func Events(t *testing.T, otherwise int) int {
	t.Helper()
	text := os.Getenv(EventsName)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.True(t, err == nil && n > 0, "%s=%q, want a whole number above 0", EventsName, text)
	return n
}

// Size applies the traffic in batches of 5,000, and fails if the large site's numbers
// are not right. It logs how fast that was, and the time of the slowest of each query,
// which must be less than limit from [Full] events on, unless that is 0.
func Size(t *testing.T, s analytics.Store, traffic Traffic, limit time.Duration) {
	events := traffic.Events
	var want numbersOf // all of the large site
	var took, used time.Duration
	applied := 0
	for batch := range traffic.Batches(5000) {
		want.add(batch, traffic.Site(0))
		began, cpu := time.Now(), cpuTime()
		require.NoError(t, s.Apply(t.Context(), batch))
		took += time.Since(began)
		used += cpuTime() - cpu
		before := applied
		applied += len(batch.Records)
		if before*20/events != applied*20/events {
			t.Logf("%d of %d events applied in %v", applied, events, took.Round(time.Millisecond))
		}
	}
	require.Equal(t, events, applied)
	t.Logf("applied %.0f events/s, each with %.1f µs of CPU here", float64(events)/took.Seconds(), float64(used.Nanoseconds())/1000/float64(events))

	var inHours, inPages numbersOf
	for _, hour := range mustHours(t, s, traffic.Site(0), traffic.Span()) {
		inHours.views, inHours.likes, inHours.bots = inHours.views+hour.Views, inHours.likes+hour.Likes, inHours.bots+hour.Bots
	}
	assert.Equal(t, want, inHours)
	for _, page := range mustPages(t, s, traffic.Site(0), traffic.Span(), traffic.Pages) {
		inPages.views, inPages.likes = inPages.views+page.Views, inPages.likes+page.Likes
	}
	assert.Equal(t, want, numbersOf{inPages.views, inPages.likes, want.bots})

	for _, query := range Queries {
		slowest, of := time.Duration(0), ""
		for _, site := range []int{0, 1, traffic.Sites - 1} {
			for name, span := range Spans(traffic.Span()) {
				var times []time.Duration
				for range 5 {
					began := time.Now()
					require.NoError(t, query.Ask(t.Context(), s, traffic.Site(site), span))
					times = append(times, time.Since(began))
				}
				if best := slices.Min(times); best > slowest {
					slowest, of = best, fmt.Sprintf("%s of site %d", name, site)
				}
			}
		}
		t.Logf("%s: %v, best of 5, for the slowest: %s", query.Name, slowest, of)
		if events >= Full && limit > 0 {
			assert.Less(t, slowest, limit, "%s: %s", query.Name, of)
		}
	}
}

type numbersOf struct{ views, likes, bots int64 }

// add counts the records of the site, all of which are different.
func (n *numbersOf) add(batch analytics.Batch, site string) {
	for _, r := range batch.Records {
		switch {
		case r.Site != site:
		case r.Bot:
			n.bots++
		case r.Kind == event.Like:
			n.likes++
		default:
			n.views++
		}
	}
}

// A Query is one of a store, as it is asked.
type Query struct {
	Name string
	Ask  func(ctx context.Context, s analytics.Store, site string, span analytics.Span) error
}

// Queries are all of them.
var Queries = []Query{
	{"hours", func(ctx context.Context, s analytics.Store, site string, span analytics.Span) error {
		_, err := s.Hours(ctx, site, span)
		return err
	}},
	{"pages", func(ctx context.Context, s analytics.Store, site string, span analytics.Span) error {
		_, err := s.Pages(ctx, site, span, 10)
		return err
	}},
	{"referrers", func(ctx context.Context, s analytics.Store, site string, span analytics.Span) error {
		_, err := s.Referrers(ctx, site, span, 10)
		return err
	}},
	{"visitors", func(ctx context.Context, s analytics.Store, site string, span analytics.Span) error {
		_, err := s.Visitors(ctx, site, span)
		return err
	}},
}

// Spans are all of the month, as much of it without a full day at either end, a day
// that does not begin with one, and an hour.
func Spans(month analytics.Span) map[string]analytics.Span {
	middle := month.From.Add(14*24*time.Hour + 9*time.Hour)
	return map[string]analytics.Span{
		"month":  month,
		"almost": {From: month.From.Add(time.Hour), To: month.To.Add(-time.Hour)},
		"day":    {From: middle, To: middle.Add(24 * time.Hour)},
		"hour":   {From: middle, To: middle.Add(time.Hour)},
	}
}

// Benchmark measures what applying takes of each event, and what a query takes in a
// store of 200,000 events.
func Benchmark(b *testing.B, open func(b *testing.B) analytics.Store) {
	for _, ids := range []string{"time", "random"} {
		for _, size := range []int{100, 1000, 5000} {
			b.Run(fmt.Sprintf("op=apply/ids=%s/batch=%d", ids, size), func(b *testing.B) {
				traffic := Busy(size * b.N * Partitions)
				traffic.Random = ids == "random"
				s := open(b)
				b.ReportAllocs()
				b.StopTimer()
				n := 0
				for batch := range traffic.Batches(size) {
					b.StartTimer()
					err := s.Apply(b.Context(), batch)
					b.StopTimer()
					require.NoError(b, err)
					if n++; n == b.N {
						break
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/event")
			})
		}
	}
	traffic := Busy(200_000)
	s := open(b)
	for batch := range traffic.Batches(5000) {
		require.NoError(b, s.Apply(b.Context(), batch))
	}
	for _, query := range Queries {
		spans := Spans(traffic.Span())
		for _, name := range []string{"month", "almost", "day", "hour"} {
			b.Run("op="+query.Name+"/span="+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := query.Ask(b.Context(), s, traffic.Site(0), spans[name]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
