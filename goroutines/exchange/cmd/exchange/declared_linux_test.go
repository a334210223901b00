package main

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// When two processes declare a symbol in two ways at once, the order that is accepted has
// for ever the price that it was entered with.
func TestTrade_declaredTogether(t *testing.T) {
	for range 50 {
		directory := t.TempDir()
		ticks := [...]string{"0.5", "0.1"}
		var both sync.WaitGroup
		var accepted [len(ticks)]bool
		for i, tick := range ticks {
			both.Go(func() {
				_, stdout, _ := exchange("symbol ACME tick "+tick+" lot 1\nsell 1 ACME @ 5 id 1\n", "trade", "-data", directory)
				accepted[i] = strings.Contains(stdout, "accepted")
			})
		}
		both.Wait()
		if accepted[0] || accepted[1] {
			_, stdout, stderr := exchange("orders ACME\n", "trade", "-data", directory)
			assert.Contains(t, stdout, "sell 1 ACME @ 5.0 id 1\n", stderr)
		}
	}
}
