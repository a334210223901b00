package collector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/collector"
	"gonotes/microservices/event"
	"gonotes/microservices/sites"
)

// fakeBus keeps the records that it gets. What becomes of each, settle says; if it is
// nil, each is taken at once.
type fakeBus struct {
	settle func(r *kgo.Record, done func(error))

	mu      sync.Mutex
	records []*kgo.Record
}

func (b *fakeBus) TryProduce(_ context.Context, r *kgo.Record, done func(*kgo.Record, error)) {
	b.mu.Lock()
	b.records = append(b.records, r)
	b.mu.Unlock()
	if b.settle == nil {
		done(r, nil)
		return
	}
	b.settle(r, func(err error) { done(r, err) })
}

// take returns what was put on the bus since the last call.
func (b *fakeBus) take(t testing.TB) []event.Activity {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []event.Activity
	for _, r := range b.records {
		a, err := event.DecodeActivity(r.Value)
		require.NoError(t, err, "%s", r.Value)
		assert.Equal(t, event.TopicActivity.Name, r.Topic)
		assert.Equal(t, string(a.Key()), string(r.Key))
		all = append(all, a)
	}
	b.records = nil
	return all
}

// The sites that the collectors of the tests know.
var known = []sites.Site{{ID: "01", Domain: "shop.example"}, {ID: "02", Domain: "blog.example"}}

var secret = bytes.Repeat([]byte{7}, 32)

func newCollector(t testing.TB, bus collector.Bus) *collector.Collector {
	t.Helper()
	c, err := collector.New(bus, sites.Of(known...), secret, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return c
}

// outcome is one of an answer.
type outcome struct {
	Status, Reason string
	ID             uuid.UUID
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// items returns the outcomes of the answer.
func (a answer) items(t testing.TB) []outcome {
	t.Helper()
	assert.Equal(t, "application/json", a.header.Get("Content-Type"))
	var batch struct{ Items []outcome }
	if strings.HasPrefix(a.body, `{"items":`) {
		require.NoError(t, json.Unmarshal([]byte(a.body), &batch), a.body)
		return batch.Items
	}
	var one outcome
	require.NoError(t, json.Unmarshal([]byte(a.body), &one), a.body)
	return []outcome{one}
}

// detail returns what the problem of the answer says.
func (a answer) detail(t testing.TB) string {
	t.Helper()
	assert.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	var problem struct {
		Status int
		Detail string
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &problem), a.body)
	assert.Equal(t, a.status, problem.Status)
	return problem.Detail
}

const (
	jsonType   = "application/json"
	ndjsonType = "application/x-ndjson"
	browser    = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
)

// newRequest returns one with events, and with the fields "Name: value".
func newRequest(method, path, contentType string, body io.Reader, fields ...string) *http.Request {
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("User-Agent", browser)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func do(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// post sends events.
func post(h http.Handler, contentType, body string, fields ...string) answer {
	return do(h, newRequest(http.MethodPost, "/events", contentType, strings.NewReader(body), fields...))
}

// eventID is a different ID for each n.
func eventID(n int) uuid.UUID {
	id := uuid.MustParse("0190a6e0-0000-7000-8000-000000000000")
	id[14], id[15] = byte(n>>8), byte(n)
	return id
}
