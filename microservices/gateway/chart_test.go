package gateway

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The top of a chart is not below its numbers, not far above them, and twice a number that
// is as round.
func TestNiceTop(t *testing.T) {
	for _, test := range []struct{ n, want int64 }{
		{0, 2}, {1, 2}, {2, 2}, {3, 4}, {9, 10}, {10, 10}, {11, 20}, {21, 40}, {81, 100}, {100, 100}, {101, 200}, {770, 800}, {1_000_001, 2_000_000},
	} {
		assert.Equal(t, test.want, niceTop(test.n), "%d", test.n)
	}
	for n := int64(2); n < 100_000; n++ {
		top := niceTop(n)
		if top < n || top > 2*n || top%2 != 0 {
			t.Fatalf("niceTop(%d) is %d, want an even number from %[1]d to %d", n, top, 2*n)
		}
	}
	assert.Positive(t, niceTop(math.MaxInt64), "it ends")
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		assert.Equal(t, want, thousands(n))
	}
}

func TestCompact(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 2: "2", 800: "800", 1000: "1k", 1500: "1.5k", 40_000: "40k", 600_000: "600k", 2_000_000: "2M", 5_000_000_000: "5G", math.MaxInt64: "9.22E"} {
		assert.Equal(t, want, compact(n))
	}
}

// A bar is as high as its number says, and one can be seen if it is not 0.
func TestNewChart(t *testing.T) {
	start := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	c := newChart("views", "Views by hour", "views", start, []int64{0, 400, 1600, 1})
	require.Len(t, c.Bars, 4)
	for i, want := range []bar{
		{X: 36, Y: 124, Width: 78, Height: 0, Text: "22:00 to 23:00: 0 views"},
		{X: 116, Y: 101.6, Width: 78, Height: 22.4, Text: "23:00 to 00:00: 400 views"},
		{X: 196, Y: 34.4, Width: 78, Height: 89.6, Text: "00:00 to 01:00: 1,600 views"},
		{X: 276, Y: 123, Width: 78, Height: 1, Text: "01:00 to 02:00: 1 views", Current: true},
	} {
		assert.Equal(t, want, c.Bars[i])
	}
	assert.Equal(t, []mark{{124, "0"}, {68, "1k"}, {12, "2k"}}, c.Lines)
	assert.Equal(t, []mark{{235, "00:00"}}, c.Hours)
	assert.Equal(t, "2,001 views in 4 hours, at most 1,600 in an hour, from 00:00 UTC", c.Summary)
	assert.Equal(t, "0 views in 2 hours", newChart("views", "", "views", start, []int64{0, 0}).Summary)
}
