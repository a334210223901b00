package analyticstest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/microservices/analytics"
)

const (
	callers = 4 // at the same time
	rounds  = 8 // batches of each
	size    = 5 // records of a batch
)

// together runs f(0) to f(callers-1) at once and waits for them.
func together(f func(i int)) {
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	all.Wait()
}

// series is batch number round of a site: views of one page by two persons.
func series(partition int32, site string, round int64) analytics.Batch {
	var records []analytics.Record
	for i := range int64(size) {
		offset := round*size + i
		records = append(records, record(offset, of(site), by(uint64(i%2)), withID(id(uint64(partition)*1000+uint64(offset)))))
	}
	b := batch(records...)
	b.Partition = partition
	return b
}

// assertSeries fails unless the numbers are those of all rounds.
func assertSeries(t *testing.T, s analytics.Store, site string) {
	t.Helper()
	assertNumbers(t, s, site, []analytics.Hour{{Start: start, Views: rounds * size, Visitors: 2}}, []analytics.Page{{Path: "/", Views: rounds * size}}, nil)
}

var concurrent = []clause{
	{"batches of several partitions are all counted", func(t *testing.T, s analytics.Store) {
		together(func(i int) {
			for round := range int64(rounds) {
				assert.NoError(t, s.Apply(t.Context(), series(int32(i), fmt.Sprint("site-", i), round)))
			}
		})
		for i := range callers {
			assertSeries(t, s, fmt.Sprint("site-", i))
			assertPosition(t, s, int32(i), rounds*size)
		}
	}},
	{"batches that several apply at once are counted once", func(t *testing.T, s analytics.Store) {
		together(func(int) {
			for round := range int64(rounds) {
				assert.NoError(t, s.Apply(t.Context(), series(1, site, round)))
			}
		})
		assertSeries(t, s, site)
		assertPosition(t, s, 1, rounds*size)
	}},
	{"queries answer meanwhile, with numbers that never go back", func(t *testing.T, s analytics.Store) {
		var applied atomic.Int64 // views
		together(func(i int) {
			if i == 0 {
				defer applied.Store(-1)
				for round := range int64(rounds) {
					if !assert.NoError(t, s.Apply(t.Context(), series(0, site, round))) {
						return
					}
					applied.Store((round + 1) * size)
				}
				return
			}
			for least := applied.Load(); least >= 0; least = applied.Load() {
				hours, err := s.Hours(t.Context(), site, hoursFrom(start, 1))
				assert.NoError(t, err)
				pages, err := s.Pages(t.Context(), site, hoursFrom(start.Truncate(24*time.Hour), 24), 1)
				assert.NoError(t, err)
				if least > 0 && (!assert.Len(t, hours, 1) || !assert.Len(t, pages, 1) ||
					!assert.GreaterOrEqual(t, hours[0].Views, least) || !assert.GreaterOrEqual(t, pages[0].Views, least)) {
					return
				}
			}
		})
	}},
}
