package runes_test

import (
	"fmt"
	"reflect"
	"testing"
	"unicode"
	"unsafe"

	"gonotes/internal/claim"
	"gonotes/internal/source"
	"gonotes/runes"
)

// charType is an integer type taken for a type of characters.
type charType struct{ reflect.Type }

func (c charType) Figures() []claim.Figure {
	return []claim.Figure{{Name: "size", Value: float64(c.Size()), Unit: "B"}}
}

// holdsEveryCodePoint checks that the type goes up to the last code point.
func holdsEveryCodePoint(c charType) error {
	bits := c.Bits()
	if c.Kind() == reflect.Int32 {
		bits-- // the sign's
	}
	if largest := 1<<bits - 1; largest < unicode.MaxRune {
		return fmt.Errorf("%v ends at U+%04X, before U+%X", c.Type, largest, unicode.MaxRune)
	}
	return nil
}

// A rune holds every code point; a byte, and a UTF-16 unit, do not.
func TestByteChar(t *testing.T) {
	proof := claim.Prove(t, runes.ByteChar, holdsEveryCodePoint)
	proof.Holds("rune", charType{reflect.TypeFor[rune]()})
	proof.Control("byte", charType{reflect.TypeFor[byte]()}, "uint8 ends at U+00FF")
	proof.Control("a unit of UTF-16, the char of Java", charType{reflect.TypeFor[uint16]()}, "uint16 ends at U+FFFF")
}

// A rune and a byte are different types: neither goes into the other unconverted.
func TestByteChar_types(t *testing.T) {
	proof := claim.Prove(t, runes.ByteChar, refused("cannot use"))
	proof.Holds("a rune assigned to a byte", inFunc("var r rune\nvar b byte = r\n_ = b"))
	proof.Holds("a byte assigned to a rune", inFunc("var b byte\nvar r rune = b\n_ = r"))
	proof.Control("a byte assigned to a uint8", inFunc("var b byte\nvar u uint8 = b\n_ = u"), "compiles")
	proof.Control("a rune assigned and not used", inFunc("var r rune\nvar i int32 = r"), "declared and not used: i")
}

// The character ♥ does not fit a byte, 'a' does.
func TestByteChar_literal(t *testing.T) {
	proof := claim.Prove(t, runes.ByteChar, refused("as byte value in variable declaration (overflows)"))
	proof.Holds("var c byte = '♥'", inFunc("var c byte = '♥'\n_ = c"))
	proof.Control("var c byte = 'a'", inFunc("var c byte = 'a'\n_ = c"), "compiles")
	proof.Control("var c byte = \"a\"", inFunc("var c byte = \"a\"\n_ = c"), `cannot use "a" (untyped string constant) as byte value`)
	assertCompiles(t, inFunc("var c rune = '♥'\n_ = c"))
}

func assertCompiles(t *testing.T, src string) {
	t.Helper()
	if err := source.Check(src); err != nil {
		t.Errorf("source.Check(%q) = %v, want nil", src, err)
	}
}

// A rune takes four bytes and holds any code point; a byte takes one.
func Example_byteChar() {
	var letter byte = 'a'
	var heart rune = '♥' // var heart byte = '♥' does not compile
	fmt.Printf("byte %c: type %T, %d byte\n", letter, letter, unsafe.Sizeof(letter))
	fmt.Printf("rune %c: type %T, %d bytes\n", heart, heart, unsafe.Sizeof(heart))
	fmt.Printf("code point of the rune: %U, as a number %d\n", heart, heart)
	fmt.Printf("bytes of the string: % x\n", string(heart))
	// Output:
	// byte a: type uint8, 1 byte
	// rune ♥: type int32, 4 bytes
	// code point of the rune: U+2665, as a number 9829
	// bytes of the string: e2 99 a5
}
