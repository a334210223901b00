package unreached

import (
	"fmt"
	"os"
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
	if os.Getenv("GONOTES_NEVER_SET") != "" {
		claim.Prove(t, Even, isEven)
	}
}
