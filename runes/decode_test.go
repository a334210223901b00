package runes_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// scalarValues is how many code points there are that a string can hold: all
// but the surrogates.
const scalarValues = unicode.MaxRune + 1 - 2048

// everyScalar is the text of all scalar values in order.
var everyScalar = sync.OnceValue(func() string {
	var text []byte
	for r := range rune(unicode.MaxRune + 1) {
		if !surrogate(r) {
			text = utf8.AppendRune(text, r)
		}
	}
	return string(text)
})

func surrogate(r rune) bool { return 0xD800 <= r && r <= 0xDFFF }

// outcome is what came of a test over many inputs: how many were right, as far
// as it went, and the first that was not.
type outcome struct {
	right int
	unit  string
	wrong error
}

func (o outcome) Figures() []claim.Figure {
	return []claim.Figure{{Name: "right", Value: float64(o.right), Unit: o.unit}}
}

func allRight(o outcome) error { return o.wrong }

// readScalars asks a walk for every scalar value at its byte offset.
func readScalars(w walk) outcome {
	o := outcome{unit: "runes"}
	text := everyScalar()
	want, offset := rune(0), 0
	for at, r := range w(text) {
		switch {
		case r != want:
			o.wrong = fmt.Errorf("%U is read as %U", want, r)
			return o
		case at != offset:
			o.wrong = fmt.Errorf("%U has the index %d, want its byte offset %d", want, at, offset)
			return o
		}
		o.right++
		offset += utf8.RuneLen(want)
		if want++; want == 0xD800 {
			want = 0xE000
		}
	}
	if o.right != scalarValues {
		o.wrong = fmt.Errorf("ends after %d code points of %d", o.right, scalarValues)
	}
	return o
}

// range reads each of the 1,112,064 scalar values at its byte offset; one who takes bytes for characters fails at the first that is not ASCII.
func TestRangeASCII(t *testing.T) {
	proof := claim.Prove(t, runes.RangeASCII, allRight)
	proof.Holds("range", readScalars(ranging))
	proof.Holds("Decode", readScalars(decoder(runes.Decode).walk))
	proof.Holds("utf8.DecodeRuneInString", readScalars(decoder(utf8.DecodeRuneInString).walk))
	proof.Holds("strings.Reader", readScalars(reading))
	proof.Control("bytes taken for characters", readScalars(decoder(byteWise).walk), "U+0080 is read as U+00C2")
	proof.Control("a decoder of three bytes at most", readScalars(decoder(threeBytes).walk), "U+10000 is read as U+FFFD")
	proof.Control("the index of a []rune", readScalars(counting), "U+0081 has the index 129, want its byte offset 130")
	proof.Control("a string that ends at its first NUL", readScalars(cString), "ends after 0 code points of 1112064")
}

// What range yields need not be ASCII; of ASCII text it is.
func TestRangeASCII_text(t *testing.T) {
	proof := claim.Prove(t, runes.RangeASCII, func(text string) error {
		for _, r := range text {
			if r > unicode.MaxASCII {
				return nil
			}
		}
		return errors.New("yields ASCII characters only")
	})
	proof.Holds("naïve ♥", "naïve ♥")
	proof.Holds("a byte that is no text", "\x80")
	proof.Control("plain ASCII", "plain ASCII", "yields ASCII characters only")
}

// agrees asks whether decode reads s as package utf8 does, from each byte on.
func agrees(decode decoder, s string) error {
	for at := range len(s) {
		r, size := decode(s[at:])
		if want, wantSize := utf8.DecodeRuneInString(s[at:]); r != want || size != wantSize {
			return fmt.Errorf("% x is read as %U of %d bytes, want %U of %d", s[at:], r, size, want, wantSize)
		}
	}
	return nil
}

// Decode and range read any bytes as package utf8 does; a byte-wise decoder differs at the first byte that is not ASCII.
func FuzzRangeASCII(f *testing.F) {
	seeds := []string{"", "ASCII", "naïve", "Привет", "世界", "👨‍👩‍👧", "\xff", "\xc0\xaf", "\xe2\x99", "\xed\xa0\x80", "\xf4\x90\x80\x80", "♥\xe2\x99x"}
	proof := claim.Prove(f, runes.RangeASCII, func(decode decoder) error {
		for _, seed := range seeds {
			if err := agrees(decode, seed); err != nil {
				return err
			}
		}
		return nil
	})
	proof.Holds("Decode, over the seeds of the fuzz test", runes.Decode)
	proof.Control("bytes taken for characters", byteWise, "c3 af 76 65 is read as U+00C3 of 1 bytes, want U+00EF of 2")
	proof.Control("over-long forms accepted", overlong, "c0 af is read as U+002F of 2 bytes, want U+FFFD of 1")

	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		require.NoError(t, agrees(runes.Decode, s))
		at := 0
		for i, r := range s { // plain ifs: a fuzz target runs a million times
			got, size := runes.Decode(s[at:])
			if i != at || r != got {
				t.Fatalf("%q: range yields %U at %d, Decode reads %U at %d", s, r, i, got, at)
			}
			at += size
		}
		require.Equal(t, len(s), at, "bytes that Decode took")
	})
}

// The empty string decodes to U+FFFD of no bytes, so that a loop can tell it from a bad byte.
func TestRangeASCII_empty(t *testing.T) {
	r, size := runes.Decode("")
	assert.Equal(t, utf8.RuneError, r)
	assert.Zero(t, size)
}

// range steps by code points: the index jumps by the bytes of each.
func Example_rangeASCII() {
	for i, r := range "aé♥🙂" {
		fmt.Printf("byte %d: %c %U, ASCII: %t\n", i, r, r, r <= unicode.MaxASCII)
	}
	// Output:
	// byte 0: a U+0061, ASCII: true
	// byte 1: é U+00E9, ASCII: false
	// byte 3: ♥ U+2665, ASCII: false
	// byte 6: 🙂 U+1F642, ASCII: false
}

// A loop over bytes sees other numbers, which are no characters.
func Example_rangeASCII_bytes() {
	word := "né"
	for i := range len(word) {
		fmt.Printf("byte %d: %#02x, as a character %c\n", i, word[i], word[i])
	}
	for i, r := range []rune(word) {
		fmt.Printf("rune %d: %c\n", i, r)
	}
	// Output:
	// byte 0: 0x6e, as a character n
	// byte 1: 0xc3, as a character Ã
	// byte 2: 0xa9, as a character ©
	// rune 0: n
	// rune 1: é
}

// Decode takes a string apart code point by code point, as range does, and says where the next one begins.
//
//claim:runes/range-ascii
func ExampleDecode() {
	rest := "a♥\xff!"
	for rest != "" {
		r, size := runes.Decode(rest)
		valid := r != utf8.RuneError || size > 1
		fmt.Printf("%q: %U of size %d, valid: %t\n", rest[:size], r, size, valid)
		rest = rest[size:]
	}
	// Output:
	// "a": U+0061 of size 1, valid: true
	// "♥": U+2665 of size 3, valid: true
	// "\xff": U+FFFD of size 1, valid: false
	// "!": U+0021 of size 1, valid: true
}
