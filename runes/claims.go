package runes

import "gonotes/internal/claim"

// ByteChar: a rune is Go's byte character. (§12)
//
// Wrong: a rune is a code point, an int32; a byte is a uint8. What a reader
// takes for one character is a grapheme cluster, of one rune or several.
//
// Source: https://go.dev/ref/spec#Numeric_types and https://www.unicode.org/reports/tr29/
const ByteChar claim.ID = "runes/byte-char"

// AliasInt32: rune is an alias of int32, which is signed. (§12)
//
// Holds: the two names are one type; -1 is a legal value of it, though no code
// point.
//
// Source: https://go.dev/ref/spec#Numeric_types
const AliasInt32 claim.ID = "runes/alias-int32"

// AliasUint8: byte is an alias of uint8. (§12)
//
// Holds: the two names are one type; so are []byte and []uint8.
//
// Source: https://go.dev/ref/spec#Numeric_types
const AliasUint8 claim.ID = "runes/alias-uint8"

// StringBytes: a string is a sequence of bytes. (§12)
//
// Holds, but: it is read-only, and not necessarily UTF-8; two strings are equal
// when their bytes are, which for text that reads the same they need not be.
//
// Source: https://go.dev/ref/spec#String_types
const StringBytes claim.ID = "runes/string-bytes"

// RangeASCII: range over a string yields ASCII characters. (§12)
//
// Wrong: it yields Unicode code points, as runes; the index is the byte offset,
// and a byte that is not UTF-8 yields U+FFFD of width 1.
//
// Source: https://go.dev/ref/spec#For_range
const RangeASCII claim.ID = "runes/range-ascii"

// ByteASCII: byte stands for ASCII, rune for Unicode or UTF-8. (§12)
//
// Wrong: a byte is any octet, a rune is a code point; UTF-8 is how a string
// stores a code point, in 1 to 4 bytes.
//
// Source: https://go.dev/blog/strings and https://www.rfc-editor.org/rfc/rfc3629
const ByteASCII claim.ID = "runes/byte-ascii"

// DefaultType: a character literal has type rune by default. (§12)
//
// Holds: it is an untyped constant whose default type is rune; it converts by
// itself to any numeric type that can hold it.
//
// Source: https://go.dev/ref/spec#Constants
const DefaultType claim.ID = "runes/default-type"

// ByteLiteral: a character literal may be assigned to a byte. (§12)
//
// Holds, but: only up to 255; a larger constant does not compile.
//
// Source: https://go.dev/ref/spec#Representability
const ByteLiteral claim.ID = "runes/byte-literal"

// Printf: %c, %d and %U print "a = 97 and ♥ = U+2665". (§12)
//
// Holds: the verbs show a rune as character, number, code point; of one byte
// of a longer encoding %c shows another character.
//
// Source: https://pkg.go.dev/fmt#hdr-Printing
const Printf claim.ID = "runes/printf"

// InterpretedStrings: "..." cannot span lines and has escapes. (§12)
//
// Holds: that is about the source; the value holds a line break for each \n.
//
// Source: https://go.dev/ref/spec#String_literals
const InterpretedStrings claim.ID = "runes/interpreted-strings"

// RawStrings: `...` spans lines and interprets no escapes. (§12)
//
// Holds, but: carriage returns are dropped, no back quote fits in; the
// indentation of the source becomes part of the value.
//
// Source: https://go.dev/ref/spec#String_literals
const RawStrings claim.ID = "runes/raw-strings"

// AdditionalTypes: byte and rune are two additional integer types. (§12)
//
// Wrong: aliases add no type; Go has 13 names for 11 integer types, and one
// type switch cannot list both names of one.
//
// Source: https://go.dev/ref/spec#Alias_declarations
const AdditionalTypes claim.ID = "runes/additional-types"

// SubstringRetention: a short substring costs little memory. (§12, asked next)
//
// Wrong: it keeps the whole string alive; strings.Clone keeps the short one
// only.
//
// Source: https://pkg.go.dev/strings#Clone
const SubstringRetention claim.ID = "runes/substring-retention"

// ConversionsElided: string to []byte or []rune and back copies. (§12, asked next)
//
// Holds, but: not in look-up, comparison, concatenation, range, len; there the
// compiler sees that nobody could tell. Ranging over string(b) or []rune(s)
// does copy.
//
// Source: https://go.dev/wiki/CompilerOptimizations#string-and-byte
const ConversionsElided claim.ID = "runes/conversions-elided"
