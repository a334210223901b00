// Package gateway is the door of the platform: what is outside reaches the services
// through it, and people see the numbers on its page.
//
//	POST /events                  to the collector, from anybody: page views come from browsers everywhere
//	/accounts /users /sites /campaigns /openapi.yaml
//	                              to config, under its own paths, so that its links can be followed
//	/analytics/sites/{domain}/…   to the aggregator
//	/analytics/months/…           to insights
//	GET /dashboard                the sites, for people
//	GET /dashboard/{domain}       the numbers of one, as they change
//	GET /                         for a browser the dashboard, else the entry point of config
//	GET /metrics                  what the gateway did, for Prometheus
//	GET /traces/{id}              its steps of one request: see package telemetry
//
// All but the first ask for a token, in the field Authorization: Bearer TOKEN. A
// browser sends none, so the dashboard has a form that turns one into a cookie.
//
// Refusals are problems (RFC 9457): 401 without a valid token, 429 with Retry-After
// over the rate, 503 with Retry-After while no replica of a service works, 504 when
// one does not answer in time, which is that of the gateway or that of the caller: see
// [TimeoutHeader]. No request hangs.
//
// The services asked no client who it is before there was a gateway and ask none now:
// they are to be reachable through it only. It speaks plain HTTP and takes who connects for
// the client, so it is for one machine or a network of one's own, and not for behind a
// proxy.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/elnormous/contenttype"
	"github.com/google/uuid"

	"gonotes/microservices/sites"
	"gonotes/microservices/telemetry"
	layers "gonotes/rest/gateway"
	"gonotes/rest/problem"
)

// maxClients is how many clients are remembered for their rate.
const maxClients = 100_000

// A replica counts as working until it fails a check.
const (
	checkInterval = 200 * time.Millisecond
	checkTimeout  = 5 * time.Second
)

// Options are what a gateway needs.
type Options struct {
	Config, Collector, Aggregator, Insights []string // URLs of the replicas of each service

	Tokens    Tokens               // of those who may come in
	Sites     *sites.Directory     // that the dashboard lists
	Rate      float64              // requests a second of each token, and of each address without one
	EventRate float64              // requests with events a second of each address
	Timeout   time.Duration        // for the answer of a service, to its end
	Transport http.RoundTripper    // to the services; nil is that of package rest/gateway
	Watch     *telemetry.Telemetry // begins traces; nil begins none
	Log       *slog.Logger
}

// Gateway is the handler of the service. It is safe for concurrent use.
type Gateway struct {
	mux                                     *http.ServeMux
	handler                                 http.Handler // mux, watched
	config, collector, aggregator, insights *layers.Balancer
	tokens                                  Tokens
	sites                                   *sites.Directory
	limit, eventLimit                       *layers.RateLimit
	timeout                                 time.Duration
	log                                     *slog.Logger
	numbers                                 *numbers
}

// New returns a gateway and starts to check the health of the services. The error names
// the option that is wrong. Close ends what New started.
func New(o Options) (*Gateway, error) {
	g := &Gateway{mux: http.NewServeMux(), tokens: o.Tokens, sites: o.Sites, timeout: o.Timeout, log: o.Log}
	if err := g.prepare(o); err != nil {
		g.Close()
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g.numbers = newNumbers(g.aggregator, g.insights, g.log)
	g.route()
	g.handler = g.mux
	if o.Watch != nil {
		answers := g.guard(o.Watch.Answers())
		g.mux.Handle("GET /metrics", answers)
		g.mux.Handle("GET /traces/{id}", answers)
		g.handler = o.Watch.Root(g.mux)
	}
	return g, nil
}

func (g *Gateway) prepare(o Options) (err error) {
	if len(o.Tokens.list) == 0 {
		return errors.New("no tokens, want at least one")
	}
	if o.Timeout <= 0 {
		return fmt.Errorf("timeout %v, want more than 0", o.Timeout)
	}
	for _, service := range []struct {
		name     string
		urls     []string
		balancer **layers.Balancer
	}{
		{"config", o.Config, &g.config}, {"collector", o.Collector, &g.collector},
		{"aggregator", o.Aggregator, &g.aggregator}, {"insights", o.Insights, &g.insights},
	} {
		*service.balancer, err = layers.NewBalancer(layers.Replicas{
			URLs: service.urls, HealthPath: "/ready", Interval: checkInterval, Timeout: checkTimeout, Transport: o.Transport, Log: o.Log,
		})
		if err != nil {
			return fmt.Errorf("service %s: %w", service.name, err)
		}
	}
	if g.limit, err = limitOf(o.Rate, g.key); err != nil {
		return fmt.Errorf("rate: %w", err)
	}
	if g.eventLimit, err = limitOf(o.EventRate, layers.ClientKey); err != nil {
		return fmt.Errorf("rate of events: %w", err)
	}
	return nil
}

// limitOf allows a burst of what a second allows.
func limitOf(rate float64, key func(*http.Request) string) (*layers.RateLimit, error) {
	return layers.NewRateLimit(layers.Limit{Rate: rate, Burst: int(math.Ceil(min(rate, 1e6))), Clients: maxClients, Key: key})
}

// Close ends the health checks and waits for the questions of the dashboard that are
// under way. Call it when no more requests come.
func (g *Gateway) Close() {
	if g.numbers != nil {
		g.numbers.wait()
	}
	for _, b := range []*layers.Balancer{g.config, g.collector, g.aggregator, g.insights} {
		if b != nil {
			b.Close()
		}
	}
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.handler.ServeHTTP(w, r) }

// route says where everything is.
func (g *Gateway) route() {
	// Whoever made the page that a view comes from, and wherever it stands.
	g.mux.Handle("POST /events", anyOrigin(named(g.eventLimit.Limit(g.to("collector", g.collector)))))
	g.mux.Handle("OPTIONS /events", anyOrigin(http.HandlerFunc(preflight)))
	g.mux.HandleFunc("/events", otherMethod("OPTIONS, POST"))

	config := named(g.guard(g.to("config", g.config)))
	for _, path := range []string{"/accounts", "/accounts/", "/users", "/users/", "/sites", "/sites/", "/campaigns", "/campaigns/", "/openapi.yaml"} {
		g.mux.Handle(path, config)
	}
	g.mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		if wantsPage(r) {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, "/dashboard", http.StatusSeeOther)
			return
		}
		config.ServeHTTP(w, r)
	})
	g.mux.Handle("/analytics/sites/", named(g.guard(http.StripPrefix("/analytics", g.to("aggregator", g.aggregator)))))
	g.mux.Handle("/analytics/months/", named(g.guard(http.StripPrefix("/analytics", g.to("insights", g.insights)))))

	g.routePages()

	g.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		problem.Write(w, http.StatusNotFound, "Nothing has this path. / has links to the configuration, /dashboard shows the numbers.")
	})
}

var entryTypes = []contenttype.MediaType{
	contenttype.NewMediaType("application/json"), contenttype.NewMediaType("application/xml"), contenttype.NewMediaType("text/html"),
}

// wantsPage reports whether a client prefers HTML to what machines read, as browsers do.
func wantsPage(r *http.Request) bool {
	best, _, err := contenttype.GetAcceptableMediaType(r, entryTypes)
	return err == nil && best.Subtype == "html"
}

// anyOrigin lets scripts of pages from everywhere read the answers of next. No cookie
// plays a part there.
func anyOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
		next.ServeHTTP(w, r)
	})
}

// preflight answers a browser that asks whether a page may send events, which it then
// knows for a day.
func preflight(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type, X-Request-Id, "+TimeoutHeader)
	h.Set("Access-Control-Max-Age", "86400")
	h.Set("Allow", "OPTIONS, POST")
	w.WriteHeader(http.StatusNoContent)
}

var goodID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`) // as config has it

// named gives a request the name by which it is found in the logs of all services, in the
// field X-Request-Id, if the client gave it none.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !goodID.MatchString(id) {
			id = uuid.NewString()
			r.Header.Set("X-Request-Id", id)
		}
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r)
	})
}

type nameKey struct{} // of a request's name in its context

// to returns what hands requests to a service, which does not learn of tokens, and waits
// for the answer until the deadline.
func (g *Gateway) to(name string, service *layers.Balancer) http.Handler {
	proxy := layers.Forwarded(layers.Proxy(roundTripper(func(r *http.Request) (*http.Response, error) {
		if id, ok := r.Context().Value(nameKey{}).(string); ok { // a field Connection may have named it
			r.Header.Set("X-Request-Id", id)
		}
		response, err := service.RoundTrip(r)
		if err == nil {
			response.Header.Del("X-Request-Id") // named has set it
			// Behind a token nothing is for shared caches (RFC 9111 §3.5).
			if control := response.Header.Get("Cache-Control"); control != "" {
				response.Header.Set("Cache-Control", strings.Replace(control, "public", "private", 1))
			}
		}
		return response, err
	}), g.log))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timeout, err := timeoutOf(r, g.timeout)
		if err != nil {
			refuseTimeout(w, err)
			return
		}
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), nameKey{}, r.Header.Get("X-Request-Id")), timeout)
		defer cancel()
		r.Header.Del("Authorization")
		r.Header.Del("Cookie")
		defer func() {
			if ctx.Err() == context.DeadlineExceeded && r.Context().Err() == nil {
				g.log.Warn("no answer in time", "from", name, "method", r.Method, "path", r.URL.Path, "timeout", timeout.String(), "request_id", r.Header.Get("X-Request-Id"))
			}
		}()
		proxy.ServeHTTP(w, r.WithContext(ctx))
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
