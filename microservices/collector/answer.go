package collector

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"gonotes/microservices/event"
	"gonotes/rest/problem"
)

// A status says what became of one event.
type status string

const (
	accepted  status = "accepted"  // durable on the bus
	marked    status = "marked"    // likewise, but counted apart, for a reason
	duplicate status = "duplicate" // an earlier one of the batch has the same ID
	refused   status = "refused"   // for a reason; it is nowhere
	unknown   status = "unknown"   // the bus did not say in time: send it again, with this ID
)

// outcome is the answer to one event.
type outcome struct {
	id     uuid.UUID // zero if there is none
	status status
	reason string
}

// outcomeOf returns that of an activity that is durable.
func outcomeOf(a *event.Activity) outcome {
	switch {
	case a.Bot && a.Site == "":
		return outcome{a.ID, marked, "bot, unknown site"}
	case a.Bot:
		return outcome{a.ID, marked, "bot"}
	case a.Site == "":
		return outcome{a.ID, marked, "unknown site"}
	}
	return outcome{a.ID, accepted, ""}
}

// answer writes the outcomes of a request, of one event or of a batch.
func answer(w http.ResponseWriter, one bool, outcomes []outcome) {
	code := http.StatusUnprocessableEntity
	for _, o := range outcomes {
		if o.status == unknown {
			code = http.StatusServiceUnavailable
			problem.RetryAfter(w, time.Second)
			break
		}
		if o.status != refused {
			code = http.StatusAccepted
		}
	}
	if one {
		write(w, code, outcomes[0].appendTo(make([]byte, 0, 128)))
		return
	}
	body := append(make([]byte, 0, 32+80*len(outcomes)), `{"items":[`...)
	for i, o := range outcomes {
		if i > 0 {
			body = append(body, ',')
		}
		body = o.appendTo(body)
	}
	write(w, code, append(body, "]}"...))
}

func (o outcome) appendTo(b []byte) []byte {
	b = append(b, `{"status":"`...)
	b = append(b, o.status...)
	b = append(b, '"')
	if o.id != uuid.Nil {
		b = append(b, `,"id":"`...)
		b = append(b, o.id.String()...)
		b = append(b, '"')
	}
	if o.reason != "" {
		b = appendText(b, `,"reason":`, o.reason)
	}
	return append(b, '}')
}

func appendText(b []byte, name, text string) []byte {
	b = append(b, name...)
	b, _ = jsontext.AppendQuote(b, text) // what is not UTF-8 is replaced
	return b
}

var contentType = []string{"application/json"}

func write(w http.ResponseWriter, code int, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(code)
	w.Write(body)
}

// refuse answers a request of which nothing was taken.
func refuse(w http.ResponseWriter, wrong *fault) {
	if wrong.status == http.StatusTooManyRequests || wrong.status == http.StatusServiceUnavailable {
		problem.RetryAfter(w, time.Second)
	}
	problem.Write(w, wrong.status, wrong.detail)
}
