package runes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// verbatim checks that a way to quote leaves text as it stands in the source.
func verbatim(quote func(text string) string) error {
	for _, text := range []string{"two\nlines", `C:\new\table`, `"quoted"`} {
		value, err := valueOf(quote(text))
		if err != nil {
			return fmt.Errorf("%q %w", text, err)
		}
		if value != text {
			return fmt.Errorf("%q has the value %q", text, value)
		}
	}
	return nil
}

// Between back quotes text stands as it is: its lines, its backslashes, its quotes.
func TestRawStrings(t *testing.T) {
	proof := claim.Prove(t, runes.RawStrings, verbatim)
	proof.Holds("between back quotes", func(text string) string { return "`" + text + "`" })
	proof.Control("between double quotes", func(text string) string { return `"` + text + `"` },
		"string literal not terminated")
	proof.Control("between double quotes, line breaks as \\n", func(text string) string {
		return `"` + strings.ReplaceAll(text, "\n", `\n`) + `"`
	}, `"C:\\new\\table" has the value "C:\new\table"`)
	proof.Control("between double quotes, backslashes doubled too", func(text string) string {
		return `"` + strings.NewReplacer("\n", `\n`, `\`, `\\`).Replace(text) + `"`
	}, `"\"quoted\"" does not compile`)
}

// A raw literal drops the carriage returns of its source; an interpreted one keeps them, escaped or not.
func TestRawStrings_carriageReturns(t *testing.T) {
	proof := claim.Prove(t, runes.RawStrings, func(literal string) error {
		value, err := valueOf(literal)
		if err != nil {
			return err
		}
		if kept := strings.Count(value, "\r"); kept > 0 {
			return fmt.Errorf("keeps %d carriage return of %q", kept, value)
		}
		return nil
	})
	// gofmt drops carriage returns from source files, so this source is made here.
	proof.Holds("a raw literal with CR LF", "`two\r\nlines`")
	proof.Holds("a raw literal with CR", "`two\rlines`")
	proof.Control(`"two\r\nlines"`, `"two\r\nlines"`, `keeps 1 carriage return of "two\r\nlines"`)
	proof.Control("an interpreted literal with CR", "\"two\rlines\"", `keeps 1 carriage return of "two\rlines"`)
}

// No back quote fits between back quotes, not even with a backslash; between double quotes it does.
func TestRawStrings_backQuote(t *testing.T) {
	proof := claim.Prove(t, runes.RawStrings, refused("expected ';', found b"))
	proof.Holds("a back quote between back quotes", inFunc("_ = `a`b"))
	proof.Holds("the same after a backslash", inFunc("_ = `a\\`b"))
	proof.Control("a back quote between double quotes", inFunc("_ = \"a`b\""), "compiles")
	proof.Control("literals joined by +", inFunc("_ = `a` + \"`\" + `b`"), "compiles")
	proof.Control("a raw literal that never ends", inFunc("_ = `a"), "raw string literal not terminated")
	assertCompiles(t, inFunc("_ = `a` + \"`\" + `b`"))
}

// The indentation of the source becomes part of a raw value, as lines joined by + do not have it.
func TestRawStrings_indentation(t *testing.T) {
	proof := claim.Prove(t, runes.RawStrings, func(literal string) error {
		value, err := valueOf(literal)
		if err != nil {
			return err
		}
		if _, second, _ := strings.Cut(value, "\n"); !strings.HasPrefix(second, "\t") {
			return errors.New("the second line is not indented")
		}
		return nil
	})
	proof.Holds("a raw literal, indented in the source", "`two\n\tlines`")
	proof.Control("interpreted literals, indented in the source", "\"two\\n\" +\n\t\"lines\"", "the second line is not indented")
}

// A raw literal keeps what the source shows: backslashes, quotes, and the tab before its second line.
func Example_rawStrings() {
	path := `C:\new\table`
	pattern := `^\d+\s"[^"]*"$`
	indented := `first
	second`
	fmt.Println("path:", path)
	fmt.Println("pattern:", pattern)
	fmt.Printf("second line with the tab of the source: %q\n", indented)
	fmt.Println("a back quote is joined on:", `a`+"`"+`b`)
	// Output:
	// path: C:\new\table
	// pattern: ^\d+\s"[^"]*"$
	// second line with the tab of the source: "first\n\tsecond"
	// a back quote is joined on: a`b
}
