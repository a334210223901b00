package insights_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/collector"
	"gonotes/microservices/event"
	"gonotes/microservices/insights"
	"gonotes/microservices/servicetest"
	"gonotes/microservices/sites"
)

var march = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// view is one of a person, told apart by n.
func view(n, person int, at time.Time) event.Activity {
	a := event.Activity{Version: event.Version, Kind: event.View, Site: "site-1", Domain: "a.example", Path: "/", Time: event.TimeOf(at)}
	binary.BigEndian.PutUint64(a.ID[:], uint64(n)+1)
	binary.BigEndian.PutUint64(a.Person[:], uint64(person))
	return a
}

// Each kind of event is in the numbers that it belongs to, and in no other.
func TestInsights(t *testing.T) {
	i := insights.New()
	like, bot, unknown, elsewhere := view(10, 3, march), view(11, 4, march), view(12, 5, march), view(13, 1, march)
	like.Kind = event.Like
	bot.Bot = true
	unknown.Site = ""
	elsewhere.Site = "site-2"
	for _, a := range []event.Activity{view(0, 1, march), view(1, 1, march), view(2, 2, march), like, bot, unknown, elsewhere} {
		i.Add(a)
	}
	all, ok := i.Month("2026-03")
	require.True(t, ok)
	assert.Equal(t, insights.Usage{Month: "2026-03", Actives: 3, Sketch: 3, Error: 1.04 / 128, Views: 4, Likes: 1, Bots: 1, Unknown: 1, Sites: 2}, all)
	one, ok := i.Site("2026-03", "site-1")
	require.True(t, ok)
	assert.Equal(t, insights.Usage{Month: "2026-03", Actives: 3, Sketch: 3, Error: 1.04 / 128, Views: 3, Likes: 1, Bots: 1, Sites: 1}, one)
	_, ok = i.Month("2026-04")
	assert.False(t, ok)
	_, ok = i.Site("2026-03", "site-3")
	assert.False(t, ok)
}

// A person who comes on five days is one monthly active; who comes in two months is one in
// each. The month is that of the event, in UTC.
func TestInsights_months(t *testing.T) {
	i := insights.New()
	for day := range 5 {
		i.Add(view(day, 1, march.AddDate(0, 0, day)))
	}
	i.Add(view(10, 2, march.Add(-time.Millisecond)))
	i.Add(view(11, 2, march))
	for month, want := range map[string]int64{"2026-02": 1, "2026-03": 2} {
		usage, ok := i.Month(month)
		assert.True(t, ok)
		assert.Equal(t, want, usage.Actives, month)
	}
}

// An event that comes again counts once, in whatever order; one with the ID of another
// site's is another.
func TestInsights_again(t *testing.T) {
	i := insights.New()
	other := view(1, 9, march)
	other.Site = "site-2"
	for range 3 {
		i.Add(view(1, 1, march))
		i.Add(view(2, 2, march))
		i.Add(other)
	}
	usage, _ := i.Month("2026-03")
	assert.EqualValues(t, 3, usage.Views)
	assert.EqualValues(t, 3, usage.Actives)
}

// Of many who add and ask at once, each event is counted, and once.
func TestInsights_concurrent(t *testing.T) {
	const adders, events = 4, 500
	i := insights.New()
	var wg sync.WaitGroup
	for adder := range adders {
		wg.Go(func() {
			for n := range events {
				i.Add(view(n, n%50, march))                      // by all of them
				i.Add(view(events*(adder+1)+n, 50+adder, march)) // by this one
				i.Month("2026-03")
				i.Site("2026-03", "site-1")
			}
		})
	}
	wg.Wait()
	usage, _ := i.Month("2026-03")
	assert.EqualValues(t, events*(adders+1), usage.Views)
	assert.EqualValues(t, 50+adders, usage.Actives)
}

// toInsights is a bus that hands over at once what is put on it.
type toInsights struct{ *insights.Insights }

func (b toInsights) TryProduce(_ context.Context, r *kgo.Record, done func(*kgo.Record, error)) {
	a, err := event.DecodeActivity(r.Value)
	if err == nil {
		b.Add(a)
	}
	done(r, err)
}

// A visitor whom the collector sees on five days is one monthly active, whether the
// client names him or is known by its address and browser; who comes again in the next
// month is one there, too.
func TestInsights_collected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which it is 2000-01-01, and a day takes no time
		i := insights.New()
		c, err := collector.New(toInsights{i}, sites.Of(sites.Site{ID: "site-1", Domain: "a.example"}), bytes.Repeat([]byte{7}, 32), nil, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		visit := func(visitor, agent string) {
			r := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(`{"kind":"view","site":"a.example","path":"/"`+visitor+`}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("User-Agent", agent)
			w := httptest.NewRecorder()
			c.ServeHTTP(w, r)
			require.Equal(t, http.StatusAccepted, w.Code, w.Body)
		}
		day := func() {
			visit(`,"visitor":"ann"`, "one browser")
			visit(`,"visitor":"ann"`, "another")
			visit(`,"visitor":"ann"`, "a third")
			visit("", "one browser")
		}
		for range 5 {
			day()
			time.Sleep(24 * time.Hour)
		}
		time.Sleep(26 * 24 * time.Hour)
		day()
		for month, views := range map[string]int64{"2000-01": 20, "2000-02": 4} {
			usage, ok := i.Month(month)
			require.True(t, ok, month)
			assert.Equal(t, views, usage.Views, month)
			assert.EqualValues(t, 2, usage.Actives, month)
		}
	})
}

// eventsEnv names the environment variable that says how many events TestInsights_size adds.
const eventsEnv = "GONOTES_EVENTS"

// Many events: actives are exact against a count by hand, the estimate is within three
// standard errors, every question is answered soon, and what an event costs is bounded.
func TestInsights_size(t *testing.T) {
	events, large := 50_000, false
	if text := os.Getenv(eventsEnv); text != "" {
		var err error
		events, err = strconv.Atoi(text)
		require.NoError(t, err, eventsEnv)
		large = true
	}
	people := min(events/2, 100_000)
	rng := rand.New(rand.NewPCG(1, 0))
	counted := [2]map[int]bool{{}, {}} // by month, by hand
	i := insights.New()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Now()
	for n := range events {
		month, person := rng.IntN(2), rng.IntN(people)
		a := view(n, person, march.AddDate(0, month, rng.IntN(30)))
		a.Site = fmt.Sprint("site-", n%100)
		i.Add(a)
		counted[month][person] = true
		if large && (n+1)%1_000_000 == 0 {
			t.Logf("%d of %d events, %.0f a second", n+1, events, float64(n+1)/time.Since(begin).Seconds())
		}
	}
	took := time.Since(begin)
	runtime.GC()
	runtime.ReadMemStats(&after)
	slowest := time.Duration(0)
	for month, persons := range counted {
		name := march.AddDate(0, month, 0).Format("2006-01")
		for range 3 {
			begin := time.Now()
			usage, ok := i.Month(name)
			slowest = max(slowest, time.Since(begin))
			require.True(t, ok)
			assert.EqualValues(t, len(persons), usage.Actives)
			assert.LessOrEqual(t, math.Abs(float64(usage.Sketch)-float64(usage.Actives)), 3*insights.StandardError*float64(usage.Actives))
			begin = time.Now()
			_, ok = i.Site(name, "site-7")
			slowest = max(slowest, time.Since(begin))
			require.True(t, ok)
		}
	}
	perEvent := (after.HeapAlloc - before.HeapAlloc) / uint64(events)
	t.Logf("%d events of %d persons: %.2f µs and %d B an event, slowest answer %v", events, people,
		float64(took.Nanoseconds())/1000/float64(events), perEvent, slowest)
	if large {
		assert.LessOrEqual(t, perEvent, uint64(128), "bytes an event")
		assert.Less(t, slowest, 100*time.Millisecond)
	}
	runtime.KeepAlive(i)
}

// testBus is an embedded broker, which can be closed and opened again at its address.
type testBus struct {
	*broker.Broker
	dir    string
	addrs  []string
	client *kgo.Client
}

// newBus returns one with these topics.
func newBus(t *testing.T, topics ...event.Topic) *testBus {
	t.Helper()
	b := &testBus{dir: t.TempDir()}
	b.open(t, "127.0.0.1:0")
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	b.addrs = b.Addrs()
	var err error
	b.client, err = bus.Connect(b.addrs, kgo.ProducerBatchCompression(kgo.NoCompression()))
	require.NoError(t, err)
	t.Cleanup(b.client.Close)
	require.NoError(t, bus.Create(t.Context(), b.client, topics...))
	return b
}

func (b *testBus) open(t *testing.T, addr string) {
	t.Helper()
	var err error
	b.Broker, err = broker.Open(b.dir, addr, false)
	require.NoError(t, err)
}

func (b *testBus) produce(t *testing.T, activities ...event.Activity) {
	t.Helper()
	for _, a := range activities {
		record := &kgo.Record{Topic: event.TopicActivity.Name, Key: a.Key(), Value: a.Encode()}
		require.NoError(t, b.client.ProduceSync(t.Context(), record).FirstErr())
	}
}

// run runs the numbers until stop is called.
func run(t *testing.T, i *insights.Insights, brokers []string, log *slog.Logger) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx, brokers, event.TopicActivity.Name, log) }()
	return func() { cancel(); assert.NoError(t, <-ended) }
}

const patience = 20 * time.Second

func ready(t *testing.T, i *insights.Insights) {
	t.Helper()
	require.Eventually(t, i.Ready, patience, time.Millisecond)
}

// The numbers are made from the first record on, are ready when all is in them that was
// there, and follow what comes, over a restart of the bus.
func TestInsights_Run(t *testing.T) {
	b := newBus(t, event.TopicActivity)
	for n := range 20 {
		a := view(n, n%7, march)
		a.Site = fmt.Sprint("site-", n%5)
		b.produce(t, a)
	}
	first := insights.New()
	assert.False(t, first.Ready())
	stop := run(t, first, b.addrs, slog.New(slog.DiscardHandler))
	ready(t, first)
	usage, _ := first.Month("2026-03")
	assert.EqualValues(t, 20, usage.Views)
	require.NoError(t, b.Close())
	b.open(t, b.addrs[0])
	b.produce(t, view(100, 100, march))
	require.Eventually(t, func() bool { u, _ := first.Month("2026-03"); return u.Views == 21 }, patience, time.Millisecond)
	was, _ := first.Month("2026-03")
	stop()

	second := insights.New()
	defer run(t, second, b.addrs, slog.New(slog.DiscardHandler))()
	ready(t, second)
	is, _ := second.Month("2026-03")
	assert.Equal(t, was, is, "made again from the first record")
}

// The numbers wait for a bus that is not there, and say so.
func TestInsights_Run_waits(t *testing.T) {
	b := newBus(t, event.TopicActivity)
	b.produce(t, view(1, 1, march))
	require.NoError(t, b.Close())
	var log servicetest.Buffer
	i := insights.New()
	defer run(t, i, b.addrs, slog.New(slog.NewTextHandler(&log, nil)))()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "the bus does not tell where the topic ends") }, patience, time.Millisecond)
	assert.False(t, i.Ready())
	b.open(t, b.addrs[0])
	ready(t, i)
	usage, _ := i.Month("2026-03")
	assert.EqualValues(t, 1, usage.Views)
}

// Records that were removed are not waited for.
func TestInsights_Run_removed(t *testing.T) {
	b := newBus(t, event.TopicActivity)
	for n := range 20 {
		a := view(n, n, march)
		a.Site = fmt.Sprint("site-", n%5)
		b.produce(t, a)
	}
	admin := kadm.NewClient(b.client)
	ends, err := admin.ListEndOffsets(t.Context(), event.TopicActivity.Name)
	require.NoError(t, err)
	removed, left := kadm.Offsets{}, int64(0)
	ends.Each(func(end kadm.ListedOffset) {
		if end.Offset > 0 && left == 0 { // the first partition that has records keeps them
			left = end.Offset
		} else {
			removed.AddOffset(end.Topic, end.Partition, end.Offset, -1)
		}
	})
	require.Less(t, left, int64(20))
	_, err = admin.DeleteRecords(t.Context(), removed)
	require.NoError(t, err)
	i := insights.New()
	defer run(t, i, b.addrs, slog.New(slog.DiscardHandler))()
	ready(t, i)
	usage, _ := i.Month("2026-03")
	assert.Equal(t, left, usage.Views)
}

// Before the numbers are ready, the log says how far they are.
func TestInsights_Run_progress(t *testing.T) {
	b := newBus(t, event.TopicActivity)
	const batches, batch = 4, 3000
	for n := range batches { // each more than half of what a partition gives at once, a MiB
		var records []*kgo.Record
		for m := range batch {
			a := view(n*batch+m, m, march)
			records = append(records, &kgo.Record{Topic: event.TopicActivity.Name, Key: a.Key(), Value: a.Encode()})
		}
		require.NoError(t, b.client.ProduceSync(t.Context(), records...).FirstErr())
	}
	var log servicetest.Buffer
	i := insights.New()
	defer run(t, i, b.addrs, slog.New(slog.NewTextHandler(&log, nil)))()
	ready(t, i)
	said := log.String()
	part := regexp.MustCompile(`msg="making the numbers again" records=(\d+) of=12000\n`).FindStringSubmatch(said)
	require.NotNil(t, part, said)
	read, err := strconv.Atoi(part[1])
	require.NoError(t, err)
	assert.Less(t, read, batches*batch)
	assert.Contains(t, said, `msg="the numbers are made again" records=12000`)
}

// On an empty bus the numbers are ready at once. A record that cannot be read is passed
// over, and said in the log.
func TestInsights_Run_unreadable(t *testing.T) {
	b := newBus(t, event.TopicActivity)
	var log servicetest.Buffer
	i := insights.New()
	defer run(t, i, b.addrs, slog.New(slog.NewTextHandler(&log, nil)))()
	ready(t, i)
	a := view(1, 1, march)
	require.NoError(t, b.client.ProduceSync(t.Context(), &kgo.Record{Topic: event.TopicActivity.Name, Key: a.Key(), Value: []byte("{}")}).FirstErr())
	b.produce(t, a)
	require.Eventually(t, func() bool { u, _ := i.Month("2026-03"); return u.Views == 1 }, patience, time.Millisecond)
	assert.Contains(t, log.String(), "a record that cannot be read is passed over")
}

// A question is answered, or refused with its value and the rule.
func TestNewAPI(t *testing.T) {
	i := insights.New()
	i.Add(view(1, 1, march))
	h := insights.NewAPI(i, sites.Of(sites.Site{ID: "site-1", Domain: "a.example"}, sites.Site{ID: "site-2", Domain: "b.example"}))
	const usage = `{"month":"2026-03","actives":1,"actives_estimated":1,"standard_error":0.008125,"views":1,"likes":0,"bots":0,"unknown":0,"sites":1}` + "\n"
	for _, test := range []struct {
		path   string
		status int
		want   string
	}{
		{"/months/2026-03", 200, usage},
		{"/months/2026-03/sites/a.example", 200, usage},
		{"/months/2026-04", 404, "Nothing happened in 2026-04."},
		{"/months/2026-03/sites/b.example", 404, "Nothing happened in 2026-03."},
		{"/months/2026-03/sites/c.example", 404, `No site has the domain \"c.example\".`},
		{"/months/march", 400, `The month is \"march\", want one like 2026-03.`},
		{"/months/2026-13/sites/a.example", 400, `The month is \"2026-13\"`},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, test.path, nil))
		assert.Equal(t, test.status, w.Code, test.path)
		assert.Contains(t, w.Body.String(), test.want, test.path)
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"), test.path)
	}
}

// What an event costs, and what a question.
func BenchmarkInsights_Add(b *testing.B) {
	i := insights.New()
	n := 0
	for b.Loop() {
		i.Add(view(n, n%100_000, march))
		n++
	}
}

func BenchmarkInsights_Month(b *testing.B) {
	i := insights.New()
	for n := range 200_000 {
		i.Add(view(n, n%100_000, march))
	}
	for b.Loop() {
		i.Month("2026-03")
	}
}
