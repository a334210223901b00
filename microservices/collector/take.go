package collector

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/event"
	"gonotes/microservices/telemetry"
)

// delivery is what one request has under way, which may outlast its answer.
type delivery struct {
	collector *Collector
	room      int // bytes that it took

	mu       sync.Mutex
	outcomes []outcome
	holders  int           // records that the bus has, and the handler until it has answered
	settled  chan struct{} // closed when only one holder is left; nil until the handler waits
}

// takeRoom takes n bytes more, or none if there are fewer.
func (d *delivery) takeRoom(n int) *fault {
	if d.collector.free.Add(-int64(n)) < 0 {
		d.collector.free.Add(int64(n))
		return faultf(http.StatusTooManyRequests, "Too much is under way. Nothing of this was taken; send it again later.")
	}
	d.room += n
	return nil
}

// leave is called by the handler when it has answered.
func (d *delivery) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.letGo()
}

// settle is called when the bus lets go of the record of item i, and says what became
// of it.
func (d *delivery) settle(i int, done outcome, err error) {
	if err != nil {
		d.collector.failing.Do(func() { d.collector.log.Error("the bus does not take an event", "id", done.id, "error", err) })
		done.status, done.reason = unknown, "the bus fails"
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outcomes[i] = done
	d.letGo()
}

// letGo counts a holder off. The last one gives the room back. The lock is held.
func (d *delivery) letGo() {
	switch d.holders--; {
	case d.holders == 0:
		d.collector.free.Add(int64(d.room))
	case d.holders == 1 && d.settled != nil:
		close(d.settled)
	}
}

// take reads a request and puts its events on the bus. It reports whether the request
// is one event and no batch.
func (d *delivery) take(w http.ResponseWriter, r *http.Request) (one bool, wrong *fault) {
	if !d.collector.sites.Ready() { // else it would mark what it will know in a moment
		return false, faultf(http.StatusServiceUnavailable, "The sites are not known yet. Nothing of this was taken; send it again later.")
	}
	media, wrong := mediaOf(r.Header)
	if wrong != nil {
		return false, wrong
	}
	if r.ContentLength > MaxContent { // refused unread
		return false, tooLarge(r.ContentLength, "bytes")
	}
	if wrong := d.takeRoom(requestRoom); wrong != nil {
		return false, wrong
	}
	buf := buffers.Get().(*[requestRoom]byte)
	defer buffers.Put(buf)
	content, wrong := d.read(http.MaxBytesReader(w, r.Body, MaxContent), buf[:0])
	if wrong != nil {
		return false, wrong
	}
	items, one, wrong := itemsOf(media, content)
	if wrong != nil {
		return false, wrong
	}
	if wrong := d.takeRoom(len(items) * eventRoom); wrong != nil {
		return false, wrong
	}
	if taken := d.produce(r, items); one && taken == 0 {
		return one, wellFormed(content)
	}
	return one, nil
}

// produce puts the items on the bus, each with the outcome unknown until the bus has
// it, or refuses them. It returns how many it put there.
func (d *delivery) produce(r *http.Request, items [][]byte) (taken int) {
	c := d.collector
	now := time.Now().UTC()
	agent := r.UserAgent()
	bot, addr := isBot(agent), addrOf(r)
	var seen map[uuid.UUID]bool
	if len(items) > 1 {
		seen = make(map[uuid.UUID]bool, len(items))
	}
	d.outcomes = make([]outcome, len(items))
	for i, item := range items {
		var s submission
		var a event.Activity
		err := s.decode(item)
		if err == nil {
			a, err = s.activity(now)
		}
		if err != nil {
			d.outcomes[i] = outcome{a.ID, refused, err.Error()}
			continue
		}
		if seen[a.ID] {
			d.outcomes[i] = outcome{a.ID, duplicate, "an earlier event of this batch has the same id"}
			continue
		}
		if seen != nil {
			seen[a.ID] = true
		}
		a.Person = c.persons.of(a.Time.In(), s.Visitor, addr, agent)
		a.Bot = bot
		if site, ok := c.sites.Find(a.Domain); ok {
			a.Site = site.ID
		}
		d.outcomes[i] = outcome{a.ID, unknown, "the bus does not answer"}
		d.mu.Lock()
		d.holders++
		d.mu.Unlock()
		done := outcomeOf(&a)
		record := &kgo.Record{Topic: event.TopicActivity.Name, Key: a.Key(), Value: a.Encode(), Timestamp: now}
		ctx, end := telemetry.Start(r.Context(), "bus")
		telemetry.Send(ctx, record)
		c.bus.TryProduce(context.Background(), record, func(_ *kgo.Record, err error) {
			end(err)
			d.settle(i, done, err)
		})
		taken++
	}
	return taken
}

// wait returns the outcomes when all are settled, or as they are after the timeout.
func (d *delivery) wait(timeout time.Duration) []outcome {
	d.mu.Lock()
	if d.holders == 1 {
		d.mu.Unlock()
		return d.outcomes
	}
	d.settled = make(chan struct{})
	d.mu.Unlock()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-d.settled:
		return d.outcomes
	case <-timer.C:
		d.mu.Lock()
		defer d.mu.Unlock()
		return slices.Clone(d.outcomes) // the bus goes on writing to it
	}
}

// isBot reports whether a browser says that it is none: crawlers do, since sites would
// else shut them out.
func isBot(agent string) bool {
	for _, word := range []string{"bot", "Bot", "crawl", "Crawl", "spider", "Spider", "Slurp", "Headless"} {
		if strings.Contains(agent, word) {
			return true
		}
	}
	return false
}

// addrOf returns the address of the client. A proxy on this machine or in its network (RFC
// 1918, RFC 4193), as the gateway is, says it at the end of a header; nobody else is
// believed.
func addrOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	if fields := r.Header["X-Forwarded-For"]; len(fields) > 0 && (addr.IsLoopback() || addr.IsPrivate()) {
		last := fields[len(fields)-1]
		last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
		if forwarded, err := netip.ParseAddr(last); err == nil {
			return forwarded.Unmap()
		}
	}
	return addr
}
