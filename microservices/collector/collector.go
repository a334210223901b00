// Package collector takes page views and likes from the world and puts them on the
// bus. What it answered with 202 is durable there: a kill -9 of any process loses
// none of it.
//
// It keeps nothing itself. A visitor's address is hashed with a key of the month and
// then forgotten. Bots and sites that nobody registered are marked, not dropped, and
// the answer says so.
package collector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/semaphore"

	"gonotes/microservices/sites"
	"gonotes/rest/problem"
)

// Limits of what is under way at once. More is refused with 429, so that memory
// stays bounded however many clients there are.
const (
	MaxUnderWay = 16 << 20        // bytes of requests
	minWeight   = 1 << 10         // what a request counts at least, for what it needs besides
	Timeout     = 5 * time.Second // for the bus to take an event
)

// Bus is what the collector needs of it: *kgo.Client is one.
type Bus interface {
	TryProduce(ctx context.Context, r *kgo.Record, done func(*kgo.Record, error))
}

// Collector is the handler of the service.
type Collector struct {
	bus     Bus
	sites   *sites.Directory
	persons persons
	log     *slog.Logger
	room    *semaphore.Weighted
	mux     *http.ServeMux
}

// New returns a collector for the bus and the sites. The secret keys the hashes of
// visitors: collectors of one platform share it. It is 32 bytes at least.
func New(bus Bus, directory *sites.Directory, secret []byte, log *slog.Logger) (*Collector, error) {
	if len(secret) < 32 {
		return nil, fmt.Errorf("collector: secret of %d bytes, want 32 at least", len(secret))
	}
	c := &Collector{
		bus: bus, sites: directory, log: log,
		persons: persons{secret: secret, months: map[int]*sync.Pool{}},
		room:    semaphore.NewWeighted(MaxUnderWay),
		mux:     http.NewServeMux(),
	}
	c.mux.HandleFunc("POST /events", c.events)
	c.mux.HandleFunc("GET /sites/{domain}", c.site)
	return c, nil
}

func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.mux.ServeHTTP(w, r) }

// site says whether a site is known here, which it is soon after it was made.
func (c *Collector) site(w http.ResponseWriter, r *http.Request) {
	site, ok := c.sites.Find(r.PathValue("domain"))
	if !ok {
		problem.Write(w, http.StatusNotFound, fmt.Sprintf("No site has the domain %.80q.", r.PathValue("domain")))
		return
	}
	write(w, http.StatusOK, []byte(`{"id":"`+site.ID+`"}`))
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (c *Collector) events(w http.ResponseWriter, r *http.Request) {
	if !c.sites.Ready() { // else it would mark what it will know in a moment
		problem.RetryAfter(w, time.Second)
		problem.Write(w, http.StatusServiceUnavailable, "The sites are not known yet. Nothing of this was taken; send it again later.")
		return
	}
	if r.ContentLength > MaxContent {
		problem.Write(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("The content has %d bytes, want at most %d.", r.ContentLength, MaxContent))
		return
	}
	weight := r.ContentLength
	if weight < 0 { // it does not say
		weight = MaxContent
	}
	weight = max(weight, minWeight)
	if !c.room.TryAcquire(weight) {
		problem.RetryAfter(w, time.Second)
		problem.Write(w, http.StatusTooManyRequests, "Too much is under way. Nothing of this was taken; send it again later.")
		return
	}
	under := &underWay{release: func() { c.room.Release(weight) }}
	under.holders.Store(1)
	defer under.done()

	kind, err := kindOf(r.Header.Get("Content-Type"))
	if err != nil {
		problem.Write(w, http.StatusUnsupportedMediaType, err.Error(), problem.Error{Detail: "unsupported", Header: "Content-Type"})
		return
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, MaxContent)); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			problem.Write(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("The content has more than %d bytes.", tooLarge.Limit))
			return
		}
		problem.Write(w, http.StatusBadRequest, "The content could not be read to its end.")
		return
	}
	content := bytes.TrimLeft(buf.Bytes(), " \t\r\n")
	single := kind == single && (len(content) == 0 || content[0] != '[')
	items := [][]byte{content}
	if kind == newlines {
		items, err = lines(content)
	} else if !single {
		items, err = split(content)
	}
	switch {
	case errors.Is(err, errBatch):
		problem.Write(w, http.StatusRequestEntityTooLarge, "The batch has "+err.Error()+". Nothing of it was taken.")
		return
	case err != nil:
		problem.Write(w, http.StatusBadRequest, "The content is not JSON: "+err.Error()+". Nothing of it was taken.")
		return
	case len(items) == 0:
		problem.Write(w, http.StatusBadRequest, "The batch is empty, want 1 event at least.")
		return
	}
	outcomes := c.take(r, items, under)
	if single {
		answerOne(w, outcomes[0])
	} else {
		answerBatch(w, outcomes)
	}
}

// underWay is the room of one request. Its handler holds it, and each of its
// records until the bus lets go of it, which may be after the answer.
type underWay struct {
	holders atomic.Int32
	release func()
}

func (u *underWay) done() {
	if u.holders.Add(-1) == 0 {
		u.release()
	}
}

// The kinds of content.
const (
	single   = iota // or an array
	newlines        // newline-delimited JSON
)

func kindOf(contentType string) (int, error) {
	switch contentType {
	case "application/json":
		return single, nil
	case "application/x-ndjson":
		return newlines, nil
	}
	media, params, err := mime.ParseMediaType(contentType)
	if charset, ok := params["charset"]; err == nil && (!ok || strings.EqualFold(charset, "utf-8")) {
		switch media {
		case "application/json":
			return single, nil
		case "application/x-ndjson":
			return newlines, nil
		}
	}
	return 0, fmt.Errorf("content of type %.80q, want application/json or application/x-ndjson", contentType)
}
