package runes_test

import (
	"fmt"
	"strings"
	"testing"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// What the conversions below read. The text is longer than the 32 bytes or
// runes for which the compiler has a buffer on the stack.
var (
	longText  = strings.Repeat("naïve ♥ ", 20)
	longBytes = []byte(longText)
	byText    = map[string]int{longText: 1}
)

// Where results go, so that nothing is optimised away and some of it escapes.
var (
	keptNumber int
	keptString string
	keptBytes  []byte
	keptRunes  []rune
)

// allocs counts the allocations of one run of use.
func allocs(use func()) claim.Figure {
	return claim.Figure{Value: testing.AllocsPerRun(100, use), Unit: "allocs"}
}

// What is converted only to be looked up, compared, joined, ranged over or measured is not copied; what escapes or may be written to is.
func TestConversionsElided(t *testing.T) {
	proof := claim.Prove(t, runes.ConversionsElided, claim.AtMost(0))
	proof.Holds("look-up, m[string(b)]", allocs(func() { keptNumber += byText[string(longBytes)] }))
	proof.Holds("comparison, string(b) == s", allocs(func() {
		if string(longBytes) == longText {
			keptNumber++
		}
	}))
	proof.Holds("range over []byte(s)", allocs(func() {
		for _, b := range []byte(longText) {
			keptNumber += int(b)
		}
	}))
	proof.Holds("len([]byte(s))", allocs(func() { keptNumber += len([]byte(longText)) }))
	proof.Holds("append(b[:0], []byte(s)...)", allocs(func() { longBytes = append(longBytes[:0], []byte(longText)...) }))
	proof.Holds("[]byte(s) passed on and only read", allocs(func() { keptNumber += sum([]byte(longText)) }))

	proof.Control("[]byte(s), which escapes", allocs(func() { keptBytes = []byte(longText) }), "1 allocs, want at most 0")
	proof.Control("string(b), which escapes", allocs(func() { keptString = string(longBytes) }), "1 allocs, want at most 0")
	proof.Control("[]rune(s), which escapes", allocs(func() { keptRunes = []rune(longText) }), "1 allocs, want at most 0")
	proof.Control("string([]rune(s)), there and back", allocs(func() { keptString = string([]rune(longText)) }), "2 allocs, want at most 0")
	proof.Control("assignment, m[string(b)] = 1", allocs(func() { byText[string(longBytes)] = 1 }), "1 allocs, want at most 0")
	proof.Control("[]byte(s), then written to", allocs(func() {
		b := []byte(longText)
		b[0] = 'N'
		keptNumber += sum(b)
	}), "1 allocs, want at most 0")
	proof.Control("range over string(b)", allocs(func() {
		for _, r := range string(longBytes) {
			keptNumber += int(r)
		}
	}), "1 allocs, want at most 0")
	proof.Control("range over []rune(s)", allocs(func() {
		//lint:ignore S1029,SA6003 the conversion is what is measured
		for _, r := range []rune(longText) {
			keptNumber += int(r)
		}
	}), "1 allocs, want at most 0")
}

//go:noinline
func sum(b []byte) (total int) {
	for _, value := range b {
		total += int(value)
	}
	return total
}

// A conversion inside a concatenation adds nothing to the one allocation of the result.
func TestConversionsElided_concatenation(t *testing.T) {
	proof := claim.Prove(t, runes.ConversionsElided, claim.AtMost(1))
	proof.Holds(`"<" + string(b) + ">"`, allocs(func() { keptString = "<" + string(longBytes) + ">" }))
	proof.Holds(`"<" + s + ">", without a conversion`, allocs(func() { keptString = "<" + longText + ">" }))
	proof.Control("string(b) kept first, then joined", allocs(func() {
		keptString = string(longBytes)
		keptString = "<" + keptString + ">"
	}), "2 allocs, want at most 1")
}

// The length of a conversion is counted without the conversion.
func TestConversionsElided_len(t *testing.T) {
	proof := claim.Prove(t, runes.ConversionsElided, claim.AtMost(0))
	if raceEnabled {
		proof.NotRun("platform: the race detector turns this elision off")
	}
	proof.Holds("len(string(b))", allocs(func() { keptNumber += len(string(longBytes)) }))
	proof.Holds("len([]rune(s))", allocs(func() { keptNumber += len([]rune(longText)) }))
	proof.Control("the length of a []rune that is used too", allocs(func() {
		keptRunes = []rune(longText)
		keptNumber += len(keptRunes)
	}), "1 allocs, want at most 0")
}

// A short conversion that does not escape is copied all the same, to the stack; a long one needs the heap.
func TestConversionsElided_short(t *testing.T) {
	writes := func(size int) claim.Figure {
		text := longText[:size]
		return allocs(func() {
			b := []byte(text)
			b[0] = 'N'
			keptNumber += sum(b)
		})
	}
	proof := claim.Prove(t, runes.ConversionsElided, claim.AtMost(0))
	proof.Holds("[]byte of 32 bytes, written to", writes(32))
	proof.Control("[]byte of 33 bytes, written to", writes(33), "1 allocs, want at most 0")
}

// A conversion that only serves a look-up costs nothing; one that is kept is a copy of its own.
func Example_conversionsElided() {
	lookUp := testing.AllocsPerRun(100, func() { keptNumber += byText[string(longBytes)] })
	keep := testing.AllocsPerRun(100, func() { keptBytes = []byte(longText) })
	thereAndBack := testing.AllocsPerRun(100, func() { keptString = string([]rune(longText)) })
	fmt.Println("look up m[string(b)]:", lookUp, "allocations")
	fmt.Println("keep []byte(s):", keep, "allocation")
	fmt.Println("keep string([]rune(s)):", thereAndBack, "allocations")

	keptBytes[0] = 'N'
	fmt.Println("the copy is its own:", longText[:5], string(keptBytes[:1]))
	// Output:
	// look up m[string(b)]: 0 allocations
	// keep []byte(s): 1 allocation
	// keep string([]rune(s)): 2 allocations
	// the copy is its own: naïv N
}
