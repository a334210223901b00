package goroutines_test

import (
	"fmt"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/probe"
)

// ofItsOwn is the check that each task has a thread of the kernel, and that
// there are no more threads than the runtime's own besides.
func ofItsOwn(p probe.Parked) error {
	const runtime = 60 // Java's virtual machine has some 25, and starts more
	switch threads := p.After.Threads; {
	case threads < p.Tasks:
		return fmt.Errorf("%d threads for %d tasks", threads, p.Tasks)
	case threads > p.Tasks+runtime:
		return fmt.Errorf("%d threads for %d tasks, and %d at most are the runtime's", threads, p.Tasks, runtime)
	}
	return nil
}

// ownIDs is the check that each task saw itself on a thread of another id.
func ownIDs(n threads) error {
	if n.ids != n.tasks {
		return fmt.Errorf("%d tasks saw %d thread ids", n.tasks, n.ids)
	}
	return nil
}

// A goroutine locked to its thread is one task of the kernel; two goroutines
// locked would be two. Goroutines are none.
func TestThreadsOneToOne(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadsOneToOne, ofItsOwn)
	locked := parked(t, proof, probe.LockedThread, fewer)
	proof.Figure(fmt.Sprintf("kernel tasks of %d locked goroutines", fewer), float64(locked.After.Threads), "tasks")
	proof.Holds("goroutines locked to their threads", locked)
	proof.Control("goroutines", parked(t, proof, probe.Goroutine, fewer), "threads for 500 tasks")
	twice := locked
	twice.Tasks = fewer / 2
	proof.Control("as many threads, counted for half the tasks", twice, "at most are the runtime's")
}

// The threads of C are tasks of the kernel.
func TestThreadsOneToOne_pthreads(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadsOneToOne, ofItsOwn)
	proof.Holds("pthreads", parked(t, proof, probe.Pthread, fewer))
	proof.Control("goroutines", parked(t, proof, probe.Goroutine, fewer), "threads for 500 tasks")
}

// Java's platform threads are tasks of the kernel.
func TestThreadsOneToOne_platformThreads(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadsOneToOne, ofItsOwn)
	proof.Holds("platform threads of Java", parked(t, proof, probe.JavaPlatform, fewer))
	proof.Control("goroutines", parked(t, proof, probe.Goroutine, fewer), "threads for 500 tasks")
}

// Java's virtual threads are not.
func TestThreadsOneToOne_virtualThreads(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadsOneToOne, ofItsOwn)
	virtual := parked(t, proof, probe.JavaVirtual, fewer)
	proof.Holds("platform threads of Java", parked(t, proof, probe.JavaPlatform, fewer))
	proof.Control("virtual threads of Java", virtual, "threads for 500 tasks")
}

// Each thread has an id of its own; goroutines see the ids of the few threads
// that they run on.
func TestThreadsOneToOne_ids(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadsOneToOne, ownIDs)
	proof.Holds("goroutines locked to their threads", threadsOf(parked(t, proof, probe.LockedThread, fewer)))
	proof.Control("goroutines", threadsOf(parked(t, proof, probe.Goroutine, fewer)), "500 tasks saw")
}

// The same of the threads of C.
func TestThreadsOneToOne_pthreadIDs(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadsOneToOne, ownIDs)
	proof.Holds("pthreads", threadsOf(parked(t, proof, probe.Pthread, fewer)))
	proof.Control("goroutines", threadsOf(parked(t, proof, probe.Goroutine, fewer)), "500 tasks saw")
}
