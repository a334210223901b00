package collector

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/event"
	"gonotes/rest/problem"
)

// A status says what became of one event.
type status string

const (
	accepted  status = "accepted"  // durable on the bus
	marked    status = "marked"    // likewise, but counted apart, for a reason
	duplicate status = "duplicate" // an earlier one of the batch has the same ID
	refused   status = "refused"   // for a reason; it is nowhere
	unknown   status = "unknown"   // the bus did not say in time: send it again, with this ID
)

// outcome is the answer to one event.
type outcome struct {
	id     uuid.UUID // zero if there is none
	status status
	reason string
}

// take puts the items on the bus and waits until it has them.
func (c *Collector) take(r *http.Request, items [][]byte, under *underWay) []outcome {
	now := time.Now().UTC()
	agent := r.UserAgent()
	bot, addr := isBot(agent), addrOf(r)
	outcomes := make([]outcome, len(items))
	var first map[uuid.UUID]bool
	if len(items) > 1 {
		first = make(map[uuid.UUID]bool, len(items))
	}
	sent := &delivery{outcomes: outcomes, done: make(chan struct{}), left: 1}
	for i, item := range items {
		var s submission
		err := s.decode(item)
		var a event.Activity
		if err == nil {
			a, err = s.activity(now)
		}
		if err != nil {
			outcomes[i] = outcome{a.ID, refused, err.Error()}
			continue
		}
		if first[a.ID] {
			outcomes[i] = outcome{a.ID, duplicate, "an earlier event of this batch has the same id"}
			continue
		}
		if first != nil {
			first[a.ID] = true
		}
		result := outcome{id: a.ID, status: accepted}
		a.Person = c.persons.of(a.Time.In(), s.Visitor, addr, agent)
		if site, ok := c.sites.Find(a.Domain); ok {
			a.Site = site.ID
		} else {
			result.status, result.reason = marked, "unknown site"
		}
		if bot {
			a.Bot = true
			result.status, result.reason = marked, "bot"
		}
		outcomes[i] = outcome{a.ID, unknown, "the bus does not answer"}
		under.holders.Add(1)
		sent.add()
		c.bus.TryProduce(context.Background(), &kgo.Record{Topic: event.TopicActivity.Name, Key: a.Key(), Value: a.Encode()}, func(_ *kgo.Record, err error) {
			under.done()
			sent.settle(i, result, err)
		})
	}
	return sent.wait(Timeout)
}

// delivery waits for the records of one request.
type delivery struct {
	mu       sync.Mutex
	outcomes []outcome
	left     int           // records that the bus has not settled, and one for whoever still adds
	done     chan struct{} // closed when there is none left
}

func (d *delivery) add() {
	d.mu.Lock()
	d.left++
	d.mu.Unlock()
}

// settle says what became of item i, if it is not too late.
func (d *delivery) settle(i int, result outcome, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		d.outcomes[i] = result
	}
	if d.left--; d.left == 0 {
		close(d.done)
	}
}

// wait returns the outcomes when all are settled, or as they are after the timeout.
func (d *delivery) wait(timeout time.Duration) []outcome {
	d.mu.Lock()
	d.left--
	settled := d.left == 0
	d.mu.Unlock()
	if settled {
		return d.outcomes
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-d.done:
		return d.outcomes
	case <-timer.C:
		d.mu.Lock()
		defer d.mu.Unlock()
		return append([]outcome(nil), d.outcomes...)
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

// addrOf returns the address of the client. What stands before the collector, on this
// machine, says it in a header; nobody else is believed.
func addrOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	if addr.IsLoopback() {
		if forwarded, err := netip.ParseAddr(r.Header.Get("X-Forwarded-For")); err == nil {
			return forwarded.Unmap()
		}
	}
	return addr
}

// answerOne answers a request with one event.
func answerOne(w http.ResponseWriter, o outcome) {
	switch o.status {
	case refused:
		problem.Write(w, http.StatusUnprocessableEntity, "The event is refused: "+o.reason+".")
	case unknown:
		problem.RetryAfter(w, time.Second)
		problem.Write(w, http.StatusServiceUnavailable, "It is not known whether event "+o.id.String()+" was taken: "+o.reason+". Send it again, with this id.")
	default:
		write(w, http.StatusAccepted, o.appendTo(make([]byte, 0, 128)))
	}
}

// answerBatch answers a request with many. Its status is the worst that matters: 503 if
// the outcome of any is unknown, 422 if none was taken, 202 otherwise.
func answerBatch(w http.ResponseWriter, outcomes []outcome) {
	body := make([]byte, 0, 32+80*len(outcomes))
	body = append(body, `{"items":[`...)
	code := http.StatusUnprocessableEntity
	for i, o := range outcomes {
		if i > 0 {
			body = append(body, ',')
		}
		body = o.appendTo(body)
		switch {
		case o.status == unknown:
			code = http.StatusServiceUnavailable
		case o.status != refused && code != http.StatusServiceUnavailable:
			code = http.StatusAccepted
		}
	}
	if code == http.StatusServiceUnavailable {
		problem.RetryAfter(w, time.Second)
	}
	write(w, code, append(body, "]}"...))
}

func (o outcome) appendTo(b []byte) []byte {
	b = append(b, `{"status":"`...)
	b = append(b, o.status...)
	b = append(b, '"')
	if o.id != uuid.Nil {
		b = append(b, `,"id":"`...)
		b = append(b, o.id.String()...)
		b = append(b, '"')
	}
	if o.reason != "" {
		b = append(b, `,"reason":`...)
		b, _ = jsontext.AppendQuote(b, o.reason) // what is not UTF-8 is replaced, and said in an error that nobody needs here
	}
	return append(b, '}')
}

func write(w http.ResponseWriter, code int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	w.Write(body)
}
