package closures_test

import (
	"errors"
	"fmt"
	"testing"

	"gonotes/closures"
	"gonotes/internal/claim"
)

// A deferred closure that captures a named result changes what the caller gets.
func TestLocalFunctions_deferResult(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, func(f func() int) error {
		if got := f(); got != 42 {
			return fmt.Errorf("the caller gets %d, want 42", got)
		}
		return nil
	})
	proof.Holds("a named result, changed by a deferred closure", func() (n int) {
		defer func() { n *= 2 }()
		return 21
	})
	proof.Holds("a named result, set after a panic", func() (n int) {
		defer func() {
			if recover() != nil {
				n = 42
			}
		}()
		panic("no result at all")
	})
	proof.Control("a local variable: the result is its copy by then", func() int {
		n := 21
		defer func() { n *= 2 }()
		return n
	}, "the caller gets 21")
	proof.Control("a named result, passed to the deferred call", func() (n int) {
		defer func(n int) { escaped = func() int { return 2 * n } }(n)
		return 21
	}, "the caller gets 21")
}

// A deferred closure reads its variables when it runs; the arguments of a
// deferred call are evaluated at the defer statement.
func TestLocalFunctions_deferArgument(t *testing.T) {
	// Each subject defers saying its variable, changes it, and returns what it holds.
	proof := claim.Prove(t, closures.LocalFunctions, func(deferred func(say func(int)) int) error {
		var said int
		if holds := deferred(func(n int) { said = n }); said != holds {
			return fmt.Errorf("said %d where the variable held %d: evaluated at the defer statement", said, holds)
		}
		return nil
	})
	proof.Holds("a closure over the variable", func(say func(int)) int {
		n := 1
		defer func() { say(n) }()
		n++
		return n
	})
	proof.Holds("a pointer to the variable as argument", func(say func(int)) int {
		n := 1
		defer func(n *int) { say(*n) }(&n)
		n++
		return n
	})
	proof.Control("the variable as argument", func(say func(int)) int {
		n := 1
		defer say(n)
		n++
		return n
	}, "said 1 where the variable held 2")
	proof.Control("the variable as receiver", func(say func(int)) int {
		n := celsius(1)
		defer n.tell(say)
		n++
		return int(n)
	}, "said 1 where the variable held 2")
}

type celsius int

func (c celsius) tell(say func(int)) { say(int(c)) }

// The arguments of a deferred call are evaluated at once, its closure's variables at the end.
func Example_localFunctions_deferArgument() {
	func() {
		step := "first"
		defer fmt.Println("argument:", step)
		defer func() { fmt.Println("closure: ", step) }()
		step = "last"
	}()
	// Output:
	// closure:  last
	// argument: first
}

// A deferred closure turns a panic into the function's error, through its named result.
func Example_localFunctions_deferResult() {
	divide := func(a, b int) (quotient int, err error) {
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("divide %d by %d: %w", a, b, errors.ErrUnsupported)
			}
		}()
		return a / b, nil
	}
	fmt.Println(divide(42, 6))
	fmt.Println(divide(42, 0))
	// Output:
	// 7 <nil>
	// 0 divide 42 by 0: unsupported operation
}
