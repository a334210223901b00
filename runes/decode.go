package runes

import "unicode/utf8"

// The bounds of what may be encoded: between the two surrogates lie the code
// points that UTF-16 uses up for its pairs, and which are no characters.
const (
	firstSurrogate = 0xD800
	lastSurrogate  = 0xDFFF
	lastCodePoint  = 0x10FFFF
)

// shortest is, for each size of an encoding in bytes, the first code point
// that needs so many. Anything below it is over-long in that size.
var shortest = [...]rune{1: 0, 2: 0x80, 3: 0x800, 4: 0x10000}

// Decode reads the first code point of s and says how many bytes encode it, as
// range does: a byte that begins no valid encoding yields U+FFFD and 1. The
// empty string yields U+FFFD and 0.
//
// It is [utf8.DecodeRuneInString], written to be read; the tests hold the two
// against each other.
func Decode(s string) (r rune, size int) {
	if s == "" {
		return utf8.RuneError, 0
	}
	switch lead := s[0]; {
	case lead < 0x80: // 0xxxxxxx
		return rune(lead), 1
	case lead>>5 == 0b110:
		r, size = rune(lead&0b11111), 2
	case lead>>4 == 0b1110:
		r, size = rune(lead&0b1111), 3
	case lead>>3 == 0b11110:
		r, size = rune(lead&0b111), 4
	default: // a continuation byte, or one that UTF-8 never uses
		return utf8.RuneError, 1
	}
	if len(s) < size {
		return utf8.RuneError, 1
	}
	for i := 1; i < size; i++ {
		if s[i]>>6 != 0b10 {
			return utf8.RuneError, 1
		}
		r = r<<6 | rune(s[i]&0b111111)
	}
	if r < shortest[size] || isSurrogate(r) || r > lastCodePoint {
		return utf8.RuneError, 1
	}
	return r, size
}

// Append appends the UTF-8 encoding of r to dst, 1 to 4 bytes. What is no
// scalar value (a surrogate, a negative number, anything past U+10FFFF) is
// encoded as U+FFFD.
//
// It is [utf8.AppendRune], written to be read.
func Append(dst []byte, r rune) []byte {
	if r < 0 || isSurrogate(r) || r > lastCodePoint {
		r = utf8.RuneError
	}
	switch {
	case r < shortest[2]:
		return append(dst, byte(r))
	case r < shortest[3]:
		return append(dst, 0b110<<5|byte(r>>6), continuation(r))
	case r < shortest[4]:
		return append(dst, 0b1110<<4|byte(r>>12), continuation(r>>6), continuation(r))
	default:
		return append(dst, 0b11110<<3|byte(r>>18), continuation(r>>12), continuation(r>>6), continuation(r))
	}
}

func isSurrogate(r rune) bool { return firstSurrogate <= r && r <= lastSurrogate }

// continuation is the byte that carries the six lowest bits of r.
func continuation(r rune) byte { return 0b10<<6 | byte(r&0b111111) }
