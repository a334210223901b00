package closures_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/closures"
	"gonotes/internal/claim"
)

// A generator whose state is declared in its iterator function starts anew with
// every range; one that captured it goes on.
func TestLocalFunctions_generatorState(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, func(seq iter.Seq[uint64]) error {
		once := slices.Collect(closures.Take(4, seq))
		again := slices.Collect(closures.Take(4, seq))
		if !slices.Equal(again, once) {
			return fmt.Errorf("%v, and ranged over again %v", once, again)
		}
		return nil
	})
	proof.Holds("its state in the iterator function", closures.Fibonacci())
	proof.Control("its state in the function that made it", fibonacciOnce(), "[0 1 1 2], and ranged over again [2 3 5 8]")

	all := slices.Collect(closures.Fibonacci())
	assert.Len(t, all, 94, "as many Fibonacci numbers as fit")
	assert.EqualValues(t, uint64(12200160415121876738), all[93])
	assert.Empty(t, slices.Collect(closures.Take(0, closures.Fibonacci())))
	assert.Equal(t, all, slices.Collect(closures.Take(1000, closures.Fibonacci())))
}

func fibonacciOnce() iter.Seq[uint64] {
	a, b := uint64(0), uint64(1)
	return func(yield func(uint64) bool) {
		for yield(a) {
			a, b = b, a+b
		}
	}
}

// naturals yields 1, 2, 3, ... and says when it is closed.
func naturals(closed *bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		defer func() { *closed = true }()
		for n := 1; yield(n); n++ {
		}
	}
}

// A break in the loop ends the generator, and what it deferred is done.
func TestLocalFunctions_generatorBreak(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, func(generator func(closed *bool) iter.Seq[int]) (err error) {
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("it panics: %v", cause)
			}
		}()
		var closed bool
		for n := range generator(&closed) {
			if n == 2 {
				break
			}
		}
		if !closed {
			return errors.New("it was left open by the break")
		}
		return nil
	})
	proof.Holds("closed by a deferred closure", naturals)
	proof.Control("closed at the end, which the break skips", func(closed *bool) iter.Seq[int] {
		return func(yield func(int) bool) {
			for n := range 3 {
				if !yield(n) {
					return
				}
			}
			*closed = true
		}
	}, "left open by the break")
	proof.Control("deaf to what yield answers", func(closed *bool) iter.Seq[int] {
		return func(yield func(int) bool) {
			defer func() { *closed = true }()
			for n := range 4 {
				yield(n)
			}
		}
	}, "range function continued iteration after function for loop body returned false")
}

// A generator that is pulled ends when stop is called, and not before.
func TestLocalFunctions_generatorPull(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, func(leave func(stop func())) error {
		var closed bool
		next, stop := iter.Pull(naturals(&closed))
		defer stop() // also for the one that forgets
		next()
		if leave(stop); !closed {
			return errors.New("it is still open")
		}
		return nil
	})
	proof.Holds("stop is called", func(stop func()) { stop() })
	proof.Holds("stop is called twice", func(stop func()) { stop(); stop() })
	proof.Control("stop is forgotten", func(func()) {}, "still open")
}

// A generator is a closure over its state, and a range over it may break off.
func Example_localFunctions_generator() {
	for n := range closures.Fibonacci() {
		if n > 50 {
			break
		}
		fmt.Print(n, " ")
	}
	fmt.Println("...")
	fmt.Println("anew:", slices.Collect(closures.Take(5, closures.Fibonacci())))
	// Output:
	// 0 1 1 2 3 5 8 13 21 34 ...
	// anew: [0 1 1 2 3]
}

// iter.Pull turns a generator inside out: two closures, of which stop must be called.
func Example_localFunctions_generatorPull() {
	next, stop := iter.Pull(func(yield func(int) bool) {
		defer fmt.Println("closed")
		for n := 1; yield(n); n++ {
		}
	})
	one, _ := next()
	two, _ := next()
	fmt.Println("pulled:", one, two)
	stop()
	_, more := next()
	fmt.Println("more:", more)
	// Output:
	// pulled: 1 2
	// closed
	// more: false
}

// Take captures a generator, and is one.
//
//claim:closures/local-functions
func ExampleTake() {
	squares := func(yield func(int) bool) {
		for n := 1; yield(n * n); n++ {
		}
	}
	fmt.Println("squares:", slices.Collect(closures.Take(5, squares)))
	// Output:
	// squares: [1 4 9 16 25]
}

// Fibonacci starts anew with every range.
//
//claim:closures/local-functions
func ExampleFibonacci() {
	fibonacci := closures.Fibonacci()
	fmt.Println("once: ", slices.Collect(closures.Take(8, fibonacci)))
	fmt.Println("again:", slices.Collect(closures.Take(4, fibonacci)))
	// Output:
	// once:  [0 1 1 2 3 5 8 13]
	// again: [0 1 1 2]
}
