package goroutines_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/probe"
)

// perVirtualThread is more than a virtual thread takes on Java's heap, which is
// a quarter of the memory by default.
const perVirtualThread = 2_000

// Virtual threads share a few threads of the kernel; platform threads are one
// each.
func TestJavaThreads(t *testing.T) {
	proof := claim.Prove(t, goroutines.JavaThreads, claim.AtMost(0.01))
	perTask := func(p probe.Parked) claim.Figure {
		return claim.Figure{Name: "threads of the kernel for each", Value: float64(p.After.Threads-p.Before.Threads) / float64(p.Tasks), Unit: "threads"}
	}
	free, err := probe.Available()
	possible(t, proof, err)
	asked := mostTasks(t)
	virtual := parked(t, proof, probe.JavaVirtual, min(asked, int(free/8/perVirtualThread)))
	proof.Figure("bytes of a virtual thread, of many", probe.JavaVirtual.Memory(virtual).Resident, "B")
	proof.Figure("virtual threads alive at once", float64(virtual.Tasks), "threads")
	proof.Figure("threads of the kernel", float64(virtual.After.Threads), "threads")
	limits, err := probe.Limits()
	require.NoError(t, err)
	for _, limit := range limits {
		proof.Figure("platform threads end at "+limit.Name, float64(limit.Value), "threads")
	}
	proof.Holds("virtual threads", perTask(virtual))
	proof.Control("platform threads of the same Java", perTask(parked(t, proof, probe.JavaPlatform, fewer)), "1 threads, want at most 0.01")
}

// A platform thread reserves a stack of its own, a virtual one does not.
func TestJavaThreads_reserve(t *testing.T) {
	proof := claim.Prove(t, goroutines.JavaThreads, claim.AtMost(megabyte/10))
	reserved := func(kind probe.Kind, tasks int) claim.Figure {
		return claim.Figure{Name: "reserved for each", Value: memoryOf(t, proof, kind, tasks).Reserved, Unit: "B"}
	}
	proof.Holds("virtual threads", reserved(probe.JavaVirtual, 10*manyEnough))
	proof.Control("platform threads of the same Java", reserved(probe.JavaPlatform, manyEnough), "B, want at most 104857")
}
