package runes_test

import (
	"fmt"
	"go/version"
	"runtime"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// characters counts the code points that Go's tables know as characters: not
// unassigned, private, surrogate or control.
func characters() (n int) {
	for r := range rune(unicode.MaxRune + 1) {
		if !unicode.In(r, unicode.Cn, unicode.Co, unicode.Cs, unicode.Cc) {
			n++
		}
	}
	return n
}

// range yields code points that no table knows: what a string holds does not depend on the version of Unicode.
func TestRangeASCII_unassigned(t *testing.T) {
	proof := claim.Prove(t, runes.RangeASCII, func(r rune) error {
		for _, got := range string(r) {
			if got != r {
				return fmt.Errorf("%U is read as %U", r, got)
			}
		}
		if !unicode.Is(unicode.Cn, r) {
			return fmt.Errorf("%U is assigned in Unicode %s", r, unicode.Version)
		}
		return nil
	})
	proof.Holds("U+0378, which no version has assigned", '\u0378')
	proof.Holds("U+FFFF, which is to be no character for ever", '\uFFFF')
	proof.Control("♥", '♥', "U+2665 is assigned in Unicode "+unicode.Version)
	proof.Control("a surrogate", 0xD800, "U+D800 is read as U+FFFD")
	proof.Figure("known to Go's tables, Unicode "+unicode.Version, float64(characters()), "characters")
}

// Go's tables and those of x/text are of one version of Unicode, which changes with the release of Go.
func TestRangeASCII_unicodeVersion(t *testing.T) {
	switch version.Lang(runtime.Version()) {
	case "go1.26":
		assert.Equal(t, "15.0.0", unicode.Version)
	case "go1.27":
		assert.Equal(t, "17.0.0", unicode.Version)
	}
	assert.Equal(t, unicode.Version, norm.Version)
	assert.Equal(t, unicode.Version, cases.UnicodeVersion)
	assert.Equal(t, unicode.Version, width.UnicodeVersion)
}
