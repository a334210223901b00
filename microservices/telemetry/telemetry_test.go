package telemetry_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"gonotes/microservices/telemetry"
)

func newTelemetry(t *testing.T, service string) *telemetry.Telemetry {
	t.Helper()
	t.Setenv(telemetry.EndpointEnv, "")
	watch, err := telemetry.New(t.Context(), service)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, watch.Close()) })
	return watch
}

func get(t *testing.T, h http.Handler, path string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func spans(t *testing.T, h http.Handler, id string) (spans []telemetry.Span) {
	t.Helper()
	w := get(t, h, "/traces/"+id)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.NoError(t, json.NewDecoder(w.Body).Decode(&spans))
	return spans
}

// One request is followed from the gateway through a call, over the bus, to the store.
func TestTelemetry_trace(t *testing.T) {
	gateway, collector, aggregator := newTelemetry(t, "gateway"), newTelemetry(t, "collector"), newTelemetry(t, "aggregator")
	record := &kgo.Record{}
	inner := collector.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, end := telemetry.Start(r.Context(), "bus", trace.WithAttributes(attribute.String("topic", "activity")))
		telemetry.Send(ctx, record)
		end(nil)
	}))
	server := httptest.NewServer(inner)
	defer server.Close()
	client := &http.Client{Transport: gateway.Transport(http.DefaultTransport)}
	defer client.CloseIdleConnections()
	door := gateway.Root(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call, err := http.NewRequestWithContext(r.Context(), http.MethodPost, server.URL+"/events", nil)
		require.NoError(t, err)
		response, err := client.Do(call)
		require.NoError(t, err)
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}))
	id := get(t, door, "/events").Header().Get(telemetry.TraceHeader)
	require.Len(t, id, 32)
	ctx, end := aggregator.Receive(t.Context(), record, "apply")
	_, endStore := telemetry.Start(ctx, "store")
	endStore(errors.New("disk full"))
	end(nil)

	var names []string
	byID := map[string]telemetry.Span{}
	for _, h := range []http.Handler{gateway.Answers(), inner, aggregator.Handler(http.NotFoundHandler())} {
		for _, span := range spans(t, h, id) {
			byID[span.ID] = span
			names = append(names, span.Service+" "+span.Name)
			assert.False(t, span.End.Before(span.Start), span.Name)
		}
	}
	assert.Equal(t, []string{"gateway HTTP POST", "gateway GET /events", "collector bus", "collector POST /events", "aggregator store", "aggregator apply"}, names)
	// Each step is a part of the one before it, up to the gateway.
	var path strings.Builder
	for _, span := range byID {
		if span.Name == "store" {
			assert.Equal(t, "disk full", span.Error)
			for s := span; ; s = byID[s.Parent] {
				path.WriteString(s.Service + " " + s.Name + "; ")
				if s.Parent == "" {
					break
				}
			}
		}
		if span.Name == "bus" {
			assert.Equal(t, map[string]string{"topic": "activity"}, span.Attributes)
		}
	}
	assert.Equal(t, "aggregator store; aggregator apply; collector bus; collector POST /events; gateway HTTP POST; gateway GET /events; ", path.String())
}

// A service's own metrics are among its answers; those of nobody are made all the same.
func TestTelemetry_Metrics(t *testing.T) {
	watch := newTelemetry(t, "collector")
	for _, watch := range []*telemetry.Telemetry{watch, nil} {
		watch.Metrics().NewCounter(prometheus.CounterOpts{Name: "events_total", Help: "Events."}).Add(3)
	}
	assert.Contains(t, get(t, watch.Answers(), "/metrics").Body.String(), "\nevents_total 3\n")
}

// What carries no trace begins none, and leaves none: not a request, not a call, not a
// record.
func TestTelemetry_untraced(t *testing.T) {
	watch := newTelemetry(t, "collector")
	record := &kgo.Record{}
	h := watch.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, end := telemetry.Start(r.Context(), "bus")
		telemetry.Send(ctx, record)
		end(nil)
		call, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://nowhere.invalid/", nil)
		require.NoError(t, err)
		watch.Transport(transport(func(r *http.Request) (*http.Response, error) {
			assert.Empty(t, r.Header.Get("Traceparent"))
			return nil, errors.New("nowhere")
		})).RoundTrip(call)
	}))
	w := get(t, h, "/")
	assert.Empty(t, w.Header().Get(telemetry.TraceHeader))
	assert.Empty(t, record.Headers)
	for _, to := range []*telemetry.Telemetry{watch, nil} {
		ctx, end := to.Receive(t.Context(), record, "apply")
		assert.Equal(t, t.Context(), ctx)
		end(nil)
	}
}

type transport func(r *http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The gateway begins ten traces a second of reads and ten of writes, and no more, and believes none from outside.
func TestTelemetry_roots(t *testing.T) {
	watch := newTelemetry(t, "gateway")
	seen := ""
	door := watch.Root(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("Traceparent") + r.Header.Get("Tracestate")
	}))
	const outside = "0af7651916cd43dd8448eb211c80319c"
	for _, method := range []string{http.MethodGet, http.MethodPost} { // each has ten
		traced := 0
		begin := time.Now()
		for range 200 {
			r := httptest.NewRequest(method, "/", nil)
			r.Header.Set("Traceparent", "00-"+outside+"-b7ad6b7169203331-01")
			r.Header.Set("Tracestate", "a=b")
			w := httptest.NewRecorder()
			door.ServeHTTP(w, r)
			id := w.Header().Get(telemetry.TraceHeader)
			assert.NotEqual(t, outside, id)
			assert.Empty(t, seen)
			if id != "" {
				traced++
			}
		}
		assert.GreaterOrEqual(t, traced, 10)
		assert.LessOrEqual(t, traced, 11+int(10*time.Since(begin).Seconds()))
	}
	assert.Empty(t, spans(t, watch.Answers(), outside))
	assert.Empty(t, get(t, door, "/metrics").Body.String(), "the metrics are not for those outside")
}

// Requests are counted by route and status, and a service adds metrics of its own.
func TestTelemetry_metrics(t *testing.T) {
	watch := newTelemetry(t, "config")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sites/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "2" {
			w.WriteHeader(http.StatusNotFound)
		}
		w.WriteHeader(http.StatusInternalServerError) // too late, if it was written
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { w.Write(nil); w.WriteHeader(http.StatusTeapot) })
	h := watch.Handler(mux)
	get(t, h, "/sites/1")
	get(t, h, "/sites/2")
	get(t, h, "/sites/2")
	get(t, h, "/x")
	body := get(t, h, "/metrics").Body.String()
	for _, want := range []string{
		`http_request_duration_seconds_count{route="GET /sites/{id}",status="500"} 1`,
		`http_request_duration_seconds_count{route="GET /sites/{id}",status="404"} 2`,
		`http_request_duration_seconds_count{route="GET /",status="200"} 1`,
		"go_goroutines ", "process_resident_memory_bytes ",
	} {
		assert.Contains(t, body, want)
	}
}

// A request whose answer breaks off is counted, too.
func TestTelemetry_aborted(t *testing.T) {
	h := newTelemetry(t, "gateway").Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	assert.Panics(t, func() { get(t, h, "/x") })
	assert.Contains(t, get(t, h, "/metrics").Body.String(), `http_request_duration_seconds_count{route="other",status="aborted"} 1`)
}

// Closing the idle connections of a client closes those of the transport below.
func TestTelemetry_idle(t *testing.T) {
	var closed idle
	client := http.Client{Transport: newTelemetry(t, "gateway").Transport(&closed)}
	client.CloseIdleConnections()
	assert.True(t, bool(closed))
}

type idle bool

func (i *idle) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("nowhere") }
func (i *idle) CloseIdleConnections()                           { *i = true }

// A service that stops does not wait for one that takes traces and does not answer.
func TestTelemetry_silent(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	t.Setenv(telemetry.EndpointEnv, server.URL)
	watch, err := telemetry.New(t.Context(), "gateway")
	require.NoError(t, err)
	get(t, watch.Root(http.NotFoundHandler()), "/")
	ended := make(chan error, 1)
	go func() { ended <- watch.Close() }()
	select {
	case err := <-ended:
		assert.Error(t, err)
	case <-time.After(20 * time.Second): // of 30 without a limit
		t.Error("Close waits")
	}
}

// The oldest spans make room for new ones.
func TestTelemetry_bounded(t *testing.T) {
	watch := newTelemetry(t, "gateway")
	var ids []string
	h := watch.Root(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range telemetry.MaxSpans - 1 {
			_, end := telemetry.Start(r.Context(), "step")
			end(nil)
		}
		ids = append(ids, w.Header().Get(telemetry.TraceHeader))
	}))
	inside := watch.Handler(http.NotFoundHandler()) // begins no trace
	get(t, h, "/")
	assert.Equal(t, telemetry.MaxSpans, len(spans(t, inside, ids[0])))
	get(t, h, "/")
	assert.Zero(t, len(spans(t, inside, ids[0])))
	assert.Equal(t, telemetry.MaxSpans, len(spans(t, inside, ids[1])))
}

// An id that is none is refused with the rule; one that nobody knows has no spans.
func TestTelemetry_traceID(t *testing.T) {
	h := newTelemetry(t, "gateway").Handler(http.NotFoundHandler())
	assert.Empty(t, spans(t, h, strings.Repeat("ab", 16)))
	for _, id := range []string{"1", strings.Repeat("0", 32), strings.Repeat("x", 32)} {
		w := get(t, h, "/traces/"+id)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Contains(t, w.Body.String(), "want 32 hexadecimal digits that are not all 0")
	}
}

// Where an address is set, traces are sent there when the service ends at the latest.
func TestTelemetry_sent(t *testing.T) {
	paths := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { paths <- r.URL.Path }))
	defer server.Close()
	t.Setenv(telemetry.EndpointEnv, server.URL)
	watch, err := telemetry.New(t.Context(), "gateway")
	require.NoError(t, err)
	get(t, watch.Root(http.NotFoundHandler()), "/")
	require.NoError(t, watch.Close())
	assert.Equal(t, "/v1/traces", <-paths)
}
