package testify

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

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
	require.Equal(t, 2, 3)
}
