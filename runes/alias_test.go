package runes_test

import (
	"fmt"
	"go/types"
	"reflect"
	"strings"
	"testing"

	"gonotes/internal/claim"
	"gonotes/internal/source"
	"gonotes/runes"
)

// Two types that are defined, not aliases: each is a type of its own.
type (
	myRune int32
	myByte uint8
)

// identicalTo makes the check that a type is the same type as T.
func identicalTo[T any](found reflect.Type) error {
	if want := reflect.TypeFor[T](); found != want {
		return fmt.Errorf("%v is a type of its own, not %v", found, want)
	}
	return nil
}

// rune and int32 are two names of one type.
func TestAliasInt32(t *testing.T) {
	proof := claim.Prove(t, runes.AliasInt32, identicalTo[int32])
	proof.Holds("rune", reflect.TypeFor[rune]())
	proof.Control("type myRune int32", reflect.TypeFor[myRune](), "runes_test.myRune is a type of its own, not int32")
}

// A rune goes into an int32 without a conversion, a defined type does not.
func TestAliasInt32_assign(t *testing.T) {
	proof := claim.Prove(t, runes.AliasInt32, source.Check)
	proof.Holds("a rune assigned to an int32", inFunc("var r rune\nvar i int32 = r\n_ = i"))
	proof.Control("type myRune int32, assigned to an int32",
		inFunc("type myRune int32\nvar r myRune\nvar i int32 = r\n_ = i"), "cannot use r (variable of int32 type myRune) as int32 value")
}

// A rune may be negative, which shows that it is signed; a byte may not.
func TestAliasInt32_signed(t *testing.T) {
	proof := claim.Prove(t, runes.AliasInt32, source.Check)
	proof.Holds("-1 in a rune", inFunc("const r rune = -1"))
	proof.Control("-1 in a byte", inFunc("const b byte = -1"), "cannot use -1 (untyped int constant) as byte value in constant declaration (overflows)")
	proof.Control("-1 in a uint32", inFunc("const u uint32 = -1"), "cannot use -1 (untyped int constant) as uint32 value in constant declaration (overflows)")
}

// A rune prints its type as int32, and -1 serves as the answer "no rune".
func Example_aliasInt32() {
	var r rune = 'a'
	var i int32 = r // no conversion: it is the same type
	fmt.Printf("a rune is of type %T, its value is %d\n", r, i)

	dropVowels := func(r rune) rune {
		if strings.ContainsRune("aeiou", r) {
			return -1 // strings.Map drops the character
		}
		return r
	}
	fmt.Println("without vowels:", strings.Map(dropVowels, "rune literal"))
	// Output:
	// a rune is of type int32, its value is 97
	// without vowels: rn ltrl
}

// byte and uint8 are two names of one type.
func TestAliasUint8(t *testing.T) {
	proof := claim.Prove(t, runes.AliasUint8, identicalTo[uint8])
	proof.Holds("byte", reflect.TypeFor[byte]())
	proof.Control("type myByte uint8", reflect.TypeFor[myByte](), "runes_test.myByte is a type of its own, not uint8")
}

// A []byte is a []uint8 too, and a slice of a defined type is not.
func TestAliasUint8_slices(t *testing.T) {
	proof := claim.Prove(t, runes.AliasUint8, identicalTo[[]uint8])
	proof.Holds("[]byte", reflect.TypeFor[[]byte]())
	proof.Control("[]myByte", reflect.TypeFor[[]myByte](), "[]runes_test.myByte is a type of its own, not []uint8")
}

// A byte prints its type as uint8, and a []byte is accepted for a []uint8.
func Example_aliasUint8() {
	sum := func(values []uint8) (total int) {
		for _, v := range values {
			total += int(v)
		}
		return total
	}
	text := []byte("abc")
	fmt.Printf("a byte is of type %T\n", text[0])
	fmt.Println("sum of a []byte taken as []uint8:", sum(text))
	// Output:
	// a byte is of type uint8
	// sum of a []byte taken as []uint8: 294
}

// integers are the names of Go's predeclared integer types.
func integers() (names []string) {
	for _, name := range types.Universe.Names() {
		object, ok := types.Universe.Lookup(name).(*types.TypeName)
		if !ok {
			continue
		}
		basic, ok := object.Type().Underlying().(*types.Basic)
		if ok && basic.Info()&types.IsInteger != 0 {
			names = append(names, name)
		}
	}
	return names
}

// anotherName checks that name adds no type to the predeclared integers.
func anotherName(name string) error {
	typ := types.Universe.Lookup(name).Type()
	for _, other := range integers() {
		if other != name && types.Identical(typ, types.Universe.Lookup(other).Type()) {
			return nil
		}
	}
	return fmt.Errorf("%s is the only name of its type", name)
}

// The names byte and rune add no type to the predeclared integer types.
func TestAdditionalTypes(t *testing.T) {
	names := integers()
	distinct := 0
	for i, name := range names {
		if !namesType(names[:i], name) {
			distinct++
		}
	}
	proof := claim.Prove(t, runes.AdditionalTypes, anotherName)
	proof.Figure("predeclared integer types", float64(distinct), "types")
	proof.Figure("their names", float64(len(names)), "names")
	proof.Holds("byte", "byte")
	proof.Holds("rune", "rune")
	proof.Control("uint16", "uint16", "uint16 is the only name of its type")
	proof.Control("uintptr, which has the size of uint", "uintptr", "uintptr is the only name of its type")
}

// namesType reports whether one of names is a name of the type of name.
func namesType(names []string, name string) bool {
	for _, other := range names {
		if types.Identical(types.Universe.Lookup(other).Type(), types.Universe.Lookup(name).Type()) {
			return true
		}
	}
	return false
}

// One type switch cannot list both names of one type.
func TestAdditionalTypes_typeSwitch(t *testing.T) {
	typeSwitch := func(a, b string) string {
		return inFunc("type B uint8\nvar v any\nswitch v.(type) {\ncase " + a + ":\ncase " + b + ":\n}")
	}
	proof := claim.Prove(t, runes.AdditionalTypes, refused("in type switch"))
	proof.Holds("case byte and case uint8", typeSwitch("byte", "uint8"))
	proof.Holds("case rune and case int32", typeSwitch("rune", "int32"))
	proof.Control("case B and case uint8, with type B uint8", typeSwitch("B", "uint8"), "compiles")
	proof.Control("case byte and case rune", typeSwitch("byte", "rune"), "compiles")
	proof.Control("case byte and a type that is not there", typeSwitch("byte", "character"), "undefined: character")
}

// A value stored as a byte is found again as a uint8, but never as a defined type.
func Example_additionalTypes() {
	describe := func(v any) string {
		switch v.(type) {
		case myByte:
			return "myByte, a type of its own"
		case byte: // "case uint8:" beside it would not compile: a duplicate
			return "uint8, known as byte"
		case rune:
			return "int32, known as rune"
		default:
			return "something else"
		}
	}
	fmt.Println("uint8(1):", describe(uint8(1)))
	fmt.Println("int32(1):", describe(int32(1)))
	fmt.Println("myByte(1):", describe(myByte(1)))
	fmt.Println("'a':", describe('a'))
	// Output:
	// uint8(1): uint8, known as byte
	// int32(1): int32, known as rune
	// myByte(1): myByte, a type of its own
	// 'a': int32, known as rune
}
