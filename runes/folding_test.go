package runes_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// sameLetters checks a way to compare without regard to case.
func sameLetters(equal func(a, b string) bool) error {
	for _, test := range []struct{ a, b string }{
		{"Go", "GO"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος"},      // two small forms of one capital
		{"Straße", "STRASSE"},       // one letter folds into two
		{"CAF\u00c9", "cafe\u0301"}, // composed and decomposed
	} {
		if !equal(test.a, test.b) {
			return fmt.Errorf("%+q and %+q are found different", test.a, test.b)
		}
	}
	for _, test := range []struct{ a, b string }{
		{"resume", "résumé"},
		{"I", "ı"}, // the same letter in Turkish only
	} {
		if equal(test.a, test.b) {
			return fmt.Errorf("%+q and %+q are found equal", test.a, test.b)
		}
	}
	return nil
}

// Full case folding finds ß equal to SS and both small sigmas equal; lower case and simple folding do not.
func TestStringBytes_folding(t *testing.T) {
	lowerTurkish := func(s string) string { return cases.Lower(language.Turkish).String(s) }
	proof := claim.Prove(t, runes.StringBytes, sameLetters)
	proof.Holds("EqualFold", runes.EqualFold)
	proof.Control("==", func(a, b string) bool { return a == b }, `"Go" and "GO" are found different`)
	proof.Control("strings.ToLower on both sides", func(a, b string) bool {
		//lint:ignore SA6005 lower case instead of folding is the mistake shown here
		return strings.ToLower(a) == strings.ToLower(b)
	}, `"\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3" and "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2" are found different`)
	proof.Control("strings.EqualFold, which folds letter by letter", strings.EqualFold, `"Stra\u00dfe" and "STRASSE" are found different`)
	proof.Control("folding without normalisation", func(a, b string) bool { return cases.Fold().String(a) == cases.Fold().String(b) },
		`"CAF\u00c9" and "cafe\u0301" are found different`)
	proof.Control("EqualFold without the accents", func(a, b string) bool { return runes.EqualFold(withoutMarks(a), withoutMarks(b)) },
		`"resume" and "r\u00e9sum\u00e9" are found equal`)
	proof.Control("EqualFold after Turkish lower case", func(a, b string) bool { return runes.EqualFold(lowerTurkish(a), lowerTurkish(b)) },
		`"I" and "\u0131" are found equal`)
}

// lowersTurkish checks a way to lower case for the two letters i of Turkish.
func lowersTurkish(lower func(s string) string) error {
	for _, test := range []struct{ in, want string }{
		{"DIYARBAKIR", "dıyarbakır"},
		{"İZMİR", "izmir"},
	} {
		if got := lower(test.in); got != test.want {
			return fmt.Errorf("%s becomes %+q, want %+q", test.in, got, test.want)
		}
	}
	return nil
}

// Case depends on the language: in Turkish I is the capital of ı, and İ of i.
func TestStringBytes_turkish(t *testing.T) {
	proof := claim.Prove(t, runes.StringBytes, lowersTurkish)
	proof.Holds("cases.Lower(language.Turkish)", cases.Lower(language.Turkish).String)
	proof.Holds("strings.ToLowerSpecial(unicode.TurkishCase, s)", func(s string) string {
		return strings.ToLowerSpecial(unicode.TurkishCase, s)
	})
	proof.Control("strings.ToLower", strings.ToLower, `DIYARBAKIR becomes "diyarbakir", want "d\u0131yarbak\u0131r"`)
	proof.Control("I alone replaced first", func(s string) string {
		return cases.Lower(language.Und).String(strings.ReplaceAll(s, "I", "ı"))
	}, `İZMİR becomes "i\u0307zmi\u0307r", want "izmir"`)
}

// Upper, lower and folded case change the number of letters and bytes, and depend on the language.
func Example_stringBytes_folding() {
	fmt.Println("strings.EqualFold(ß, SS):", strings.EqualFold("ß", "SS"))
	fmt.Println("full folding of ß:", cases.Fold().String("ß"))
	fmt.Println("upper case of ß:", strings.ToUpper("ß"), "by letters,", cases.Upper(language.German).String("ß"), "in German")
	fmt.Println("lower case of I:", strings.ToLower("I"), "by letters,", cases.Lower(language.Turkish).String("I"), "in Turkish")
	fmt.Println("upper case of i:", strings.ToUpper("i"), "by letters,", cases.Upper(language.Turkish).String("i"), "in Turkish")
	fmt.Println("Ⱥ in bytes:", len("Ⱥ"), "and its lower case:", len(strings.ToLower("Ⱥ")))
	// Output:
	// strings.EqualFold(ß, SS): false
	// full folding of ß: ss
	// upper case of ß: ß by letters, SS in German
	// lower case of I: i by letters, ı in Turkish
	// upper case of i: I by letters, İ in Turkish
	// Ⱥ in bytes: 2 and its lower case: 3
}

// EqualFold compares names as their owners would, in no particular language.
//
//claim:runes/string-bytes
func ExampleEqualFold() {
	fmt.Println("Straße and STRASSE:", runes.EqualFold("Straße", "STRASSE"))
	fmt.Println("ΣΊΣΥΦΟΣ and σίσυφος:", runes.EqualFold("ΣΊΣΥΦΟΣ", "σίσυφος"))
	fmt.Println("Zoë, however stored:", runes.EqualFold("ZO\u00cb", "zoe\u0308"))
	fmt.Println("I and the Turkish ı:", runes.EqualFold("I", "ı"))
	// Output:
	// Straße and STRASSE: true
	// ΣΊΣΥΦΟΣ and σίσυφος: true
	// Zoë, however stored: true
	// I and the Turkish ı: false
}
