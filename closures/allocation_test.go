package closures_test

import (
	"fmt"
	"runtime"
	"testing"

	"gonotes/closures"
	"gonotes/internal/claim"
)

// escaped is where the closures of this file go to outlive the function that
// made them; total and number keep the compiler from knowing what they hold.
var (
	escaped func() int
	total   int
	number  = 1000
)

// memory is what making one closure costs.
type memory struct{ allocations, bytes float64 }

func (m memory) Figures() []claim.Figure {
	return []claim.Figure{{Name: "allocations", Value: m.allocations, Unit: "allocs"}, {Name: "memory", Value: m.bytes, Unit: "B"}}
}

func memoryOf(f func()) memory {
	const runs = 1000
	m := memory{allocations: testing.AllocsPerRun(runs, f)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	m.bytes = float64((after.TotalAlloc - before.TotalAlloc) / runs) // a whole number, as AllocsPerRun's
	return m
}

// allocates is the check that making the closure costs exactly want allocations.
func allocates(want float64) func(memory) error {
	return func(m memory) error {
		if m.allocations == want {
			return nil
		}
		return fmt.Errorf("%v allocations, want %v", m.allocations, want)
	}
}

func makeWithoutCapture()  { escaped = func() int { return 42 } }
func makeByValue()         { n := number; escaped = func() int { return n } }
func makeByReference()     { n := number; escaped = func() int { n++; return n } }
func makeReassignedLater() { n := number; escaped = func() int { return n }; n = total }
func makeAddressTaken()    { n := number; p := &n; escaped = func() int { return n + *p } }
func makeOver128Bytes() {
	block := [128]byte{byte(number)}
	escaped = func() int { return int(block[0]) }
}
func makeOver129Bytes() {
	block := [129]byte{byte(number)}
	escaped = func() int { return int(block[0]) }
}
func makeOverTwoVariables() { n, m := number, total; escaped = func() int { return n + m } }

func useByValue()     { n := number; total += twice(func() int { return n }) }
func useByReference() { n := number; total += twice(func() int { n++; return n }) }

// twice is not inlined, so that its argument is a closure and not just code.
//
//go:noinline
func twice(f func() int) int { return f() + f() }

// A closure that escapes costs one allocation as long as what it captures is at
// most 128 bytes and never assigned again: then it holds a copy.
func TestLocalFunctions_allocatesOnceByValue(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, allocates(1))
	proof.Holds("captures an int by value", memoryOf(makeByValue))
	proof.Holds("captures two ints by value", memoryOf(makeOverTwoVariables))
	proof.Holds("captures 128 bytes by value", memoryOf(makeOver128Bytes))
	proof.Control("captures 129 bytes", memoryOf(makeOver129Bytes), "2 allocations, want 1")
	proof.Control("captures an int that it changes", memoryOf(makeByReference), "2 allocations, want 1")
	proof.Control("captures an int that is changed later", memoryOf(makeReassignedLater), "2 allocations, want 1")
	proof.Control("captures nothing", memoryOf(makeWithoutCapture), "0 allocations, want 1")
}

// A closure that escapes and captures by reference costs two allocations: the
// variable moves to the heap beside it.
func TestLocalFunctions_allocatesTwiceByReference(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, allocates(2))
	proof.Holds("captures an int that it changes", memoryOf(makeByReference))
	proof.Holds("captures an int that is changed later", memoryOf(makeReassignedLater))
	proof.Holds("captures an int whose address is taken", memoryOf(makeAddressTaken))
	proof.Holds("captures 129 bytes", memoryOf(makeOver129Bytes))
	proof.Control("captures an int never assigned again", memoryOf(makeByValue), "1 allocations, want 2")
	proof.Control("captures 128 bytes never assigned again", memoryOf(makeOver128Bytes), "1 allocations, want 2")
}

// A closure that captures nothing, or does not escape, costs no allocation.
func TestLocalFunctions_allocatesNothing(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, allocates(0))
	proof.Holds("captures nothing, and escapes", memoryOf(makeWithoutCapture))
	proof.Holds("captures by value, and does not escape", memoryOf(useByValue))
	proof.Holds("captures by reference, and does not escape", memoryOf(useByReference))
	proof.Control("captures by value, and escapes", memoryOf(makeByValue), "1 allocations, want 0")
	proof.Control("captures by reference, and escapes", memoryOf(makeByReference), "2 allocations, want 0")
}

// What a closure costs follows from what it captures and whether it escapes.
func Example_localFunctions_cost() {
	for _, test := range []struct {
		what string
		make func()
	}{
		{"captures nothing:", func() { escaped = func() int { return 42 } }},
		{"by value:        ", func() { n := number; escaped = func() int { return n } }},
		{"by reference:    ", func() { n := number; escaped = func() int { n++; return n } }},
		{"128 bytes:       ", func() { data := [128]byte{1}; escaped = func() int { return len(data) + int(data[0]) } }},
		{"129 bytes:       ", func() { data := [129]byte{1}; escaped = func() int { return len(data) + int(data[0]) } }},
		{"does not escape: ", func() { n := number; total += twice(func() int { n++; return n }) }},
	} {
		fmt.Println(test.what, testing.AllocsPerRun(100, test.make), "allocations")
	}
	// Output:
	// captures nothing: 0 allocations
	// by value:         1 allocations
	// by reference:     2 allocations
	// 128 bytes:        1 allocations
	// 129 bytes:        2 allocations
	// does not escape:  0 allocations
}
