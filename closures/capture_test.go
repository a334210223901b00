package closures_test

import (
	"fmt"
	"testing"

	"gonotes/closures"
	"gonotes/internal/claim"
)

// A closure sees what its variable holds when it is called, not when it was made.
func TestLocalFunctions_captureVariable(t *testing.T) {
	// Each subject makes a function over a variable, changes the variable, and
	// returns what the function says and what the variable holds.
	proof := claim.Prove(t, closures.LocalFunctions, func(changed func() (says, holds int)) error {
		if says, holds := changed(); says != holds {
			return fmt.Errorf("it says %d where the variable holds %d: it has a copy", says, holds)
		}
		return nil
	})
	proof.Holds("a variable changed after the closure was made", func() (int, int) {
		x := 1
		get := func() int { return x }
		x = 2
		return get(), x
	})
	proof.Holds("a variable changed by the closure", func() (int, int) {
		x := 1
		set := func() int { x = 2; return x }
		return set(), x
	})
	proof.Holds("a field of a captured struct", func() (int, int) {
		point := struct{ x, y int }{1, 1}
		get := func() int { return point.x }
		point.x = 2
		return get(), point.x
	})
	proof.Control("a copy made for the closure", func() (int, int) {
		x := 1
		kept := x
		get := func() int { return kept }
		x = 2
		return get(), x
	}, "it says 1 where the variable holds 2")
	proof.Control("a value passed to the function that makes the closure", func() (int, int) {
		x := 1
		get := constant(x)
		x = 2
		return get(), x
	}, "it says 1 where the variable holds 2")
}

func constant(x int) func() int { return func() int { return x } }

// Two closures made in one call share its variable.
func TestLocalFunctions_captureShared(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, func(pair func() (increment func(), get func() int)) error {
		increment, get := pair()
		for range 3 {
			increment()
		}
		if got := get(); got != 3 {
			return fmt.Errorf("one counted to 3 and the other says %d: each has a variable of its own", got)
		}
		return nil
	})
	proof.Holds("two closures over one variable", func() (func(), func() int) {
		n := 0
		return func() { n++ }, func() int { return n }
	})
	proof.Control("two calls of the function that makes them", func() (func(), func() int) {
		pair := func() (func(), func() int) {
			n := 0
			return func() { n++ }, func() int { return n }
		}
		increment, _ := pair()
		_, get := pair()
		return increment, get
	}, "the other says 0")
}

// counter returns a function that counts its calls.
func counter() func() int {
	n := 0
	return func() int { n++; return n }
}

var shared int

// A captured variable outlives the call that declared it, and every call
// declares another.
func TestLocalFunctions_captureOutlives(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, func(maker func() func() int) error {
		count := maker()
		if one, two := count(), count(); one != 1 || two != 2 {
			return fmt.Errorf("two calls say %d, %d, want 1, 2: no state", one, two)
		}
		if another := maker()(); another != 1 {
			return fmt.Errorf("a second counter begins at %d, want 1: not a state of its own", another)
		}
		return nil
	})
	proof.Holds("a counter over a local variable", counter)
	proof.Control("a literal that captures nothing", func() func() int {
		return func() int { n := 0; n++; return n }
	}, "two calls say 1, 1, want 1, 2")
	shared = 0 // under -count=2 too
	proof.Control("a counter over a package's variable", func() func() int {
		return func() int { shared++; return shared }
	}, "a second counter begins at 3")
}

// A closure captures the variable itself, so it sees a later change.
func Example_localFunctions_capture() {
	greeting := "hello"
	greet := func(name string) string { return greeting + ", " + name }
	fmt.Println("made:   ", greet("gopher"))

	greeting = "goodbye"
	fmt.Println("changed:", greet("gopher"))
	// Output:
	// made:    hello, gopher
	// changed: goodbye, gopher
}

// A copy is captured by declaring a variable for it.
func Example_localFunctions_captureCopy() {
	x := 1
	variable := func() int { return x }
	kept := x
	copied := func() int { return kept }

	x = 2
	fmt.Println("the variable:", variable())
	fmt.Println("the copy:    ", copied())
	// Output:
	// the variable: 2
	// the copy:     1
}

// A captured variable outlives the call that declared it; another call declares another.
func Example_localFunctions_captureOutlives() {
	counter := func() func() int {
		n := 0
		return func() int { n++; return n }
	}
	a, b := counter(), counter()
	fmt.Println("a:", a(), a(), a())
	fmt.Println("b:", b())
	// Output:
	// a: 1 2 3
	// b: 1
}

// Two closures that capture one variable are a small object with two methods.
func Example_localFunctions_captureShared() {
	account := func() (deposit func(int), balance func() int) {
		cents := 0
		return func(n int) { cents += n }, func() int { return cents }
	}
	deposit, balance := account()
	deposit(500)
	deposit(250)
	fmt.Println("balance:", balance())
	// Output:
	// balance: 750
}
