package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/market"
	"gonotes/goroutines/exchange/protocol"
	"gonotes/goroutines/exchange/workload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exchange runs the command to its end.
func exchange(stdin string, args ...string) (code int, stdout, stderr string) {
	told := running(context.Background(), strings.NewReader(stdin), args)
	return told.code, told.stdout, told.stderr
}

// started runs the command beside the test, which writes its input.
func started(ctx context.Context, args ...string) (stdin io.WriteCloser, ended <-chan told) {
	reader, writer := io.Pipe()
	end := make(chan told)
	go func() { end <- running(ctx, reader, args) }()
	return writer, end
}

// told is what a command said.
type told struct {
	code           int
	stdout, stderr string
}

func running(ctx context.Context, stdin io.Reader, args []string) told {
	var out, err bytes.Buffer
	code := exit(run(ctx, args, stdin, &out, &err), &err)
	return told{code, out.String(), err.String()}
}

// What was traded with -data is there the next time, and lines that are wrong are told
// with their number while the others go on.
func TestTrade(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "market")
	code, stdout, stderr := exchange(`
symbol ACME tick 0.01 lot 1
sell 100 ACME @ 10.25 id 1 by 7
buy 40 ACME @ 10.255 id 2
sel 1 ACME @ 10 id 3
buy 40 ACME market id 2 by 8
buy 1 DUFF @ 1 id 1
quit
cancel 1 ACME by 7
`, "trade", "-data", directory)
	assert.Equal(t, 1, code)
	assert.Equal(t, "accepted 1 sell 100 @ 10.25\naccepted 2 buy 40\ntraded 40 @ 10.25: 2 buys from 1 and has 0 left\n", stdout)
	assert.Contains(t, stderr, "line 4: price: 10.255 is not a multiple of the tick 0.01 of ACME\n")
	assert.Contains(t, stderr, `line 5: unknown word "sel": want symbol, buy, sell,`)
	assert.Contains(t, stderr, `line 7: symbol "DUFF" is not declared`)

	code, stdout, stderr = exchange("symbol ACME tick 0.01 lot 1\nsymbol DUFF tick 1 lot 1\nbook ACME\n", "trade", "-data", directory)
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "ACME: recovered 2 commands\nACME, last trade at 10.25\norders  quantity  bid |   ask  quantity  orders\n                      | 10.25        60       1\n", stdout)

	code, stdout, stderr = exchange("symbol DUFF tick 2 lot 1\nbook DUFF\n", "trade", "-data", directory)
	assert.Equal(t, 1, code, stdout)
	assert.Contains(t, stderr, "line 1: symbol DUFF is declared already, as symbol DUFF tick 1 lot 1")
	assert.Contains(t, stdout, "DUFF: recovered 0 commands\nDUFF, no trade yet\nno orders\n")
}

// A market belongs to one process at a time, and no process forgets what another declared.
func TestTrade_directory(t *testing.T) {
	directory := t.TempDir()
	writer, ended := started(context.Background(), "trade", "-data", directory)
	_, err := io.WriteString(writer, "symbol ACME tick 0.01 lot 1\nbook ACME\n#\n") // read on once the market is open
	require.NoError(t, err)
	_, err = io.WriteString(writer, "book ACME\n#\n")
	require.NoError(t, err)
	code, _, stderr := exchange("", "trade", "-data", directory)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "is in use by another process")
	_, err = io.WriteString(writer, "symbol DUFF tick 1 lot 1\nbuy 1 DUFF @ 5 id 1\n#\n")
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	assert.Equal(t, told{0, "ACME, no trade yet\nno orders\nACME, no trade yet\nno orders\naccepted 1 buy 1 @ 5\n", ""}, <-ended)
	code, stdout, stderr := exchange("orders DUFF\norders ACME\n", "trade", "-data", directory)
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "ACME: recovered 0 commands\nDUFF: recovered 1 commands\nbuy 1 DUFF @ 5 id 1\nno orders\n", stdout)
}

// What ticks and lots are is on disk before anybody trades in them, and orders are never
// read with others.
func TestTrade_declaration(t *testing.T) {
	directory := t.TempDir()
	acme := filepath.Join(directory, "book-ACME")
	obstacle := filepath.Join(acme, "symbol.new")
	require.NoError(t, os.MkdirAll(obstacle, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "a file"), nil, 0o644)) // of somebody else
	const order = "buy 1 ACME @ 5.50 id 1\n"
	code, stdout, stderr := exchange("symbol ACME tick 0.5 lot 1\n"+order, "trade", "-data", directory)
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "line 1: open "+obstacle)
	assert.Contains(t, stderr, `line 2: symbol "ACME" is not declared`)

	require.NoError(t, os.Remove(obstacle))
	require.NoError(t, os.WriteFile(obstacle, []byte("symbol"), 0o644)) // as a crash leaves it
	code, stdout, stderr = exchange("symbol ACME tick 0.5 lot 1\n"+order, "trade", "-data", directory)
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "accepted 1 buy 1 @ 5.5\n", stdout)
	code, stdout, stderr = exchange("symbol ACME tick 0.1 lot 1\nbuy 1 ACME @ 5 id 2 by 7\norders ACME by 7\ncancel 2 ACME by 7\norders ACME by 7\norders ACME\n", "trade", "-data", directory)
	assert.Equal(t, 1, code)
	assert.Equal(t, "ACME: recovered 1 commands\naccepted 2 buy 1 @ 5.0\nbuy 1 ACME @ 5.0 id 2 by 7\ncancelled 2 buy 1 @ 5.0: as asked\nno orders\nbuy 1 ACME @ 5.5 id 1\n", stdout)
	assert.Contains(t, stderr, "line 1: symbol ACME is declared already, as symbol ACME tick 0.5 lot 1")

	require.NoError(t, os.CopyFS(filepath.Join(directory, "copy"), os.DirFS(acme)))
	code, stdout, stderr = exchange("", "trade", "-data", directory+"/")
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "ACME: recovered 3 commands\n", stdout)

	name := filepath.Join(acme, "symbol")
	require.NoError(t, os.WriteFile(name, []byte("symbol ACME tick x lot 1\n"), 0o644))
	code, _, stderr = exchange("", "trade", "-data", directory)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, name+": line 1: tick")
	require.NoError(t, os.WriteFile(name, nil, 0o644))
	code, _, stderr = exchange("", "trade", "-data", directory)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, name+": empty, want the line that declares the symbol")
	require.NoError(t, os.Remove(name))
	code, _, stderr = exchange("symbol ACME tick 0.1 lot 1\n", "trade", "-data", directory)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "line 1: "+name+": there is a journal without this file")
}

// Another process may have declared a symbol since this one looked.
func TestTrade_declaredMeanwhile(t *testing.T) {
	directory := t.TempDir()
	writer, ended := started(context.Background(), "trade", "-data", directory)
	_, err := io.WriteString(writer, "#\n")
	require.NoError(t, err)
	code, _, stderr := exchange("symbol ACME tick 0.5 lot 1\nsell 1 ACME @ 1 id 1\nsymbol DUFF tick 1 lot 1\nsell 1 DUFF @ 1 id 1\n", "trade", "-data", directory)
	require.Equal(t, 0, code, stderr)
	_, err = io.WriteString(writer, "symbol ACME tick 0.1 lot 1\nsymbol ACME tick 0.5 lot 1\norders ACME\nsymbol DUFF tick 1 lot 1\norders DUFF\n")
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	told := <-ended
	assert.Contains(t, told.stderr, "line 2: "+filepath.Join(directory, "book-ACME", "symbol")+": it is kept as symbol ACME tick 0.5 lot 1\n")
	assert.Equal(t, "ACME: recovered 1 commands\nsell 1 ACME @ 1.0 id 1\nDUFF: recovered 1 commands\nsell 1 DUFF @ 1 id 1\n", told.stdout)
}

// A session that nobody can read ends.
func TestTrade_noOutput(t *testing.T) {
	var told bytes.Buffer
	err := run(t.Context(), []string{"trade"}, strings.NewReader("symbol ACME tick 1 lot 1\nbuy 1 ACME @ 1 id 1\nbuy 1 ACME @ 1 id 2\n"), brokenPipe{}, &told)
	assert.Equal(t, 1, exit(err, &told))
	assert.Equal(t, "exchange: broken pipe\n", told.String())
	told.Reset()
	_, text, _ := exchange("", "generate", "mix")
	err = run(t.Context(), []string{"replay", "-reports", "-"}, strings.NewReader(text), brokenPipe{}, &told)
	assert.Equal(t, 1, exit(err, &told))
	assert.Regexp(t, `^\d+ commands were carried out before\nexchange: broken pipe\n$`, told.String())
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// Only where somebody may type there is a prompt.
func TestIsTerminal(t *testing.T) {
	assert.False(t, isTerminal(strings.NewReader("")))
	for name, want := range map[string]bool{os.DevNull: false, "main.go": false, "/dev/ptmx": true} {
		file, err := os.Open(name)
		if want && err != nil {
			t.Logf("not tried: %v", err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, want, isTerminal(file), name)
		require.NoError(t, file.Close())
	}
}

// A book that is deeper than what is shown says so.
func TestTrade_deep(t *testing.T) {
	lines := []string{"symbol ACME tick 1 lot 1"}
	for price := range 10 {
		lines = append(lines, fmt.Sprintf("buy 1 ACME @ %d id %d", price, price))
	}
	lines = append(lines, "book ACME\n")
	code, stdout, stderr := exchange(strings.Join(lines, "\n"), "trade")
	assert.Equal(t, 0, code, stderr)
	assert.True(t, strings.HasSuffix(stdout, "     1         1    2 |\nand 2 bids and 0 asks at other prices\n"), stdout)
}

// Ctrl-C ends a session that waits for a line, with what was kept.
func TestTrade_interrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	writer, ended := started(ctx, "trade")
	_, err := io.WriteString(writer, "symbol ACME tick 0.01 lot 1\n")
	require.NoError(t, err)
	cancel()
	assert.Equal(t, told{130, "", "exchange: interrupted\n"}, <-ended)
	require.NoError(t, writer.Close())
}

// slow is a terminal that is told to stop while it writes.
type slow struct {
	bytes.Buffer
	stop func()
}

func (s *slow) Write(p []byte) (int, error) {
	s.stop()
	return s.Buffer.Write(p)
}

// What was carried out is told, though Ctrl-C comes meanwhile, and what waits is not
// carried out.
func TestTrade_told(t *testing.T) {
	directory := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	stdout := &slow{stop: cancel}
	var stderr bytes.Buffer
	code := exit(run(ctx, []string{"trade", "-data", directory}, strings.NewReader("symbol ACME tick 1 lot 1\nbook ACME\nbuy 1 ACME @ 1 id 1\n"), stdout, &stderr), &stderr)
	assert.Equal(t, 130, code)
	assert.Equal(t, "ACME, no trade yet\nno orders\n", stdout.String())
	_, again, _ := exchange("", "trade", "-data", directory)
	assert.Equal(t, "ACME: recovered 0 commands\n", again)

	s := &session{exchange: market.NewExchange(directory, slog.New(slog.DiscardHandler)), stdout: stdout}
	require.NoError(t, s.open(directory))
	stdout.Reset()
	assert.ErrorIs(t, s.read(ctx, strings.NewReader("buy 1 ACME @ 1 id 1\n")), context.Canceled) // which was done before
	assert.Equal(t, "accepted 1 buy 1 @ 1\n", stdout.String())
	require.NoError(t, s.exchange.Close())
}

// Words of the session may have comments, as all lines.
func TestTrade_words(t *testing.T) {
	code, stdout, stderr := exchange("HELP # me\nquit # now\nhlp\n", "trade")
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, usage, stdout)
}

// Reports come in the order of the file, also of several symbols.
func TestReplay_order(t *testing.T) {
	code, stdout, stderr := exchange("symbol Z tick 1 lot 1\nsymbol A tick 1 lot 1\nbuy 1 Z @ 1 id 1\nbuy 1 A @ 1 id 2\nsell 1 Z @ 1 id 3\n", "replay", "-reports", "-")
	assert.Equal(t, 0, code, stderr)
	assert.True(t, strings.HasPrefix(stdout, "Z accepted 1 buy 1 @ 1\nA accepted 2 buy 1 @ 1\nZ accepted 3 sell 1 @ 1\n"), stdout)
}

var checksum = regexp.MustCompile(`SHA-256 of all reports and the book [0-9a-f]{64}`)

// A file that was generated is replayed to what the workload does to a book, and has the
// same checksum each time, from a file and from stdin.
func TestReplay(t *testing.T) {
	for _, w := range workload.All {
		code, text, stderr := exchange("", "generate", "-seed", "3", "-commands", "5000", "-depth", "100", w.Name)
		require.Equal(t, 0, code, stderr)
		name := filepath.Join(t.TempDir(), "commands")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))

		acme, err := protocol.NewInstrument("ACME", "0.01", "1")
		require.NoError(t, err)
		b := book.New(100)
		var want []byte
		fill, commands := w.Generate(3, 100, 5000)
		for _, c := range append(fill, commands...) {
			for _, r := range b.Apply(&c, nil) {
				want = append(protocol.AppendReport(append(want, "ACME "...), acme, &r), '\n')
			}
		}
		code, reports, stderr := exchange("", "replay", "-reports", name)
		require.Equal(t, 0, code, stderr)
		assert.True(t, strings.HasPrefix(reports, string(want)), w.Name)
		assert.Contains(t, reports, string(appendBook(nil, acme, b)))

		code, again, stderr := exchange(text, "replay", "-")
		require.Equal(t, 0, code, stderr)
		require.NotEmpty(t, checksum.FindString(reports))
		assert.Equal(t, checksum.FindString(reports), checksum.FindString(again))
		_, other, _ := exchange(text+"endday ACME\n", "replay", "-")
		assert.NotEqual(t, checksum.FindString(reports), checksum.FindString(other))
	}
}

// A line that is wrong ends a replay, with its number and what was done before.
func TestReplay_wrong(t *testing.T) {
	code, stdout, stderr := exchange("symbol ACME tick 1 lot 1\nbuy 1 ACME @ 5 id 1\nbuy 1 ACME @ 5 id x\nbuy 1 ACME @ 5 id 2\n", "replay", "-")
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, `-: line 3: id: `)
	assert.Contains(t, stderr, "1 commands were carried out before")
	code, stdout, stderr = exchange("symbol ACME tick 1 lot 1\nsymbol ACME tick 1 lot 1\nbuy 1 ACME @ 5 id 1\norders ACME\nbuy 1 ACME @ 5 id 2", "replay", "-reports", "-")
	assert.Equal(t, 1, code)
	assert.Equal(t, "ACME accepted 1 buy 1 @ 5\n", stdout)
	assert.Contains(t, stderr, "-: line 5: no newline ends it")
	code, _, stderr = exchange("", "replay", "--", "-none")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "open -none: no such file")
	code, _, stderr = exchange("", "replay", filepath.Join(t.TempDir(), "none"))
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "no such file")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.Equal(t, told{130, "", "0 commands were carried out before\nexchange: interrupted\n"}, running(ctx, strings.NewReader("symbol ACME tick 1 lot 1\n"), []string{"replay", "-"}))
}

// The same seed generates the same file, another seed another.
func TestGenerate(t *testing.T) {
	generated := func(seed string) string {
		code, text, stderr := exchange("", "generate", "-seed", seed, "-commands", "1000", "-depth", "10", "jump")
		require.Equal(t, 0, code, stderr)
		return text
	}
	assert.Equal(t, generated("1"), generated("1"))
	assert.NotEqual(t, generated("1"), generated("2"))
	_, crash, _ := exchange("", "generate", "crash")
	assert.Contains(t, crash, " ACME @ 70000.", "it falls by 30 % within the default number of commands")
	assert.Contains(t, generated("1"), "# workload jump, seed 1, depth 10, 1000 commands: the same mix around a mid that jumps")
	code, list, _ := exchange("", "generate")
	assert.Equal(t, 0, code)
	for _, w := range workload.All {
		assert.Contains(t, list, w.Name)
	}
}

// Mistakes in how the command is called name what is wrong, and what is right.
func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "no command, want trade, replay or generate"},
		{[]string{"sell"}, `unknown command "sell", want trade, replay or generate`},
		{[]string{"trade", "-date", "x"}, "flag provided but not defined: -date"},
		{[]string{"trade", "-data", ""}, `invalid value "" for flag -data: want a directory`},
		{[]string{"trade", "x"}, `trade: unknown argument "x"`},
		{[]string{"replay"}, "replay: 0 arguments, want the file"},
		{[]string{"replay", "x", "-reports"}, "replay: flag -reports behind an argument, want it before"},
		{[]string{"generate", "boom"}, `workload "boom", want one of mix, static, swing, jump, crash, cancel`},
		{[]string{"generate", "-commands", "-1", "mix"}, "-commands -1, want at least 0"},
		{[]string{"generate", "-depth", "20000000", "mix"}, "-depth 20000000, want 0 to 10,000,000"},
	} {
		code, _, stderr := exchange("", test.args...)
		assert.Equal(t, 2, code, test.args)
		assert.Contains(t, stderr, test.want)
	}
	for _, args := range [][]string{{"-h"}, {"help"}, {"trade", "-h"}} {
		code, stdout, stderr := exchange("", args...)
		assert.Equal(t, 0, code, stderr)
		assert.Equal(t, usage, stdout)
	}
}

// The session that the help shows is one that works, to its last line.
func TestUsage_session(t *testing.T) {
	_, session, found := strings.Cut(usage, "\n\n  symbol")
	require.True(t, found)
	code, stdout, stderr := exchange("  symbol"+session, "trade")
	assert.Equal(t, 0, code, stderr)
	assert.Empty(t, stderr)
	assert.NotContains(t, stdout, "rejected")
	assert.Contains(t, stdout, "traded 40 @ 10.25: 2 buys from 1 and has 0 left")
}
