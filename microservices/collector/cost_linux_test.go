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
	rounds, lasts, ratio := 4, 150*time.Millisecond, 3.0
	if full {
		rounds, lasts, ratio = 10, 4*time.Second, 1.5
	}
	bare, collector := start(t, "bare", ""), start(t, "collector", t.TempDir())
	for _, l := range []load{{rate: 20_000, events: 1, lasts: lasts}, {rate: 100_000, events: 100, lasts: lasts}} {
		var ofBare, ofCollector []played
		for range rounds {
			ofBare = append(ofBare, bare.play(t, l))
			ofCollector = append(ofCollector, collector.play(t, l))
		}
		least, most := leastOf(ofCollector), float64(leastOf(ofCollector))/float64(leastOf(ofBare))
		t.Logf("requests of %d: %v an event, %.2f times the bare handler's %v; %.0f events/s of %d",
			l.events, least, most, leastOf(ofBare), fastest(ofCollector), l.rate)
		for _, p := range ofCollector {
			assert.Len(t, p.statuses, 1)
			assert.Positive(t, p.statuses["202"], p.statuses)
		}
		if !full || l.events == 1 {
			assert.Less(t, most, ratio, "times the cost of the bare handler")
		}
		if full {
			assert.Greater(t, fastest(ofCollector), 0.98*float64(l.rate), "events a second")
			if l.events > 1 {
				assert.LessOrEqual(t, least, 6*time.Microsecond, "an event of a batch")
			}
		}
	}
	if !full {
		return
	}
	synced := start(t, "sync", t.TempDir())
	for _, l := range []load{{rate: 1_000_000, events: 1, lasts: 200 * time.Millisecond}, {rate: 1_000_000, events: 100, lasts: 2 * time.Second}} {
		for what, p := range map[string]*process{"without flush": collector, "with a flush before each answer": synced} {
			var all []played
			for range rounds {
				all = append(all, p.play(t, l))
			}
			t.Logf("requests of %d, as fast as it goes, %s: %.0f events/s, %v an event", l.events, what, fastest(all), leastOf(all))
		}
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
