package goroutines_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// deepest is the address of a variable so many calls deeper, as a number, which
// does not change when the stack is copied.
//
//go:noinline
func deepest(depth int) uintptr {
	var variable [100]byte
	variable[depth%len(variable)] = 1
	if depth == 0 {
		return uintptr(unsafe.Pointer(&variable))
	}
	return deepest(depth-1) + uintptr(variable[depth%len(variable)]) - 1
}

// move is where a variable was before and after calls to some depth.
type move struct{ before, after uintptr }

// moveOf asks in a new goroutine, whose stack is small.
func moveOf(depth int) move {
	moved := make(chan move)
	go func() {
		var variable [100]byte
		before := uintptr(unsafe.Pointer(&variable))
		deepest(depth)
		moved <- move{before, uintptr(unsafe.Pointer(&variable))}
	}()
	return <-moved
}

// A variable of a goroutine has another address after its stack has grown, and
// the same one if it has not: stacks are copied, not extended.
func TestSegmentedStacks(t *testing.T) {
	proof := claim.Prove(t, goroutines.SegmentedStacks, func(m move) error {
		if m.before == m.after {
			return fmt.Errorf("the variable stayed at %#x", m.before)
		}
		return nil
	})
	moves := 0
	for range 100 {
		if m := moveOf(10_000); m.before != m.after {
			moves++
		}
	}
	proof.Figure("stacks moved of 100 that grew", float64(moves), "moves")
	proof.Holds("a variable before and after ten thousand calls", moveOf(10_000))
	proof.Control("a variable before and after no call", moveOf(0), "the variable stayed at")
}

// leaf is called at each depth; it needs more room than a frame of descent.
//
//go:noinline
func leaf(n int) int {
	var room [512]byte
	room[n%len(room)] = byte(n)
	return int(room[n/2])
}

// descent measures calls of leaf at each depth of one stack.
type descent struct {
	least []time.Duration // by depth, the best of some rounds of calls
	sum   int
}

//go:noinline
func (d *descent) to(depth int) {
	const rounds, calls = 9, 100
	for range rounds {
		start := time.Now()
		for i := range calls {
			d.sum += leaf(i)
		}
		d.least[depth] = min(d.least[depth], time.Since(start))
	}
	if depth+1 < len(d.least) {
		d.to(depth + 1)
	}
}

// hotDepths counts at how many of 4,000 depths a call costs more than 20 times
// the median, again and again.
func hotDepths() claim.Figure {
	d := descent{least: slices.Repeat([]time.Duration{math.MaxInt64}, 4_000)}
	done := make(chan bool)
	go func() {
		d.to(0)
		close(done)
	}()
	<-done
	median := slices.Sorted(slices.Values(d.least))[len(d.least)/2]
	hot := claim.Figure{Name: hotName, Unit: "hot depths"}
	for _, least := range d.least {
		if least > 20*median {
			hot.Value++
		}
	}
	return hot
}

const hotName = "depths of 4,000 at which every call is slow"

// frames notes the address of each frame of a recursion.
//
//go:noinline
func frames(at []uintptr) int {
	var frame [100]byte
	at[0] = uintptr(unsafe.Pointer(&frame))
	if len(at) == 1 {
		return int(frame[0])
	}
	return frames(at[1:]) + int(frame[len(at)%len(frame)])
}

// jumps counts the frames of 4,000 that do not lie where the distance of the
// first two lets one expect them.
func jumps() claim.Figure {
	at := make([]uintptr, 4_000)
	done := make(chan bool)
	go func() {
		defer close(done)
		frames(at) // the stack grows, and moves
		frames(at)
	}()
	<-done
	found := claim.Figure{Name: jumpsName, Unit: "jumps"}
	for i := 2; i < len(at); i++ {
		if at[i]-at[i-1] != at[1]-at[0] {
			found.Value++
		}
	}
	return found
}

const jumpsName = "frames of 4,000 that lie elsewhere than the one before lets expect"

// cStack is what the program of C found out about its own stack.
type cStack struct{ hot, worst, moved, jumps float64 }

// cStacks runs that program with segmented stacks, and with one segment. The
// error tells what keeps it from being built.
func cStacks(t *testing.T) (segmented, whole cStack, err error) {
	t.Helper()
	run := func(args []string, flags ...string) (found cStack) {
		path, failed := compiled(t, "testdata/cstack/hot.c", flags...)
		if failed != nil {
			err = errors.Join(err, failed)
			return found
		}
		result := runner(t, path)(args...)
		_, failed = fmt.Sscanf(result.Stdout, "%f hot %f worst %f moved %f jumps", &found.hot, &found.worst, &found.moved, &found.jumps)
		require.NoError(t, failed, result.Stdout+result.Stderr)
		require.Zero(t, found.moved, "a frame of C has moved")
		return found
	}
	return run(nil, "-fsplit-stack", "-fuse-ld=gold"), run([]string{"whole"}), err
}

// At no depth of a goroutine's stack is a call slow again and again, and its
// frames lie one next to the other at one distance. With split stacks, which C
// still has, calls are slow at each edge of a segment, and frames jump from one
// to the next. Where such a program cannot be built, the record of an earlier
// run is shown as what it is.
func TestSegmentedStacks_splitStack(t *testing.T) {
	record, err := os.ReadFile("testdata/cstack/record.txt")
	require.NoError(t, err)
	t.Logf("a record, not a run of today:\n%s", record)
	segmented, whole, missing := cStacks(t)
	for _, test := range []struct {
		name, what, unit string
		goroutine        func() claim.Figure
		found            func(cStack) float64
	}{
		{"hot", hotName, "hot depths", hotDepths, func(c cStack) float64 { return c.hot }},
		{"contiguous", jumpsName, "jumps", jumps, func(c cStack) float64 { return c.jumps }},
	} {
		t.Run(test.name, func(t *testing.T) {
			proof := claim.Prove(t, goroutines.SegmentedStacks, claim.AtMost(0))
			possible(t, proof, missing)
			ofC := func(c cStack) claim.Figure {
				return claim.Figure{Name: test.what, Value: test.found(c), Unit: test.unit}
			}
			proof.Holds("a goroutine", test.goroutine())
			proof.Holds("a thread of C with one segment", ofC(whole))
			proof.Control("a thread of C with split stacks", ofC(segmented), test.unit+", want at most 0")
		})
	}
}

// A stack that grows is copied to another place, with the pointers into it: the
// program does not notice.
func Example_segmentedStacks() {
	done := make(chan bool)
	go func() {
		defer close(done)
		var variable int
		pointer := &variable
		before := uintptr(unsafe.Pointer(&variable))
		deepest(10_000)
		after := uintptr(unsafe.Pointer(&variable))
		variable = 7
		fmt.Println("moved:             ", before != after)
		fmt.Println("the pointer follows:", *pointer)
	}()
	<-done
	// Output:
	// moved:              true
	// the pointer follows: 7
}
