package runes_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// breakCase is one line of Unicode's GraphemeBreakTest: a text in its clusters.
type breakCase struct {
	line     int
	clusters []string
}

// breakCases reads testdata/GraphemeBreakTest.txt.
func breakCases(t *testing.T) (cases []breakCase) {
	t.Helper()
	data, err := os.ReadFile("testdata/GraphemeBreakTest.txt")
	require.NoError(t, err)
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		test, _, _ := strings.Cut(text, "#")
		test = strings.TrimSpace(test)
		if test == "" {
			continue
		}
		var clusters []string
		for cluster := range strings.SplitSeq(strings.Trim(test, "÷ "), "÷") {
			var joined []byte
			for code := range strings.SplitSeq(cluster, "×") {
				r, err := strconv.ParseUint(strings.TrimSpace(code), 16, 32)
				require.NoError(t, err, "line %d", line)
				joined = utf8.AppendRune(joined, rune(r))
			}
			clusters = append(clusters, string(joined))
		}
		cases = append(cases, breakCase{line, clusters})
	}
	require.Len(t, cases, 766, "cases of testdata/GraphemeBreakTest.txt")
	return cases
}

// splitAll asks a way to split text for the clusters of every case.
func splitAll(cases []breakCase, split func(s string) []string) outcome {
	o := outcome{unit: "cases of 766"}
	for _, test := range cases {
		text := strings.Join(test.clusters, "")
		if got := split(text); slices.Equal(got, test.clusters) {
			o.right++
		} else if o.wrong == nil {
			o.wrong = fmt.Errorf("line %d: %+q is split into %+q, want %+q", test.line, text, got, test.clusters)
		}
	}
	return o
}

func clusters(s string) []string { return slices.Collect(runes.Clusters(s)) }

// perRune takes each code point for a character.
func perRune(s string) []string { return strings.Split(s, "") }

// perBase takes each code point for a character, with the marks that follow.
func perBase(s string) (split []string) {
	for _, r := range s {
		if len(split) > 0 && unicode.IsMark(r) {
			split[len(split)-1] += string(r)
		} else {
			split = append(split, string(r))
		}
	}
	return split
}

// Clusters finds the characters of all 766 cases of Unicode's own test; code points, with or without their marks, are not characters.
func TestByteChar_clusters(t *testing.T) {
	cases := breakCases(t)
	proof := claim.Prove(t, runes.ByteChar, allRight)
	proof.Holds("Clusters", splitAll(cases, clusters))
	proof.Control("each code point", splitAll(cases, perRune), `line 29: "\r\n" is split into ["\r" "\n"]`)
	proof.Control("each code point with its marks", splitAll(cases, perBase), `line 28: "\r\u0308\r" is split into ["\r\u0308" "\r"]`)
}

// character is a text of which the number of runes is of interest.
type character struct{ measured }

func (c character) Figures() []claim.Figure {
	return []claim.Figure{{Value: float64(c.Runes), Unit: "runes"}}
}

func read(text string) character { return character{measure(text)} }

// One character as a reader sees it is one cluster, and more than one rune.
func TestByteChar_oneCharacter(t *testing.T) {
	proof := claim.Prove(t, runes.ByteChar, func(text character) error {
		switch {
		case text.Clusters != 1:
			return fmt.Errorf("is %d clusters", text.Clusters)
		case text.Runes == 1:
			return fmt.Errorf("is a single rune, %U", []rune(text.text)[0])
		}
		return nil
	})
	proof.Holds("a family of four, 👨‍👩‍👧‍👦", read("👨‍👩‍👧‍👦"))
	proof.Holds("a flag, 🇺🇦", read("🇺🇦"))
	proof.Holds("a hand with its colour of skin, 👍🏽", read("👍🏽"))
	proof.Holds("e with a combining accent", read("e\u0301"))
	proof.Holds("a syllable of Devanagari, क्षि", read("क्षि"))
	proof.Holds("a line break of Windows", read("\r\n"))
	proof.Control("the accented letter as one code point, é", read("\u00e9"), "is a single rune, U+00E9")
	proof.Control("two flags, 🇺🇦🇬🇪", read("🇺🇦🇬🇪"), "is 2 clusters")
	proof.Control("two letters, ab", read("ab"), "is 2 clusters")
}

// Whatever the bytes, the clusters joined are the text, none is empty, and none ends inside a code point.
func FuzzByteChar(f *testing.F) {
	for _, seed := range []string{"", "ab", "e\u0301", "👨‍👩‍👧‍👦🇺🇦", "\r\n", "\xff\u0301", "a\u200d\u200d", "क्षि"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		valid := utf8.ValidString(s)
		var joined strings.Builder
		for cluster := range runes.Clusters(s) {
			joined.WriteString(cluster)
			if cluster == "" {
				t.Fatalf("%q: an empty cluster at %d", s, joined.Len())
			}
			if at := joined.Len(); valid && at < len(s) && !utf8.RuneStart(s[at]) {
				t.Fatalf("%q: a break inside a code point at %d", s, at)
			}
		}
		require.Equal(t, s, joined.String())
		lengths := runes.Measure(s)
		require.LessOrEqual(t, lengths.Clusters, lengths.Runes)
		require.LessOrEqual(t, lengths.Runes, lengths.Bytes)
		require.Equal(t, runes.Width(s), lengths.Columns)
	})
}

// What reads as one character may be many runes, and cutting between them makes another character.
func Example_byteChar_clusters() {
	for _, test := range []struct{ name, text string }{
		{"flag", "🇺🇦"},
		{"family", "👨‍👩‍👧‍👦"},
		{"syllable", "नि"},
	} {
		inside := []rune(test.text)
		fmt.Printf("%s %s: %d runes, the first alone is %c\n", test.name, test.text, len(inside), inside[0])
	}
	flags := []rune("🇺🇦")
	fmt.Printf("flag backwards: %c%c\n", flags[1], flags[0])
	// Output:
	// flag 🇺🇦: 2 runes, the first alone is 🇺
	// family 👨‍👩‍👧‍👦: 7 runes, the first alone is 👨
	// syllable नि: 2 runes, the first alone is न
	// flag backwards: 🇦🇺
}

// Clusters yields the characters of a text, as a cursor moves over them.
//
//claim:runes/byte-char
func ExampleClusters() {
	count := 0
	for cluster := range runes.Clusters("né👨‍👩‍👧🇺🇦") {
		count++
		fmt.Printf("character %d: %s, runes %U\n", count, cluster, []rune(cluster))
	}
	// Output:
	// character 1: n, runes [U+006E]
	// character 2: é, runes [U+00E9]
	// character 3: 👨‍👩‍👧, runes [U+1F468 U+200D U+1F469 U+200D U+1F467]
	// character 4: 🇺🇦, runes [U+1F1FA U+1F1E6]
}
