package refuted

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
	t.Run("first", func(t *testing.T) {
		proof := claim.Prove(t, Even, isEven)
		proof.Holds("two", 2)
		proof.Control("three", 3, "is odd")
	})
	t.Run("second", func(t *testing.T) {
		proof := claim.Prove(t, Even, isEven)
		proof.Holds("five", 5)
		proof.Control("three", 3, "is odd")
	})
}
