package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/load"
)

// platform is a fake of all its services: it keeps the events and counts them when it is
// asked.
type platform struct {
	*http.ServeMux
	take func(n int, e load.Event) bool // whether the n-th event is kept

	mu     sync.Mutex
	n      int
	sites  map[string]bool
	events map[uuid.UUID]load.Event
}

func newPlatform(take func(n int, e load.Event) bool) *platform {
	p := &platform{ServeMux: http.NewServeMux(), take: take, sites: map[string]bool{}, events: map[uuid.UUID]load.Event{}}
	handle := func(pattern string, answer func(w http.ResponseWriter, r *http.Request)) {
		p.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			defer p.mu.Unlock()
			answer(w, r)
		})
	}
	handle("POST /accounts", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/accounts/1")
		w.WriteHeader(http.StatusCreated)
	})
	handle("POST /accounts/1/sites", func(w http.ResponseWriter, r *http.Request) {
		var site struct{ Domain string }
		json.NewDecoder(r.Body).Decode(&site)
		p.sites[site.Domain] = true
		w.WriteHeader(http.StatusCreated)
	})
	handle("GET /sites/{domain}", func(w http.ResponseWriter, r *http.Request) {
		if !p.sites[r.PathValue("domain")] {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, "{}")
	})
	handle("POST /events", func(w http.ResponseWriter, r *http.Request) {
		var e load.Event
		json.NewDecoder(r.Body).Decode(&e)
		if p.n++; p.take(p.n, e) {
			p.events[e.ID] = e
		}
		accept(w, []string{e.ID.String()})
	})
	handle("GET /sites/{domain}/hours", func(w http.ResponseWriter, r *http.Request) {
		type hour struct {
			Start                  time.Time
			Views, Likes, Visitors int
		}
		visitors := map[time.Time]map[string]bool{}
		hours := map[time.Time]*hour{}
		for _, e := range p.events {
			if e.Site != r.PathValue("domain") {
				continue
			}
			start := e.Time.Truncate(time.Hour)
			if hours[start] == nil {
				hours[start], visitors[start] = &hour{Start: start}, map[string]bool{}
			}
			if e.Kind == "like" {
				hours[start].Likes++
			} else {
				hours[start].Views++
			}
			visitors[start][e.Visitor] = true
			hours[start].Visitors = len(visitors[start])
		}
		list := []*hour{}
		for _, h := range hours {
			list = append(list, h)
		}
		json.NewEncoder(w).Encode(map[string]any{"hours": list})
	})
	handle("GET /sites/{domain}/pages", func(w http.ResponseWriter, r *http.Request) {
		type page struct {
			Path  string
			Views int
		}
		views := map[string]int{}
		for _, e := range p.events {
			if e.Site == r.PathValue("domain") && e.Kind == "view" {
				views[e.Path]++
			}
		}
		list := []page{}
		for path, n := range views {
			list = append(list, page{path, n})
		}
		json.NewEncoder(w).Encode(map[string]any{"pages": list})
	})
	handle("GET /months/{month}/sites/{domain}", func(w http.ResponseWriter, r *http.Request) {
		visitors := map[string]bool{}
		for _, e := range p.events {
			if e.Site == r.PathValue("domain") && e.Time.Format("2006-01") == r.PathValue("month") {
				visitors[e.Visitor] = true
			}
		}
		fmt.Fprintf(w, `{"actives":%d}`, len(visitors))
	})
	return p
}

// command runs it against the platform.
func command(t *testing.T, ctx context.Context, p *platform, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	server := httptest.NewServer(p)
	defer server.Close()
	for _, service := range []string{"config", "collector", "aggregator", "insights"} {
		args = append(args, "-"+service, server.URL)
	}
	var out, log bytes.Buffer
	err = load.Command(ctx, args, &out, &log)
	return out.String(), log.String(), err
}

func all(int, load.Event) bool { return true }

// It registers sites, plays yesterday, tells each second how far it is, and finds no
// difference. The same command again moves no number; one with other numbers is another
// day, on other sites.
func TestCommand(t *testing.T) {
	p := newPlatform(all)
	out, log, err := command(t, t.Context(), p, "-events", "300", "-rate", "200", "-clients", "4")
	require.NoError(t, err)
	assert.Regexp(t, `^300 events acknowledged in \d+\.\d s, \d+ a second; 0 requests sent again\nlost 0, counted twice 0\n$`, out)
	assert.Regexp(t, `^( +\d+ s  \d+ of 300 sent, \d+ acknowledged, 0 requests sent again\n)+comparing the numbers`, log)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for _, e := range p.events {
		assert.True(t, e.Time.Before(today) && !e.Time.Before(today.AddDate(0, 0, -2)), "%v", e.Time) // the date may just have changed
	}
	for range 2 {
		_, _, err = command(t, t.Context(), p, "-events", "300", "-rate", "100000", "-clients", "4")
		require.NoError(t, err)
		assert.Len(t, p.events, 300)
		assert.Len(t, p.sites, 5)
	}
	for i, args := range [][]string{{"-seed", "2"}, {"-people", "7"}, {"-events", "299"}} {
		out, _, err = command(t, t.Context(), p, append([]string{"-events", "300", "-rate", "100000", "-clients", "4"}, args...)...)
		require.NoError(t, err, "%q: %s", args, out)
		assert.Len(t, p.sites, 5*(i+2))
	}
}

// What the platform lost is told.
func TestCommand_lost(t *testing.T) {
	p := newPlatform(func(n int, _ load.Event) bool { return n != 7 })
	out, _, err := command(t, t.Context(), p, "-events", "50", "-rate", "100000", "-patience", "100ms")
	assert.ErrorContains(t, err, "the platform and the tally differ: load-")
	assert.Contains(t, out, "lost 1, counted twice 0\n")
}

// When it is interrupted it ends at once, and says what was acknowledged until then.
func TestCommand_interrupted(t *testing.T) {
	ctx, interrupt := context.WithCancelCause(t.Context())
	p := newPlatform(func(n int, _ load.Event) bool {
		if n == 50 {
			interrupt(errors.New("interrupt signal received"))
		}
		return true
	})
	out, _, err := command(t, ctx, p, "-events", "1000000", "-rate", "1000")
	assert.EqualError(t, err, "the day is not played to its end: interrupt signal received")
	assert.Regexp(t, `^\d{2,3} events acknowledged in \d+\.\d s, \d+ a second; \d+ requests sent again\n$`, out)
}
