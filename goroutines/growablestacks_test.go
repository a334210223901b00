package goroutines_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// stackProgram builds the program of testdata/stack and returns what runs it.
func stackProgram(t *testing.T) func(godebug string, args ...string) prog.Result {
	t.Helper()
	path := built(t, "testdata/stack")
	return func(godebug string, args ...string) prog.Result {
		t.Helper()
		return runner(t, path, "GODEBUG="+godebug)(args...)
	}
}

// printed is the numbers that a program printed.
func printed(t *testing.T, r prog.Result) []float64 {
	t.Helper()
	require.Zero(t, r.Code, r.Stderr)
	var numbers []float64
	for field := range strings.FieldsSeq(r.Stdout) {
		number, err := strconv.ParseFloat(field, 64)
		require.NoError(t, err, r.Stdout)
		numbers = append(numbers, number)
	}
	return numbers
}

// A goroutine starts with a stack of 2 KiB, as the runtime accounts for the
// stacks of 10,000 that wait. One that waits in a hundred calls has more; and
// after the collector has seen deep stacks, goroutines that use an old
// descriptor start with more, too, unless that is switched off.
func TestGrowableStacks(t *testing.T) {
	run := stackProgram(t)
	stack := func(godebug, how string) claim.Figure {
		return claim.Figure{Name: "stack of one", Value: printed(t, run(godebug, how))[0], Unit: "B"}
	}
	proof := claim.Prove(t, goroutines.GrowableStacks, claim.AtMost(2100))
	proof.Holds("waiting at once", stack("adaptivestackstart=0", "idle"))
	proof.Holds("waiting at once, deep stacks seen, GODEBUG=adaptivestackstart=0", stack("adaptivestackstart=0", "after"))
	proof.Control("waiting in a hundred calls", stack("adaptivestackstart=0", "deep"), "want at most 2100")
	proof.Control("waiting at once, deep stacks seen", stack("adaptivestackstart=1", "after"), "want at most 2100")
}

// A goroutine recurses as deep as its limit allows; going over it is fatal.
func TestGrowableStacks_grows(t *testing.T) {
	run := stackProgram(t)
	proof := claim.Prove(t, goroutines.GrowableStacks, prog.Ended(0, ""))
	proof.Holds("a million frames under the default limit", run("", "recursion", "1000000"))
	proof.Holds("a thousand frames under a limit of 1 MiB", run("", "recursion", "1000", "1048576"))
	proof.Control("ten thousand frames under a limit of 1 MiB", run("", "recursion", "10000", "1048576"),
		"exit code 2, want 0: runtime: goroutine stack exceeds 1048576-byte limit")
}

// A thread has the stack that it was created with: a depth at which a goroutine
// has long grown overflows it.
func TestGrowableStacks_thread(t *testing.T) {
	proof := claim.Prove(t, goroutines.GrowableStacks, prog.Ended(0, ""))
	path, err := compiled(t, "testdata/cstack/overflow.c")
	possible(t, proof, err)
	thread := runner(t, path)
	run := stackProgram(t)
	proof.Holds("ten thousand frames in a goroutine", run("", "recursion", "10000"))
	proof.Holds("a hundred frames in a thread with a stack of 64 KiB", thread("100", "65536"))
	proof.Control("ten thousand frames in a thread with a stack of 64 KiB", thread("10000", "65536"), "want 0")
}

// The collector halves a stack of which little is used, again and again.
func TestGrowableStacks_shrinks(t *testing.T) {
	run := stackProgram(t)
	kept := func(godebug string) claim.Figure {
		sizes := printed(t, run(godebug, "shrink"))
		return claim.Figure{Name: "kept of 16 MiB after 20 collections", Value: 100 * sizes[1] / sizes[0], Unit: "%"}
	}
	proof := claim.Prove(t, goroutines.GrowableStacks, claim.AtMost(5))
	proof.Holds("a goroutine back from 100,000 calls", kept(""))
	proof.Control("the same with GODEBUG=gcshrinkstackoff=1", kept("gcshrinkstackoff=1"), "want at most 5")
}

// Depth is no concern of the one who writes a recursion: the stack grows as it
// goes, here to some megabytes.
func Example_growableStacks() {
	var count func(n int) int
	count = func(n int) int {
		if n == 0 {
			return 0
		}
		return 1 + count(n-1)
	}
	var counting sync.WaitGroup
	for _, depth := range []int{10, 1_000, 100_000} {
		counting.Go(func() { fmt.Println("calls on one stack:", count(depth)) })
		counting.Wait()
	}
	// Output:
	// calls on one stack: 10
	// calls on one stack: 1000
	// calls on one stack: 100000
}

// What growing costs: a goroutine that needs a deep stack copies it for each
// doubling, and one that is used again has it already.
//
//	go test -run='^$' -bench=GrowableStacks -count=10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkGrowableStacks(b *testing.B) {
	for _, depth := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("depth=%d/impl=new", depth), func(b *testing.B) {
			done := make(chan uintptr)
			for b.Loop() {
				go func() { done <- deepest(depth) }()
				<-done
			}
		})
		b.Run(fmt.Sprintf("depth=%d/impl=kept", depth), func(b *testing.B) {
			depths, done := make(chan int), make(chan uintptr)
			go func() {
				defer close(done)
				for depth := range depths {
					done <- deepest(depth)
				}
			}()
			for b.Loop() {
				depths <- depth
				<-done
			}
			close(depths)
			<-done
		})
	}
}
