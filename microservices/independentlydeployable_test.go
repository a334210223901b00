package microservices_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/internal/claim"
	"gonotes/internal/memnet"
	"gonotes/microservices"
	"gonotes/microservices/collector"
	"gonotes/microservices/event"
	"gonotes/rest/gateway"
)

// deployment is a new version of the collector and how it comes into use.
type deployment struct {
	schema    event.Schema                         // in which it writes activity
	rewrite   func(members map[string]any)         // what it does to what today's version writes
	ask       func(today, next event.Schema) error // before it is released
	stopFirst bool                                 // the old one, before the new one is there
	wait      time.Duration                        // how long the numbers may stay what they are before they stay for ever
}

// A collector of a newer version, with a new member in its events, takes the place of
// the old one under load. No request fails and no event is lost.
func TestIndependentlyDeployable(t *testing.T) {
	today := event.SchemaOf(event.Activity{})
	proof := claim.Prove(t, microservices.IndependentlyDeployable, func(r deployment) error {
		if err := r.ask(today, r.schema); err != nil {
			return fmt.Errorf("not released: %w", err)
		}
		requests, failed, counted := deploy(t, r)
		if failed > 0 {
			return fmt.Errorf("some of %d requests failed", requests)
		}
		if counted != requests {
			return fmt.Errorf("some of %d events are lost", requests)
		}
		return nil
	})
	proof.Engine(embeddedBroker(t), sqliteVersion(t))

	more, renamed := maps.Clone(today), maps.Clone(today)
	more["language"] = event.Member{Type: "string"}
	renamed["url"] = renamed["path"]
	delete(renamed, "path")
	add := func(members map[string]any) { members["language"] = "en" }
	rename := func(members map[string]any) {
		members["url"] = members["path"]
		delete(members, "path")
	}
	nobody := func(_, _ event.Schema) error { return nil }
	proof.Holds("a collector that writes a new, optional member", deployment{more, add, event.Compatible, false, patience})
	proof.Control("one that renames a member", deployment{renamed, rename, event.Compatible, false, time.Second}, `not released: member "path" is gone`)
	proof.Control("the same, if nobody compares the schemas", deployment{renamed, rename, nobody, false, time.Second}, "events are lost")
	proof.Control("a new one that starts when the old one has stopped", deployment{more, add, event.Compatible, true, time.Second}, "requests failed")
}

// deploy releases under load and returns how many views were sent, how many were not
// taken, and how many were counted in the end.
func deploy(t *testing.T, r deployment) (requests, failed, counted int) {
	const before, after = 150, 450
	brokers := newBus(t)
	numbers := newNumbers(t, brokers)
	defer numbers.start()()
	network := &memnet.Network{}
	serve := func(host string, h http.Handler) *http.Server {
		mux := http.NewServeMux()
		mux.Handle("/", h)
		mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		return network.Serve(host, &http.Server{Handler: mux})
	}
	old := serve("old", newCollector(t, brokers, nil))
	transport := gateway.Transport()
	transport.DialContext = network.Dial
	balancer, err := gateway.NewBalancer(gateway.Replicas{
		URLs: []string{"http://old", "http://new"}, HealthPath: "/health", Interval: 10 * time.Millisecond, Timeout: time.Second, Transport: transport, Log: quiet,
	})
	require.NoError(t, err)
	defer balancer.Close()

	var sent, refused atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for i := sent.Add(1); i <= before+after; i = sent.Add(1) {
				response, err := balancer.RoundTrip(view(int(i)))
				if err != nil {
					refused.Add(1)
					time.Sleep(time.Millisecond)
					continue
				}
				response.Body.Close()
				if response.StatusCode != http.StatusAccepted {
					refused.Add(1)
				}
			}
		})
	}
	require.Eventually(t, func() bool { return sent.Load() > before }, patience, time.Millisecond)
	stop := func() { require.NoError(t, old.Shutdown(context.Background())) }
	if r.stopFirst {
		stop()
		require.Eventually(t, func() bool { return refused.Load() > 0 }, patience, time.Millisecond)
	}
	var taken atomic.Int64 // by the new one
	newer := newCollector(t, brokers, func(b collector.Bus) collector.Bus { return rewriting{b, r.rewrite} })
	next := serve("new", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		newer.ServeHTTP(w, r)
		taken.Add(1)
	}))
	defer next.Close()
	if !r.stopFirst {
		require.Eventually(t, func() bool { return taken.Load() > 0 }, patience, time.Millisecond)
		stop()
	}
	clients.Wait()
	requests, failed = before+after, int(refused.Load())
	if failed > 0 {
		return requests, failed, 0
	}
	// When a later one is counted, so are those before it.
	return requests, 0, becomes(numbers.views, requests, r.wait)
}

// rewriting is the bus of a version that writes events otherwise.
type rewriting struct {
	collector.Bus
	rewrite func(members map[string]any)
}

func (b rewriting) TryProduce(ctx context.Context, r *kgo.Record, done func(*kgo.Record, error)) {
	var members map[string]any
	err := json.Unmarshal(r.Value, &members)
	if err == nil {
		b.rewrite(members)
		r.Value, err = json.Marshal(members)
	}
	if err != nil {
		done(r, err)
		return
	}
	b.Bus.TryProduce(ctx, r, done)
}
