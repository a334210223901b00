package long

import (
	"errors"
	"strings"
	"testing"

	"gonotes/internal/claim"
)

func TestEven(t *testing.T) {
	proof := claim.Prove(t, Even, func(n int) error {
		if n%2 == 0 {
			return nil
		}
		return errors.New("is odd" + strings.Repeat(" ", 20_000) + "♥")
	})
	proof.Holds("two", 2)
	proof.Control("three", 3, "is odd")
}
