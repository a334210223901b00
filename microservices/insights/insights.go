// Package insights computes monthly actives and usage statistics from the bus alone.
// It keeps them in memory and makes them again from the first record whenever it
// starts: a read model of events needs no backup.
//
// Actives are counted exactly, as sets of persons, and estimated by HyperLogLog
// sketches beside, which take 16 KiB however many persons there are and can be
// merged over sites and months.
//
// What it costs is memory: 23 to 38 bytes for the ID of each event, kept for as long as
// the bus keeps the event, since one that comes again must not count again; and as much
// for each person of a month and a site. Ten million events of 100,000 persons on 100
// sites took 480 MB, by
//
//	GONOTES_EVENTS=10000000 go test -count=1 -v -timeout=30m -run=_size ./microservices/insights
//
// Beyond 20 million the process needs a higher GOMEMLIMIT than the GiB that package
// service sets.
//
// Source: Flajolet et al., HyperLogLog, 2007; Heule et al., HyperLogLog in Practice, 2013
package insights

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/axiomhq/hyperloglog"
	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/time/rate"

	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// registers of a sketch: 2 to the 14th.
const registers = 1 << 14

// StandardError of a sketch, as a share of the number.
var StandardError = 1.04 / math.Sqrt(registers)

// Usage is what happened in one month.
type Usage struct {
	Month   string  `json:"month"`             // like 2026-03
	Actives int64   `json:"actives"`           // persons who did something, bots apart
	Sketch  uint64  `json:"actives_estimated"` // the same by a sketch
	Error   float64 `json:"standard_error"`    // of the estimate, as a share of it
	Views   int64   `json:"views"`
	Likes   int64   `json:"likes"`
	Bots    int64   `json:"bots"`    // views and likes of bots, in no other number
	Unknown int64   `json:"unknown"` // likewise, on sites that nobody registered
	Sites   int     `json:"sites"`   // on which something happened
}

// month is what is known of one.
type month struct {
	total   numbers
	sites   map[string]*numbers // by ID
	unknown int64
}

type numbers struct {
	persons      map[event.Person]struct{}
	sketch       *hyperloglog.Sketch
	views, likes int64
	bots         int64
}

func newNumbers() numbers {
	return numbers{persons: map[event.Person]struct{}{}, sketch: hyperloglog.New14()}
}

// Insights holds the numbers. It is safe for concurrent use.
type Insights struct {
	mu     sync.Mutex // for questions too: a sketch tidies itself up when it is asked
	months map[string]*month
	seen   map[string]map[uuid.UUID]struct{} // events by the ID of their site, since one that is sent twice is one
	ready  atomic.Bool
}

// New returns an empty one. Run fills it.
func New() *Insights {
	return &Insights{months: map[string]*month{}, seen: map[string]map[uuid.UUID]struct{}{}}
}

// Add counts an event, once for each ID.
func (i *Insights) Add(a event.Activity) {
	i.mu.Lock()
	defer i.mu.Unlock()
	seen, ok := i.seen[a.Site]
	if !ok {
		seen = map[uuid.UUID]struct{}{}
		i.seen[a.Site] = seen
	}
	if _, ok := seen[a.ID]; ok {
		return
	}
	seen[a.ID] = struct{}{}
	name := a.Time.In().Format("2006-01")
	m, ok := i.months[name]
	if !ok {
		m = &month{total: newNumbers(), sites: map[string]*numbers{}}
		i.months[name] = m
	}
	if a.Site == "" {
		m.unknown++
		return
	}
	site, ok := m.sites[a.Site]
	if !ok {
		n := newNumbers()
		site = &n
		m.sites[a.Site] = site
	}
	m.total.add(a)
	site.add(a)
}

func (n *numbers) add(a event.Activity) {
	switch {
	case a.Bot:
		n.bots++
		return
	case a.Kind == event.View:
		n.views++
	case a.Kind == event.Like:
		n.likes++
	}
	n.persons[a.Person] = struct{}{}
	n.sketch.Insert(a.Person[:])
}

func (n *numbers) usage(name string) Usage {
	return Usage{
		Month: name, Actives: int64(len(n.persons)), Sketch: n.sketch.Estimate(), Error: StandardError,
		Views: n.views, Likes: n.likes, Bots: n.bots, Sites: 1,
	}
}

// Month returns the usage of all sites in a month, named like 2026-03.
func (i *Insights) Month(name string) (Usage, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	m, ok := i.months[name]
	if !ok {
		return Usage{}, false
	}
	usage := m.total.usage(name)
	usage.Unknown, usage.Sites = m.unknown, len(m.sites)
	return usage, true
}

// Site returns that of one site.
func (i *Insights) Site(name, id string) (Usage, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if m, ok := i.months[name]; ok {
		if site, ok := m.sites[id]; ok {
			return site.usage(name), true
		}
	}
	return Usage{}, false
}

// Ready reports whether the numbers hold all that was on the bus when Run began.
func (i *Insights) Ready() bool { return i.ready.Load() }

// Run reads the activity on a topic from the first record on, until ctx ends.
func (i *Insights) Run(ctx context.Context, brokers []string, topic string, log *slog.Logger) error {
	client, err := bus.Connect(brokers, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return err
	}
	defer client.Close()
	seldom := rate.Sometimes{Interval: time.Second} // of what is said again and again
	left, total, err := unread(ctx, client, topic)
	for err != nil {
		seldom.Do(func() {
			log.Warn("the bus does not tell where the topic ends; asking again", "topic", topic, "error", err)
		})
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
		left, total, err = unread(ctx, client, topic)
	}
	for read := 0; ; {
		if !i.ready.Load() && len(left) == 0 {
			log.Info("the numbers are made again", "records", read)
			i.ready.Store(true)
		}
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		for _, failed := range fetches.Errors() {
			log.Warn("fetch", "topic", failed.Topic, "partition", failed.Partition, "error", failed.Err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			read++
			if a, err := event.DecodeActivity(r.Value); err != nil {
				log.Error("a record that cannot be read is passed over", "partition", r.Partition, "offset", r.Offset, "error", err)
			} else {
				i.Add(a)
			}
			if end, ok := left[r.Partition]; ok && r.Offset+1 >= end {
				delete(left, r.Partition)
			}
		})
		if len(left) > 0 {
			seldom.Do(func() { log.Info("making the numbers again", "records", read, "of", total) })
		}
	}
}

// unread returns where each partition of the topic ends that has records, and how many
// they are in all.
func unread(ctx context.Context, client *kgo.Client, topic string) (ends map[int32]int64, total int64, err error) {
	admin := kadm.NewClient(client)
	last, err := admin.ListEndOffsets(ctx, topic)
	if err := cmp.Or(err, last.Error()); err != nil {
		return nil, 0, err
	}
	first, err := admin.ListStartOffsets(ctx, topic)
	if err := cmp.Or(err, first.Error()); err != nil {
		return nil, 0, err
	}
	ends = map[int32]int64{}
	last.Each(func(end kadm.ListedOffset) {
		start, _ := first.Lookup(topic, end.Partition)
		if start.Offset < end.Offset {
			ends[end.Partition] = end.Offset
			total += end.Offset - start.Offset
		}
	})
	return ends, total, nil
}
