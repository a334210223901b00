package runes_test

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"golang.org/x/text/width"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// measured is a text with its four lengths.
type measured struct {
	text string
	runes.Lengths
}

func measure(text string) measured { return measured{text, runes.Measure(text)} }

func (m measured) Figures() []claim.Figure {
	return []claim.Figure{
		{Name: "length", Value: float64(m.Bytes), Unit: "B"},
		{Name: "length", Value: float64(m.Runes), Unit: "runes"},
		{Name: "length", Value: float64(m.Clusters), Unit: "clusters"},
		{Name: "width", Value: float64(m.Columns), Unit: "columns"},
	}
}

// The four lengths of a text are four numbers; only for ASCII are they one.
func TestByteChar_lengths(t *testing.T) {
	for _, test := range []struct {
		in   string
		want runes.Lengths
	}{
		{"", runes.Lengths{Bytes: 0, Runes: 0, Clusters: 0, Columns: 0}},
		{"heart", runes.Lengths{Bytes: 5, Runes: 5, Clusters: 5, Columns: 5}},
		{"сердце", runes.Lengths{Bytes: 12, Runes: 6, Clusters: 6, Columns: 6}},
		{"心脏", runes.Lengths{Bytes: 6, Runes: 2, Clusters: 2, Columns: 4}},
		{"👨‍👩‍👧‍👦", runes.Lengths{Bytes: 25, Runes: 7, Clusters: 1, Columns: 2}},
		{"cafe\u0301", runes.Lengths{Bytes: 6, Runes: 5, Clusters: 4, Columns: 4}},
		{"a\xff", runes.Lengths{Bytes: 2, Runes: 2, Clusters: 2, Columns: 2}},
	} {
		assert.Equal(t, test.want, runes.Measure(test.in), "Measure(%q)", test.in)
	}

	proof := claim.Prove(t, runes.ByteChar, func(text measured) error {
		lengths := map[int]bool{text.Bytes: true, text.Runes: true, text.Clusters: true, text.Columns: true}
		if len(lengths) < 4 {
			return fmt.Errorf("has %d different lengths: %+v", len(lengths), text.Lengths)
		}
		return nil
	})
	proof.Holds("a family of four, 👨‍👩‍👧‍👦", measure("👨‍👩‍👧‍👦"))
	proof.Holds("an accent and two ideographs, é心脏", measure("e\u0301心脏"))
	proof.Control("ASCII", measure("heart"), "has 1 different lengths")
	proof.Control("Cyrillic", measure("сердце"), "has 2 different lengths")
}

// widths are texts with the cells they take in a terminal.
var widths = []struct {
	in   string
	want int
}{
	{"heart", 5},
	{"сердце", 6},
	{"心", 2},
	{"ｈｅ", 4},          // fullwidth letters
	{"ﾊ", 1},           // a halfwidth kana
	{"e\u0301", 1},     // a combining accent
	{"👨‍👩‍👧", 2},       // one emoji of five runes
	{"🇺🇦", 2},          // a flag
	{"❤", 1},           // a heart as a text symbol
	{"❤\ufe0f", 2},     // the same as an emoji
	{"\u0301", 0},      // an accent with nothing below
	{"a\u200b\x00", 1}, // a zero-width space, a control character
	{"\u3099", 0},      // the voicing mark of kana with nothing before
	{"\ufe0f", 0},      // an emoji selector with nothing before
	{"\u2028", 0},      // a line separator
	{"🇺", 1},
	{"", 0},
}

// fits checks a way to measure against every text of widths.
func fits(width func(s string) int) error {
	for _, test := range widths {
		if got := width(test.in); got != test.want {
			return fmt.Errorf("%+q is %d columns wide, want %d", test.in, got, test.want)
		}
	}
	return nil
}

// The width on a screen is that of the clusters; neither bytes nor runes nor a sum over runes gives it.
func TestByteChar_width(t *testing.T) {
	proof := claim.Prove(t, runes.ByteChar, fits)
	proof.Holds("Width", runes.Width)
	proof.Control("bytes", func(s string) int { return len(s) }, `"\u0441\u0435\u0440\u0434\u0446\u0435" is 12 columns wide, want 6`)
	proof.Control("runes", utf8.RuneCountInString, `"\u5fc3" is 1 columns wide, want 2`)
	proof.Control("clusters", func(s string) int { return runes.Measure(s).Clusters }, `"\u5fc3" is 1 columns wide, want 2`)
	proof.Control("the width of each rune, added up", func(s string) (columns int) {
		for _, r := range s {
			columns++
			if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
				columns++
			}
		}
		return columns
	}, `"e\u0301" is 2 columns wide, want 1`)
}

// A text has four lengths, each the answer to another question.
func Example_byteChar_lengths() {
	for _, test := range []struct{ name, text string }{
		{"heart", "heart"},
		{"сердце", "сердце"},
		{"心脏", "心脏"},
		{"cœur with one accent too many", "cœu\u0301r"},
		{"👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"},
	} {
		lengths := runes.Measure(test.text)
		fmt.Printf("bytes %2d, runes %d, clusters %d, columns %d: %s\n",
			lengths.Bytes, lengths.Runes, lengths.Clusters, lengths.Columns, test.name)
	}
	// Output:
	// bytes  5, runes 5, clusters 5, columns 5: heart
	// bytes 12, runes 6, clusters 6, columns 6: сердце
	// bytes  6, runes 2, clusters 2, columns 4: 心脏
	// bytes  7, runes 5, clusters 4, columns 4: cœur with one accent too many
	// bytes 25, runes 7, clusters 1, columns 2: 👨‍👩‍👧‍👦
}

// Measure tells what a limit on a text would count.
//
//claim:runes/byte-char
func ExampleMeasure() {
	name := "Zoe\u0308 🇬🇪"
	lengths := runes.Measure(name)
	fmt.Println("bytes, for a column of a database:", lengths.Bytes)
	fmt.Println("runes, what range yields:", lengths.Runes)
	fmt.Println("clusters, what a user counts:", lengths.Clusters)
	fmt.Println("columns, in a terminal:", lengths.Columns)
	// Output:
	// bytes, for a column of a database: 14
	// runes, what range yields: 7
	// clusters, what a user counts: 5
	// columns, in a terminal: 6
}

// Width lines up a table that holds wide characters; %-8s counts runes and does not.
//
//claim:runes/byte-char
func ExampleWidth() {
	const cells = 8
	for _, name := range []string{"heart", "心脏", "cœur", "👨‍👩‍👧"} {
		fmt.Printf("|%s%*s| %d columns\n", name, cells-runes.Width(name), "", runes.Width(name))
	}
	fmt.Printf("|%-8s| takes %d columns\n", "心脏", runes.Width(fmt.Sprintf("%-8s", "心脏")))
	// Output:
	// |heart   | 5 columns
	// |心脏    | 4 columns
	// |cœur    | 4 columns
	// |👨‍👩‍👧      | 2 columns
	// |心脏      | takes 10 columns
}
