package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/journal"
	"gonotes/goroutines/exchange/market"
	"gonotes/goroutines/exchange/protocol"
)

// shown is the number of levels of each side that a session shows.
const shown = 8

// A session is one person's.
type session struct {
	parser   protocol.Parser
	exchange *market.Exchange
	batch    market.Batch
	terminal bool
	stdout   io.Writer
	stderr   io.Writer
	text     []byte
}

func trade(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("trade", flag.ContinueOnError)
	directory := ""
	flags.Func("data", "", func(value string) error {
		if value == "" {
			return errors.New("want a directory")
		}
		directory = value
		return nil
	})
	rest, done, err := parse(flags, args, stdout)
	if err != nil || done {
		return err
	}
	if len(rest) > 0 {
		return errUsage(fmt.Sprintf("trade: unknown argument %q", rest[0]))
	}
	s := &session{
		exchange: market.NewExchange(directory, slog.New(slog.NewTextHandler(stderr, nil))),
		terminal: isTerminal(stdin),
		stdout:   stdout,
		stderr:   stderr,
	}
	defer func() { err = errors.Join(err, s.exchange.Close()) }()
	if directory != "" {
		if err := s.open(directory); err != nil {
			return err
		}
	}
	in := &input{ctx: ctx, from: stdin}
	if s.terminal {
		if directory == "" {
			fmt.Fprint(stdout, "nothing is kept without -data; ")
		}
		fmt.Fprintln(stdout, "help tells the lines, quit ends")
		in.ask = func() { fmt.Fprint(stdout, "> ") }
	}
	return s.read(ctx, in)
}

// isTerminal tells whether somebody may be there: the null device looks the same.
func isTerminal(stdin io.Reader) bool {
	file, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// declaration is the file beside a journal with the line that declared its instrument:
// what the numbers in the journal mean.
const declaration = "symbol"

// open opens the markets that are kept in a directory.
func (s *session) open(directory string) error {
	if err := journal.MkdirAll(directory); err != nil {
		return err
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := filepath.Join(directory, entry.Name(), declaration)
		text, err := os.ReadFile(name)
		if err != nil && (errors.Is(err, fs.ErrNotExist) || !entry.IsDir()) {
			continue
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(text)) == 0 {
			return fmt.Errorf("%s: empty, want the line that declares the symbol", name)
		}
		for line, err := range new(protocol.Parser).Lines(bytes.NewReader(text)) {
			if err == nil && filepath.Dir(name) != s.exchange.Directory(line.Instrument.Symbol) {
				continue // a copy
			}
			if err == nil {
				err = s.parser.Declare(line.Instrument)
			}
			if err == nil {
				err = s.openMarket(line.Instrument, true)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// declare opens the market of an instrument that is new, and keeps its declaration before
// anybody can trade. If it cannot, the symbol may be declared again.
func (s *session) declare(in *protocol.Instrument) (err error) {
	if s.exchange.Market(in.Symbol) != nil {
		return nil // as the same: the parser took it
	}
	if directory := s.exchange.Directory(in.Symbol); directory != "" {
		err = keep(directory, in)
	}
	if err == nil {
		err = s.openMarket(in, false)
	}
	if s.exchange.Market(in.Symbol) == nil {
		s.parser.Forget(in.Symbol)
	}
	return err
}

func keep(directory string, in *protocol.Instrument) error {
	if err := journal.MkdirAll(directory); err != nil {
		return err
	}
	lock, err := journal.Lock(directory) // as another process may declare it, too
	if err != nil {
		return err
	}
	defer lock.Close()
	name := filepath.Join(directory, declaration)
	text := append(protocol.AppendInstrument(nil, in), '\n')
	kept, err := os.ReadFile(name)
	switch {
	case err == nil && !bytes.Equal(kept, text):
		return fmt.Errorf("%s: it is kept as %s", name, bytes.TrimSpace(kept))
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	others, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(e os.DirEntry) bool {
		return e.Name() == declaration+".new" /* by a crash */ || e.Name() == filepath.Base(lock.Name())
	})
	if len(others) > 0 {
		return fmt.Errorf("%s: there is a journal without this file, which says what its numbers mean", name)
	}
	return journal.WriteFile(name, text)
}

// openMarket opens the market of an instrument, and tells what was in it.
func (s *session) openMarket(in *protocol.Instrument, kept bool) error {
	_, found, err := s.exchange.Open(in.Symbol)
	if err != nil || !kept && found == (journal.Recovery{}) {
		return err
	}
	s.text = fmt.Appendf(s.text[:0], "%s: recovered %d commands", in.Symbol, found.Snapshot+found.Replayed)
	if found.Torn > 0 {
		s.text = fmt.Appendf(s.text, ", and cut off %d bytes at the end, which were no whole record", found.Torn)
	}
	return s.print(append(s.text, '\n'))
}

func (s *session) print(text []byte) error {
	if _, err := s.stdout.Write(text); err != nil {
		return outputError{err}
	}
	return nil
}

// read carries out lines until there are no more. What one of them began is told before
// an interrupt ends the session.
func (s *session) read(ctx context.Context, in io.Reader) error {
	wrong := false
	for line, err := range s.parser.Lines(in) {
		switch first, _, _ := strings.Cut(line.Text, "#"); strings.ToLower(strings.TrimSpace(first)) {
		case "quit":
			return s.ended(wrong)
		case "help":
			err = s.print([]byte(usage))
		default:
			if err == nil {
				err = s.carryOut(context.WithoutCancel(ctx), line)
			}
		}
		var noOutput outputError
		switch {
		case errors.As(err, &noOutput):
			return noOutput
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			wrong = true
			fmt.Fprintln(s.stderr, err)
		}
	}
	return s.ended(wrong)
}

// ended returns the error of a session that came to its end: who types saw what was wrong.
func (s *session) ended(wrong bool) error {
	if wrong && !s.terminal {
		return errWrongLines
	}
	return nil
}

// carryOut does what a line says and prints what came of it.
func (s *session) carryOut(ctx context.Context, line protocol.Line) (err error) {
	switch line.Kind {
	case protocol.Declaration:
		err = s.declare(line.Instrument)
	case protocol.Show:
		err = s.show(ctx, line.Instrument)
	case protocol.List:
		err = s.list(ctx, line)
	case protocol.Command:
		err = s.do(ctx, line)
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", line.Number, err)
	}
	return nil
}

// do carries out a command.
func (s *session) do(ctx context.Context, line protocol.Line) error {
	m := s.exchange.Market(line.Instrument.Symbol)
	s.batch.Commands = append(s.batch.Commands[:0], line.Command)
	s.batch.Reports = s.batch.Reports[:0]
	if err := m.Do(ctx, &s.batch); err != nil {
		return err
	}
	s.text = s.text[:0]
	for i := range s.batch.Reports {
		s.text = append(protocol.AppendReport(s.text, line.Instrument, &s.batch.Reports[i]), '\n')
	}
	if err := s.print(s.text); err != nil {
		return err
	}
	if s.terminal {
		return s.show(ctx, line.Instrument)
	}
	return nil
}

func (s *session) show(ctx context.Context, in *protocol.Instrument) error {
	err := s.exchange.Market(in.Symbol).View(ctx, func(b *book.Book, _ uint64) {
		s.text = appendBook(s.text[:0], in, b)
	})
	if err != nil {
		return err
	}
	return s.print(s.text)
}

// list prints the orders in a book, or those of one owner.
func (s *session) list(ctx context.Context, line protocol.Line) error {
	s.text = s.text[:0]
	err := s.exchange.Market(line.Instrument.Symbol).View(ctx, func(b *book.Book, _ uint64) {
		for c := range b.All() {
			if owner := line.Command.Owner; owner == 0 || owner == c.Owner {
				s.text = append(protocol.AppendCommand(s.text, line.Instrument, &c), '\n')
			}
		}
	})
	if err != nil {
		return err
	}
	if len(s.text) == 0 {
		s.text = append(s.text, "no orders\n"...)
	}
	return s.print(s.text)
}

func appendBook(to []byte, in *protocol.Instrument, b *book.Book) []byte {
	last, traded := b.Last()
	bids, asks := b.Depth(nil, book.Buy, math.MaxInt), b.Depth(nil, book.Sell, math.MaxInt)
	to = protocol.AppendBook(to, in, bids[:min(shown, len(bids))], asks[:min(shown, len(asks))], last, traded)
	if len(bids) > shown || len(asks) > shown {
		to = fmt.Appendf(to, "and %d bids and %d asks at other prices\n", max(len(bids)-shown, 0), max(len(asks)-shown, 0))
	}
	return to
}
