package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What only some platforms have is an error on the others, in a package and in its tests.
func TestCheck(t *testing.T) {
	for _, test := range []struct{ platform, pattern, want string }{
		{"linux/amd64", "./testdata/unix", ""},
		{"windows/amd64", "./testdata/unix", "windows/amd64: "},
		{"windows/amd64", "./testdata/everywhere", ""},
		{"windows/amd64", "./testdata/tested", "windows/amd64: "},
		{"plan9/386", "./testdata/unix", "plan9/386: "},
		{"windows", "./testdata/unix", `platform "windows", want GOOS/GOARCH`},
		{"amiga/m68k", "./testdata/unix", "amiga/m68k: "},
		{"linux/amd64", "./testdata/none", "linux/amd64: "},
	} {
		err := check(test.platform, test.pattern)
		if test.want == "" {
			assert.NoError(t, err, test)
		} else {
			assert.ErrorContains(t, err, test.want, test)
		}
	}
	assert.ErrorContains(t, run(nil), "no platform, want GOOS/GOARCH")
}
