package runes_test

import (
	"iter"
	"strings"
	"unicode/utf8"

	"gonotes/runes"
)

// A walk goes through a string and yields what it takes for the code points,
// each with its place.
type walk func(s string) iter.Seq2[int, rune]

// ranging is what the language does.
func ranging(s string) iter.Seq2[int, rune] {
	return func(yield func(int, rune) bool) {
		for i, r := range s {
			if !yield(i, r) {
				return
			}
		}
	}
}

// reading is what a strings.Reader does.
func reading(s string) iter.Seq2[int, rune] {
	return func(yield func(int, rune) bool) {
		reader := strings.NewReader(s)
		at := 0
		for {
			r, size, err := reader.ReadRune()
			if err != nil || !yield(at, r) {
				return
			}
			at += size
		}
	}
}

// counting ranges over a []rune, whose index counts runes, not bytes.
func counting(s string) iter.Seq2[int, rune] {
	return func(yield func(int, rune) bool) {
		for i, r := range []rune(s) {
			if !yield(i, r) {
				return
			}
		}
	}
}

// cString ends at the first NUL, as a string of C does.
func cString(s string) iter.Seq2[int, rune] {
	text, _, _ := strings.Cut(s, "\x00")
	return ranging(text)
}

// A decoder reads the first code point of a string that is not empty, and says
// how many bytes it took.
type decoder func(s string) (r rune, size int)

// walk goes through a string by decoding what is left of it.
func (decode decoder) walk(s string) iter.Seq2[int, rune] {
	return func(yield func(int, rune) bool) {
		for at := 0; at < len(s); {
			r, size := decode(s[at:])
			if !yield(at, r) {
				return
			}
			at += size
		}
	}
}

// The decoders below are broken, each in one way that has been in use.

// byteWise takes each byte for a character, as indexing does.
func byteWise(s string) (rune, int) { return rune(s[0]), 1 }

// threeBytes ends at U+FFFF, as "utf8" did for years in MySQL.
func threeBytes(s string) (rune, int) {
	if r, size := runes.Decode(s); size < 4 {
		return r, size
	}
	return utf8.RuneError, 1
}

// accepting reads by the pattern of the bits what [runes.Decode] refuses, where
// accepts says so.
func accepting(accepts func(r rune, size int) bool) decoder {
	return func(s string) (rune, int) {
		r, size := runes.Decode(s)
		if r == utf8.RuneError && size == 1 {
			if loose, length := pattern(s); length > 1 && accepts(loose, length) {
				return loose, length
			}
		}
		return r, size
	}
}

// pattern reads the lead byte and its continuation bytes and asks nothing of
// the result. It returns size 1 for what has not even the pattern.
func pattern(s string) (r rune, size int) {
	switch lead := s[0]; {
	case lead>>5 == 0b110:
		r, size = rune(lead&0b11111), 2
	case lead>>4 == 0b1110:
		r, size = rune(lead&0b1111), 3
	case lead>>3 == 0b11110:
		r, size = rune(lead&0b111), 4
	default:
		return utf8.RuneError, 1
	}
	if len(s) < size {
		return utf8.RuneError, 1
	}
	for _, b := range []byte(s[1:size]) {
		if b>>6 != 0b10 {
			return utf8.RuneError, 1
		}
		r = r<<6 | rune(b&0b111111)
	}
	return r, size
}

var (
	surrogates = accepting(func(r rune, size int) bool { return size == 3 && 0xD800 <= r && r <= 0xDFFF })
	overlong   = accepting(func(r rune, size int) bool { return utf8.RuneLen(r) > 0 && utf8.RuneLen(r) < size })
	beyond     = accepting(func(r rune, _ int) bool { return r > utf8.MaxRune })
)

// oneForAll replaces a malformed sequence as a whole: the lead byte and
// whatever continuation bytes follow it give one U+FFFD.
func oneForAll(s string) (rune, int) {
	r, size := runes.Decode(s)
	if r == utf8.RuneError && size == 1 {
		for size < len(s) && s[size]>>6 == 0b10 {
			size++
		}
	}
	return r, size
}

// unfinished takes a sequence that was cut off for one that is complete.
func unfinished(s string) (rune, int) {
	r, size := runes.Decode(s)
	if r == utf8.RuneError && size == 1 && s[0] >= 0xC2 && len(s) > 1 {
		if padded, length := runes.Decode(s + "\x80"); length == len(s)+1 {
			return padded, len(s)
		}
	}
	return r, size
}
