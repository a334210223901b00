package microservices_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/internal/claim"
	"gonotes/microservices"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// memory is how a system remembers what happened: happen tells it, and ask puts a question
// to it that nobody had until then, how many views each page had, which answer answers
// after more has happened.
type memory struct {
	happen func(event.Activity)
	ask    func()
	answer func() map[string]int
}

// A question about the past that is new is answered by reading the events again; a service
// that was called has kept the answers to the questions of that time.
func TestEventDriven(t *testing.T) {
	views := map[string]int{"/a": 15, "/b": 10, "/c": 5} // before the question, and again after it
	proof := claim.Prove(t, microservices.EventDriven, func(m memory) error {
		happen := func() {
			for _, page := range slices.Sorted(maps.Keys(views)) {
				for range views[page] {
					m.happen(activity(page))
				}
			}
		}
		happen()
		m.ask()
		happen()
		got := m.answer()
		for _, page := range slices.Sorted(maps.Keys(views)) {
			if want := 2 * views[page]; got[page] != want {
				return fmt.Errorf("%d views of %s are known, want %d", got[page], page, want)
			}
		}
		return nil
	})
	proof.Engine(embeddedBroker(t))
	proof.Holds("events on a bus, read again from the first", events(t, false))
	proof.Control("a service that is called for each view, whose next version counts by page", called(t), "15 views of /a are known, want 30")
	proof.Control("events on a bus that deletes what was read", events(t, true), "15 views of /a are known, want 30")
}

var sequence byte

// activity is a view of a page, another one each time.
func activity(page string) event.Activity {
	sequence++
	return event.Activity{
		Version: event.Version, ID: [16]byte{1, sequence}, Kind: event.View, Time: event.TimeOf(today),
		Site: theSite.ID, Domain: theSite.Domain, Path: page, Person: event.Person{sequence},
	}
}

// events is a bus. Whoever has a question reads the events from the first that is left.
func events(t *testing.T, deletes bool) memory {
	brokers := newBus(t)
	client, err := bus.Connect(brokers)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	topic := event.TopicActivity.Name
	return memory{
		happen: func(a event.Activity) {
			require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: a.Key(), Value: a.Encode()}).FirstErr())
		},
		ask: func() {
			if !deletes {
				return
			}
			ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), topic)
			require.NoError(t, err)
			_, err = kadm.NewClient(client).DeleteRecords(t.Context(), ends.Offsets())
			require.NoError(t, err)
		},
		answer: func() map[string]int {
			byPage := map[string]int{}
			values, _ := readAgain(t, brokers, topic)
			for _, partition := range values {
				for _, value := range partition {
					a, err := event.DecodeActivity([]byte(value))
					require.NoError(t, err)
					byPage[a.Path]++
				}
			}
			return byPage
		},
	}
}

// called is a service that is told of each view by a request and answers the question of
// its time, how many views an hour had. The version that is deployed for the new question
// begins to count by page then.
func called(t *testing.T) memory {
	byHour, byPage, version := map[event.Time]int{}, map[string]int{}, 1
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		value, _ := io.ReadAll(r.Body)
		a, err := event.DecodeActivity(value)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		byHour[a.Time]++
		if version == 2 {
			byPage[a.Path]++
		}
	}))
	t.Cleanup(server.Close)
	return memory{
		happen: func(a event.Activity) {
			response, err := server.Client().Post(server.URL, "application/json", bytes.NewReader(a.Encode()))
			require.NoError(t, err)
			response.Body.Close()
			require.Equal(t, http.StatusOK, response.StatusCode)
		},
		ask:    func() { version = 2 },
		answer: func() map[string]int { return byPage },
	}
}
