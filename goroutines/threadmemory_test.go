package goroutines_test

import (
	"fmt"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/probe"
)

// memory is what one task takes, in bytes, by kind.
type memory struct {
	reserved    float64 // address space
	resident    float64
	kernelStack float64
	pageTables  float64
}

func memoryOf(p probe.Parked) memory {
	m := memory{
		reserved:   p.PerTask(func(u probe.Usage) int64 { return u.Reserved }),
		resident:   p.PerTask(func(u probe.Usage) int64 { return u.Resident }),
		pageTables: p.PerTask(func(u probe.Usage) int64 { return u.PageTables }),
	}
	// The kernel tells of the whole machine only; what other processes did in the
	// meantime is not of tasks that added no thread.
	if p.After.Threads-p.Before.Threads > p.Tasks/2 {
		m.kernelStack = p.PerTask(func(u probe.Usage) int64 { return u.KernelStack })
	}
	return m
}

// used is the memory that is really there.
func (m memory) used() float64 { return m.resident + m.kernelStack + m.pageTables }

func (m memory) Figures() []claim.Figure {
	return []claim.Figure{
		{Name: "used by one", Value: m.used(), Unit: "B"},
		{Name: "resident", Value: m.resident, Unit: "B"},
		{Name: "kernel stack", Value: m.kernelStack, Unit: "B"},
		{Name: "page tables", Value: m.pageTables, Unit: "B"},
		{Name: "reserved", Value: m.reserved, Unit: "B"},
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
	if m.used() >= little {
		return fmt.Errorf("uses %.0f KiB, want less than %d", m.used()/1024, little/1024)
	}
	return nil
}

// reservesButUsesLittle is the check that the megabyte is one of address space.
func reservesButUsesLittle(m memory) error {
	if m.reserved < megabyte {
		return fmt.Errorf("reserves only %.0f KiB, want at least %d", m.reserved/1024, megabyte/1024)
	}
	return usesLittle(m)
}

// A thread of C reserves 8 MiB, or what it is asked to, and uses some tens of
// kilobytes all the same. One that touches a megabyte uses a megabyte.
func TestThreadMemory(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, reservesButUsesLittle)
	proof.Holds("a pthread", memoryOf(parked(t, proof, probe.Pthread, manyEnough)))
	proof.Holds("a pthread with a stack of 1 MiB", memoryOf(parked(t, proof, probe.Pthread, manyEnough, "-stack=1048576")))
	proof.Holds("a pthread with a stack of 64 MiB", memoryOf(parked(t, proof, probe.Pthread, manyEnough, "-stack=67108864")))
	proof.Control("a pthread with a stack of 64 KiB", memoryOf(parked(t, proof, probe.Pthread, manyEnough, "-stack=65536")), "reserves only")
	proof.Control("a pthread that touches 1 MiB", memoryOf(parked(t, proof, probe.Pthread, aFewHeaps, "-touch=1048576")), "KiB, want less than 256")
}

// A thread that Go starts, for a goroutine locked to it, uses little; a task that
// has called down a megabyte of stack uses that.
func TestThreadMemory_locked(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, usesLittle)
	proof.Holds("a thread of Go", memoryOf(parked(t, proof, probe.LockedThread, manyEnough)))
	proof.Holds("a goroutine", memoryOf(parked(t, proof, probe.Goroutine, 10*manyEnough)))
	proof.Control("a goroutine that has called down 1 MiB", memoryOf(parked(t, proof, probe.Goroutine, aFewHeaps, "-work=megabyte")), "KiB, want less than 256")
}

// A platform thread of Java reserves a megabyte, and uses little of it.
func TestThreadMemory_java(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, reservesButUsesLittle)
	proof.Holds("a platform thread of Java", memoryOf(parked(t, proof, probe.JavaPlatform, manyEnough)))
	proof.Control("a platform thread of Java with -Xss256k", memoryOf(parked(t, proof, probe.JavaPlatform, manyEnough, "-Xss256k")), "reserves only")
}

// A thread of Rust's standard library reserves two, and uses little of them.
func TestThreadMemory_rust(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, reservesButUsesLittle)
	proof.Holds("a thread of Rust", memoryOf(parked(t, proof, probe.RustThread, manyEnough)))
	proof.Control("a goroutine", memoryOf(parked(t, proof, probe.Goroutine, 10*manyEnough)), "reserves only")
}

// All the same a thread takes several times what a goroutine takes. What is
// resident decides: it is the process's own, where the kernel tells of stacks
// for the whole machine, and others may start and end threads meanwhile.
func TestThreadMemory_ratio(t *testing.T) {
	proof := claim.Prove(t, goroutines.ThreadMemory, claim.AtLeast(3))
	goroutine := memoryOf(parked(t, proof, probe.Goroutine, 10*manyEnough))
	again := memoryOf(parked(t, proof, probe.Goroutine, 10*manyEnough))
	thread := memoryOf(parked(t, proof, probe.LockedThread, manyEnough))
	times := func(m memory) claim.Figure {
		return claim.Figure{Name: "resident, against a goroutine", Value: m.resident / goroutine.resident, Unit: "times"}
	}
	proof.Holds("a thread of Go", times(thread))
	proof.Figure("a thread of Go, with kernel stack and page tables, against a goroutine", thread.used()/goroutine.used(), "times")
	proof.Control("another goroutine", times(again), "times, want at least 3")
}
