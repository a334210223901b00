package source_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/source"
)

func TestCheck(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"compiles", "package p\nvar b byte = 'Z'", ""},
		{"does not parse", "package p\nvar b byte =", "source.go:2:13: expected operand"},
		{"does not type-check", "package p\nvar b byte = '♥'", "source.go:2:14: cannot use '♥'"},
		{"says the first error", "package p\nvar a byte = 256\nvar b byte = 257", "256"},
		{"says the last error", "package p\nvar a byte = 256\nvar b byte = 257", "257"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := source.Check(test.in)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, test.want)
		})
	}
}
