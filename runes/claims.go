package runes

import "gonotes/internal/claim"

// ByteChar: a rune is Go's byte character. (§12)
//
// Wrong: a rune is a code point, an int32; a byte is a uint8. What a reader
// takes for one character is a grapheme cluster, of one rune or several.
//
// Asked: What is a rune?
//
// Answer: A Unicode code point, held in an int32. A byte is a uint8, one octet
// of the encoding. Neither is what a reader calls a character: that is a
// grapheme cluster, which may be several runes, such as a letter with a
// combining accent, a flag, or a family emoji. So count bytes for memory, runes
// for code points, and clusters, with a library, for what people see.
//
// Source: https://go.dev/ref/spec#Numeric_types and https://www.unicode.org/reports/tr29/
const ByteChar claim.ID = "runes/byte-char"

// AliasInt32: rune is an alias of int32, which is signed. (§12)
//
// Holds: the two names are one type; -1 is a legal value of it, though no code
// point.
//
// Asked: Is rune a type of its own?
//
// Answer: No, it is an alias: rune and int32 are two names of one type, and so
// are a slice of runes and a slice of int32. It is signed, so minus one is a
// legal value, though no code point, and functions use that to say none. A type
// that you define from int32 is another type and needs a conversion. The two
// names show in documentation what is meant.
//
// Source: https://go.dev/ref/spec#Numeric_types
const AliasInt32 claim.ID = "runes/alias-int32"

// AliasUint8: byte is an alias of uint8. (§12)
//
// Holds: the two names are one type; so are []byte and []uint8.
//
// Asked: Is byte a type of its own?
//
// Answer: No, byte is an alias of uint8: one type with two names, so a slice of
// bytes is a slice of uint8 and no conversion is needed. By convention byte
// says raw data and uint8 says a small number. A type defined from uint8 is
// another type: it needs a conversion, and a slice of it is not a slice of
// bytes.
//
// Source: https://go.dev/ref/spec#Numeric_types
const AliasUint8 claim.ID = "runes/alias-uint8"

// StringBytes: a string is a sequence of bytes. (§12)
//
// Holds, but: it is read-only, and not necessarily UTF-8; two strings are equal
// when their bytes are, which for text that reads the same they need not be.
//
// Asked: What is a string in Go?
//
// Answer: A read-only sequence of bytes: a pointer and a length. len counts
// bytes, and indexing gives a byte. By convention it holds UTF-8, and string
// literals do unless escapes say otherwise, but any bytes are legal, and
// converting to bytes and back loses nothing. Assigning to an element does not
// compile. Two strings that read the same can differ in bytes, when one is
// composed and the other not.
//
// Source: https://go.dev/ref/spec#String_types
const StringBytes claim.ID = "runes/string-bytes"

// RangeASCII: range over a string yields ASCII characters. (§12)
//
// Wrong: it yields Unicode code points, as runes; the index is the byte offset,
// and a byte that is not UTF-8 yields U+FFFD of width 1.
//
// Asked: What does range over a string give?
//
// Answer: The byte offset and the code point, as a rune, of each character that
// it decodes from UTF-8; not bytes, and not only ASCII. The index therefore
// jumps by one to four. A byte that is not valid UTF-8 gives U+FFFD, the
// replacement character, with a width of one, so the loop always gets on. To
// see the bytes, index the string or range over a byte slice.
//
// Source: https://go.dev/ref/spec#For_range
const RangeASCII claim.ID = "runes/range-ascii"

// ByteASCII: byte stands for ASCII, rune for Unicode or UTF-8. (§12)
//
// Wrong: a byte is any octet, a rune is a code point; UTF-8 is how a string
// stores a code point, in 1 to 4 bytes.
//
// Asked: Is a byte ASCII, and a rune Unicode?
//
// Answer: A byte is any octet, 0 to 255; ASCII is only the first half. A rune
// is a number, the code point; Unicode assigns it. UTF-8 is neither: it is the
// way a string stores a code point in one to four bytes, and only for ASCII are
// byte and code point the same. So the length of a string in bytes tells little
// about the number of its characters.
//
// Source: https://go.dev/blog/strings and https://www.rfc-editor.org/rfc/rfc3629
const ByteASCII claim.ID = "runes/byte-ascii"

// DefaultType: a character literal has type rune by default. (§12)
//
// Holds: it is an untyped constant whose default type is rune; it converts by
// itself to any numeric type that can hold it.
//
// Asked: What is the type of 'a'?
//
// Answer: It is an untyped rune constant; where nothing else is wanted, its
// type is rune, so x := 'a' makes an int32. Being untyped, it converts by
// itself to any numeric type that can represent it: a byte, an int, even a
// float64. A typed variable does not: a byte must be converted to a rune by
// hand.
//
// Source: https://go.dev/ref/spec#Constants
const DefaultType claim.ID = "runes/default-type"

// ByteLiteral: a character literal may be assigned to a byte. (§12)
//
// Holds, but: only up to 255; a larger constant does not compile.
//
// Asked: Can one assign a character literal to a byte?
//
// Answer: Yes, if its code point is at most 255, because the literal is an
// untyped constant and the compiler checks that it fits. 'Z' fits; a heart,
// U+2665, does not compile. And what fits is not always text: 'é' is 233 as a
// byte, which is its number in Latin-1, while a string stores it as two bytes
// of UTF-8.
//
// Source: https://go.dev/ref/spec#Representability
const ByteLiteral claim.ID = "runes/byte-literal"

// Printf: %c, %d and %U print "a = 97 and ♥ = U+2665". (§12)
//
// Holds: the verbs show a rune as character, number, code point; of one byte
// of a longer encoding %c shows another character.
//
// Asked: How do you print a rune?
//
// Answer: With %c the character, %d the number, %U the code point as U+0061, %q
// a quoted literal, %x hexadecimal. Print alone shows the number, because a
// rune is an int32. Beware of bytes: %c of one byte from the middle of an
// encoding prints the character with that number, not part of the text. For a
// string, %q and %+q show what is really in it.
//
// Source: https://pkg.go.dev/fmt#hdr-Printing
const Printf claim.ID = "runes/printf"

// InterpretedStrings: "..." cannot span lines and has escapes. (§12)
//
// Holds: that is about the source; the value holds a line break for each \n.
//
// Asked: What is the difference between the two kinds of string literal?
//
// Answer: One in double quotes is interpreted: escapes such as backslash n are
// replaced, and it must end on its own line in the source. One in back quotes
// is raw: it may span lines, and a backslash is a backslash. That no newline is
// allowed concerns the source only; the value can hold as many as you write
// escapes for.
//
// Source: https://go.dev/ref/spec#String_literals
const InterpretedStrings claim.ID = "runes/interpreted-strings"

// RawStrings: `...` spans lines and interprets no escapes. (§12)
//
// Holds, but: carriage returns are dropped, no back quote fits in; the
// indentation of the source becomes part of the value.
//
// Asked: What cannot be in a raw string literal?
//
// Answer: A back quote, since nothing can be escaped; join pieces for that.
// Carriage returns in the source are dropped, so the same file gives the same
// value with either line ending. All else stays: backslashes, quotes, line
// breaks, and the indentation of your source too. They serve for regular
// expressions, JSON in tests and templates.
//
// Source: https://go.dev/ref/spec#String_literals
const RawStrings claim.ID = "runes/raw-strings"

// AdditionalTypes: byte and rune are two additional integer types. (§12)
//
// Wrong: aliases add no type; Go has 13 names for 11 integer types, and one
// type switch cannot list both names of one.
//
// Asked: How many integer types has Go?
//
// Answer: Eleven: int8 to int64, uint8 to uint64, int, uint and uintptr. byte
// and rune are aliases, two more names for uint8 and int32, not two more types.
// You can see it in a type switch: case byte next to case uint8 does not
// compile, because it is a duplicate. A type that you define yourself is a new
// type, and stands beside them.
//
// Source: https://go.dev/ref/spec#Alias_declarations
const AdditionalTypes claim.ID = "runes/additional-types"

// SubstringRetention: a short substring costs little memory. (§12, asked next)
//
// Wrong: it keeps the whole string alive; strings.Clone keeps the short one
// only.
//
// Asked: What does a substring cost?
//
// Answer: No copy: it is a pointer into the same bytes with a length. But that
// pointer keeps the whole string alive. Keep eight bytes of each of a hundred
// one-megabyte strings, and a hundred megabytes stay. strings.Clone copies the
// short one and lets the long one go. The same is true of slices: there
// slices.Clone or append helps.
//
// Source: https://pkg.go.dev/strings#Clone
const SubstringRetention claim.ID = "runes/substring-retention"

// ConversionsElided: string to []byte or []rune and back copies. (§12, asked next)
//
// Holds, but: not in look-up, comparison, concatenation, range, len; there the
// compiler sees that nobody could tell. Ranging over string(b) or []rune(s)
// does copy.
//
// Asked: Does converting between string and []byte copy?
//
// Answer: As a rule yes, because a string must never change: one allocation and
// one copy. The compiler leaves it out where nobody could tell: looking up a
// map with a converted key, comparing, concatenating, ranging over the bytes of
// a string, taking the length of runes. Ranging over runes made from a string
// copies. Measure with AllocsPerRun before you turn to package unsafe.
//
// Source: https://go.dev/wiki/CompilerOptimizations#string-and-byte
const ConversionsElided claim.ID = "runes/conversions-elided"
