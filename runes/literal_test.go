package runes_test

import (
	"fmt"
	"reflect"
	"strconv"
	"testing"

	"gonotes/internal/claim"
	"gonotes/internal/source"
	"gonotes/runes"
)

// A variable declared by a character literal is a rune, unless its type is given.
func TestDefaultType(t *testing.T) {
	proof := claim.Prove(t, runes.DefaultType, func(v any) error {
		if reflect.TypeOf(v) != reflect.TypeFor[rune]() {
			return fmt.Errorf("has type %T, not rune, which prints as int32", v)
		}
		return nil
	})
	letter, heart, newline, next := 'a', '♥', '\n', 'a'+1
	proof.Holds("'a'", letter)
	proof.Holds("'♥'", heart)
	proof.Holds(`'\n'`, newline)
	proof.Holds("'a' + 1", next)
	var b byte = 'a'
	quoted, sum, double := "a", 'a'+1.0, 2*b
	proof.Control("'a' in a variable declared as byte", b, "has type uint8")
	proof.Control("\"a\"", quoted, "has type string")
	proof.Control("'a' + 1.0", sum, "has type float64")
	proof.Control("2 times the byte", double, "has type uint8")
}

// The literal goes into any numeric type that can hold it; a rune variable goes into none but its own.
func TestDefaultType_untyped(t *testing.T) {
	proof := claim.Prove(t, runes.DefaultType, source.Check)
	for _, name := range []string{"byte", "int", "uint16", "float64", "complex128"} {
		proof.Holds("'a' in a "+name, inFunc("var v "+name+" = 'a'\n_ = v"))
	}
	proof.Control("a rune variable in a float64", inFunc("r := 'a'\nvar v float64 = r\n_ = v"), "cannot use r (variable of type rune) as float64 value")
	proof.Control("'a' in a string", inFunc("var v string = 'a'\n_ = v"), "cannot use 'a' (untyped rune constant 97) as string value")
}

// A character literal is a rune where nothing says otherwise, and a number of whatever type is asked for.
func Example_defaultType() {
	letter := 'a'
	var octet byte = 'a'
	var ratio float64 = 'a'
	fmt.Printf("letter := 'a': %T\n", letter)
	fmt.Printf("var octet byte = 'a': %T\n", octet)
	fmt.Printf("var ratio float64 = 'a': %T, %.1f\n", ratio, ratio)
	fmt.Printf("'a' + 1: %T, %c\n", 'a'+1, 'a'+1)
	fmt.Printf("\"a\": %T\n", "a")
	// Output:
	// letter := 'a': int32
	// var octet byte = 'a': uint8
	// var ratio float64 = 'a': float64, 97.0
	// 'a' + 1: int32, b
	// "a": string
}

// intoByte is the source that assigns a character literal to a byte.
func intoByte(literal string) string {
	return inFunc("var c byte = " + literal + "\n_ = c")
}

// A character literal fits a byte up to 255 and no further.
func TestByteLiteral(t *testing.T) {
	proof := claim.Prove(t, runes.ByteLiteral, source.Check)
	fit := 0
	for r := range rune(0x800) {
		if source.Check(intoByte(strconv.QuoteRune(r))) == nil {
			fit++
		}
	}
	proof.Figure("of the literals below U+0800 fit a byte", float64(fit), "literals")
	proof.Holds("'Z'", intoByte("'Z'"))
	proof.Holds("'ÿ', which is 255", intoByte("'ÿ'"))
	proof.Holds(`'\xff'`, intoByte(`'\xff'`))
	proof.Control("'Ā', which is 256", intoByte("'Ā'"), "cannot use 'Ā' (untyped rune constant 256) as byte value in variable declaration (overflows)")
	proof.Control("'♥'", intoByte("'♥'"), "cannot use '♥' (untyped rune constant 9829) as byte value in variable declaration (overflows)")
	proof.Control("'Z' in a rune variable first", inFunc("r := 'Z'\nvar c byte = r\n_ = c"), "cannot use r (variable of type rune) as byte value")
}

// A byte takes a literal up to 255, and then holds a number that need not be a character of UTF-8.
func Example_byteLiteral() {
	var ascii byte = 'Z'
	var latin byte = 'ÿ' // 255; var heart byte = '♥' does not compile
	fmt.Printf("'Z' in a byte: %d, as a string %q\n", ascii, []byte{ascii})
	fmt.Printf("'ÿ' in a byte: %d, as a string %q\n", latin, []byte{latin})
	fmt.Printf("'ÿ' as a rune in a string: %q of %d bytes\n", string(rune(latin)), len(string(rune(latin))))
	// Output:
	// 'Z' in a byte: 90, as a string "Z"
	// 'ÿ' in a byte: 255, as a string "\xff"
	// 'ÿ' as a rune in a string: "ÿ" of 2 bytes
}
