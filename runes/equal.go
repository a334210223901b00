package runes

import (
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Equivalent reports whether a and b are the same text, however its accents
// are stored: composed into one code point or as marks of their own (canonical
// equivalence, Unicode Standard Annex 15). It compares both in form NFC.
func Equivalent(a, b string) bool {
	return norm.NFC.String(a) == norm.NFC.String(b)
}

// EqualFold reports whether a and b are the same text but for upper and lower
// case, in no particular language: ß equals SS, and both forms of sigma are
// one, but i is never the Turkish ı. Unlike [strings.EqualFold] it folds one
// letter into several where Unicode does, and sees through composed accents.
func EqualFold(a, b string) bool {
	return fold(a) == fold(b)
}

// fold is the canonical caseless form of the Unicode Standard, definition D145.
func fold(s string) string {
	return norm.NFD.String(cases.Fold().String(norm.NFD.String(s)))
}
