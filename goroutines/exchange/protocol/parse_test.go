package protocol_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/protocol"
)

const declarations = "symbol ACME tick 0.01 lot 1\nsymbol FUT.Z6 tick 0.25 lot 0.001\nsymbol id tick 5 lot 100\n"

func declared(t testing.TB) *protocol.Parser {
	t.Helper()
	var parser protocol.Parser
	for _, err := range parser.Lines(strings.NewReader(declarations)) {
		require.NoError(t, err)
	}
	return &parser
}

// Each word of a line sets its field of the command, and nothing else.
func TestParser_Parse(t *testing.T) {
	parser := declared(t)
	for _, test := range []struct {
		in   string
		want book.Command
	}{
		{"buy 100 ACME @ 10.25 id 1", book.Command{Kind: book.Enter, Side: book.Buy, Quantity: 100, Price: 1025, ID: 1}},
		{"sell 100 ACME @ -10.25 id 1", book.Command{Kind: book.Enter, Side: book.Sell, Quantity: 100, Price: -1025, ID: 1}},
		{"buy 40 ACME market id 2 by 7", book.Command{Kind: book.Enter, Quantity: 40, ID: 2, Owner: 7, Flags: book.Market}},
		{"buy 40 ACME @ 1 id 2 day", book.Command{Kind: book.Enter, Quantity: 40, Price: 100, ID: 2, Flags: book.Day}},
		{"buy 40 ACME @ 1 id 2 ioc", book.Command{Kind: book.Enter, Quantity: 40, Price: 100, ID: 2, Flags: book.IOC}},
		{"buy 40 ACME @ 1 id 2 fok", book.Command{Kind: book.Enter, Quantity: 40, Price: 100, ID: 2, Flags: book.FOK}},
		{"buy 40 ACME @ 1 id 2 post", book.Command{Kind: book.Enter, Quantity: 40, Price: 100, ID: 2, Flags: book.PostOnly}},
		{"buy 40 ACME @ 1 id 2 show 5", book.Command{Kind: book.Enter, Quantity: 40, Price: 100, ID: 2, Flags: book.Iceberg, Display: 5}},
		{"buy 40 ACME @ 1 id 2 show 0", book.Command{Kind: book.Enter, Quantity: 40, Price: 100, ID: 2, Flags: book.Iceberg}},
		{"sell 40 ACME market id 2 stop 9.9", book.Command{Kind: book.Enter, Side: book.Sell, Quantity: 40, ID: 2, Flags: book.Market | book.Stop, Trigger: 990}},
		{"sell 40 ACME @ 9.8 id 2 stop 0", book.Command{Kind: book.Enter, Side: book.Sell, Quantity: 40, Price: 980, ID: 2, Flags: book.Stop}},
		{"buy 40 ACME @ 1 id 2 day ioc fok post", book.Command{Kind: book.Enter, Quantity: 40, Price: 100, ID: 2, Flags: book.Day | book.IOC | book.FOK | book.PostOnly}},
		{"cancel 18446744073709551615 ACME by 4294967295", book.Command{Kind: book.Cancel, ID: math.MaxUint64, Owner: math.MaxUint32}},
		{"cancel 0 ACME", book.Command{Kind: book.Cancel}},
		{"reduce 1 ACME 20 by 7", book.Command{Kind: book.Reduce, ID: 1, Quantity: 20, Owner: 7}},
		{"replace 1 ACME 60 @ 10.30 by 7 stop 9.80", book.Command{Kind: book.Replace, ID: 1, Quantity: 60, Price: 1030, Owner: 7, Flags: book.Stop, Trigger: 980}},
		{"replace 1 ACME 60 market stop 9.80", book.Command{Kind: book.Replace, ID: 1, Quantity: 60, Flags: book.Market | book.Stop, Trigger: 980}},
		{"endday ACME", book.Command{Kind: book.EndDay}},

		{"  Buy\t100 ACME stop 3 DAY @10.25 ID 1 # in any order", book.Command{Kind: book.Enter, Quantity: 100, Price: 1025, ID: 1, Flags: book.Day | book.Stop, Trigger: 300}},
		{"buy 100 ACME@10.25 id 1#no blank", book.Command{Kind: book.Enter, Quantity: 100, Price: 1025, ID: 1}},
		{"buy 100 ACME @ 10.25 id 1\r\n", book.Command{Kind: book.Enter, Quantity: 100, Price: 1025, ID: 1}},
		{"buy 0 ACME @ 10.25 id 007", book.Command{Kind: book.Enter, Price: 1025, ID: 7}},
	} {
		line, err := parser.Parse(test.in)
		if assert.NoError(t, err, test.in) {
			assert.Equal(t, test.want, line.Command, test.in)
			assert.Equal(t, "ACME", line.Instrument.Symbol, test.in)
			assert.Equal(t, protocol.Command, line.Kind, test.in)
			assert.Equal(t, test.in, line.Text)
		}
	}

	line, err := parser.Parse("buy 1.5 FUT.Z6 @ 4517.75 id 1")
	require.NoError(t, err)
	assert.Equal(t, "FUT.Z6", line.Instrument.Symbol)
	assert.Equal(t, book.Command{Kind: book.Enter, Quantity: 1500, Price: 18071, ID: 1}, line.Command, "in steps of its own")

	line, err = parser.Parse("buy 300 id id 1 @ 35")
	require.NoError(t, err)
	assert.Equal(t, "id", line.Instrument.Symbol, "a symbol may be like another word")
	assert.Equal(t, book.Command{Kind: book.Enter, Quantity: 3, Price: 7, ID: 1}, line.Command)

	line, err = parser.Parse("book ACME")
	require.NoError(t, err)
	assert.Equal(t, protocol.Show, line.Kind)
	assert.Equal(t, "ACME", line.Instrument.Symbol)

	for _, blank := range []string{"", " \t", "# buy 100 ACME @ 10.25 id 1", "  #"} {
		line, err = parser.Parse(blank)
		require.NoError(t, err)
		assert.Equal(t, protocol.Line{Text: blank}, line)
	}
}

const (
	buyUsage    = "; write buy QUANTITY SYMBOL @ PRICE|market id ID [by OWNER] [day|ioc|fok|post] [show QUANTITY] [stop PRICE]"
	symbolUsage = "; write symbol SYMBOL tick STEP lot STEP"
)

// A line that is wrong says which word is, and the rule.
func TestParser_Parse_wrong(t *testing.T) {
	parser := declared(t)
	for _, test := range []struct{ in, want string }{
		{"byu 100 ACME @ 10.25 id 1", `unknown word "byu": want symbol, buy, sell, cancel, reduce, replace, endday, book, orders`},
		{"@", `unknown word "@": want symbol, buy, sell, cancel, reduce, replace, endday, book, orders`},
		{strings.Repeat("x", 100), `unknown word "` + strings.Repeat("x", 40) + `...": want symbol, buy, sell, cancel, reduce, replace, endday, book, orders`},

		{"buy", "quantity is missing" + buyUsage},
		{"buy 100", "symbol is missing" + buyUsage},
		{"buy 100 ACME", "price is missing" + buyUsage},
		{"buy 100 ACME id 1", "price is missing" + buyUsage},
		{"buy 100 ACME @", "the value is missing behind @" + buyUsage},
		{"buy 100 ACME @ # 10.25", "the value is missing behind @" + buyUsage},
		{"buy 100 ACME @ 10.25", "id is missing" + buyUsage},
		{"buy 100 ACME @ 10.25 id", "the value is missing behind id" + buyUsage},
		{"buy 100 ACME market", "id is missing" + buyUsage},
		{"buy 100 ACME market id 1 by", "the value is missing behind by" + buyUsage},
		{"buy 100 ACME @ 10.25 id 1 show", "the value is missing behind show" + buyUsage},
		{"buy 100 ACME @ 10.25 id 1 stop", "the value is missing behind stop" + buyUsage},
		{"cancel", "id is missing; write cancel ID SYMBOL [by OWNER]"},
		{"cancel 1", "symbol is missing; write cancel ID SYMBOL [by OWNER]"},
		{"reduce 1 ACME", "quantity is missing; write reduce ID SYMBOL QUANTITY [by OWNER]"},
		{"replace 1 ACME 60", "price is missing; write replace ID SYMBOL QUANTITY @ PRICE|market [by OWNER] [stop PRICE]"},
		{"endday", "symbol is missing; write endday SYMBOL"},
		{"book", "symbol is missing; write book SYMBOL"},
		{"symbol", "symbol is missing" + symbolUsage},
		{"symbol NEW tick 1", "lot is missing" + symbolUsage},
		{"symbol NEW lot 1", "tick is missing" + symbolUsage},
		{"symbol NEW lot 1 tick", "the value is missing behind tick" + symbolUsage},

		{"buy ACME 100 @ 10.25 id 1", `symbol "100" is not declared, as by symbol SYMBOL tick STEP lot STEP` + buyUsage},
		{"buy 100 acme @ 10.25 id 1", `symbol "acme" is not declared, as by symbol SYMBOL tick STEP lot STEP` + buyUsage},
		{"buy ten ACME @ 10.25 id 1", `quantity: "ten" is not a number such as 10.25` + buyUsage},
		{"cancel ACME 1", `id: "ACME" is not a whole number from 0 on; write cancel ID SYMBOL [by OWNER]`},
		{"reduce 1 ACME by 20", `quantity: "by" is not a number such as 10.25; write reduce ID SYMBOL QUANTITY [by OWNER]`},
		{"buy 100 ACME @ 10.25 id 1 icebreg", `unknown word "icebreg"` + buyUsage},
		{"buy 100 ACME @ 10.25 id 1 tick 1", `unknown word "tick"` + buyUsage},
		{"cancel 1 ACME id 1", `unknown word "id"; write cancel ID SYMBOL [by OWNER]`},
		{"reduce 1 ACME 10 5", `unknown word "5"; write reduce ID SYMBOL QUANTITY [by OWNER]`},
		{"replace 1 ACME 10 @ 5 day", `unknown word "day"; write replace ID SYMBOL QUANTITY @ PRICE|market [by OWNER] [stop PRICE]`},
		{"endday ACME by 1", `unknown word "by"; write endday SYMBOL`},
		{"book ACME 5", `unknown word "5"; write book SYMBOL`},
		{"symbol NEW tick 1 lot 1 id 1", `unknown word "id"` + symbolUsage},
		{"symbol A:B tick 1 lot 1", `symbol "A:B": want 1 to 16 of the letters A to Z and a to z, digits, and . - _` + symbolUsage},

		{"buy 100 ACME @ 10.255 id 1", "price: 10.255 is not a multiple of the tick 0.01 of ACME"},
		{"buy 100 ACME @ ten id 1", `price: "ten" is not a number such as 10.25`},
		{"buy 1.5 ACME @ 10.25 id 1", "quantity: 1.5 is not a multiple of the lot 1 of ACME"},
		{"buy -5 ACME @ 10.25 id 1", "quantity: -5 is negative"},
		{"buy 5 ACME @ 10.25 id 1 show 2.5", "show: 2.5 is not a multiple of the lot 1 of ACME"},
		{"buy 5 ACME @ 10.25 id 1 stop 10.001", "stop: 10.001 is not a multiple of the tick 0.01 of ACME"},
		{"buy 5 ACME @ 10.25 id -1", `id: "-1" is not a whole number from 0 on`},
		{"buy 5 ACME @ 10.25 id 0x1", `id: "0x1" is not a whole number from 0 on`},
		{"buy 5 ACME @ 10.25 id 18446744073709551616", "id: 18446744073709551616 is above 18,446,744,073,709,551,615"},
		{"cancel 18446744073709551616 ACME", "id: 18446744073709551616 is above 18,446,744,073,709,551,615"},
		{"cancel 1 ACME by 4294967296", "owner: 4294967296 is above 4,294,967,295"},
		{"symbol NEW tick 0 lot 1", "tick: 0 is not above 0"},
		{"symbol NEW tick 1 lot -1", "lot: -1 is not above 0"},
		{"symbol ACME tick 1 lot 1", "symbol ACME is declared already, as symbol ACME tick 0.01 lot 1"},

		{"buy 5 ACME @ 1 @ 2 id 1", "@ is given twice"},
		{"buy 5 ACME @ 1 market id 1", "@ and market exclude each other"},
		{"buy 5 ACME market @ 1 id 1", "@ and market exclude each other"},
		{"buy 5 ACME market market id 1", "market is given twice"},
		{"buy 5 ACME @ 1 id 1 id 1", "id is given twice"},
		{"buy 5 ACME @ 1 id 1 day DAY", "day is given twice"},
		{"cancel 1 ACME by 1 by 1", "by is given twice"},
	} {
		line, err := parser.Parse(test.in)
		assert.EqualError(t, err, test.want, test.in)
		assert.Equal(t, protocol.Line{Text: test.in}, line, "says nothing")
	}
	_, err := parser.Parse("symbol NEW tick 1 lot 1")
	assert.NoError(t, err, "the declarations that were wrong have declared nothing")
}

// Lines gives each line its number, goes on behind a line that is wrong, and takes one
// that is too long for wrong, however long it is.
func TestParser_Lines(t *testing.T) {
	comment := func(size int) string { return "endday ACME #" + strings.Repeat("x", size-len("endday ACME #")) }
	text := strings.Join([]string{
		"symbol ACME tick 0.01 lot 1\r",
		"",
		"# a comment",
		"cancel 1 ACME",
		"cancel one ACME",
		comment(protocol.MaxLine),
		comment(protocol.MaxLine) + "\r",
		comment(protocol.MaxLine + 1),
		comment(protocol.MaxLine + 2),
		comment(protocol.MaxLine + 3),
		comment(10 * protocol.MaxLine),
		comment(protocol.MaxLine) + "\r\r",
		comment(protocol.MaxLine) + "\r\r and more",
		"cancel 12 ACME",
		"symbol ACME tick 0.01 lot 1",
		"# no newline ends this",
	}, "\n")
	want := []string{
		"1 declaration", "4 command", `5 line 5: id: "one" is not a whole number from 0 on; write cancel ID SYMBOL [by OWNER]`,
		"6 command", "7 command",
		"8 line 8: longer than 1000 bytes", "9 line 9: longer than 1000 bytes", "10 line 10: longer than 1000 bytes", "11 line 11: longer than 1000 bytes",
		"12 line 12: longer than 1000 bytes", "13 line 13: longer than 1000 bytes", "14 command", "15 declaration",
	}
	read := func(reader io.Reader) (got []string) {
		var parser protocol.Parser
		for line, err := range parser.Lines(reader) {
			said := map[protocol.Kind]string{protocol.Declaration: "declaration", protocol.Command: "command", protocol.Blank: "blank"}[line.Kind]
			if err != nil {
				said = err.Error()
			}
			got = append(got, fmt.Sprint(line.Number, " ", said))
		}
		return got
	}
	assert.Equal(t, want, read(strings.NewReader(text)))
	assert.Equal(t, want, read(strings.NewReader(text+"\n")))
	assert.Equal(t, want, read(iotest.OneByteReader(strings.NewReader(text))))
	cut := strings.TrimSuffix(text, "\n# no newline ends this")
	want[len(want)-1] = "15 line 15: no newline ends it, so it may be cut off"
	assert.Equal(t, want, read(strings.NewReader(cut)))
	assert.Empty(t, read(strings.NewReader("")))
	assert.Equal(t, []string{"1 line 1: longer than 1000 bytes"}, read(strings.NewReader(comment(5000))), "to the end of the text")

	broken := io.MultiReader(strings.NewReader("symbol ACME tick 0.01 lot 1\ncancel 1 ACME\ncancel 1 ACME"), iotest.ErrReader(errors.New("line is cut")))
	assert.Equal(t, []string{"1 declaration", "2 command", "3 line 3: line is cut"}, read(broken), "what was read of the last line is not carried out")

	var parser protocol.Parser
	for line, err := range parser.Lines(strings.NewReader(text)) {
		require.NoError(t, err)
		assert.Equal(t, 1, line.Number, "nothing comes after a break")
		break
	}
}

// What is written of a command reads as that command, whatever its fields are.
func TestAppendCommand(t *testing.T) {
	const commands = 20_000
	parser := declared(t)
	random := rand.New(rand.NewPCG(9, 0))
	for range commands {
		c := anyCommand(random)
		for _, symbol := range []string{"ACME", "FUT.Z6", "id"} {
			shown, err := parser.Parse("book " + symbol)
			require.NoError(t, err)
			text := string(protocol.AppendCommand([]byte("> "), shown.Instrument, &c))[2:]
			line, err := parser.Parse(text)
			require.NoError(t, err, text)
			require.Equal(t, c, line.Command, text)
			require.Equal(t, symbol, line.Instrument.Symbol, text)
		}
	}

	acme := instrument(t, "0.01", "1")
	for _, test := range []struct {
		in   book.Command
		want string
	}{
		{book.Command{Kind: book.Enter, Side: book.Sell, Quantity: 100, Price: 1020, ID: 1, Owner: 7, Flags: book.Day | book.Stop | book.Iceberg, Display: 10, Trigger: -5},
			"sell 100 ACME @ 10.20 id 1 by 7 day show 10 stop -0.05"},
		{book.Command{Kind: book.Enter, Quantity: 100, ID: 1, Flags: book.Market | book.FOK, Price: 5, Display: 6, Trigger: 7}, "buy 100 ACME market id 1 fok"},
		{book.Command{Kind: book.Cancel, ID: 1, Price: 5, Quantity: 6, Flags: book.Day}, "cancel 1 ACME"},
		{book.Command{Kind: book.Reduce, ID: 1, Quantity: 6, Price: 5}, "reduce 1 ACME 6"},
		{book.Command{Kind: book.Replace, ID: 1, Quantity: 6, Price: 5, Owner: 2}, "replace 1 ACME 6 @ 0.05 by 2"},
		{book.Command{Kind: book.Replace, ID: 1, Quantity: 6, Price: 5, Trigger: 7}, "replace 1 ACME 6 @ 0.05"},
		{book.Command{Kind: book.Replace, ID: 1, Quantity: 6, Price: 5, Flags: book.Stop | book.Market}, "replace 1 ACME 6 market stop 0.00"},
		{book.Command{Kind: book.Cancel, ID: 1, Flags: book.Stop}, "cancel 1 ACME"},
		{book.Command{Kind: book.EndDay, Owner: 2}, "endday ACME"},
		{book.Command{}, ""},
	} {
		assert.Equal(t, test.want, string(protocol.AppendCommand(nil, acme, &test.in)))
	}
}

// anyCommand returns a command with any of what a line can say.
func anyCommand(random *rand.Rand) book.Command {
	number := func() int64 { // of any size, often one at an end
		switch random.IntN(4) {
		case 0:
			return []int64{0, 1, -1, math.MaxInt64, math.MinInt64}[random.IntN(5)]
		default:
			return int64(random.Uint64()) >> random.IntN(64)
		}
	}
	lots := func() int64 { return number() & math.MaxInt64 }
	c := book.Command{
		Kind: book.Kind(1 + random.IntN(5)), ID: random.Uint64() >> random.IntN(65), Owner: random.Uint32() >> random.IntN(33),
		Price: number(), Quantity: lots(), Trigger: number(),
	}
	switch c.Kind {
	case book.Enter:
		c.Side = book.Side(random.IntN(2))
		c.Flags = book.Flags(random.IntN(int(book.Day) << 1))
		if c.Flags&book.Market != 0 {
			c.Price = 0
		}
		if c.Flags&book.Iceberg != 0 {
			c.Display = lots()
		}
		if c.Flags&book.Stop == 0 {
			c.Trigger = 0
		}
	case book.Cancel:
		c.Price, c.Quantity, c.Trigger = 0, 0, 0
	case book.Reduce:
		c.Price, c.Trigger = 0, 0
	case book.Replace:
		c.Flags = book.Flags(random.IntN(4)) & book.Market
		if c.Flags&book.Market != 0 {
			c.Price = 0
		}
		if random.IntN(2) == 0 {
			c.Flags |= book.Stop
		} else {
			c.Trigger = 0
		}
	case book.EndDay:
		c = book.Command{Kind: book.EndDay}
	}
	return c
}

// Whatever text is read is written so that it reads as the same, and no text is too much
// for the parser.
func FuzzParse(f *testing.F) {
	random := rand.New(rand.NewPCG(9, 1))
	acme, err := declared(f).Parse("book ACME")
	require.NoError(f, err)
	for range 30 {
		c := anyCommand(random)
		f.Add(string(protocol.AppendCommand(nil, acme.Instrument, &c)))
	}
	for _, text := range []string{"symbol NEW tick 0.10 lot 1000", "symbol NEW tick 1 lot 999999999999999999", "book id", "buy 5 id id 1 @ 5 id 1", "buy -0 ACME @ 1 id 1", "# x", "@#@", "\xff", "replace 1 ACME 0 stop 0 market"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line, err := declared(t).Parse(text)
		if err != nil {
			require.Equal(t, protocol.Line{Text: text}, line)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		var written []byte
		switch line.Kind {
		case protocol.Declaration:
			written = protocol.AppendInstrument(nil, line.Instrument)
		case protocol.Command:
			written = protocol.AppendCommand(nil, line.Instrument, &line.Command)
		default:
			return
		}
		again, err := declared(t).Parse(string(written))
		require.NoError(t, err, "%q is written %q", text, written)
		require.Equal(t, string(written), again.Text)
		again.Text = line.Text
		require.Equal(t, line, again, "%q is written %q", text, written)
		require.LessOrEqual(t, len(written), protocol.MaxLine)
		require.False(t, bytes.ContainsAny(written, "\r\n"))
	})
}
