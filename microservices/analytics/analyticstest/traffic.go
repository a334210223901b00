package analyticstest

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"gonotes/microservices/analytics"
	"gonotes/microservices/event"
)

// Traffic is page views as a store of many sites sees them, the same at each run. One
// site has 40 % of all, the others share the rest, the first of them most.
type Traffic struct {
	Events  int
	Monthly int // events of a whole month; those are its first
	Sites   int
	Persons int
	Pages   int  // of all sites; few have most of the views
	Random  bool // IDs are random, not by time
}

// Month is a month with so many events.
func Month(events int) Traffic {
	return Traffic{Events: events, Monthly: events, Sites: 1000, Persons: 100_000, Pages: 1000}
}

// Busy is the first events of a month with ten million.
func Busy(events int) Traffic {
	traffic := Month(Full)
	traffic.Events = events
	return traffic
}

// Partitions of the bus that the traffic stands on.
const Partitions = 8

// Span is the month. It begins and ends with a day.
func (Traffic) Span() analytics.Span {
	return analytics.Span{From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}
}

// Site returns the name of a site. Number 0 is the large one.
func (Traffic) Site(n int) string { return fmt.Sprintf("0190a6e0-0000-7000-8000-%012x", n) }

// Batches returns all of it, in batches of some size, each of one partition.
func (tr Traffic) Batches(size int) iter.Seq[analytics.Batch] {
	return func(yield func(analytics.Batch) bool) {
		random := rand.New(rand.NewPCG(1, 1))
		var batches [Partitions]analytics.Batch
		sites, paths := make([]string, tr.Sites), make([]string, tr.Pages)
		for i := range sites {
			sites[i] = tr.Site(i)
		}
		for i := range paths {
			paths[i] = fmt.Sprintf("/articles/%d-a-title-of-some-words", i)
		}
		span := tr.Span()
		length := span.To.Sub(span.From)
		for n := range tr.Events {
			now := span.From.Add(time.Duration(float64(length) * float64(n) / float64(tr.Monthly)))
			site := 0
			if random.IntN(100) >= 40 {
				site = 1 + skewed(random, tr.Sites-1)
			}
			b := &batches[site%Partitions]
			b.Partition = int32(site % Partitions)
			r := analytics.Record{Offset: b.Next, Activity: event.Activity{
				Version: event.Version, Kind: event.View, Time: event.TimeOf(now), Site: sites[site],
				Path: paths[skewed(random, tr.Pages)], Bot: random.IntN(30) == 0,
			}}
			binary.BigEndian.PutUint64(r.Person[:], uint64(random.IntN(tr.Persons))*0x9e3779b97f4a7c15) // spread, as hashes are
			binary.BigEndian.PutUint64(r.ID[:8], random.Uint64())
			binary.BigEndian.PutUint64(r.ID[8:], random.Uint64())
			if !tr.Random {
				r.ID = byTime(r.ID, now)
			}
			if random.IntN(20) == 0 {
				r.Kind = event.Like
			}
			if random.IntN(2) == 0 {
				r.Referrer = hosts[skewed(random, len(hosts))]
			}
			b.Records = append(b.Records, r)
			b.Next++
			if len(b.Records) == size {
				if !yield(*b) {
					return
				}
				*b = analytics.Batch{Partition: b.Partition, From: b.Next, Next: b.Next, Records: make([]analytics.Record, 0, size)}
			}
		}
		for _, b := range batches {
			if len(b.Records) > 0 && !yield(b) {
				return
			}
		}
	}
}

var hosts = func() (hosts [50]string) {
	for i := range hosts {
		hosts[i] = fmt.Sprintf("host-%d.example", i)
	}
	return hosts
}()

// skewed returns a number from 0 to before n, of which each is about as often as all
// up to twice as large ones together: Zipf's law with exponent 1.
func skewed(random *rand.Rand, n int) int { return int(math.Pow(float64(n+1), random.Float64())) - 1 }

// byTime makes a random ID one of version 7.
func byTime(id uuid.UUID, now time.Time) uuid.UUID {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id
}
