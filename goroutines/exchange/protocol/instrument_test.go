package protocol_test

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/protocol"
)

// Prices are multiples of the tick, exactly, and are written with its decimals.
func TestInstrument_Price(t *testing.T) {
	for _, test := range []struct {
		tick, in string
		want     int64
		written  string
	}{
		{"0.01", "10.25", 1025, "10.25"},
		{"0.01", "10.2", 1020, "10.20"},
		{"0.01", "10", 1000, "10.00"},
		{"0.01", "10.2500", 1025, "10.25"},
		{"0.01", "0010.25", 1025, "10.25"},
		{"0.01", ".5", 50, "0.50"},
		{"0.01", "5.", 500, "5.00"},
		{"0.01", "-0.07", -7, "-0.07"},
		{"0.01", "-0", 0, "0.00"},
		{"0.01", "92233720368547758.07", math.MaxInt64, "92233720368547758.07"},
		{"0.01", "-92233720368547758.08", math.MinInt64, "-92233720368547758.08"},
		{"0.1", "0.3", 3, "0.3"},
		{"0.10", "10.2", 102, "10.20"},
		{"0.25", "4517.75", 18071, "4517.75"},
		{"0.001", "3.142", 3142, "3.142"},
		{"0.000000000000000001", "9.223372036854775807", math.MaxInt64, "9.223372036854775807"},
		{"1", "7", 7, "7"},
		{"5", "-35", -7, "-35"},
		{"5", "46116860184273879035", math.MaxInt64, "46116860184273879035"},
		{"2.5", "7.50", 3, "7.5"},
		{"100", "1000.0", 10, "1000"},
		{"999999999999999999", "9223372036854775797776627963145224193", math.MaxInt64, "9223372036854775797776627963145224193"},
	} {
		in := instrument(t, test.tick, "1")
		got, err := in.Price(test.in)
		if assert.NoErrorf(t, err, "tick %s, price %s", test.tick, test.in) {
			assert.Equalf(t, test.want, got, "tick %s, price %s", test.tick, test.in)
		}
		assert.Equalf(t, test.written, string(in.AppendPrice([]byte("@ "), test.want))[2:], "tick %s, %d ticks", test.tick, test.want)
	}
}

// A price that is no multiple of the tick is never rounded; the error says the rule.
func TestInstrument_Price_wrong(t *testing.T) {
	for _, test := range []struct{ tick, in, want string }{
		{"0.01", "10.255", "10.255 is not a multiple of the tick 0.01 of ACME"},
		{"0.01", "10.2500000000000000000000000001", "10.2500000000000000000000000001 is not a multiple of the tick 0.01 of ACME"},
		{"0.25", "10.30", "10.30 is not a multiple of the tick 0.25 of ACME"},
		{"5", "12", "12 is not a multiple of the tick 5 of ACME"},
		{"5", "10.5", "10.5 is not a multiple of the tick 5 of ACME"},
		{"0.01", "92233720368547758.08", "92233720368547758.08 is beyond 92,233,720,368,547,758.07, the last that the book of ACME can count"},
		{"0.01", "-92233720368547758.09", "-92233720368547758.09 is beyond -92,233,720,368,547,758.08, the last that the book of ACME can count"},
		{"0.1", "-922337203685477580.9", "-922337203685477580.9 is beyond -922,337,203,685,477,580.8, the last that the book of ACME can count"},
		{"5", "46116860184273879040", "46116860184273879040 is beyond 46,116,860,184,273,879,035, the last that the book of ACME can count"},
		{"1", "18446744073709551617", "18446744073709551617 is beyond 9,223,372,036,854,775,807, the last that the book of ACME can count"},
		{"1", strings.Repeat("9", 100), strings.Repeat("9", 40) + "... is beyond 9,223,372,036,854,775,807, the last that the book of ACME can count"},
		{"0.01", "", `"" is not a number such as 10.25`},
		{"0.01", ".", `"." is not a number such as 10.25`},
		{"0.01", "-", `"-" is not a number such as 10.25`},
		{"0.01", "--1", `"--1" is not a number such as 10.25`},
		{"0.01", "+1", `"+1" is not a number such as 10.25`},
		{"0.01", "1.2.3", `"1.2.3" is not a number such as 10.25`},
		{"0.01", "1-2", `"1-2" is not a number such as 10.25`},
		{"0.01", "10,25", `"10,25" is not a number such as 10.25`},
		{"0.01", "1e3", `"1e3" is not a number such as 10.25`},
		{"0.01", "0x10", `"0x10" is not a number such as 10.25`},
		{"0.01", "NaN", `"NaN" is not a number such as 10.25`},
		{"0.01", "٣", `"٣" is not a number such as 10.25`},
	} {
		_, err := instrument(t, test.tick, "1").Price(test.in)
		assert.EqualErrorf(t, err, test.want, "tick %s", test.tick)
	}
}

// Quantities are multiples of the lot, and not negative.
func TestInstrument_Quantity(t *testing.T) {
	in := instrument(t, "0.01", "0.5")
	lots, err := in.Quantity("1.5")
	require.NoError(t, err)
	assert.Equal(t, int64(3), lots)
	assert.Equal(t, "1.5", string(in.AppendQuantity(nil, 3)))
	lots, err = in.Quantity("-0")
	require.NoError(t, err)
	assert.Zero(t, lots)

	for word, want := range map[string]string{
		"1.2":                   "1.2 is not a multiple of the lot 0.5 of ACME",
		"-1.5":                  "-1.5 is negative",
		"4611686018427387904.0": "4611686018427387904.0 is beyond 4,611,686,018,427,387,903.5, the last that the book of ACME can count",
		"ten":                   `"ten" is not a number such as 10.25`,
	} {
		_, err := in.Quantity(word)
		assert.EqualError(t, err, want)
	}
}

// An instrument has a symbol that is a word of the protocol, and steps above 0.
func TestNewInstrument(t *testing.T) {
	for _, symbol := range []string{"A", "ACME", "esM5", "BRK.B", "EUR-USD", "_9", "ABCDEFGHIJKLMNOP"} {
		in, err := protocol.NewInstrument(symbol, "0.01", "1")
		require.NoError(t, err)
		assert.Equal(t, symbol, in.Symbol)
	}
	for _, test := range []struct{ symbol, tick, lot, want string }{
		{"", "1", "1", `symbol "": want 1 to 16 of the letters A to Z and a to z, digits, and . - _`},
		{"ABCDEFGHIJKLMNOPQ", "1", "1", `symbol "ABCDEFGHIJKLMNOPQ": want 1 to 16 of the letters A to Z and a to z, digits, and . - _`},
		{"A B", "1", "1", `symbol "A B": want 1 to 16 of the letters A to Z and a to z, digits, and . - _`},
		{"A@B", "1", "1", `symbol "A@B": want 1 to 16 of the letters A to Z and a to z, digits, and . - _`},
		{"Ä", "1", "1", `symbol "Ä": want 1 to 16 of the letters A to Z and a to z, digits, and . - _`},
		{"A\xff", "1", "1", `symbol "A\xff": want 1 to 16 of the letters A to Z and a to z, digits, and . - _`},
		{"ACME", "0.00", "1", "tick: 0.00 is not above 0"},
		{"ACME", "-0.01", "1", "tick: -0.01 is not above 0"},
		{"ACME", "a cent", "1", `tick: "a cent" is not a number such as 10.25`},
		{"ACME", "0.01", "0", "lot: 0 is not above 0"},
		{"ACME", "0.01", "0.0000000000000000001", "lot: 0.0000000000000000001 has more than 18 digits"},
		{"ACME", "1000000000000000000", "1", "tick: 1000000000000000000 has more than 18 digits"},
	} {
		_, err := protocol.NewInstrument(test.symbol, test.tick, test.lot)
		assert.EqualErrorf(t, err, test.want, "%q, tick %s, lot %s", test.symbol, test.tick, test.lot)
	}
	in := protocol.Instrument{Symbol: "WHOLE"}
	ticks, err := in.Price("12")
	require.NoError(t, err)
	assert.Equal(t, int64(12), ticks, "the zero step is 1")
	assert.Equal(t, "1", in.Tick.String())
}

// In floating point, 1.1 is not 11 times 0.1, and 2^53+1 is not there at all.
func ExampleInstrument() {
	in, err := protocol.NewInstrument("ACME", "0.1", "1")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, price := range []string{"1.1", "900719925474099.3", "1.15"} {
		ticks, err := in.Price(price)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%d ticks are %s\n", ticks, in.AppendPrice(nil, ticks))
	}
	// Output:
	// 11 ticks are 1.1
	// 9007199254740993 ticks are 900719925474099.3
	// 1.15 is not a multiple of the tick 0.1 of ACME
}

// Whatever number of ticks is written reads as the same number, and any word is read as
// the rational numbers of math/big say, or refused.
func FuzzInstrument(f *testing.F) {
	for _, tick := range []string{"0.01", "0.25", "5", "1", "0.000000000000000001", "999999999999999999", "0.10", "3"} {
		for _, word := range []string{"10.25", "-0.01", "92233720368547758.07", "9223372036854775808", "1.", ".1", "0", "x", "-27670116110564327424"} {
			f.Add(tick, word, int64(math.MinInt64))
		}
		f.Add(tick, "1", int64(math.MaxInt64))
		f.Add(tick, "1", int64(0))
	}
	f.Fuzz(func(t *testing.T, tick, word string, ticks int64) {
		in, err := protocol.NewInstrument("ACME", tick, "1")
		if err != nil {
			return
		}
		step, ok := new(big.Rat).SetString(tick)
		require.True(t, ok, tick)
		if again, err := protocol.ParseStep(in.Tick.String()); assert.NoError(t, err) {
			assert.Equal(t, in.Tick, again)
		}

		written := string(in.AppendPrice(nil, ticks))
		exact := new(big.Rat).Mul(step, new(big.Rat).SetInt64(ticks))
		_, decimals, _ := strings.Cut(tick, ".")
		require.Equal(t, exact.FloatString(len(decimals)), written, "%d ticks of %s", ticks, tick)
		read, err := in.Price(written)
		require.NoError(t, err)
		require.Equal(t, ticks, read, written)

		got, err := in.Price(word)
		value, ok := new(big.Rat).SetString(word)
		if !ok || strings.ContainsAny(word, "eEpPxXoObB_/+") {
			require.Error(t, err, word)
			return
		}
		value.Quo(value, step)
		if value.IsInt() && value.Num().IsInt64() {
			require.NoError(t, err)
			require.Equal(t, value.Num().Int64(), got, "%s in steps of %s", word, tick)
		} else {
			require.Error(t, err, "%s in steps of %s", word, tick)
		}
	})
}

func instrument(t *testing.T, tick, lot string) *protocol.Instrument {
	t.Helper()
	in, err := protocol.NewInstrument("ACME", tick, lot)
	require.NoError(t, err)
	return in
}
