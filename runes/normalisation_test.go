package runes_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// sameText checks a way to compare: it must find the same text equal however it
// is stored, and other text different.
func sameText(equal func(a, b string) bool) error {
	for _, test := range []struct{ a, b string }{
		{"caf\u00e9", "cafe\u0301"},
		{"\u1e69", "s\u0323\u0307"},        // two marks composed
		{"s\u0307\u0323", "s\u0323\u0307"}, // two marks in either order
		{"\ud55c", "\u1112\u1161\u11ab"},   // a syllable of Hangul
		{"\u00c5", "\u212b"},               // the letter and the sign of the unit Ångström
	} {
		if !equal(test.a, test.b) {
			return fmt.Errorf("%+q and %+q, which read the same, are found different", test.a, test.b)
		}
	}
	for _, test := range []struct{ a, b string }{
		{"A", "a"},
		{"cafe", "caf\u00e9"},
		{"\ufb01", "fi"}, // a ligature: compatible, not the same
	} {
		if equal(test.a, test.b) {
			return fmt.Errorf("%+q and %+q, which read differently, are found equal", test.a, test.b)
		}
	}
	return nil
}

// withoutMarks drops accents and all other marks.
func withoutMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

// Strings of the same text are equal after normalisation, to NFC or to NFD; == compares bytes.
func TestStringBytes_normalisation(t *testing.T) {
	proof := claim.Prove(t, runes.StringBytes, sameText)
	proof.Holds("Equivalent", runes.Equivalent)
	proof.Holds("NFD on both sides", func(a, b string) bool { return norm.NFD.String(a) == norm.NFD.String(b) })
	proof.Control("==", func(a, b string) bool { return a == b }, `"caf\u00e9" and "cafe\u0301", which read the same, are found different`)
	proof.Control("NFC on one side only", func(a, b string) bool { return a == norm.NFC.String(b) }, `"s\u0307\u0323" and "s\u0323\u0307", which read the same, are found different`)
	proof.Control("NFKC, which drops distinctions", func(a, b string) bool { return norm.NFKC.String(a) == norm.NFKC.String(b) },
		`"\ufb01" and "fi", which read differently, are found equal`)
	proof.Control("NFC without the accents", func(a, b string) bool { return withoutMarks(a) == withoutMarks(b) },
		`"cafe" and "caf\u00e9", which read differently, are found equal`)
	proof.Control("EqualFold", runes.EqualFold, `"A" and "a", which read differently, are found equal`)
}

// Two strings may read the same and differ in every length: equality is of bytes.
func Example_stringBytes_normalisation() {
	composed, decomposed := "caf\u00e9", "cafe\u0301"
	fmt.Printf("composed:   %+q, %d bytes\n", composed, len(composed))
	fmt.Printf("decomposed: %+q, %d bytes\n", decomposed, len(decomposed))
	fmt.Println("equal as strings:", composed == decomposed)
	fmt.Println("equal in NFC:", norm.NFC.String(composed) == norm.NFC.String(decomposed))
	fmt.Println("equal in NFD:", norm.NFD.String(composed) == norm.NFD.String(decomposed))

	visits := map[string]int{composed: 1}
	fmt.Println("found as a key:", visits[decomposed], "and normalised:", visits[norm.NFC.String(decomposed)])
	// Output:
	// composed:   "caf\u00e9", 5 bytes
	// decomposed: "cafe\u0301", 6 bytes
	// equal as strings: false
	// equal in NFC: true
	// equal in NFD: true
	// found as a key: 0 and normalised: 1
}

// Equivalent compares what is read, not what is stored.
//
//claim:runes/string-bytes
func ExampleEquivalent() {
	hangul, jamo := "한", "\u1112\u1161\u11ab"
	fmt.Printf("%+q: %d bytes, %+q: %d bytes\n", hangul, len(hangul), jamo, len(jamo))
	fmt.Println("equal:", hangul == jamo)
	fmt.Println("equivalent:", runes.Equivalent(hangul, jamo))
	fmt.Println("a ligature and its letters:", runes.Equivalent("ﬁ", "fi"))
	// Output:
	// "\ud55c": 3 bytes, "\u1112\u1161\u11ab": 9 bytes
	// equal: false
	// equivalent: true
	// a ligature and its letters: false
}
