package microservices_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"gonotes/internal/claim"
	"gonotes/internal/memnet"
	"gonotes/microservices"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// pair is a service that takes events and one that counts them.
type pair struct {
	take    http.Handler
	consume func() (stop func())
	counted func() int
	wait    time.Duration // how long a count may stay what it is before it stays for ever
}

// While a consumer is down, who produces notices nothing; when it is back, it has all.
func TestLooselyCoupled(t *testing.T) {
	proof := claim.Prove(t, microservices.LooselyCoupled, func(p pair) error {
		const third = 40
		taken := 0
		take := func(when string) error {
			for range third {
				w := httptest.NewRecorder()
				p.take.ServeHTTP(w, view(taken))
				if w.Code != http.StatusAccepted {
					return fmt.Errorf("event %d, %s the consumer is down: status %d: %s", taken, when, w.Code, strings.TrimSpace(w.Body.String()))
				}
				taken++
			}
			return nil
		}
		up := func(when string) error {
			defer p.consume()()
			if err := take(when); err != nil {
				return err
			}
			if counted := becomes(p.counted, taken, p.wait); counted != taken {
				return fmt.Errorf("%d events counted %s the consumer was down, want %d", counted, when, taken)
			}
			return nil
		}
		if err := up("before"); err != nil {
			return err
		}
		if err := take("while"); err != nil {
			return err
		}
		return up("after")
	})
	proof.Engine(embeddedBroker(t), sqliteVersion(t))
	brokers := newBus(t)
	numbers := newNumbers(t, brokers)
	proof.Holds("collector and aggregator with a bus between them", pair{newCollector(t, brokers, nil), numbers.start, numbers.views, patience})
	proof.Control("a collector that calls the aggregator", calling(t), "event 40, while the consumer is down: status 502")
	proof.Control("a consumer that begins with what comes next", forgetful(t), "80 events counted after the consumer was down, want 120")
}

// calling is a twin in which the one calls the other for each event.
func calling(t testing.TB) pair {
	network := &memnet.Network{}
	client := &http.Client{Transport: &http.Transport{DialContext: network.Dial}}
	t.Cleanup(client.CloseIdleConnections)
	var count atomic.Int64
	return pair{
		take: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			response, err := client.Post("http://aggregator/", "application/json", r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			response.Body.Close()
			w.WriteHeader(response.StatusCode)
		}),
		consume: func() func() {
			server := network.Serve("aggregator", &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				count.Add(1)
				w.WriteHeader(http.StatusAccepted)
			})})
			return func() { assert.NoError(t, server.Close()) }
		},
		counted: func() int { return int(count.Load()) },
		wait:    5 * time.Second, // so long a slow machine needs to count what was taken before
	}
}

// forgetful is a twin on a bus, whose consumer does not know where it stood.
func forgetful(t *testing.T) pair {
	brokers := newBus(t)
	var count atomic.Int64
	return pair{
		take: newCollector(t, brokers, nil),
		consume: func() func() {
			client, err := bus.Connect(brokers)
			require.NoError(t, err)
			ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), event.TopicActivity.Name)
			require.NoError(t, err)
			client.AddConsumePartitions(ends.KOffsets())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for {
					fetches := client.PollFetches(t.Context())
					if fetches.IsClientClosed() {
						return
					}
					count.Add(int64(fetches.NumRecords()))
				}
			}()
			return func() { client.Close(); <-ended }
		},
		counted: func() int { return int(count.Load()) },
		wait:    time.Second,
	}
}
