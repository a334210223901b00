package closures_test

import (
	"fmt"
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"

	"gonotes/closures"
	"gonotes/internal/claim"
	"gonotes/internal/source"
)

// Not inlined, or each use would be a literal, and a closure, of its own.
//
//go:noinline
func stateless() func() int { return func() int { return 42 } }

//go:noinline
func stateful(n int) func() int { return func() int { return n } }

// wordOf is the one word that a func value is: the address of its closure. The
// address of the code, which reflect's Pointer gives, is what stands there.
func wordOf(f func() int) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// functions are made by the same literal and kept alive together, so that no
// address is used twice.
type functions []func() int

func (fs functions) distinct(of func(func() int) uintptr) int {
	addresses := make(map[uintptr]bool)
	for _, f := range fs {
		addresses[of(f)] = true
	}
	return len(addresses)
}

func (fs functions) Figures() []claim.Figure {
	code := func(f func() int) uintptr { return reflect.ValueOf(f).Pointer() }
	return []claim.Figure{
		{Name: "closures among 100 functions", Value: float64(fs.distinct(wordOf)), Unit: "addresses"},
		{Name: "code addresses among them", Value: float64(fs.distinct(code)), Unit: "addresses"},
	}
}

func hundred(f func(n int) func() int) (made functions) {
	for n := range 100 {
		made = append(made, f(n))
	}
	return made
}

// A literal that captures nothing is one closure for ever, as a named function
// is; one that captures is another closure each time, though its code is the same.
func TestLocalFunctions_noCapture(t *testing.T) {
	capturing := hundred(stateful)
	proof := claim.Prove(t, closures.LocalFunctions, func(made functions) error {
		if words := made.distinct(wordOf); words != 1 {
			return fmt.Errorf("%d closures, want 1", words)
		}
		return nil
	})
	proof.Holds("a literal that captures nothing", hundred(func(int) func() int { return stateless() }))
	proof.Holds("a named function", hundred(func(int) func() int { return number42 }))
	proof.Control("a literal that captures", capturing, "100 closures, want 1")

	assert.EqualValues(t, 1, capturing.Figures()[1].Value, "their code is one all the same")
}

func number42() int { return 42 }

// The language itself cannot tell two func values apart: they are comparable to nil only.
func TestLocalFunctions_noCaptureCompare(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, source.Check)
	proof.Holds("a func value compared to nil", "package p\nfunc same(f func()) bool { return f == nil }")
	proof.Control("a func value compared to another", "package p\nfunc same(f, g func()) bool { return f == g }", "func can only be compared to nil")
}

// A function without a name may stand in a function; one with a name may not.
func TestLocalFunctions_literal(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, source.Check)
	proof.Holds("a literal assigned to a variable", "package p\nfunc f() int { g := func() int { return 1 }; return g() }")
	proof.Control("a declaration with a name", "package p\nfunc f() int { func g() int { return 1 }; return g() }", "expected '(', found g")
}

// What is called a local function is a function literal, held by a variable.
func Example_localFunctions() {
	double := func(n int) int { return 2 * n } // captures nothing
	base := 100
	above := func(n int) int { return base + n } // captures base

	fmt.Println("double(21):", double(21))
	fmt.Println("above(7):  ", above(7))
	fmt.Printf("type:       %T\n", above) // the type does not say what it captured
	// Output:
	// double(21): 42
	// above(7):   107
	// type:       func(int) int
}

// A literal that captures nothing is one closure, however often it is made.
func Example_localFunctions_captureNothing() {
	a, b := stateless(), stateless()
	fmt.Println("captures nothing, same closure:", wordOf(a) == wordOf(b))

	c, d := stateful(1), stateful(1)
	fmt.Println("captures n, same closure:      ", wordOf(c) == wordOf(d))
	fmt.Println("captures n, same code:         ", reflect.ValueOf(c).Pointer() == reflect.ValueOf(d).Pointer())
	// Output:
	// captures nothing, same closure: true
	// captures n, same closure:       false
	// captures n, same code:          true
}
