package collector_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/collector"
)

// overloadEnv says how long TestEvents_overload lasts, as time.ParseDuration reads it.
const overloadEnv = "GONOTES_OVERLOAD"

// throttled is a bus that takes so many events in 10 ms, and holds the others.
type throttled struct {
	mu   sync.Mutex
	held []func()
}

func (b *throttled) TryProduce(_ context.Context, r *kgo.Record, done func(*kgo.Record, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = append(b.held, func() { done(r, nil) })
}

func (b *throttled) run(n int) {
	for range time.Tick(10 * time.Millisecond) {
		b.mu.Lock()
		now := b.held[:min(n, len(b.held))]
		b.held = b.held[len(now):]
		b.mu.Unlock()
		for _, done := range now {
			done()
		}
	}
}

func init() { roles["throttled"] = onThrottled }

// onThrottled is a collector whose bus takes so many events a second.
func onThrottled(rate string) (http.Handler, error) {
	n, err := strconv.Atoi(rate)
	if err != nil {
		return nil, err
	}
	bus := &throttled{}
	go bus.run(n / 100)
	return collector.New(bus, hundredSites(), secret, nil, slog.Default())
}

// At ten times what the bus takes, the collector takes what the bus does, tells the
// others to come later, and needs no more memory for them.
func TestEvents_overload(t *testing.T) {
	const rate, most = 20_000, 150 << 20
	lasts := time.Second
	if text := os.Getenv(overloadEnv); text != "" {
		var err error
		lasts, err = time.ParseDuration(text)
		require.NoError(t, err, overloadEnv)
	}
	t.Setenv("GOGC", "100") // so that most of the memory is in use, and little of it garbage
	p := start(t, "throttled", fmt.Sprint(rate))
	got := p.play(t, load{rate: 10 * rate, events: 1000, conns: 512, lasts: lasts})
	peak := p.peak(t)
	t.Logf("%d events in %v, answers %v, %d MiB at most", got.events, got.took, got.statuses, peak>>20)
	if !raceEnabled { // it needs memory of its own
		assert.Less(t, peak, int64(most))
	}
	assert.Positive(t, got.statuses["202"], "what the bus takes")
	assert.Positive(t, got.statuses["429"], "what nobody has room for")
	for status := range got.statuses {
		assert.Contains(t, []string{"202", "429", "503"}, status)
	}
}
