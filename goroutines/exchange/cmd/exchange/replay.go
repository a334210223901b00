package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"slices"
	"time"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/market"
	"gonotes/goroutines/exchange/protocol"
)

// batchSize is how many commands a replay hands over at a time.
const batchSize = 1024

// A replayed market is one symbol of a replay.
type replayed struct {
	instrument *protocol.Instrument
	market     *market.Market
	batch      *market.Batch
	sum        hash.Hash // of all reports as lines
	commands   int
	trades     int
	rejected   int
}

// A replayer carries out a file.
type replayer struct {
	exchange *market.Exchange
	markets  map[string]*replayed
	reports  *bufio.Writer // where each report goes, in the order of the file, or nil
	latest   *replayed
	text     []byte
	commands int
	matching time.Duration // of it, without the text
}

func replay(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	reports := flags.Bool("reports", false, "")
	rest, done, err := parse(flags, args, stdout)
	if err != nil || done {
		return err
	}
	if len(rest) != 1 {
		return errUsage(fmt.Sprintf("replay: %d arguments, want the file", len(rest)))
	}
	name, in, size := rest[0], &input{ctx: ctx, from: stdin}, int64(0)
	if name != "-" {
		file, err := open(ctx, name)
		if err != nil {
			return err
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil {
			size = info.Size()
		}
		in.from = file
	}
	r := &replayer{exchange: market.NewExchange("", slog.New(slog.DiscardHandler)), markets: map[string]*replayed{}}
	defer func() { err = errors.Join(err, r.exchange.Close()) }()
	if *reports {
		r.reports = bufio.NewWriter(stdout)
		defer func() {
			if failed := r.reports.Flush(); failed != nil && !errors.Is(err, failed) {
				err = errors.Join(err, failed)
			}
		}()
	}
	start := time.Now()
	told := start
	var parser protocol.Parser
	for line, err := range parser.Lines(in) {
		if err == nil {
			err = r.carryOut(ctx, line)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			var noOutput outputError
			if !errors.Is(err, context.Canceled) && !errors.As(err, &noOutput) {
				err = errors.Join(fmt.Errorf("%s: %w", name, err), r.flush(ctx))
			}
			fmt.Fprintf(stderr, "%d commands were carried out before\n", r.commands)
			return err
		}
		if r.commands%batchSize == 0 && time.Since(told) > time.Second {
			told = time.Now()
			progress(stderr, r.commands, in.read, size, told.Sub(start))
		}
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	took := time.Since(start)
	if r.reports != nil {
		if err := r.reports.Flush(); err != nil {
			return err
		}
	}
	return r.tell(ctx, stdout, took)
}

func progress(stderr io.Writer, commands int, read, size int64, took time.Duration) {
	share := ""
	if size > 0 {
		share = fmt.Sprintf(", %d %% of the file", 100*read/size)
	}
	fmt.Fprintf(stderr, "%d commands%s, %.0f a second\n", commands, share, float64(commands)/took.Seconds())
}

func (r *replayer) carryOut(ctx context.Context, line protocol.Line) error {
	symbol := line.Instrument.Symbol
	if line.Kind == protocol.Declaration && r.markets[symbol] != nil {
		return nil // again
	}
	if line.Kind == protocol.Declaration {
		m, _, err := r.exchange.Open(symbol)
		r.markets[symbol] = &replayed{instrument: line.Instrument, market: m, batch: &market.Batch{}, sum: sha256.New()}
		return err
	}
	m := r.markets[symbol]
	if line.Kind != protocol.Command {
		return nil // the books come at the end
	}
	if r.reports != nil && r.latest != nil && r.latest != m {
		if err := r.do(ctx, r.latest); err != nil {
			return err
		}
	}
	r.latest = m
	m.batch.Commands = append(m.batch.Commands, line.Command)
	if len(m.batch.Commands) < batchSize {
		return nil
	}
	return r.do(ctx, m)
}

// do hands a batch over.
func (r *replayer) do(ctx context.Context, m *replayed) error {
	m.batch.Reports = m.batch.Reports[:0]
	start := time.Now()
	if err := m.market.Do(ctx, m.batch); err != nil {
		return err
	}
	r.matching += time.Since(start)
	m.commands += len(m.batch.Commands)
	r.commands += len(m.batch.Commands)
	m.batch.Commands = m.batch.Commands[:0]
	for i := range m.batch.Reports {
		report := &m.batch.Reports[i]
		switch report.Event {
		case book.Traded:
			m.trades++
		case book.Rejected:
			m.rejected++
		}
		r.text = append(append(r.text[:0], m.instrument.Symbol...), ' ')
		r.text = append(protocol.AppendReport(r.text, m.instrument, report), '\n')
		m.sum.Write(r.text)
		if r.reports == nil {
			continue
		}
		if _, err := r.reports.Write(r.text); err != nil {
			return outputError{err}
		}
	}
	return nil
}

func (r *replayer) flush(ctx context.Context) error {
	for _, symbol := range r.symbols() {
		if err := r.do(ctx, r.markets[symbol]); err != nil {
			return err
		}
	}
	return nil
}

func (r *replayer) symbols() []string {
	var symbols []string
	for symbol := range r.markets {
		symbols = append(symbols, symbol)
	}
	slices.Sort(symbols)
	return symbols
}

// tell prints what was done, the books, and a checksum of each market, which is the same
// for the same lines.
func (r *replayer) tell(ctx context.Context, stdout io.Writer, took time.Duration) error {
	for _, symbol := range r.symbols() {
		m := r.markets[symbol]
		err := m.market.View(ctx, func(b *book.Book, _ uint64) {
			r.text, _ = b.AppendBinary(r.text[:0])
			m.sum.Write(r.text)
			r.text = appendBook(r.text[:0], m.instrument, b)
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "%s: %d commands, %d rejected, %d trades; SHA-256 of all reports and the book %x\n%s",
			symbol, m.commands, m.rejected, m.trades, m.sum.Sum(nil), r.text)
		if err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(stdout, "%d commands in %v, %.0f a second, with reading and writing the text; %v of it in the books\n",
		r.commands, took.Round(time.Millisecond), float64(r.commands)/took.Seconds(), r.matching.Round(time.Microsecond))
	return err
}
