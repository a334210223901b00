package runes_test

import (
	"fmt"
	"testing"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// The line of the notes comes out for the runes 'a' and '♥', and not for the bytes of ♥.
func TestPrintf(t *testing.T) {
	proof := claim.Prove(t, runes.Printf, func(args []any) error {
		const want = "a = 97 and ♥ = U+2665"
		if got := fmt.Sprintf("%c = %d and %c = %U", args...); got != want {
			return fmt.Errorf("prints %q", got)
		}
		return nil
	})
	proof.Holds("'a' and '♥'", []any{'a', 'a', '♥', '♥'})
	proof.Holds("the runes of a string", []any{[]rune("a♥")[0], []rune("a♥")[0], []rune("a♥")[1], []rune("a♥")[1]})
	proof.Holds("the one byte of a", []any{"a"[0], "a"[0], '♥', '♥'})
	proof.Control("the first byte of ♥", []any{'a', 'a', "♥"[0], "♥"[0]}, `prints "a = 97 and â = U+00E2"`)
	proof.Control("strings", []any{"a", "a", "♥", "♥"}, `prints "%!c(string=a)`)
}

// The line of the notes.
func Example_printf() {
	a, heart := 'a', '♥'
	fmt.Printf("%c = %d and %c = %U", a, a, heart, heart)
	// Output: a = 97 and ♥ = U+2665
}

// The verbs show the same rune in six ways, and one byte of its encoding as another character.
func Example_printf_verbs() {
	heart := '♥'
	fmt.Printf("%%c  the character:   %c\n", heart)
	fmt.Printf("%%q  quoted:          %q\n", heart)
	fmt.Printf("%%+q in ASCII:        %+q\n", heart)
	fmt.Printf("%%d  the number:      %d\n", heart)
	fmt.Printf("%%v  by default:      %v\n", heart)
	fmt.Printf("%%U  the code point:  %U\n", heart)
	fmt.Printf("%%#U with character:  %#U\n", heart)
	fmt.Printf("%%c  of its byte 0:   %c\n", string(heart)[0])
	// Output:
	// %c  the character:   ♥
	// %q  quoted:          '♥'
	// %+q in ASCII:        '\u2665'
	// %d  the number:      9829
	// %v  by default:      9829
	// %U  the code point:  U+2665
	// %#U with character:  U+2665 '♥'
	// %c  of its byte 0:   â
}
