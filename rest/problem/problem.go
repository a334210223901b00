// Package problem writes the errors of an HTTP API as problem details.
//
// Source: https://www.rfc-editor.org/rfc/rfc9457
package problem

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// Details is a problem. Its type is about:blank: the status says what it is.
type Details struct {
	Type   string  `json:"type"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Errors []Error `json:"errors,omitempty"`
}

// Error is one thing that is wrong with a request, and where: at most one of
// the places is set.
type Error struct {
	Detail    string `json:"detail"`
	Pointer   string `json:"pointer,omitempty"` // into the content, as a URI fragment (RFC 6901 §6)
	Parameter string `json:"parameter,omitempty"`
	Header    string `json:"header,omitempty"`
}

// Write answers with a problem that no cache may keep.
func Write(w http.ResponseWriter, status int, detail string, errors ...Error) {
	body, _ := json.Marshal(Details{"about:blank", http.StatusText(status), status, detail, errors}) // strings and an int always encode
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body)
}

// RetryAfter sets Retry-After to d in whole seconds, rounded up, at least 1
// (RFC 9110 §10.2.3).
func RetryAfter(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(d.Seconds())))))
}
