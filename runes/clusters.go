package runes

import (
	"iter"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"golang.org/x/text/width"
)

// Clusters yields what a reader takes for the characters of s: its extended
// grapheme clusters (Unicode Standard Annex 29), in order. Joined they are s
// again, whatever its bytes.
func Clusters(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		clusters := graphemes.FromString(s)
		for clusters.Next() {
			if !yield(clusters.Value()) {
				return
			}
		}
	}
}

// Lengths are the four answers to the question how long a string is.
type Lengths struct {
	Bytes    int // what it occupies: len(s)
	Runes    int // code points: what range yields
	Clusters int // characters, as a reader counts them
	Columns  int // cells of a terminal: [Width]
}

// Measure gives all four lengths of s.
func Measure(s string) Lengths {
	lengths := Lengths{Bytes: len(s), Runes: utf8.RuneCountInString(s)}
	for cluster := range Clusters(s) {
		lengths.Clusters++
		lengths.Columns += columns(cluster)
	}
	return lengths
}

// Width is the number of terminal cells that s takes in a fixed-width font:
// two for a cluster that East Asian fonts draw wide (Unicode Standard Annex 11)
// or that is shown as an emoji or a flag, none for one that is only marks or
// control characters, otherwise one. Ambiguous characters count as narrow. What
// a terminal does may differ where it does not know a cluster.
func Width(s string) int {
	total := 0
	for cluster := range Clusters(s) {
		total += columns(cluster)
	}
	return total
}

// emojiPresentation is the variation selector that asks for the colourful form
// of the character before it.
const emojiPresentation = '\uFE0F'

func columns(cluster string) int {
	visible, indicators := 0, 0
	for _, r := range cluster {
		switch kind := width.LookupRune(r).Kind(); {
		case r == emojiPresentation && visible > 0:
			return 2
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			continue
		case kind == width.EastAsianWide, kind == width.EastAsianFullwidth:
			return 2
		case unicode.Is(unicode.Regional_Indicator, r):
			indicators++
		}
		visible++
	}
	if indicators == 2 {
		return 2
	}
	return min(visible, 1)
}
