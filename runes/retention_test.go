package runes_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// live is how many bytes of the heap are in use after a collection.
func live() float64 {
	runtime.GC()
	runtime.GC() // the second one frees what pools kept through the first
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// longString is a string of 1 MiB that begins with eight bytes and a semicolon.
func longString() string {
	const head = "8 bytes!;"
	return head + strings.Repeat("x", 1<<20-len(head))
}

// held is the heap that 100 short strings keep alive, each taken from a string
// of 1 MiB of its own that nothing else refers to.
func held(short func(long string) string) claim.Figure {
	kept := make([]string, 100)
	before := live()
	for i := range kept {
		kept[i] = short(longString())
	}
	after := live()
	runtime.KeepAlive(kept)
	return claim.Figure{Value: after - before, Unit: "B"}
}

// The ways to take the first eight bytes of a string.

func sliced(long string) string { return long[:8] }

func cloned(long string) string { return strings.Clone(long[:8]) }

func split(long string) string {
	first, _, _ := strings.Cut(long, ";")
	return first
}

// A hundred substrings keep a hundred MiB alive, by slicing or by strings.Cut; their clones do not.
func TestSubstringRetention(t *testing.T) {
	proof := claim.Prove(t, runes.SubstringRetention, func(kept claim.Figure) error {
		if kept.Value < 90<<20 {
			return fmt.Errorf("keeps %.1f KiB, not the long strings", kept.Value/1024)
		}
		return nil
	})
	proof.Holds("100 times long[:8]", held(sliced))
	proof.Holds("100 times the head of strings.Cut", held(split))
	proof.Control("100 times strings.Clone(long[:8])", held(cloned), "KiB, not the long strings")
}

// A hundred clones of 8 bytes cost a few KiB.
func TestSubstringRetention_clone(t *testing.T) {
	proof := claim.Prove(t, runes.SubstringRetention, claim.AtMost(64<<10))
	proof.Holds("100 times strings.Clone(long[:8])", held(cloned))
	proof.Holds("100 times the first bytes, converted and back", held(func(long string) string {
		return string([]byte(long)[:8])
	}))
	proof.Control("100 times long[:8]", held(sliced), "want at most 65536")
}

// A substring points into the bytes of the whole string, a clone has its own.
func Example_substringRetention() {
	long := longString()
	short, clone := sliced(long), cloned(long)
	start := unsafe.StringData(long)
	fmt.Printf("a string of %d bytes, a substring of %d\n", len(long), len(short))
	fmt.Println("the substring lies inside the long string:", unsafe.StringData(short) == start)
	fmt.Println("the clone does:", unsafe.StringData(clone) == start)
	fmt.Println("they are equal:", short == clone)
	// Output:
	// a string of 1048576 bytes, a substring of 8
	// the substring lies inside the long string: true
	// the clone does: false
	// they are equal: true
}
