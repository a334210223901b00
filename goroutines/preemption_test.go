package goroutines_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// A loop without a call is preempted since Go 1.14, so others get a turn on its
// processor; with that switched off they never do.
func TestMultiplexed_preemption(t *testing.T) {
	path := built(t, "testdata/preemption")
	run := func(limit time.Duration, godebug string) prog.Result {
		result, err := prog.Run(t.Context(), limit, []string{"GODEBUG=" + godebug}, path)
		require.NoError(t, err)
		return result
	}
	proof := claim.Prove(t, goroutines.Multiplexed, prog.Ended(0, ""))
	proof.Holds("main beside a loop, on one processor", run(patience, ""))
	proof.Control("the same with GODEBUG=asyncpreemptoff=1", run(time.Second, "asyncpreemptoff=1"), "hung")
}
