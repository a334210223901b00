package closures_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/closures"
	"gonotes/internal/claim"
	"gonotes/internal/source"
)

// A closure calls itself through a variable that is declared before it.
func TestLocalFunctions_recursion(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, source.Check)
	proof.Holds("the variable declared first", `package p
		func factorial(n int) int {
			var f func(int) int
			f = func(n int) int { if n < 2 { return 1 }; return n * f(n-1) }
			return f(n)
		}`)
	proof.Control("the variable declared with the closure", `package p
		func factorial(n int) int {
			f := func(n int) int { if n < 2 { return 1 }; return n * f(n-1) }
			return f(n)
		}`, "undefined: f")
}

// Recursion through a variable reaches what the variable holds by then: put a
// memory into it, and the inner calls have it too.
func TestLocalFunctions_recursionMemoised(t *testing.T) {
	const n = 25
	proof := claim.Prove(t, closures.LocalFunctions, claim.AtMost(n+1))
	proof.Holds("the variable itself is given the memory", callsOf(t, n, func(f *func(int) int) func(int) int {
		*f = closures.Memoize(*f)
		return *f
	}))
	proof.Control("another variable is given the memory", callsOf(t, n, func(f *func(int) int) func(int) int {
		return closures.Memoize(*f)
	}), "242785 calls, want at most 26")
}

func callsOf(t *testing.T, n int, memoise func(*func(int) int) func(int) int) claim.Figure {
	t.Helper()
	calls := 0
	var fibonacci func(int) int
	fibonacci = func(n int) int {
		calls++
		if n < 2 {
			return n
		}
		return fibonacci(n-1) + fibonacci(n-2)
	}
	assert.Equal(t, 75025, memoise(&fibonacci)(n))
	return claim.Figure{Name: "calls for the 25th Fibonacci number", Value: float64(calls), Unit: "calls"}
}

// A closure calls itself through a variable, so what the variable is given later takes part.
func Example_localFunctions_recursion() {
	calls := 0
	var fibonacci func(int) int
	fibonacci = func(n int) int {
		calls++
		if n < 2 {
			return n
		}
		return fibonacci(n-1) + fibonacci(n-2)
	}
	fmt.Println("without memory:", fibonacci(20), "in", calls, "calls")

	calls = 0
	fibonacci = closures.Memoize(fibonacci)
	fmt.Println("with memory:   ", fibonacci(20), "in", calls, "calls")
	// Output:
	// without memory: 6765 in 21891 calls
	// with memory:    6765 in 21 calls
}
