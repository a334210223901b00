package runes_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// octets are the bytes of something, text or not.
type octets []byte

func (o octets) Figures() []claim.Figure {
	seen := make(map[byte]bool)
	for _, b := range o {
		seen[b] = true
	}
	return []claim.Figure{{Name: "distinct byte values", Value: float64(len(seen)), Unit: "values"}}
}

// octetsTo are the byte values from 0 to last.
func octetsTo(last byte) (all octets) {
	for value := range int(last) + 1 {
		all = append(all, byte(value))
	}
	return all
}

// A byte takes all 256 values, and the 128 of ASCII are half of them.
func TestByteASCII(t *testing.T) {
	proof := claim.Prove(t, runes.ByteASCII, func(o octets) error {
		for _, b := range o {
			if b > unicode.MaxASCII {
				return nil
			}
		}
		return errors.New("every byte is ASCII")
	})
	proof.Holds("all values of a byte", octetsTo(0xFF))
	proof.Holds("the bytes of ♥", octets("♥"))
	proof.Control("the values of ASCII", octetsTo(unicode.MaxASCII), "every byte is ASCII")
	proof.Control("the bytes of an English word", octets("heart"), "every byte is ASCII")
}

// An encoding is a way to store a code point as bytes.
type encoding func(dst []byte, r rune) []byte

// encoded is what became of every scalar value in an encoding: how many took
// how many bytes, and the first that is not stored as in a string.
type encoded struct {
	bySize map[int]int
	wrong  error
}

func (e encoded) Figures() (figures []claim.Figure) {
	for size := range 5 {
		if n := e.bySize[size]; n > 0 {
			figures = append(figures, claim.Figure{Name: fmt.Sprintf("stored in %d B", size), Value: float64(n), Unit: "code points"})
		}
	}
	return figures
}

// encodeAll stores every scalar value and compares it with the string of it.
func encodeAll(encode encoding) encoded {
	e := encoded{bySize: make(map[int]int)}
	buf := make([]byte, 0, 8)
	text := everyScalar()
	for at, r := range text {
		buf = encode(buf[:0], r)
		e.bySize[len(buf)]++
		if want := text[at : at+utf8.RuneLen(r)]; string(buf) != want && e.wrong == nil {
			e.wrong = fmt.Errorf("%U is stored as % x, want % x", r, buf, want)
		}
	}
	return e
}

// A string stores a code point as UTF-8, in 1 to 4 bytes; other encodings of the same code points store other bytes.
func TestByteASCII_encodedForm(t *testing.T) {
	proof := claim.Prove(t, runes.ByteASCII, func(e encoded) error { return e.wrong })
	proof.Holds("Append", encodeAll(runes.Append))
	proof.Holds("utf8.AppendRune", encodeAll(utf8.AppendRune))
	proof.Control("UTF-16", encodeAll(func(dst []byte, r rune) []byte {
		for _, unit := range utf16.AppendRune(nil, r) {
			dst = binary.BigEndian.AppendUint16(dst, unit)
		}
		return dst
	}), "U+0000 is stored as 00 00, want 00")
	proof.Control("UTF-32, the rune as it is in memory", encodeAll(func(dst []byte, r rune) []byte {
		return binary.BigEndian.AppendUint32(dst, uint32(r))
	}), "U+0000 is stored as 00 00 00 00, want 00")
	proof.Control("Latin-1, one byte for each", encodeAll(func(dst []byte, r rune) []byte {
		return append(dst, byte(r))
	}), "U+0080 is stored as 80, want c2 80")
}

// Append writes any int32 as package utf8 does, scalar value or not.
func FuzzByteASCII(f *testing.F) {
	for _, r := range []rune{-1, 0, 'a', 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFF, 0x10000, unicode.MaxRune, unicode.MaxRune + 1} {
		f.Add(r)
	}
	f.Fuzz(func(t *testing.T, r rune) {
		got := runes.Append([]byte("before "), r)
		require.Equal(t, utf8.AppendRune([]byte("before "), r), got)
		back, size := runes.Decode(string(got[len("before "):]))
		require.Len(t, got, len("before ")+size)
		if utf8.ValidRune(r) {
			require.Equal(t, r, back)
		}
	})
}

// One code point is stored in one to four bytes, none of which need be ASCII.
func Example_byteASCII() {
	for _, r := range "a√é🙂" {
		stored := []byte(string(r))
		fmt.Printf("%c %-7U rune: %6d, UTF-8: % x, bytes: %d\n", r, r, r, stored, len(stored))
	}
	var octet byte = 0xFF // a byte, and neither ASCII nor a part of UTF-8
	fmt.Printf("byte %#x is ASCII: %t\n", octet, octet <= unicode.MaxASCII)
	// Output:
	// a U+0061  rune:     97, UTF-8: 61, bytes: 1
	// √ U+221A  rune:   8730, UTF-8: e2 88 9a, bytes: 3
	// é U+00E9  rune:    233, UTF-8: c3 a9, bytes: 2
	// 🙂 U+1F642 rune: 128578, UTF-8: f0 9f 99 82, bytes: 4
	// byte 0xff is ASCII: false
}

// Append builds text code point by code point; what is no scalar value becomes U+FFFD.
//
//claim:runes/byte-ascii
func ExampleAppend() {
	var text []byte
	for _, r := range []rune{'G', 'o', ' ', '♥'} {
		text = runes.Append(text, r)
	}
	fmt.Printf("text: %s\n", text)
	fmt.Printf("bytes: % x\n", text)
	fmt.Printf("a surrogate: % x, the bytes of %U\n", runes.Append(nil, 0xD800), utf8.RuneError)
	// Output:
	// text: Go ♥
	// bytes: 47 6f 20 e2 99 a5
	// a surrogate: ef bf bd, the bytes of U+FFFD
}
