package runes_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// A family is the invalid sequences of one kind, all of them, in one string.
type family struct {
	name string
	size int // bytes of each
	text string
}

// encode writes the lowest bits of r in the pattern of size bytes, whether or
// not UTF-8 allows it.
func encode(dst []byte, r rune, size int) []byte {
	switch size {
	case 2:
		dst = append(dst, 0b110<<5|byte(r>>6))
	case 3:
		dst = append(dst, 0b1110<<4|byte(r>>12))
	case 4:
		dst = append(dst, 0b11110<<3|byte(r>>18))
	}
	for size--; size > 0; size-- {
		dst = append(dst, 0b10<<6|byte(r>>(6*(size-1)))&0b111111)
	}
	return dst
}

// invalid is every family, 1,070,000 sequences.
var invalid = sync.OnceValue(func() []family {
	patterns := func(name string, first, last, step rune, size, keep int) family {
		var text []byte
		for r := first; r <= last; r += step {
			if keep == size || !surrogate(r) {
				text = encode(text, r, size)
				text = text[:len(text)-size+keep]
			}
		}
		return family{name, keep, string(text)}
	}
	var lone []byte
	for b := 0x80; b <= 0xFF; b++ {
		lone = append(lone, byte(b))
	}
	return []family{
		{"the lone byte", 1, string(lone)},
		patterns("the surrogate", 0xD800, 0xDFFF, 1, 3, 3),
		patterns("the over-long form", 0, 0x7F, 1, 2, 2),
		patterns("the over-long form", 0, 0x7FF, 1, 3, 3),
		patterns("the over-long form", 0, 0xFFFF, 1, 4, 4),
		patterns("the number past U+10FFFF", 0x110000, 0x1FFFFF, 1, 4, 4),
		patterns("the cut-off form", 0x800, 0xFFFF, 1<<6, 3, 2),
		patterns("the cut-off form", 0x10000, 0x10FFFF, 1<<6, 4, 3),
		patterns("the cut-off form", 0x10000, 0x10FFFF, 1<<12, 4, 2),
	}
})

// readInvalid asks a walk for one U+FFFD of width 1 for each byte of each
// invalid sequence.
func readInvalid(w walk) outcome {
	o := outcome{unit: "invalid sequences"}
	for _, family := range invalid() {
		for text := family.text; text != ""; text = text[family.size:] {
			sequence := text[:family.size]
			replaced := 0
			for at, r := range w(sequence) {
				if r != utf8.RuneError {
					o.wrong = fmt.Errorf("%s % x is read as %U", family.name, sequence, r)
					return o
				}
				if at == replaced {
					replaced++
				}
			}
			if replaced != len(sequence) {
				o.wrong = fmt.Errorf("%s % x gives U+FFFD for %d of its %d bytes", family.name, sequence, replaced, len(sequence))
				return o
			}
			o.right++
		}
	}
	return o
}

// Each byte of every surrogate, over-long form, number past the end and cut-off form yields U+FFFD of width 1.
func TestRangeASCII_invalid(t *testing.T) {
	proof := claim.Prove(t, runes.RangeASCII, allRight)
	proof.Holds("range", readInvalid(ranging))
	proof.Holds("Decode", readInvalid(decoder(runes.Decode).walk))
	proof.Holds("utf8.DecodeRuneInString", readInvalid(decoder(utf8.DecodeRuneInString).walk))
	proof.Control("bytes taken for characters", readInvalid(decoder(byteWise).walk), "the lone byte 80 is read as U+0080")
	proof.Control("surrogates accepted", readInvalid(surrogates.walk), "the surrogate ed a0 80 is read as U+D800")
	proof.Control("over-long forms accepted", readInvalid(overlong.walk), "the over-long form c0 80 is read as U+0000")
	proof.Control("numbers past the end accepted", readInvalid(beyond.walk), "the number past U+10FFFF f4 90 80 80 is read as U+110000")
	proof.Control("cut-off forms accepted", readInvalid(decoder(unfinished).walk), "the cut-off form e0 a0 is read as U+0800")
	proof.Control("one U+FFFD for a whole sequence", readInvalid(decoder(oneForAll).walk), "the surrogate ed a0 80 gives U+FFFD for 1 of its 3 bytes")
}

// A byte that is not UTF-8 reads as U+FFFD, and the next byte is read on its own.
func Example_rangeASCII_invalid() {
	for _, test := range []struct{ name, text string }{
		{"a lone byte", "a\xffb"},
		{"♥ cut off", "\xe2\x99!"},
		{"an over-long slash", "\xc0\xaf"},
		{"a surrogate", "\xed\xa0\x80"},
	} {
		fmt.Printf("%s:", test.name)
		for i, r := range test.text {
			fmt.Printf(" %d %U", i, r)
		}
		fmt.Println()
	}
	fmt.Println("one mark for each run of them:", strings.ToValidUTF8("\xe2\x99!", "?"))
	// Output:
	// a lone byte: 0 U+0061 1 U+FFFD 2 U+0062
	// ♥ cut off: 0 U+FFFD 1 U+FFFD 2 U+0021
	// an over-long slash: 0 U+FFFD 1 U+FFFD
	// a surrogate: 0 U+FFFD 1 U+FFFD 2 U+FFFD
	// one mark for each run of them: ?!
}
