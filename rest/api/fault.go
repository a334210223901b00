package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gonotes/rest/problem"
	"gonotes/rest/store"
)

// fault is an error that a client can read.
type fault struct {
	status int
	detail string
	errors []problem.Error
}

func (f *fault) Error() string { return f.detail }

func faultf(status int, format string, args ...any) *fault {
	return &fault{status: status, detail: fmt.Sprintf(format, args...)}
}

// at says in which places the fault is.
func (f *fault) at(errors ...problem.Error) *fault {
	f.errors = append(f.errors, errors...)
	return f
}

const internal = "The service failed. The request id names the reason in its log."

// faults is which error is which status.
var faults = map[error]fault{
	store.ErrNotFound:        {status: http.StatusNotFound, detail: "There is no such resource."},
	store.ErrNoParent:        {status: http.StatusNotFound, detail: "There is no such resource to which this could belong."},
	store.ErrVersion:         {status: http.StatusPreconditionFailed, detail: "If-Match names another version than the current one. GET has the current one and its ETag."},
	store.ErrUnique:          {status: http.StatusConflict, detail: "Another resource has this value."},
	store.ErrChildren:        {status: http.StatusConflict, detail: "Other resources belong to this one. Delete them first."},
	store.ErrKey:             {status: http.StatusUnprocessableEntity, detail: "The Idempotency-Key was used for another request.", errors: []problem.Error{{Header: "Idempotency-Key", Detail: "a key names one request; another one needs another key"}}},
	context.DeadlineExceeded: {status: http.StatusServiceUnavailable, detail: "The store did not answer in time. Whether it did what was asked is unknown."},
}

// faultOf finds what the client is told of an error.
func faultOf(err error) fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return *f
	}
	for known, f := range faults {
		if errors.Is(err, known) {
			return f
		}
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault{status: http.StatusRequestEntityTooLarge, detail: fmt.Sprintf("The content is longer than %d bytes.", tooLarge.Limit)}
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return fault{status: http.StatusRequestTimeout, detail: "The content did not arrive in time."}
	}
	if missing, ok := errors.AsType[*RequiredHeaderError](err); ok {
		return fault{status: http.StatusPreconditionRequired, detail: "A change needs the version that it changes.",
			errors: []problem.Error{{Header: missing.ParamName, Detail: "missing; send the ETag of GET"}}}
	}
	if twice, ok := errors.AsType[*TooManyValuesForParamError](err); ok {
		return fault{status: http.StatusBadRequest, detail: "A header field is malformed.",
			errors: []problem.Error{{Header: twice.ParamName, Detail: fmt.Sprintf("given %d times, want once", twice.Count)}}}
	}
	if malformed, ok := errors.AsType[*InvalidParamFormatError](err); ok {
		return fault{status: http.StatusBadRequest, detail: "A header field is malformed.",
			errors: []problem.Error{{Header: malformed.ParamName, Detail: malformed.Err.Error()}}}
	}
	return fault{status: http.StatusInternalServerError, detail: internal}
}

// fail answers with a problem. What the client cannot be told is logged.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if faultOf(err).status == http.StatusInternalServerError && r.Context().Err() == nil {
		a.log.Error("failed", "request_id", w.Header().Get("X-Request-Id"), "error", err)
	}
	fail(w, r, err)
}

func fail(w http.ResponseWriter, r *http.Request, err error) {
	f := faultOf(err)
	switch f.status {
	case http.StatusServiceUnavailable:
		problem.RetryAfter(w, time.Second)
	case http.StatusRequestTimeout:
		w.Header().Set("Connection", "close")
	}
	problem.Write(w, f.status, f.detail, f.errors...)
}

// quote shows a value that came with a request, shortened.
func quote(value string) string { return strconv.QuoteToASCII(shorten(value)) }

func shorten(value string) string {
	if len(value) > 100 {
		return strings.ToValidUTF8(value[:100], "") + "..."
	}
	return value
}
