package protocol

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// An Instrument is what is traded under a symbol, and how its prices and quantities are
// written: the book counts ticks and lots, people write decimals.
type Instrument struct {
	Symbol string
	Tick   Step // between two prices
	Lot    Step // between two quantities
}

// NewInstrument reads the tick and the lot. The error names the word and its rule.
func NewInstrument(symbol, tick, lot string) (*Instrument, error) {
	if err := checkSymbol(symbol); err != nil {
		return nil, err
	}
	in := &Instrument{Symbol: symbol}
	var err error
	if in.Tick, err = ParseStep(tick); err != nil {
		return nil, fmt.Errorf("tick: %w", err)
	}
	if in.Lot, err = ParseStep(lot); err != nil {
		return nil, fmt.Errorf("lot: %w", err)
	}
	return in, nil
}

const maxSymbol = 16 // characters

func checkSymbol(symbol string) error {
	allowed := func(r rune) bool {
		return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || strings.ContainsRune(".-_", r)
	}
	if symbol == "" || len(symbol) > maxSymbol || strings.ContainsFunc(symbol, func(r rune) bool { return !allowed(r) }) {
		return wrongWord(fmt.Sprintf("symbol %s: want 1 to %d of the letters A to Z and a to z, digits, and . - _", quote(symbol), maxSymbol))
	}
	return nil
}

// Price returns the ticks of a price, such as 1025 for "10.25" at a tick of 0.01. It may
// be negative. The error names the price and the rule that it breaks.
func (in *Instrument) Price(word string) (int64, error) {
	return in.steps(word, "tick", in.Tick)
}

// Quantity returns the lots of a quantity, as Price does; it may not be negative.
func (in *Instrument) Quantity(word string) (int64, error) {
	lots, err := in.steps(word, "lot", in.Lot)
	if err == nil && lots < 0 {
		return 0, fmt.Errorf("%s is negative", shorten(word))
	}
	return lots, err
}

// AppendPrice appends so many ticks as a price, with all decimals of the tick: 10.20.
func (in *Instrument) AppendPrice(dst []byte, ticks int64) []byte {
	return in.Tick.append(dst, ticks)
}

// AppendQuantity appends so many lots as a quantity, with all decimals of the lot.
func (in *Instrument) AppendQuantity(dst []byte, lots int64) []byte {
	return in.Lot.append(dst, lots)
}

// steps returns how many steps the decimal is, by long division, digit by digit.
func (in *Instrument) steps(word, name string, step Step) (int64, error) {
	negative, whole, fraction, err := split(word)
	if err != nil {
		return 0, err
	}
	size, decimals := step.units(), int(step.decimals)
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	steps, rest := uint64(0), uint64(0)
	for i := range len(whole) + decimals {
		rest *= 10 // the size has at most 18 digits, so this fits
		switch at := i - len(whole); {
		case at < 0:
			rest += uint64(whole[i] - '0')
		case at < len(fraction):
			rest += uint64(fraction[at] - '0')
		}
		digit := rest / size
		rest %= size
		if steps > (limit-digit)/10 {
			end := int64(math.MaxInt64)
			if negative {
				end = math.MinInt64
			}
			return 0, fmt.Errorf("%s is beyond %s, the last that the book of %s can count", shorten(word), group(string(step.append(nil, end))), in.Symbol)
		}
		steps = steps*10 + digit
	}
	if rest != 0 || strings.Trim(fraction[min(decimals, len(fraction)):], "0") != "" {
		return 0, fmt.Errorf("%s is not a multiple of the %s %v of %s", shorten(word), name, step, in.Symbol)
	}
	if negative {
		return -int64(steps), nil // of 2^63, this is the least int64
	}
	return int64(steps), nil
}

// A Step is the least difference between two prices or two quantities, a decimal such as
// 0.01, 0.25 or 5. It is exact. The zero Step is 1.
type Step struct {
	size     uint64 // in units of the last decimal; 0 is 1
	decimals uint8
}

// maxDigits is how many digits a step has at most: ten times as much fits into a uint64.
const maxDigits = 18

// ParseStep reads a decimal above 0 of at most 18 digits. Its decimals are kept: in
// steps of 0.10, prices are written 10.20.
func ParseStep(word string) (Step, error) {
	negative, whole, fraction, err := split(word)
	if err != nil {
		return Step{}, err
	}
	digits := strings.TrimLeft(whole, "0") + fraction
	if len(digits) > maxDigits {
		return Step{}, fmt.Errorf("%s has more than %d digits", shorten(word), maxDigits)
	}
	if negative || strings.Trim(digits, "0") == "" {
		return Step{}, fmt.Errorf("%s is not above 0", word)
	}
	size, err := strconv.ParseUint(digits, 10, 64)
	return Step{size: size, decimals: uint8(len(fraction))}, err
}

// String is the step as it was read.
func (s Step) String() string { return string(s.append(nil, 1)) }

func (s Step) units() uint64 { return max(s.size, 1) }

func (s Step) append(dst []byte, steps int64) []byte {
	magnitude := uint64(steps)
	if steps < 0 {
		magnitude = -magnitude
		dst = append(dst, '-')
	}
	high, low := bits.Mul64(magnitude, s.units())
	var text [40]byte // the product is below 2^63 * 10^18, which has 37 digits
	at := len(text)
	for i := 0; high|low != 0 || i <= int(s.decimals); i++ {
		if i != 0 && i == int(s.decimals) {
			at--
			text[at] = '.'
		}
		digit := high % 10
		high /= 10
		low, digit = bits.Div64(digit, low, 10)
		at--
		text[at] = '0' + byte(digit)
	}
	return append(dst, text[at:]...)
}

// split a decimal into its sign and the digits before and behind the point.
func split(word string) (negative bool, whole, fraction string, err error) {
	digits, negative := strings.CutPrefix(word, "-")
	whole, fraction, _ = strings.Cut(digits, ".")
	isNoDigit := func(r rune) bool { return r < '0' || r > '9' }
	if whole+fraction == "" || strings.ContainsFunc(whole, isNoDigit) || strings.ContainsFunc(fraction, isNoDigit) {
		return false, "", "", wrongWord(quote(word) + " is not a number such as 10.25")
	}
	return negative, whole, fraction, nil
}

// natural reads a whole number of so many bits.
func natural(word string, size int) (uint64, error) {
	n, err := strconv.ParseUint(word, 10, size)
	if errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%s is above %s", shorten(word), group(strconv.FormatUint(n, 10)))
	}
	if err != nil {
		return 0, wrongWord(quote(word) + " is not a whole number from 0 on")
	}
	return n, nil
}

// group sets a comma between each three digits before the point.
func group(number string) string {
	whole, _, _ := strings.Cut(number, ".")
	first := len(whole) - len(strings.TrimPrefix(whole, "-"))
	for at := len(whole) - 3; at > first; at -= 3 {
		number = number[:at] + "," + number[at:]
	}
	return number
}

// shorten keeps a word from filling the screen.
func shorten(word string) string {
	const most = 40
	if len(word) > most {
		return word[:most] + "..."
	}
	return word
}

func quote(word string) string { return strconv.Quote(shorten(word)) }
