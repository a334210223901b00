package gateway

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The picture of a chart, in units of SVG. It is drawn about so wide in pixels, so that
// its text can be read on a phone.
const (
	chartWidth  = 360
	chartHeight = 150
	plotLeft    = 36
	plotRight   = chartWidth - 4
	plotTop     = 12
	plotBottom  = chartHeight - 26
	barGap      = 2
)

// chart is a picture of numbers by hour.
type chart struct {
	ID, Title, Summary string
	Bars               []bar
	Lines              []mark // at numbers, with their labels at the left
	Hours              []mark // at hours, with their labels below
}

type bar struct {
	X, Y, Width, Height float64
	Text                string
	Current             bool // the hour is not over
}

type mark struct {
	At    float64
	Label string
}

// newChart draws counts, one each hour from start on. The last is of the current hour.
func newChart(id, title, what string, start time.Time, counts []int64) chart {
	most, sum := int64(0), int64(0)
	for _, count := range counts {
		most, sum = max(most, count), sum+count
	}
	top := niceTop(most)
	height := func(count int64) float64 {
		return round1(float64(count) / float64(top) * (plotBottom - plotTop))
	}
	c := chart{ID: id, Title: title}
	for _, count := range []int64{0, top / 2, top} {
		c.Lines = append(c.Lines, mark{plotBottom - height(count), compact(count)})
	}
	step := float64(plotRight-plotLeft) / float64(len(counts))
	highest := start
	for i, count := range counts {
		hour := start.Add(time.Duration(i) * time.Hour)
		x := round1(plotLeft + float64(i)*step)
		b := bar{
			X: x, Width: round1(step - barGap), Height: height(count), Y: round1(plotBottom - height(count)),
			Text: fmt.Sprintf("%s to %s: %s %s", hour.Format("15:04"), hour.Add(time.Hour).Format("15:04"), thousands(count), what), Current: i == len(counts)-1,
		}
		if count > 0 && b.Height < 1 { // one that can be seen
			b.Height, b.Y = 1, plotBottom-1
		}
		c.Bars = append(c.Bars, b)
		if hour.Hour()%6 == 0 {
			c.Hours = append(c.Hours, mark{round1(x + (step-barGap)/2), hour.Format("15:04")})
		}
		if count == most {
			highest = hour
		}
	}
	c.Summary = fmt.Sprintf("%s %s in %d hours", thousands(sum), what, len(counts))
	if sum > 0 {
		c.Summary += fmt.Sprintf(", at most %s in an hour, from %s UTC", thousands(most), highest.Format("15:04"))
	}
	return c
}

// niceTop returns the least of 2, 4, 6, 8, 10, 20, 40, ... that is not below n: its half is
// a round number, too.
func niceTop(n int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, digit := range []int64{2, 4, 6, 8, 10} {
			if digit*unit >= n || unit > math.MaxInt64/100 {
				return digit * unit
			}
		}
	}
}

func round1(x float64) float64 { return math.Round(10*x) / 10 }

// thousands writes 1234567 as 1,234,567.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// compact writes a round number with at most three digits and a prefix: 1500 as 1.5k.
func compact(n int64) string {
	x, prefixes := float64(n), []string{"", "k", "M", "G", "T", "P", "E"}
	for x >= 1000 {
		x /= 1000
		prefixes = prefixes[1:]
	}
	return strconv.FormatFloat(x, 'g', 3, 64) + prefixes[0]
}
