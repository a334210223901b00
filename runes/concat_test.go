package runes_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// piece is what the builders below append.
const piece = "ten bytes."

// builders are the ways to build a string of n pieces.
var builders = []struct {
	impl  string
	build func(n int) string
}{
	{"concat", func(n int) (s string) {
		for range n {
			s += piece
		}
		return s
	}},
	{"builder", func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(piece)
		}
		return b.String()
	}},
	{"builder+grow", func(n int) string {
		var b strings.Builder
		b.Grow(n * len(piece))
		for range n {
			b.WriteString(piece)
		}
		return b.String()
	}},
	{"buffer", func(n int) string {
		var b bytes.Buffer
		for range n {
			b.WriteString(piece)
		}
		return b.String()
	}},
	{"join", func(n int) string {
		pieces := make([]string, n)
		for i := range pieces {
			pieces[i] = piece
		}
		return strings.Join(pieces, "")
	}},
}

// builtString keeps what is built from being optimised away.
var builtString string

// allocated is the memory that one way to build allocates, in bytes for each
// byte of a string of 1,000 pieces.
func allocated(build func(n int) string) claim.Figure {
	const n = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	builtString = build(n)
	runtime.ReadMemStats(&after)
	return claim.Figure{Value: float64(after.TotalAlloc-before.TotalAlloc) / float64(len(builtString)), Unit: "B allocated per byte"}
}

// A string is read-only, so += copies it each time; a Builder allocates a few times the result, and once if it knows the size.
func TestStringBytes_building(t *testing.T) {
	for _, test := range builders {
		assert.Equal(t, strings.Repeat(piece, 7), test.build(7), test.impl)
	}
	proof := claim.Prove(t, runes.StringBytes, claim.AtMost(10))
	for _, test := range builders[1:] {
		proof.Holds(test.impl, allocated(test.build))
	}
	proof.Control("+=", allocated(builders[0].build), "B allocated per byte, want at most 10")
}

// A Builder with Grow allocates no more than its result, one that must grow does.
func TestStringBytes_grow(t *testing.T) {
	proof := claim.Prove(t, runes.StringBytes, claim.AtMost(2))
	proof.Holds("strings.Builder with Grow", allocated(builders[2].build))
	proof.Control("strings.Builder without", allocated(builders[1].build), "B allocated per byte, want at most 2")
}

// refusesCopies checks that writing panics because the Builder was copied.
func refusesCopies(write func()) (err error) {
	defer func() {
		switch found := recover(); found {
		case "strings: illegal use of non-zero Builder copied by value":
			err = nil
		case nil:
			err = errors.New("does not panic")
		default:
			err = fmt.Errorf("panics for another reason: %v", found)
		}
	}()
	write()
	return nil
}

// A strings.Builder that was written to panics when a copy of it is written to.
func TestStringBytes_builderCopied(t *testing.T) {
	proof := claim.Prove(t, runes.StringBytes, refusesCopies)
	proof.Holds("a copy made after the first write", func() {
		var original strings.Builder
		original.WriteString("a")
		duplicate := original
		duplicate.WriteString("b")
	})
	proof.Control("a pointer to it", func() {
		var original strings.Builder
		original.WriteString("a")
		same := &original
		same.WriteString("b")
	}, "does not panic")
	proof.Control("a copy made while it was empty", func() {
		var original strings.Builder
		duplicate := original
		duplicate.WriteString("b")
	}, "does not panic")
	proof.Control("a negative Grow", func() {
		var b strings.Builder
		b.Grow(-1)
	}, "panics for another reason: strings.Builder.Grow: negative count")
}

// A Builder collects pieces without copying what it has; a copy of it is refused.
func Example_stringBytes_building() {
	var b strings.Builder
	for _, word := range []string{"strings", "are", "read-only"} {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	fmt.Println("built:", b.String())

	defer func() { fmt.Println("copied:", recover()) }()
	duplicate := b
	duplicate.WriteString("!")
	// Output:
	// built: strings are read-only
	// copied: strings: illegal use of non-zero Builder copied by value
}

// The cost of building a string of 10-byte pieces; += is left out of no size,
// which is why none is larger. To compare the ways:
//
//	go test -run '^$' -bench StringBytes_building -count 10 ./runes | go tool benchstat -col /impl -
func BenchmarkStringBytes_building(b *testing.B) {
	for _, size := range []int{1e2, 1e3, 1e4, 1e5} {
		for _, test := range builders {
			b.Run(fmt.Sprintf("size=%d/impl=%s", size, test.impl), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					builtString = test.build(size / len(piece))
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/byte")
			})
		}
	}
}
