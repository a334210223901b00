package goroutines_test

import (
	"fmt"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/probe"
)

// memory is what one task takes.
type memory struct{ probe.Memory }

// memoryOf measures so many tasks of a kind.
func memoryOf[S any](t *testing.T, proof *claim.Proof[S], kind probe.Kind, tasks int, args ...string) memory {
	t.Helper()
	return memory{kind.Memory(parked(t, proof, kind, tasks, args...))}
}

func (m memory) Figures() []claim.Figure {
	return []claim.Figure{
		{Name: "used by one", Value: m.Used(), Unit: "B"},
		{Name: "resident", Value: m.Resident, Unit: "B"},
		{Name: "kernel stack", Value: m.KernelStack, Unit: "B"},
		{Name: "page tables", Value: m.PageTables, Unit: "B"},
		{Name: "reserved", Value: m.Reserved, Unit: "B"},
	}
}

const (
	megabyte   = 1 << 20
	little     = megabyte / 4 // what a thread uses at most that does next to nothing
	aFewHeaps  = 50           // threads that use a megabyte each
	manyEnough = 2_000        // threads, for what is told in pages or of the whole machine
)

// usesLittle is the check that a thread takes far less than a megabyte.
func usesLittle(m memory) error {
	if m.Used() >= little {
		return fmt.Errorf("uses %.0f KiB, want less than %d", m.Used()/1024, little/1024)
	}
	return nil
}

// reservesButUsesLittle is the check that the megabyte is one of address space.
func reservesButUsesLittle(m memory) error {
	if m.Reserved < megabyte {
		return fmt.Errorf("reserves only %.0f KiB, want at least %d", m.Reserved/1024, megabyte/1024)
	}
	return usesLittle(m)
}

// A thread of C reserves 8 MiB, or what it is asked to, and uses some tens of
// kilobytes all the same. One that touches a megabyte uses a megabyte.
func TestThreadMemory(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, reservesButUsesLittle)
	proof.Holds("a pthread", memoryOf(t, proof, probe.Pthread, manyEnough))
	proof.Holds("a pthread with a stack of 1 MiB", memoryOf(t, proof, probe.Pthread, manyEnough, "-stack=1048576"))
	proof.Holds("a pthread with a stack of 64 MiB", memoryOf(t, proof, probe.Pthread, manyEnough, "-stack=67108864"))
	proof.Control("a pthread with a stack of 64 KiB", memoryOf(t, proof, probe.Pthread, manyEnough, "-stack=65536"), "reserves only")
	proof.Control("a pthread that touches 1 MiB", memoryOf(t, proof, probe.Pthread, aFewHeaps, "-touch=1048576"), "KiB, want less than 256")
}

// A thread that Go starts, for a goroutine locked to it, uses little; a task that
// has called down a megabyte of stack uses that.
func TestThreadMemory_locked(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, usesLittle)
	proof.Holds("a thread of Go", memoryOf(t, proof, probe.LockedThread, manyEnough))
	proof.Holds("a goroutine", memoryOf(t, proof, probe.Goroutine, 10*manyEnough))
	proof.Control("a goroutine that has called down 1 MiB", memoryOf(t, proof, probe.Goroutine, aFewHeaps, "-work=megabyte"), "KiB, want less than 256")
}

// A platform thread of Java reserves a megabyte, and uses little of it.
func TestThreadMemory_java(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, reservesButUsesLittle)
	proof.Holds("a platform thread of Java", memoryOf(t, proof, probe.JavaPlatform, manyEnough))
	proof.Control("a platform thread of Java with -Xss256k", memoryOf(t, proof, probe.JavaPlatform, manyEnough, "-Xss256k"), "reserves only")
}

// A thread of Rust's standard library reserves two, and uses little of them.
func TestThreadMemory_rust(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, reservesButUsesLittle)
	proof.Holds("a thread of Rust", memoryOf(t, proof, probe.RustThread, manyEnough))
	proof.Control("a goroutine", memoryOf(t, proof, probe.Goroutine, 10*manyEnough), "reserves only")
}

// All the same a thread takes several times what a goroutine takes. What is
// resident decides: it is the process's own, where the kernel tells of stacks
// for the whole machine, and others may start and end threads meanwhile.
func TestThreadMemory_ratio(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, claim.AtLeast(3))
	goroutine := memoryOf(t, proof, probe.Goroutine, 10*manyEnough)
	again := memoryOf(t, proof, probe.Goroutine, 10*manyEnough)
	thread := memoryOf(t, proof, probe.LockedThread, manyEnough)
	times := func(m memory) claim.Figure {
		return claim.Figure{Name: "resident, against a goroutine", Value: m.Resident / goroutine.Resident, Unit: "times"}
	}
	proof.Holds("a thread of Go", times(thread))
	proof.Figure("a thread of Go, with kernel stack and page tables, against a goroutine", thread.Used()/goroutine.Used(), "times")
	proof.Control("another goroutine", times(again), "times, want at least 3")
}
