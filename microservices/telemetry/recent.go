package telemetry

import (
	"context"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// MaxSpans is how many spans a service keeps.
const MaxSpans = 4096

// Span is one step of a trace.
type Span struct {
	Service    string            `json:"service"`
	Name       string            `json:"name"`
	ID         string            `json:"id"`
	Parent     string            `json:"parent,omitempty"` // ID of the step that this one is a part of
	Start      time.Time         `json:"start"`
	End        time.Time         `json:"end"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Error      string            `json:"error,omitempty"`
}

// recent keeps the last spans. It is an exporter of the SDK.
type recent struct {
	mu    sync.Mutex
	spans [MaxSpans]sdk.ReadOnlySpan
	next  int
}

// ExportSpans keeps the spans in the place of the oldest.
func (r *recent) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, span := range spans {
		r.spans[r.next%MaxSpans] = span
		r.next++
	}
	return nil
}

// Shutdown does nothing.
func (r *recent) Shutdown(context.Context) error { return nil }

// of returns the spans of a trace, in the order in which they ended.
func (r *recent) of(id trace.TraceID, service string) []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := []Span{}
	for i := max(0, r.next-MaxSpans); i < r.next; i++ {
		span := r.spans[i%MaxSpans]
		if span.SpanContext().TraceID() != id {
			continue
		}
		s := Span{Service: service, Name: span.Name(), ID: span.SpanContext().SpanID().String(), Start: span.StartTime(), End: span.EndTime()}
		if span.Parent().SpanID().IsValid() {
			s.Parent = span.Parent().SpanID().String()
		}
		for _, a := range span.Attributes() {
			if s.Attributes == nil {
				s.Attributes = map[string]string{}
			}
			s.Attributes[string(a.Key)] = a.Value.String()
		}
		for _, e := range span.Events() {
			for _, a := range e.Attributes {
				if a.Key == "exception.message" {
					s.Error = a.Value.String()
				}
			}
		}
		found = append(found, s)
	}
	return found
}
