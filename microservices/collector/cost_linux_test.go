package collector_test

import (
	"cmp"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// costEnv makes TestCost measure for minutes and hold the collector to its limits,
// if it is "full". That needs a machine that does nothing else.
const costEnv = "GONOTES_COST"

// What an event costs the collector, with the broker in its process, is little more
// than what it costs a handler that parses it and keeps nothing. Both are processes;
// of each the round counts that others disturbed least.
func TestCost(t *testing.T) {
	full := os.Getenv(costEnv) == "full"
	rounds, lasts, ratio := 4, 150*time.Millisecond, 4.0
	if full {
		rounds, lasts, ratio = 10, 2*time.Second, 1.5
	}
	bare, collector := start(t, "bare", ""), start(t, "collector", t.TempDir())
	for _, l := range []load{{20_000, 1, 512, lasts}, {200_000, 100, 32, lasts}} {
		var ofBare, ofCollector []played
		for range rounds {
			ofBare = append(ofBare, bare.play(t, l))
			ofCollector = append(ofCollector, collector.play(t, l))
		}
		least, times := leastOf(ofCollector), float64(leastOf(ofCollector))/float64(leastOf(ofBare))
		t.Logf("requests of %d: %v an event, %.2f times the %v of the bare handler; %.0f events/s of %d",
			l.events, least, times, leastOf(ofBare), fastest(ofCollector), l.rate)
		assert.Less(t, times, ratio, "times the cost of the bare handler, requests of %d", l.events)
		for _, p := range ofCollector {
			assert.Equal(t, map[string]int{"202": p.events / l.events}, p.statuses)
		}
		if full {
			assert.Greater(t, fastest(ofCollector), 0.98*float64(l.rate), "events a second, requests of %d", l.events)
			if l.events > 1 {
				assert.LessOrEqual(t, least, 6*time.Microsecond, "an event of a batch")
			}
		}
	}
	if !full {
		return
	}
	synced := start(t, "sync", t.TempDir())
	for _, l := range []load{{1_000_000, 1, 512, lasts}, {1_000_000, 100, 128, lasts}} {
		var of, ofSynced []played
		for range rounds {
			of, ofSynced = append(of, collector.play(t, l)), append(ofSynced, synced.play(t, l))
		}
		t.Logf("requests of %d as fast as they go: %.0f events/s, %v an event; flushed before the answer %.0f events/s, %v an event",
			l.events, fastest(of), leastOf(of), fastest(ofSynced), leastOf(ofSynced))
	}
}

// leastOf is the least time of a processor for an event.
func leastOf(rounds []played) time.Duration {
	best := slices.MinFunc(rounds, func(a, b played) int { return cmp.Compare(a.perEvent(), b.perEvent()) })
	return best.perEvent()
}

func (p played) perEvent() time.Duration { return p.cpu / time.Duration(p.events) }

// fastest is the highest rate, in events a second.
func fastest(rounds []played) float64 {
	best := 0.0
	for _, p := range rounds {
		best = max(best, float64(p.events)/p.took.Seconds())
	}
	return best
}
