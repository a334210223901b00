package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gonotes/microservices/analytics"
)

// How the dashboard asks for numbers.
const (
	fresh      = 200 * time.Millisecond // how old an answer is shown without asking again
	share      = 4                      // asking takes at most 1 of so many parts of the time, else looking at the numbers would be what the services do
	askTimeout = 2 * time.Second        // for an answer; so long a viewer waits for the first one
	patience   = time.Second            // that a viewer waits for a new answer when there is an old one
	maxAnswer  = 1 << 20                // bytes
	maxSites   = 500                    // of which the last numbers are kept
	topmost    = 10                     // pages and referrers
)

// traffic is what the aggregator says of the last 24 hours of a site.
type traffic struct {
	From, To  time.Time
	Hours     []analytics.Hour // those in which something happened
	Pages     []analytics.Page
	Referrers []analytics.Referrer
	Visitors  analytics.Visitors
}

// usage is what insights says of a month.
type usage struct {
	Month   string  `json:"month"`
	Actives int64   `json:"actives"`
	Sketch  int64   `json:"actives_estimated"`
	Error   float64 `json:"standard_error"`
	Views   int64   `json:"views"`
	Likes   int64   `json:"likes"`
	Sites   int     `json:"sites"`
}

// numbers asks the services, and keeps their last good answers, so that there is
// something to show when they do not answer.
type numbers struct {
	aggregator, insights http.RoundTripper
	log                  *slog.Logger
	asking               sync.WaitGroup

	all *latest[usage] // of all sites

	mu    sync.Mutex
	sites map[string]*siteNumbers // by domain
}

type siteNumbers struct {
	viewed  time.Time
	traffic *latest[traffic]
	month   *latest[usage]
}

func newNumbers(aggregator, insights http.RoundTripper, log *slog.Logger) *numbers {
	n := &numbers{aggregator: aggregator, insights: insights, log: log, sites: map[string]*siteNumbers{}}
	n.all = newLatest(n, "insights", func(ctx context.Context) (usage, error) { return n.usage(ctx, "") })
	return n
}

// wait returns when no question is under way.
func (n *numbers) wait() { n.asking.Wait() }

// ofSite returns the numbers of a site.
func (n *numbers) ofSite(ctx context.Context, domain string) (t known[traffic], m known[usage]) {
	site := n.site(domain)
	site.traffic.ask(ctx)
	site.month.ask(ctx)
	return site.traffic.get(ctx), site.month.get(ctx)
}

// ofAll returns those of all sites together.
func (n *numbers) ofAll(ctx context.Context) known[usage] {
	n.all.ask(ctx)
	return n.all.get(ctx)
}

// site returns what is kept of one. When it is one too many, the one is forgotten at which
// nobody has looked for the longest time.
func (n *numbers) site(domain string) *siteNumbers {
	n.mu.Lock()
	defer n.mu.Unlock()
	site, ok := n.sites[domain]
	if !ok {
		if len(n.sites) >= maxSites {
			oldest := ""
			for domain, site := range n.sites {
				if oldest == "" || site.viewed.Before(n.sites[oldest].viewed) {
					oldest = domain
				}
			}
			delete(n.sites, oldest)
		}
		site = &siteNumbers{
			traffic: newLatest(n, "aggregator", func(ctx context.Context) (traffic, error) { return n.traffic(ctx, domain) }),
			month:   newLatest(n, "insights", func(ctx context.Context) (usage, error) { return n.usage(ctx, "/sites/"+url.PathEscape(domain)) }),
		}
		n.sites[domain] = site
	}
	site.viewed = time.Now()
	return site
}

// traffic asks the aggregator for the last 24 hours, the current one included.
func (n *numbers) traffic(ctx context.Context, domain string) (t traffic, err error) {
	t.To = time.Now().UTC().Truncate(time.Hour).Add(time.Hour)
	t.From = t.To.Add(-24 * time.Hour)
	query := url.Values{"from": {t.From.Format(time.RFC3339)}, "to": {t.To.Format(time.RFC3339)}}.Encode()
	g, ctx := errgroup.WithContext(ctx)
	for _, question := range []struct {
		path string
		into any
	}{
		{"hours?" + query, &struct{ Hours *[]analytics.Hour }{&t.Hours}},
		{fmt.Sprintf("pages?%s&limit=%d", query, topmost), &struct{ Pages *[]analytics.Page }{&t.Pages}},
		{fmt.Sprintf("referrers?%s&limit=%d", query, topmost), &struct{ Referrers *[]analytics.Referrer }{&t.Referrers}},
		{"visitors?" + query, &struct{ Visitors *analytics.Visitors }{&t.Visitors}},
	} {
		g.Go(func() error {
			return ask(ctx, n.aggregator, "/sites/"+url.PathEscape(domain)+"/"+question.path, question.into)
		})
	}
	err = g.Wait()
	return t, err
}

// usage asks insights for the current month.
func (n *numbers) usage(ctx context.Context, path string) (usage, error) {
	u := usage{Month: time.Now().UTC().Format("2006-01")}
	err := ask(ctx, n.insights, "/months/"+u.Month+path, &u)
	if refused := new(statusError); errors.As(err, &refused) && refused.status == http.StatusNotFound {
		err = nil // nothing happened yet
	}
	return u, err
}

// statusError is an answer that is no success.
type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("status %d", e.status) }

// ask decodes the answer of a service.
func ask(ctx context.Context, service http.RoundTripper, target string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://service"+target, nil)
	if err != nil {
		return err
	}
	response, err := service.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err == nil && response.StatusCode != http.StatusOK {
		err = &statusError{response.StatusCode}
	}
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	return nil
}

// known is the last good answer to a question.
type known[T any] struct {
	value T
	at    time.Time // when it was asked; zero if there was no good answer yet
	err   error     // of the last answer, if it was not good
}

// latest asks one question again and again, for many viewers once.
type latest[T any] struct {
	service  string
	question func(context.Context) (T, error)
	of       *numbers

	mu    sync.Mutex
	known known[T]
	begun time.Time     // when it was asked last
	next  time.Time     // when it may be asked again
	ended chan struct{} // closed when the question that is under way ends; nil if none is
}

func newLatest[T any](of *numbers, service string, question func(context.Context) (T, error)) *latest[T] {
	return &latest[T]{service: service, question: question, of: of}
}

// ask begins to ask if the last answer is not fresh. It does not wait.
func (l *latest[T]) ask(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begin := time.Now()
	if l.ended != nil || begin.Before(l.next) {
		return
	}
	ended := make(chan struct{})
	l.begun, l.ended = begin, ended
	l.of.asking.Go(func() {
		// Others wait for it, too, when the first viewer has gone.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer cancel()
		value, err := l.question(ctx)
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case err != nil && l.known.err == nil:
			l.of.log.Warn("no numbers for the dashboard", "from", l.service, "error", err)
		case err == nil && l.known.err != nil:
			l.of.log.Info("numbers for the dashboard again", "from", l.service)
		}
		if l.known.err = err; err == nil {
			l.known.value, l.known.at = value, begin
		}
		l.next = begin.Add(max(fresh, share*time.Since(begin)))
		l.ended = nil
		close(ended)
	})
}

// get returns the last good answer. If one is under way it waits for that, but not for
// long if it has another.
func (l *latest[T]) get(ctx context.Context) known[T] {
	l.mu.Lock()
	ended, begun, first := l.ended, l.begun, l.known.at.IsZero()
	l.mu.Unlock()
	if ended != nil {
		if !first {
			var enough context.CancelFunc
			ctx, enough = context.WithDeadline(ctx, begun.Add(patience))
			defer enough()
		}
		select {
		case <-ended:
		case <-ctx.Done():
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known
}
