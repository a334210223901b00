package bench

import (
	"math"
	"strconv"
)

// thousands writes a number without decimals and with commas: "1,000,000".
func thousands(number float64) string {
	text := strconv.FormatFloat(math.Abs(number), 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if number < 0 && text != "0" {
		return "-" + text
	}
	return text
}

// three writes a number with three digits at least.
func three(number float64) string {
	if size := math.Abs(number); size >= 99.95 || size == 0 {
		return thousands(number)
	} else if size >= 9.995 {
		return strconv.FormatFloat(number, 'f', 1, 64)
	} else if size >= 0.9995 {
		return strconv.FormatFloat(number, 'f', 2, 64)
	}
	return strconv.FormatFloat(number, 'g', 3, 64)
}

// scaled writes a number in the largest unit that leaves it at least 1; each
// unit is a thousand of the one before.
func scaled(number float64, units ...string) string {
	i := 0
	for math.Abs(number) >= 999.5 && i < len(units)-1 {
		number, i = number/1000, i+1
	}
	return three(number) + " " + units[i]
}

func bytesOf(number float64) string { return scaled(number, "B", "kB", "MB", "GB", "TB") }

func timeOf(nanoseconds float64) string { return scaled(nanoseconds, "ns", "µs", "ms", "s") }
