package runes_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// kept counts the byte values that come back as they were from a way through
// a string.
func kept(way func(b byte) []byte) claim.Figure {
	kept := 0
	for value := range 256 {
		if bytes.Equal(way(byte(value)), []byte{byte(value)}) {
			kept++
		}
	}
	return claim.Figure{Value: float64(kept), Name: "kept", Unit: "byte values"}
}

// A string keeps each of the 256 byte values, by index and by conversion; what takes it for text does not.
func TestStringBytes(t *testing.T) {
	proof := claim.Prove(t, runes.StringBytes, claim.AtLeast(256))
	proof.Holds("a string of one byte, indexed", kept(func(b byte) []byte {
		return []byte{string([]byte{b})[0]}
	}))
	proof.Holds("a string of one byte, converted back", kept(func(b byte) []byte {
		return []byte(string([]byte{b}))
	}))
	proof.Control("the same by way of []rune", kept(func(b byte) []byte {
		return []byte(string([]rune(string([]byte{b}))))
	}), "128 byte values, want at least 256")
	proof.Control("the same by way of JSON, which is text", kept(func(b byte) []byte {
		text, err := json.Marshal(string([]byte{b}))
		if err != nil {
			return nil
		}
		var back string
		if json.Unmarshal(text, &back) != nil {
			return nil
		}
		return []byte(back)
	}), "128 byte values, want at least 256")
}

// seesTheBytes checks that see gives every byte of a string, and no more.
func seesTheBytes(see func(s string) []byte) error {
	for _, want := range []string{"bytes", "♥", "\xff\x00\xfe"} {
		got := see(want)
		if len(got) != len(want) {
			return fmt.Errorf("%q: sees %d of %d bytes", want, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				return fmt.Errorf("%q: byte %d is read as %#02x, want %#02x", want, i, got[i], want[i])
			}
		}
	}
	return nil
}

// len counts the bytes of a string and an index reads one of them.
func TestStringBytes_index(t *testing.T) {
	proof := claim.Prove(t, runes.StringBytes, seesTheBytes)
	proof.Holds("s[i] for i below len(s)", func(s string) (seen []byte) {
		for i := range len(s) {
			seen = append(seen, s[i])
		}
		return seen
	})
	proof.Control("s[i] for i below the number of runes", func(s string) (seen []byte) {
		for i := range utf8.RuneCountInString(s) {
			seen = append(seen, s[i])
		}
		return seen
	}, `"♥": sees 1 of 3 bytes`)
	proof.Control("the runes of the repaired text", func(s string) []byte {
		return []byte(strings.ToValidUTF8(s, "?"))
	}, `byte 0 is read as 0x3f, want 0xff`)
}

// The bytes of a string cannot be assigned to, those of a slice can.
func TestStringBytes_readOnly(t *testing.T) {
	proof := claim.Prove(t, runes.StringBytes, refused("cannot assign to s[0] (neither addressable nor a map index expression)"))
	proof.Holds("s[0] = 'x' with s a string", inFunc("s := \"abc\"\ns[0] = 'x'"))
	proof.Control("s[0] = 'x' with s a []byte", inFunc("s := []byte(\"abc\")\ns[0] = 'x'"), "compiles")
	proof.Control("s[0] = \"x\" with s a []byte", inFunc("s := []byte(\"abc\")\ns[0] = \"x\""), `cannot use "x" (untyped string constant) as byte value`)
}

// A string may hold bytes that are not UTF-8.
func TestStringBytes_invalid(t *testing.T) {
	proof := claim.Prove(t, runes.StringBytes, func(s string) error {
		if utf8.ValidString(s) {
			return errors.New("is UTF-8")
		}
		return nil
	})
	proof.Holds(`"\xff"`, "\xff")
	proof.Holds("the first two bytes of ♥", "♥"[:2])
	proof.Holds("the file header of a PNG image", "\x89PNG\r\n\x1a\n")
	proof.Control("ÿ, whose code point is 255", "ÿ", "is UTF-8")
	assertCompiles(t, inFunc(`const s = "\xff"; _ = s`))
}

// len and the index see bytes, whether or not they are text.
func Example_stringBytes() {
	word := "♥"
	fmt.Println("length of ♥ in bytes:", len(word))
	fmt.Printf("byte 0: %#x, byte 2: %#x\n", word[0], word[2])

	raw := "\xff\x00" // no text, and a string all the same
	fmt.Printf("not UTF-8: % x, valid: %t\n", raw, utf8.ValidString(raw))

	letters := []byte("bytes")
	letters[0] = 'k' // word[0] = 'k' does not compile
	fmt.Println("a changed copy:", string(letters))
	// Output:
	// length of ♥ in bytes: 3
	// byte 0: 0xe2, byte 2: 0xa5
	// not UTF-8: ff 00, valid: false
	// a changed copy: kytes
}
