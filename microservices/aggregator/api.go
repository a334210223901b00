package aggregator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"gonotes/microservices/analytics"
	"gonotes/microservices/sites"
	"gonotes/rest/problem"
)

// Limits of a question.
const (
	MaxSpan  = 366 * 24 * time.Hour
	MaxLimit = 1000 // pages or referrers
)

// NewAPI returns the handler that answers for the numbers:
//
//	GET /sites/{domain}/hours      views, likes, visitors and bots by hour
//	GET /sites/{domain}/pages      the pages with the most views
//	GET /sites/{domain}/referrers  the hosts that the most visitors came from
//	GET /sites/{domain}/visitors   how many persons, exact or with its error
//
// from and to are times by RFC 3339 at full hours; without them it is the last 24
// hours, the current one included. limit is 10 if it is not given.
func NewAPI(store analytics.Store, directory *sites.Directory, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, answer func(r *http.Request, site string, span analytics.Span) (any, error)) {
		mux.HandleFunc("GET /sites/{domain}/"+path, func(w http.ResponseWriter, r *http.Request) {
			site, ok := directory.Find(r.PathValue("domain"))
			if !ok {
				problem.Write(w, http.StatusNotFound, fmt.Sprintf("No site has the domain %.80q.", r.PathValue("domain")))
				return
			}
			ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
			defer cancel()
			r = r.WithContext(ctx)
			span, err := spanOf(r, time.Now())
			var body any
			if err == nil {
				body, err = answer(r, site.ID, span)
			}
			if bad := new(parameterError); errors.As(err, &bad) {
				problem.Write(w, http.StatusBadRequest, bad.Error(), problem.Error{Detail: bad.rule, Parameter: bad.name})
				return
			}
			if err != nil {
				if ctx.Err() != context.Canceled { // else the client has left
					log.Error("the store fails", "path", r.URL.Path, "error", err)
				}
				problem.RetryAfter(w, time.Second)
				problem.Write(w, http.StatusServiceUnavailable, "The numbers cannot be read now.")
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			json.NewEncoder(w).Encode(body)
		})
	}
	handle("hours", func(r *http.Request, site string, span analytics.Span) (any, error) {
		hours, err := store.Hours(r.Context(), site, span)
		return map[string]any{"from": span.From, "to": span.To, "hours": orEmpty(hours)}, err
	})
	handle("pages", func(r *http.Request, site string, span analytics.Span) (any, error) {
		limit, err := limitOf(r)
		if err != nil {
			return nil, err
		}
		pages, err := store.Pages(r.Context(), site, span, limit)
		return map[string]any{"from": span.From, "to": span.To, "pages": orEmpty(pages)}, err
	})
	handle("referrers", func(r *http.Request, site string, span analytics.Span) (any, error) {
		limit, err := limitOf(r)
		if err != nil {
			return nil, err
		}
		referrers, err := store.Referrers(r.Context(), site, span, limit)
		return map[string]any{"from": span.From, "to": span.To, "referrers": orEmpty(referrers)}, err
	})
	handle("visitors", func(r *http.Request, site string, span analytics.Span) (any, error) {
		visitors, err := store.Visitors(r.Context(), site, span)
		return map[string]any{"from": span.From, "to": span.To, "visitors": visitors}, err
	})
	return mux
}

// queryTimeout is less than the gateway waits, so that the reason arrives.
const queryTimeout = 5 * time.Second

// orEmpty makes an empty list [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// parameterError is a parameter that breaks a rule.
type parameterError struct{ name, value, rule string }

func (e *parameterError) Error() string {
	return fmt.Sprintf("The parameter %s is %.80q, want %s.", e.name, e.value, e.rule)
}

func spanOf(r *http.Request, now time.Time) (analytics.Span, error) {
	query := r.URL.Query()
	at := func(name string, otherwise time.Time) (time.Time, error) {
		value := query.Get(name)
		if value == "" {
			return otherwise, nil
		}
		t, err := time.Parse(time.RFC3339, value)
		if err != nil || !t.Equal(t.Truncate(time.Hour)) {
			return t, &parameterError{name, value, "a full hour by RFC 3339, like 2026-03-01T09:00:00Z"}
		}
		if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
			return t, &parameterError{name, value, "a time of the years 1 to 9999 in UTC"}
		}
		return t, nil
	}
	to, err := at("to", now.UTC().Truncate(time.Hour).Add(time.Hour))
	if err != nil {
		return analytics.Span{}, err
	}
	from, err := at("from", to.Add(-24*time.Hour))
	if err != nil {
		return analytics.Span{}, err
	}
	if length := to.Sub(from); length <= 0 || length > MaxSpan {
		return analytics.Span{}, &parameterError{"from", query.Get("from"), fmt.Sprintf("a time before %s, by at most %v", to.Format(time.RFC3339), MaxSpan)}
	}
	return analytics.Span{From: from, To: to}, nil
}

func limitOf(r *http.Request) (int, error) {
	value := r.URL.Query().Get("limit")
	if value == "" {
		return 10, nil
	}
	limit, err := strconv.Atoi(value)
	if err != nil || limit < 1 || limit > MaxLimit {
		return 0, &parameterError{"limit", value, fmt.Sprintf("a number from 1 to %d", MaxLimit)}
	}
	return limit, nil
}
