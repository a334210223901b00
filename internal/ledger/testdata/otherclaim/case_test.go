package otherclaim

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

func TestEven(t *testing.T) {
	id := claim.ID("numbers/odd")
	proof := claim.Prove(t, id, isEven)
	proof.Holds("two", 2)
	proof.Control("three", 3, "is odd")
}
