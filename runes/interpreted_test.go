package runes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// An interpreted literal ends with its line; a raw one goes on.
func TestInterpretedStrings(t *testing.T) {
	proof := claim.Prove(t, runes.InterpretedStrings, refused("string literal not terminated"))
	proof.Holds("two lines between double quotes", inFunc("_ = \"two\nlines\""))
	proof.Control("two lines between back quotes", inFunc("_ = `two\nlines`"), "compiles")
	proof.Control(`"two\nlines"`, inFunc(`_ = "two\nlines"`), "compiles")
	proof.Control(`"\y"`, inFunc(`_ = "\y"`), "unknown escape sequence")
}

// escapes are all escapes of an interpreted literal, with their bytes.
var escapes = []struct{ escape, want string }{
	{`\a`, "\x07"}, {`\b`, "\x08"}, {`\f`, "\x0c"}, {`\n`, "\x0a"}, {`\r`, "\x0d"}, {`\t`, "\x09"}, {`\v`, "\x0b"},
	{`\\`, "\x5c"}, {`\"`, "\x22"},
	{`\101`, "\x41"}, {`\377`, "\xff"}, {`\x41`, "\x41"}, {`\xff`, "\xff"},
	{`\u2665`, "\xe2\x99\xa5"}, {`\U0001F642`, "\xf0\x9f\x99\x82"},
}

// interprets checks that between these quotes every escape stands for its bytes.
func interprets(quote string) error {
	for _, test := range escapes {
		got, err := valueOf(quote + test.escape + quote)
		if err != nil {
			return err
		}
		if got != test.want {
			return fmt.Errorf("%s has the value % x, want % x", test.escape, got, test.want)
		}
	}
	return nil
}

// An interpreted literal replaces each escape by the bytes it stands for.
func TestInterpretedStrings_escapes(t *testing.T) {
	proof := claim.Prove(t, runes.InterpretedStrings, interprets)
	proof.Holds("between double quotes", `"`)
	proof.Control("between back quotes", "`", `\a has the value 5c 61, want 07`)
	proof.Figure("escapes checked", float64(len(escapes)), "escapes")
}

// That a literal has no newline is about its source: the value has as many as are written.
func TestInterpretedStrings_newline(t *testing.T) {
	proof := claim.Prove(t, runes.InterpretedStrings, func(literal string) error {
		value, err := valueOf(literal)
		switch {
		case err != nil:
			return err
		case strings.Contains(literal, "\n"):
			return errors.New("the source spans lines")
		case !strings.Contains(value, "\n"):
			return errors.New("the value has no newline")
		}
		return nil
	})
	proof.Holds(`"two\nlines"`, `"two\nlines"`)
	proof.Holds(`"two\x0alines"`, `"two\x0alines"`)
	proof.Control("two lines between back quotes", "`two\nlines`", "the source spans lines")
	proof.Control("`two\\nlines`", "`two\\nlines`", "the value has no newline")
	proof.Control("two lines between double quotes", "\"two\nlines\"", "string literal not terminated")
}

// An interpreted literal is one line of source and may be many of text.
func Example_interpretedStrings() {
	verse := "roses\tare red\nviolets\tare blue"
	for i, line := range strings.Split(verse, "\n") {
		fmt.Printf("line %d: %q\n", i+1, line)
	}
	fmt.Println("one heart, three ways:", "♥", "\u2665", "\xe2\x99\xa5")
	fmt.Println("a byte that is no text:", len("\xff"), "byte")
	// Output:
	// line 1: "roses\tare red"
	// line 2: "violets\tare blue"
	// one heart, three ways: ♥ ♥ ♥
	// a byte that is no text: 1 byte
}
