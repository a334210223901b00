package panicsbefore

import (
	"fmt"
	"testing"

	"gonotes/internal/claim"
)

func isEven(n int) error {
	if n%2 == 0 {
		return nil
	}
	return fmt.Errorf("%d is odd", n)
}

func TestAbacus(*testing.T) { panic("the abacus broke") }

func TestEven(t *testing.T) {
	proof := claim.Prove(t, Even, isEven)
	proof.Holds("two", 2)
	proof.Control("three", 3, "is odd")
}
