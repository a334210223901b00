// Package collector takes page views and likes from the world and puts them on the
// bus. What it answered with 202 is durable there: a kill -9 of any process loses
// none of it.
//
// It keeps nothing itself. A visitor's address is hashed with a key of the month and
// then forgotten. Bots and sites that nobody registered are marked, not dropped, and
// the answer says so.
//
//	POST /events          an event, an array of events, or one event on each line
//	GET  /sites/{domain}  whether this site is known here
//
// Each event has an outcome of its own, in the order in which the events came:
// accepted, marked, duplicate, refused or unknown. The status of the answer sums them
// up, or says why nothing was taken:
//
//	202  what is not refused is durable on the bus, one event at least
//	400  the content is not JSON, or holds no event
//	408  the content came too slowly
//	413  the content has too many bytes or events
//	415  the content is of another media type, or compressed
//	422  every event is refused
//	429  too much is under way: send all of it again, later
//	503  of some events it is unknown whether the bus has them: send them again, with
//	     the same ids; or the service begins: send all of it again
//
// An event that is sent again has the same id, so whoever counts events counts it once.
package collector

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/time/rate"

	"gonotes/microservices/sites"
	"gonotes/microservices/telemetry"
	"gonotes/rest/problem"
)

// What may be under way at once, in bytes of memory. A request takes room before it
// needs it, as its content comes in, and gives it back when it is answered and the bus
// has let go of its events. Who finds none is refused with 429, so memory stays bounded
// however many clients there are and however long the bus takes.
const (
	MaxUnderWay = 32 << 20
	requestRoom = 4 << 10 // of a request whose content is no longer than this
	eventRoom   = 1 << 10 // of an event: its record and its outcome
)

// Timeout is how long a request waits for the bus.
const Timeout = 5 * time.Second

const minSecret = 32 // bytes

// Bus is what the collector needs of it: *kgo.Client is one. It calls done exactly once.
type Bus interface {
	TryProduce(ctx context.Context, r *kgo.Record, done func(*kgo.Record, error))
}

// Collector is the handler of the service.
type Collector struct {
	bus     Bus
	sites   *sites.Directory
	persons persons
	log     *slog.Logger
	failing rate.Sometimes // of what the bus says when it fails, which it may do for every event
	free    atomic.Int64   // bytes of MaxUnderWay
	mux     *http.ServeMux
	counts  map[status]prometheus.Counter
}

// New returns a collector for the bus and the sites. The secret keys the hashes of
// visitors: collectors of one platform share it. It has 32 bytes at least. The events are
// counted by watch; nil counts them for nobody.
func New(bus Bus, directory *sites.Directory, secret []byte, watch *telemetry.Telemetry, log *slog.Logger) (*Collector, error) {
	if len(secret) < minSecret {
		return nil, fmt.Errorf("collector: secret of %d bytes, want %d at least", len(secret), minSecret)
	}
	c := &Collector{
		bus: bus, sites: directory, log: log,
		persons: persons{secret: secret, months: map[int]*sync.Pool{}},
		failing: rate.Sometimes{Interval: time.Second},
		mux:     http.NewServeMux(),
		counts:  map[status]prometheus.Counter{},
	}
	outcomes := watch.Metrics().NewCounterVec(prometheus.CounterOpts{
		Name: "collector_events_total", Help: "Events by what became of them.",
	}, []string{"status"})
	for _, s := range []status{accepted, marked, duplicate, refused, unknown} {
		c.counts[s] = outcomes.WithLabelValues(string(s))
	}
	c.free.Store(MaxUnderWay)
	c.mux.HandleFunc("POST /events", c.events)
	c.mux.HandleFunc("GET /sites/{domain}", c.site)
	return c, nil
}

func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.mux.ServeHTTP(w, r) }

// site says whether a site is known here, which it is soon after it was made.
func (c *Collector) site(w http.ResponseWriter, r *http.Request) {
	site, ok := c.sites.Find(strings.ToLower(r.PathValue("domain")))
	if !ok {
		problem.Write(w, http.StatusNotFound, fmt.Sprintf("No site has the domain %.80q.", r.PathValue("domain")))
		return
	}
	write(w, http.StatusOK, append(appendText(nil, `{"id":`, site.ID), '}'))
}

func (c *Collector) events(w http.ResponseWriter, r *http.Request) {
	d := &delivery{collector: c, holders: 1}
	defer d.leave()
	one, wrong := d.take(w, r)
	if wrong != nil {
		refuse(w, wrong)
		return
	}
	outcomes := d.wait(Timeout)
	for _, o := range outcomes {
		c.counts[o.status].Inc()
	}
	answer(w, one, outcomes)
}
