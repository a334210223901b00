package closures_test

import (
	"errors"
	"fmt"
	"testing"

	"gonotes/closures"
	"gonotes/internal/claim"
)

type gauge struct{ level int }

func (g gauge) value() int    { return g.level }
func (g *gauge) current() int { return g.level }

type reader interface{ value() int }

// A method value copies its receiver when it is bound; a closure over the
// variable does not.
func TestLocalFunctions_methodValue(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, func(bind func(g *gauge) func() int) error {
		g := gauge{level: 1}
		read := bind(&g)
		g.level = 2
		if got := read(); got != 1 {
			return fmt.Errorf("it reads %d, want the 1 that was bound", got)
		}
		return nil
	})
	proof.Holds("a method value, value receiver", func(g *gauge) func() int { return g.value })
	proof.Holds("a method value of an interface that holds a copy", func(g *gauge) func() int { return reader(*g).value })
	proof.Control("a method value, pointer receiver: the pointer is what was copied", func(g *gauge) func() int { return g.current }, "it reads 2")
	proof.Control("a closure that calls the method", func(g *gauge) func() int { return func() int { return g.value() } }, "it reads 2")
	proof.Control("a method expression, whose receiver is an argument", func(g *gauge) func() int {
		read := gauge.value
		return func() int { return read(*g) }
	}, "it reads 2")
}

// Binding a method of a nil pointer panics at once where the receiver is
// copied; a closure panics when it is called.
func TestLocalFunctions_methodValueNil(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, func(bind func(g *gauge) func() int) (err error) {
		defer func() {
			if recover() == nil {
				err = errors.New("bound without a panic")
			}
		}()
		escaped = bind(nil)
		return nil
	})
	proof.Holds("a method value, value receiver", func(g *gauge) func() int { return g.value })
	proof.Control("a method value, pointer receiver", func(g *gauge) func() int { return g.current }, "bound without a panic")
	proof.Control("a closure that calls the method", func(g *gauge) func() int { return func() int { return g.value() } }, "bound without a panic")
}

// A method value holds the receiver as it was; a closure asks the variable.
func Example_localFunctions_methodValue() {
	g := gauge{level: 1}
	bound := g.value     // copies g
	pointer := g.current // copies &g
	closure := func() int { return g.value() }
	expression := gauge.value // copies nothing: the receiver is a parameter

	g.level = 2
	fmt.Println("method value:     ", bound())
	fmt.Println("pointer receiver: ", pointer())
	fmt.Println("closure:          ", closure())
	fmt.Println("method expression:", expression(g))
	// Output:
	// method value:      1
	// pointer receiver:  2
	// closure:           2
	// method expression: 2
}
