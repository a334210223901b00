package aggregator_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/aggregator"
	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/sqlite"
	"gonotes/microservices/event"
	"gonotes/microservices/servicetest"
	"gonotes/microservices/telemetry"
)

const patience = 2 * time.Minute

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newStore(t *testing.T) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "analytics.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	return store
}

// view is the i-th one of a site.
func view(site string, i int) event.Activity {
	return event.Activity{
		Version: 1, ID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, site, i)), Kind: event.View, Time: event.TimeOf(noon),
		Site: site, Domain: site + ".example", Path: "/", Person: event.Person{byte(i)},
	}
}

func produce(t *testing.T, client *kgo.Client, activities ...event.Activity) {
	t.Helper()
	var records []*kgo.Record
	for _, a := range activities {
		records = append(records, &kgo.Record{Topic: event.TopicActivity.Name, Key: a.Key(), Value: a.Encode()})
	}
	require.NoError(t, client.ProduceSync(t.Context(), records...).FirstErr())
}

// start runs an aggregator until stop is called.
func start(t *testing.T, brokers []string, instance string, store analytics.Store, log *slog.Logger) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- aggregator.Run(ctx, brokers, instance, store, nil, log) }()
	return sync.OnceFunc(func() { cancel(); assert.NoError(t, <-ended) })
}

func views(t *testing.T, store analytics.Store, site string) (views int64) {
	t.Helper()
	hours, err := store.Hours(t.Context(), site, analytics.Span{From: noon, To: noon.Add(time.Hour)})
	require.NoError(t, err)
	for _, h := range hours {
		views += h.Views
	}
	return views
}

func eventually(t *testing.T, store analytics.Store, site string, want int64) {
	t.Helper()
	require.Eventually(t, func() bool { return views(t, store, site) == want }, patience, 2*time.Millisecond, "views of %s are %d, want %d", site, views(t, store, site), want)
}

var quiet = slog.New(slog.DiscardHandler)

// An aggregator reads on from where the store stands, and events that come again are not
// counted again.
func TestRun(t *testing.T) {
	brokers, client := servicetest.NewBus(t)
	store := newStore(t)
	produce(t, client, view("a", 1), view("a", 2), view("b", 1))
	stop := start(t, brokers, "one", store, quiet)
	eventually(t, store, "a", 2)
	eventually(t, store, "b", 1)
	stop()
	produce(t, client, view("a", 2), view("a", 3), view("a", 1))
	assert.EqualValues(t, 2, views(t, store, "a"), "nobody aggregates")
	defer start(t, brokers, "one", store, quiet)()
	eventually(t, store, "a", 3)
	produce(t, client, view("a", 1), view("a", 4))
	eventually(t, store, "a", 4)
}

// How far and how late the numbers are can be watched.
func TestRun_metrics(t *testing.T) {
	t.Setenv(telemetry.EndpointEnv, "")
	watch, err := telemetry.New(t.Context(), "aggregator")
	require.NoError(t, err)
	defer watch.Close()
	brokers, client := servicetest.NewBus(t)
	store := newStore(t)
	produce(t, client, view("a", 1), view("a", 2), view("", 3))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- aggregator.Run(ctx, brokers, "one", store, watch, quiet) }()
	eventually(t, store, "a", 2)
	produce(t, client, view("a", 4))
	eventually(t, store, "a", 3)
	stop()
	assert.NoError(t, <-ended)
	w := httptest.NewRecorder()
	watch.Answers().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	assert.Regexp(t, `(?m)^aggregator_records_total 4$`, w.Body)
	assert.Regexp(t, `(?m)^aggregator_lag_records{partition="\d"} 0$`, w.Body)
	assert.NotRegexp(t, `(?m)^aggregator_lag_records{partition="\d"} [^0]`, w.Body)
	assert.Regexp(t, `(?m)^aggregator_delay_seconds_count [1-4]$`, w.Body)
	assert.NotRegexp(t, `(?m)^aggregator_delay_seconds_bucket{le="\+Inf"} 0$`, w.Body)
}

// Numbers that count more than the bus has are not added to: the error says so.
func TestRun_busLostRecords(t *testing.T) {
	brokers, client := servicetest.NewBus(t)
	store := newStore(t)
	produce(t, client, view("a", 1), view("a", 2), view("a", 3))
	stop := start(t, brokers, "one", store, quiet)
	eventually(t, store, "a", 3)
	stop()
	brokers, client = servicetest.NewBus(t)
	produce(t, client, view("a", 11), view("a", 12))
	err := aggregator.Run(t.Context(), brokers, "one", store, nil, quiet)
	assert.ErrorContains(t, err, "the bus goes on from offset 0 of partition")
	assert.ErrorContains(t, err, "but the numbers count up to 3: it has lost records")
	assert.EqualValues(t, 3, views(t, store, "a"))
}

// A store that has nothing is filled from the first record, whatever the consumer group
// has read.
func TestRun_again(t *testing.T) {
	brokers, client := servicetest.NewBus(t)
	produce(t, client, view("a", 1), view("a", 2))
	first := newStore(t)
	stop := start(t, brokers, "one", first, quiet)
	eventually(t, first, "a", 2)
	stop()
	second := newStore(t)
	defer start(t, brokers, "one", second, quiet)()
	eventually(t, second, "a", 2)
}

// What cannot be read, or is of a site that nobody registered, is passed over; what cannot
// be read is said in the log.
func TestRun_passedOver(t *testing.T) {
	brokers, client := servicetest.NewBus(t)
	var log servicetest.Buffer
	unknown, known := view("", 1), view("a", 1)
	for _, value := range [][]byte{[]byte("{"), unknown.Encode(), known.Encode()} { // in this order, in one partition
		require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: event.TopicActivity.Name, Key: known.Key(), Value: value}).FirstErr())
	}
	store := newStore(t)
	defer start(t, brokers, "one", store, slog.New(slog.NewTextHandler(&log, nil)))()
	eventually(t, store, "a", 1)
	assert.Contains(t, log.String(), `a record that cannot be read is passed over" topic=activity`)
	assert.Zero(t, views(t, store, ""))
}

// failing is a store that fails some times before it does what it should, or after.
type failing struct {
	analytics.Store
	left  atomic.Int32 // batches
	after bool
	asked atomic.Bool // for the position of partition 0
}

func (f *failing) Apply(ctx context.Context, batch analytics.Batch) error {
	fails := f.left.Add(-1) >= 0
	if fails && !f.after {
		return errors.New("disk full")
	}
	if err := f.Store.Apply(ctx, batch); err != nil || !fails {
		return err
	}
	return errors.New("connection lost")
}

func (f *failing) Position(ctx context.Context, partition int32) (int64, error) {
	if partition == 0 && !f.asked.Swap(true) {
		return 0, errors.New("not there yet")
	}
	return f.Store.Position(ctx, partition)
}

// While the store fails, the aggregator tries again, and counts once even if it was told
// that what was done had failed.
func TestRun_storeFails(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after=%t", after), func(t *testing.T) {
			brokers, client := servicetest.NewBus(t)
			store := &failing{Store: newStore(t), after: after}
			store.left.Store(3)
			produce(t, client, view("a", 1), view("a", 2), view("b", 1), view("c", 1))
			defer start(t, brokers, "one", store, quiet)()
			eventually(t, store, "a", 2)
			eventually(t, store, "b", 1)
			produce(t, client, view("a", 3))
			eventually(t, store, "a", 3)
			assert.Negative(t, store.left.Load(), "it did fail")
			assert.True(t, store.asked.Load(), "it did fail")
		})
	}
}

// A second aggregator takes over a part of the partitions, all of them when the first is
// gone for long, and the first gets its part back.
func TestRun_shared(t *testing.T) {
	brokers, client := servicetest.NewBus(t)
	store := newStore(t)
	stops := []func(){start(t, brokers, "one", store, quiet), start(t, brokers, "two", store, quiet)}
	sent := 0
	for round := range 6 {
		for range 50 {
			sent++
			var all []event.Activity
			for site := range 8 {
				all = append(all, view(fmt.Sprint("site-", site), sent))
			}
			produce(t, client, all...)
		}
		switch round {
		case 2:
			stops[0]()
			for site := range 8 { // the second has all of them
				eventually(t, store, fmt.Sprint("site-", site), int64(sent))
			}
		case 4:
			stops[0] = start(t, brokers, "one", store, quiet)
		}
	}
	for site := range 8 {
		eventually(t, store, fmt.Sprint("site-", site), int64(sent))
	}
	stops[0]()
	stops[1]()
}
