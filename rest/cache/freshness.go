package cache

import (
	"math"
	"net/http"
	"time"
)

// heuristic are the final statuses that RFC 9110 §15.1 lets a cache give a
// lifetime of its own, and the ones whose rules it knows (must-understand).
var heuristic = map[int]bool{
	http.StatusOK: true, http.StatusNonAuthoritativeInfo: true, http.StatusNoContent: true,
	http.StatusMultipleChoices: true, http.StatusMovedPermanently: true, http.StatusPermanentRedirect: true,
	http.StatusNotFound: true, http.StatusMethodNotAllowed: true, http.StatusGone: true,
	http.StatusRequestURITooLong: true, http.StatusNotImplemented: true,
}

// lifetime is the freshness lifetime (RFC 9111 §4.2.1), 0 where what the
// origin says is malformed. explicit is false if it says nothing: then it is a
// tenth of the time since Last-Modified, at most a day (§4.2.2). A response
// without Date counts as dated when it was received.
func lifetime(status int, h http.Header, received time.Time) (fresh time.Duration, explicit bool) {
	said, isTargeted := policy(h)
	for _, name := range []string{"s-maxage", "max-age"} {
		if said.has(name) {
			fresh, _ := said.seconds(name)
			return fresh, true
		}
	}
	written := date(h, "Date", received)
	if expires := h.Values("Expires"); len(expires) > 0 && !isTargeted {
		if len(expires) > 1 {
			return 0, true
		}
		return max(0, date(h, "Expires", written).Sub(written)), true
	}
	if heuristic[status] || said.has("public") {
		return min(max(0, written.Sub(date(h, "Last-Modified", written)))/10, 24*time.Hour), false
	}
	return 0, false
}

// age is the Age field: 0 if there is none, false if it is not one number.
func age(h http.Header) (time.Duration, bool) {
	switch values := h.Values("Age"); len(values) {
	case 0:
		return 0, true
	case 1:
		return seconds(values[0])
	}
	return 0, false
}

// initialAge is corrected_initial_age (RFC 9111 §4.2.3).
func initialAge(h http.Header, began, now time.Time) time.Duration {
	apparent := max(0, now.Sub(date(h, "Date", now)))
	said, _ := age(h)
	return max(apparent, said+now.Sub(began))
}

func date(h http.Header, name string, otherwise time.Time) time.Time {
	if t, err := http.ParseTime(h.Get(name)); err == nil {
		return t
	}
	return otherwise
}

func (e *entry) ageAt(now time.Time) time.Duration { return e.age + now.Sub(e.received) }

// usable reports whether e may answer without the origin (RFC 9111 §4).
func (e *entry) usable(asked directives, now time.Time) bool {
	if !e.satisfies(asked, now) {
		return false
	}
	stale := e.ageAt(now) - e.fresh
	if stale < 0 {
		return true
	}
	if e.mayNotBeStale() || !asked.has("max-stale") {
		return false
	}
	limit, ok := asked.seconds("max-stale")
	return asked.whole("max-stale") || ok && stale <= limit
}

// satisfies reports whether nothing that the client asks or the origin says
// requires validation, staleness aside. An argument that cannot be read
// allows nothing.
func (e *entry) satisfies(asked directives, now time.Time) bool {
	if e.said.whole("no-cache") || asked.has("no-cache") {
		return false
	}
	if asked.has("max-age") {
		if limit, ok := asked.seconds("max-age"); !ok || e.ageAt(now) > limit {
			return false
		}
	}
	if asked.has("min-fresh") {
		if margin, ok := asked.seconds("min-fresh"); !ok || e.fresh-e.ageAt(now) < margin {
			return false
		}
	}
	return true
}

// mayNotBeStale is RFC 9111 §4.2.4.
func (e *entry) mayNotBeStale() bool {
	return e.said.has("must-revalidate") || e.said.has("proxy-revalidate") || e.said.has("s-maxage") || e.said.whole("no-cache")
}

// usableMeanwhile is how long e may be used while it is validated, 0 if it
// may not (RFC 5861 §3).
func (e *entry) usableMeanwhile(asked directives, now time.Time) time.Duration {
	window, _ := e.said.seconds("stale-while-revalidate")
	if e.mayNotBeStale() || !e.satisfies(asked, now) || e.ageAt(now)-e.fresh > window {
		return 0
	}
	return window
}

// coversError reports whether e may be used because the origin failed, as
// the origin or the client allows it (RFC 5861 §4).
func (e *entry) coversError(asked directives, now time.Time) bool {
	limit := time.Duration(math.MinInt64)
	for _, d := range []directives{e.said, asked} {
		if allowed, ok := d.seconds("stale-if-error"); ok {
			limit = max(limit, allowed)
		}
	}
	return !e.mayNotBeStale() && e.ageAt(now)-e.fresh <= limit
}
