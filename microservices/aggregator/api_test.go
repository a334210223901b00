package aggregator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/microservices/aggregator"
	"gonotes/microservices/analytics"
	"gonotes/microservices/sites"
)

// answering is a store that says what it was asked.
type answering struct {
	analytics.Store
	err error
}

func (s answering) Hours(_ context.Context, site string, span analytics.Span) ([]analytics.Hour, error) {
	if s.err != nil {
		return nil, s.err
	}
	return []analytics.Hour{{Start: span.From, Views: 3, Likes: 2, Bots: 1, Visitors: int64(len(site))}}, nil
}

func (s answering) Pages(_ context.Context, site string, span analytics.Span, limit int) ([]analytics.Page, error) {
	return []analytics.Page{{Path: "/" + site, Views: int64(limit), Likes: int64(span.To.Sub(span.From) / time.Hour)}}, s.err
}

func (s answering) Referrers(context.Context, string, analytics.Span, int) ([]analytics.Referrer, error) {
	return nil, s.err
}

func (s answering) Visitors(context.Context, string, analytics.Span) (analytics.Visitors, error) {
	return analytics.Visitors{Count: 100, Error: 0.008}, s.err
}

// blocked is a store that does not answer.
type blocked struct{ analytics.Store }

func (blocked) Hours(ctx context.Context, _ string, _ analytics.Span) ([]analytics.Hour, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Nobody waits longer than 5 s for a store; that a client has left is no fault of it.
func TestNewAPI_blocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		api := aggregator.NewAPI(blocked{}, sites.Of(sites.Site{ID: "id-a", Domain: "a.example"}), slog.New(slog.NewTextHandler(&said, nil)))
		ask := func(ctx context.Context) (int, time.Duration) {
			begin, w := time.Now(), httptest.NewRecorder()
			api.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/sites/a.example/hours", nil))
			return w.Code, time.Since(begin)
		}
		left, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		leaves, cancel := context.WithCancel(left)
		time.AfterFunc(time.Second/2, cancel)
		ask(leaves)
		assert.Empty(t, said.String())
		status, took := ask(t.Context())
		assert.Equal(t, http.StatusServiceUnavailable, status)
		assert.Equal(t, 5*time.Second, took)
		assert.Contains(t, said.String(), "the store fails")
	})
}

// Each question is answered from the store, or with a problem that names the parameter,
// its value and the rule.
func TestNewAPI(t *testing.T) {
	directory := sites.Of(sites.Site{ID: "id-a", Domain: "a.example"})
	const day = "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z"
	const times = `"from":"2026-03-01T00:00:00Z"`
	for _, test := range []struct {
		path   string
		err    error
		status int
		want   string
	}{
		{path: "/sites/a.example/hours?" + day, status: 200, want: `{` + times + `,"hours":[{"start":"2026-03-01T00:00:00Z","views":3,"likes":2,"bots":1,"visitors":4}],"to":"2026-03-02T00:00:00Z"}`},
		{path: "/sites/a.example/hours?from=2026-03-01T05:30:00%2B05:30&to=2026-03-02T00:00:00Z", status: 200, want: times},
		{path: "/sites/a.example/hours?to=9999-12-31T23:00:00-05:00", status: 400, want: `The parameter to is \"9999-12-31T23:00:00-05:00\", want a time of the years 1 to 9999 in UTC.`},
		{path: "/sites/a.example/hours?from=0000-01-01T00:00:00%2B05:00&to=0000-01-02T00:00:00Z", status: 400, want: `want a time of the years 1 to 9999`},
		{path: "/sites/a.example/pages?" + day, status: 200, want: `"pages":[{"path":"/id-a","views":10,"likes":24}]`},
		{path: "/sites/a.example/pages?limit=1000&" + day, status: 200, want: `"views":1000`},
		{path: "/sites/a.example/referrers?" + day, status: 200, want: `"referrers":[]`},
		{path: "/sites/a.example/visitors?" + day, status: 200, want: `"visitors":{"count":100,"error":0.008}`},
		{path: "/sites/b.example/hours", status: 404, want: `No site has the domain \"b.example\".`},
		{path: "/sites/a.example/hours?from=yesterday", status: 400, want: `The parameter from is \"yesterday\", want a full hour by RFC 3339`},
		{path: "/sites/a.example/hours?to=2026-03-01T00:30:00Z", status: 400, want: `The parameter to is \"2026-03-01T00:30:00Z\", want a full hour`},
		{path: "/sites/a.example/hours?from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z", status: 400, want: `want a time before 2026-03-02T00:00:00Z, by at most 8784h0m0s`},
		{path: "/sites/a.example/hours?from=2024-03-02T00:00:00Z&to=2026-03-02T00:00:00Z", status: 400, want: `want a time before`},
		{path: "/sites/a.example/pages?limit=0", status: 400, want: `The parameter limit is \"0\", want a number from 1 to 1000.`},
		{path: "/sites/a.example/referrers?limit=1001", status: 400, want: `The parameter limit is \"1001\"`},
		{path: "/sites/a.example/hours?" + day, err: errors.New("disk full"), status: 503, want: "The numbers cannot be read now."},
		{path: "/sites/a.example/visitors?" + day, err: errors.New("disk full"), status: 503, want: "The numbers cannot be read now."},
	} {
		w := httptest.NewRecorder()
		aggregator.NewAPI(answering{err: test.err}, directory, quiet).ServeHTTP(w, httptest.NewRequest(http.MethodGet, test.path, nil))
		name := fmt.Sprint(test.path, " ", test.err)
		assert.Equal(t, test.status, w.Code, name)
		assert.Contains(t, w.Body.String(), test.want, name)
		assert.NotContains(t, w.Body.String(), "disk full", name)
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"), name)
	}
}

// Without a span it is the last 24 hours, the current one included.
func TestNewAPI_lastDay(t *testing.T) {
	w := httptest.NewRecorder()
	before := time.Now().UTC()
	aggregator.NewAPI(answering{}, sites.Of(sites.Site{ID: "id-a", Domain: "a.example"}), quiet).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sites/a.example/hours", nil))
	var wants []string
	for _, now := range []time.Time{before, time.Now().UTC()} { // an hour may have begun in between
		to := now.Truncate(time.Hour).Add(time.Hour)
		wants = append(wants, fmt.Sprintf(`{"from":%q,"hours":[{"start":%[1]q,"views":3,"likes":2,"bots":1,"visitors":4}],"to":%q}`+"\n", to.Add(-24*time.Hour).Format(time.RFC3339), to.Format(time.RFC3339)))
	}
	assert.Contains(t, wants, w.Body.String())
}
