package runes_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"gonotes/runes"
)

// samples are the texts that are walked, repeated until they are long enough.
var samples = []struct{ text, sample string }{
	{"ascii", "The quick brown fox jumps over the lazy dog. "},
	{"cyrillic", "Съешь же ещё этих мягких французских булок. "},
	{"cjk", "天地玄黃宇宙洪荒日月盈昃辰宿列張"},
	{"emoji", "👨‍👩‍👧‍👦👍🏽🇺🇦🙂❤️"},
	{"invalid", "\xff\xc0\xaf\xed\xa0\x80\xe2\x99\xf4\x90\x80\x80"},
}

// walks are the ways to go through a string. Each adds up what it sees: code
// points, or bytes, or the sizes of clusters.
var walks = []struct {
	impl string
	sum  func(s string) int
}{
	{"range", func(s string) (sum int) {
		for _, r := range s {
			sum += int(r)
		}
		return sum
	}},
	{"hand", func(s string) (sum int) {
		for s != "" {
			r, size := runes.Decode(s)
			sum += int(r)
			s = s[size:]
		}
		return sum
	}},
	{"utf8", func(s string) (sum int) {
		for s != "" {
			r, size := utf8.DecodeRuneInString(s)
			sum += int(r)
			s = s[size:]
		}
		return sum
	}},
	{"reader", func(s string) (sum int) {
		reader := strings.NewReader(s)
		for {
			r, _, err := reader.ReadRune()
			if err != nil {
				return sum
			}
			sum += int(r)
		}
	}},
	{"runes", func(s string) (sum int) {
		//lint:ignore S1029,SA6003 the conversion is one of the ways compared
		for _, r := range []rune(s) {
			sum += int(r)
		}
		return sum
	}},
	{"bytes", func(s string) (sum int) {
		for i := range len(s) {
			sum += int(s[i])
		}
		return sum
	}},
	{"clusters", func(s string) (sum int) {
		for cluster := range runes.Clusters(s) {
			sum += len(cluster)
		}
		return sum
	}},
}

// textOf repeats a sample until it has n runes.
func textOf(sample string, n int) string {
	text := strings.Repeat(sample, n/utf8.RuneCountInString(sample)+1)
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

// The five ways that read code points read the same ones, on each text that the benchmark walks.
func TestRangeASCII_walk(t *testing.T) {
	for _, sample := range samples {
		text := textOf(sample.sample, 1000)
		assert.Equal(t, 1000, utf8.RuneCountInString(text), sample.text)
		for _, walk := range walks {
			want := walks[0].sum(text)
			switch walk.impl {
			case "bytes":
				want = 0
				for _, b := range []byte(text) {
					want += int(b)
				}
			case "clusters":
				want = len(text)
			}
			assert.Equal(t, want, walk.sum(text), "%s over %s", walk.impl, sample.text)
		}
	}
}

// The cost of each way to walk a string; size counts runes. To compare the ways:
//
//	go test -run '^$' -bench RangeASCII_walk -count 10 ./runes | go tool benchstat -col /impl -
func BenchmarkRangeASCII_walk(b *testing.B) {
	for _, size := range []int{1e2, 1e3, 1e4, 1e5, 1e6} {
		for _, sample := range samples {
			text := textOf(sample.sample, size)
			for _, walk := range walks {
				b.Run(fmt.Sprintf("size=%d/text=%s/impl=%s", size, sample.text, walk.impl), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						keptNumber += walk.sum(text)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/rune")
				})
			}
		}
	}
}
