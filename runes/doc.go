// Package runes proves what the notes say about strings, bytes and runes, and
// holds the few functions that the answers need.
//
// # A string is bytes
//
// A string is a read-only sequence of bytes ([StringBytes]). len counts bytes
// and s[i] is one of them. A byte is any octet, 0 to 255, and another name of
// uint8 ([AliasUint8]); no byte is refused, so a string need not be text. Since
// a string cannot change, building one with += copies all of it each time;
// strings.Builder does not, and panics rather than let a copy of itself write
// over the original. unsafe.String shares the bytes of a slice instead of
// copying them, and whoever then writes to the slice breaks the promise.
//
// # A rune is a code point
//
// A rune is not a byte ([ByteChar]). It is another name of int32
// ([AliasInt32]), large enough for every code point of Unicode, U+0000 to
// U+10FFFF, and signed, so that -1 can mean "none". The two names add nothing to
// Go's integer types ([AdditionalTypes]). A character literal is an untyped
// constant that becomes a rune where nothing else is asked for ([DefaultType]),
// and a byte where it fits one, up to 255 ([ByteLiteral]). %c, %d and %U print
// it as character, number and code point ([Printf]).
//
// # UTF-8 leads from one to the other
//
// Neither byte nor rune means ASCII or UTF-8 ([ByteASCII]). UTF-8 is how a
// string stores a code point, in one to four bytes; ASCII is the 128 code points
// that take one. [Append] encodes and [Decode] decodes, written to be read.
//
// range over a string decodes ([RangeASCII]): it yields code points, ASCII or
// not, and with each the offset of its first byte. A byte that belongs to no
// valid encoding yields U+FFFD and a step of one byte. That covers what an
// attacker would send: surrogates, over-long forms, numbers past U+10FFFF, and
// sequences that were cut off. []rune(s) decodes as well, and its index counts
// runes.
//
// What a code point means is another matter, and depends on the version of
// Unicode: Go 1.26 has the tables of 15.0.0 and Go 1.27 those of 17.0.0, here
// as in golang.org/x/text (unicode.Version says which). A string holds code
// points that no table knows as well as any other.
//
// # A character is a cluster
//
// What a reader takes for one character may be several runes: a letter with its
// accents, a flag, a family joined into one emoji. [Clusters] splits a text as
// Unicode says, at the boundaries of grapheme clusters, by the rules of 17.0.0
// on every release of Go. So a text has four lengths, in bytes, runes, clusters
// and columns of a terminal, and [Measure] gives them all; [Width] gives the
// last, which is what lines up a table.
//
// The same text may be stored in more than one way, and == compares bytes.
// [Equivalent] normalises first (NFC), so that a letter with an accent equals
// the letter followed by the accent. [EqualFold] also ignores case, with full
// folding, in which ß equals SS. No folding suits every language: Turkish has
// two letters i, and must be named, to golang.org/x/text/cases or, letter by
// letter, to strings.ToLowerSpecial.
//
// # Literals
//
// Between double quotes a literal ends with its line and \n stands for a line
// break ([InterpretedStrings]); "no newline" is about the source, the value
// holds as many as are written. Between back quotes text stands as it is, over
// many lines, with its backslashes, its quotes and its indentation; only
// carriage returns are dropped, and no back quote fits in ([RawStrings]).
//
// # What it costs
//
// A substring shares the bytes of the whole, which it keeps alive
// ([SubstringRetention]); strings.Clone lets go of them. A conversion between
// string and []byte or []rune copies, except where the compiler sees that
// nobody could tell ([ConversionsElided]). The benchmarks compare the ways to
// walk a string and to build one.
package runes
