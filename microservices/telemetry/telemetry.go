// Package telemetry is how every service of the platform is watched: metrics for
// Prometheus, and traces that follow one request from the gateway over the bus to the
// store.
//
// A trace begins at the gateway, for a few requests a second, so that watching costs
// little however many there are. All others only pass it on: a request or a record that
// carries no trace costs them one look at a header. Each service keeps the spans of the
// last traces in memory and answers for them; where OTEL_EXPORTER_OTLP_ENDPOINT is set
// they are sent there too.
//
// Source: https://www.w3.org/TR/trace-context/
package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	"gonotes/rest/problem"
)

// EndpointEnv names the environment variable of OpenTelemetry with the address that
// traces are sent to, over HTTP.
const EndpointEnv = "OTEL_EXPORTER_OTLP_ENDPOINT"

// TraceHeader names the field in which the gateway says which trace a request began.
const TraceHeader = "Trace-Id"

// rootsPerSecond is how many traces the gateway begins of those that read, and how many
// of all others: whoever looks often does not use up the traces of events.
const rootsPerSecond = 10

// scope names this package to OpenTelemetry, as what made the spans.
const scope = "gonotes/microservices/telemetry"

// propagator carries a trace in the field traceparent, of a request or of a record.
var propagator = propagation.TraceContext{}

// Telemetry watches one service. It is safe for concurrent use.
type Telemetry struct {
	registry *prometheus.Registry
	service  string
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	recent   *recent
	requests *prometheus.HistogramVec
	reads    *rate.Limiter
	writes   *rate.Limiter
}

// New returns the telemetry of a service, or an error if traces cannot be sent to the
// address in EndpointEnv.
func New(ctx context.Context, service string) (*Telemetry, error) {
	t := &Telemetry{
		registry: prometheus.NewRegistry(),
		service:  service,
		recent:   &recent{},
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time from the header of a request to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "status"}),
		reads:  rate.NewLimiter(rootsPerSecond, rootsPerSecond),
		writes: rate.NewLimiter(rootsPerSecond, rootsPerSecond),
	}
	t.registry.MustRegister(t.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	options := []sdk.TracerProviderOption{
		sdk.WithSampler(sdk.ParentBased(sdk.AlwaysSample())),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", service))),
		sdk.WithSyncer(t.recent),
	}
	if os.Getenv(EndpointEnv) != "" {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("telemetry: %w", err)
		}
		options = append(options, sdk.WithBatcher(exporter))
	}
	t.provider = sdk.NewTracerProvider(options...)
	t.tracer = t.provider.Tracer(scope)
	return t, nil
}

// Metrics makes metrics of the service's own. Those of a nil Telemetry nobody sees.
func (t *Telemetry) Metrics() promauto.Factory {
	if t == nil {
		return promauto.With(nil)
	}
	return promauto.With(t.registry)
}

// closeTimeout is less than anybody waits for a service that stops.
const closeTimeout = 3 * time.Second

// Close sends what is not sent yet, if that takes no longer than 3 s.
func (t *Telemetry) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// Handler watches the requests to h, and answers besides what Answers does. It is for
// services that only their own kind reaches.
func (t *Telemetry) Handler(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", t.watch(h))
	answers := t.Answers()
	mux.Handle("GET /metrics", answers)
	mux.Handle("GET /traces/{id}", answers)
	return mux
}

// Answers says what was watched:
//
//	GET /metrics      for Prometheus
//	GET /traces/{id}  the spans of a trace that this service had a part in, as []Span
func (t *Telemetry) Answers() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /traces/{id}", t.trace)
	return mux
}

// Root watches the requests to h, and begins a trace for some of them. What clients bring
// is not believed: they are outside, and so are Answers not among its answers.
func (t *Telemetry) Root(h http.Handler) http.Handler {
	watched := t.watch(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Traceparent")
		r.Header.Del("Tracestate")
		roots := t.writes
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			roots = t.reads
		}
		if !roots.Allow() {
			watched.ServeHTTP(w, r)
			return
		}
		ctx, span := t.tracer.Start(r.Context(), r.Method+" "+r.URL.Path, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		w.Header().Set(TraceHeader, span.SpanContext().TraceID().String())
		watched.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (t *Telemetry) watch(h http.Handler) http.Handler {
	traced := otelhttp.NewHandler(h, "request", otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(propagator),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Path }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		answer := &answered{ResponseWriter: w, status: http.StatusOK}
		status := "aborted" // by a panic, as a proxy does in the middle of an answer
		defer func() {
			route := r.Pattern // of the innermost mux, if h has one
			if route == "" || route == "/" {
				route = "other"
			}
			t.requests.WithLabelValues(route, status).Observe(time.Since(begin).Seconds())
		}()
		if r.Header.Get("Traceparent") != "" {
			traced.ServeHTTP(answer, r)
		} else {
			h.ServeHTTP(answer, r)
		}
		status = strconv.Itoa(answer.status)
	})
}

// answered notes the status of an answer.
type answered struct {
	http.ResponseWriter
	status  int
	written bool
}

func (a *answered) WriteHeader(status int) {
	if !a.written && status >= 200 {
		a.status, a.written = status, true
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(p []byte) (int, error) {
	a.written = true
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Transport lets requests carry the trace of their context on.
func (t *Telemetry) Transport(base http.RoundTripper) http.RoundTripper {
	traced := otelhttp.NewTransport(base, otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(propagator))
	return transport{base, traced}
}

type transport struct{ base, traced http.RoundTripper }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace.SpanContextFromContext(r.Context()).IsSampled() {
		return t.traced.RoundTrip(r)
	}
	return t.base.RoundTrip(r)
}

// CloseIdleConnections is for http.Client.
func (t transport) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// Start begins a step of the trace that the context is in, if it is in one. Call end when
// what the step describes has ended.
func Start(ctx context.Context, name string, options ...trace.SpanStartOption) (inner context.Context, end func(error)) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return ctx, func(error) {}
	}
	return step(ctx, span.TracerProvider().Tracer(scope), name, options)
}

func step(ctx context.Context, tracer trace.Tracer, name string, options []trace.SpanStartOption) (inner context.Context, end func(error)) {
	ctx, span := tracer.Start(ctx, name, options...)
	return ctx, func(err error) {
		if err != nil {
			span.RecordError(err)
		}
		span.End()
	}
}

// Send puts the trace of the context, if there is one, into the header of a record.
func Send(ctx context.Context, r *kgo.Record) {
	if trace.SpanContextFromContext(ctx).IsSampled() {
		propagator.Inject(ctx, (*headers)(r))
	}
}

// Receive begins a step of the trace that a record carries, if it carries one. A nil
// Telemetry begins none.
func (t *Telemetry) Receive(ctx context.Context, r *kgo.Record, name string, options ...trace.SpanStartOption) (inner context.Context, end func(error)) {
	if t == nil || len(r.Headers) == 0 {
		return ctx, func(error) {}
	}
	carried := propagator.Extract(ctx, (*headers)(r))
	if !trace.SpanContextFromContext(carried).IsSampled() {
		return ctx, func(error) {}
	}
	return step(carried, t.tracer, name, options)
}

// headers are those of a record, as a propagator wants them.
type headers kgo.Record

func (h *headers) Get(key string) string {
	for _, header := range h.Headers {
		if header.Key == key {
			return string(header.Value)
		}
	}
	return ""
}

func (h *headers) Set(key, value string) {
	h.Headers = append(h.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
}

func (h *headers) Keys() (keys []string) {
	for _, header := range h.Headers {
		keys = append(keys, header.Key)
	}
	return keys
}

// trace answers for one.
func (t *Telemetry) trace(w http.ResponseWriter, r *http.Request) {
	id, err := trace.TraceIDFromHex(r.PathValue("id"))
	if err != nil {
		problem.Write(w, http.StatusBadRequest, fmt.Sprintf("The trace is %.64q, want 32 hexadecimal digits that are not all 0.", r.PathValue("id")))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(t.recent.of(id, t.service))
}
