package panicsearly

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
	claim.Prove(t, Even, isEven)
	panic("the abacus broke")
}
