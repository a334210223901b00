package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"

	"gonotes/bench"
	"gonotes/internal/ledger"
)

// benchFolder is where bench writes, relative to the module's root, and
// benchFile the measurements in it.
const (
	benchFolder = "report/bench"
	benchFile   = "results.txt"
)

// benchmark compares what tasks cost on this machine, writes the measurements
// and draws them.
func benchmark(ctx context.Context, a *app, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	full := flags.Bool("full", false, "compare all runtimes and run the benchmarks of goroutines, closures, runes and the exchange, for some minutes; otherwise Go, C and Java, for at most one")
	from := flags.String("from", "", "only draw and print the measurements of this file, such as bench/results/results.txt")
	folder := flags.String("o", "", "the folder to write to (default "+benchFolder+")")
	args, err := parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(a.stdout, "usage: notes bench [FLAGS]")
		flags.SetOutput(a.stdout)
		flags.PrintDefaults()
		return nil
	}
	switch {
	case err != nil:
		return err
	case len(args) > 0:
		return usageError(fmt.Sprintf("bench takes no arguments, got %q", args))
	case *from != "" && *full:
		return usageError("bench: -full measures and -from does not; one of them is wanted")
	}
	dir := cmp.Or(*folder, filepath.Join(a.root, filepath.FromSlash(benchFolder)))
	if *from != "" {
		results, err := readResults(*from)
		if err != nil {
			return err
		}
		return a.presented(results, *from, dir)
	}

	programs, err := os.MkdirTemp("", "notes-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(programs)
	plan, mode := bench.Quick(), "quick"
	command := "notes bench"
	if *full {
		plan, mode = bench.Full(), "full"
		command += " -full"
	}
	settings := settings(machine(), a.goVersion(ctx), time.Now(), mode, command)
	return a.compare(ctx, plan, bench.Machine(a.root, programs), settings, dir)
}

// settings describe a run.
func settings(m ledger.Machine, version string, date time.Time, mode, command string) []bench.Setting {
	var settings []bench.Setting
	for _, s := range []bench.Setting{
		{Key: "goos", Value: m.OS},
		{Key: "goarch", Value: m.Arch},
		{Key: "cpu", Value: m.CPU},
		{Key: "cores", Value: strconv.Itoa(m.Cores)},
		{Key: "memory", Value: fmt.Sprintf("%d MiB", m.MemoryBytes>>20)},
		{Key: "kernel", Value: m.Kernel},
		{Key: "go", Value: version},
		{Key: "date", Value: date.UTC().Format(time.DateOnly)},
		{Key: "mode", Value: mode},
		{Key: "command", Value: command},
	} {
		if s.Value != "" && s.Value != "0 MiB" {
			settings = append(settings, s)
		}
	}
	return settings
}

func readResults(name string) (bench.Results, error) {
	file, err := os.Open(name)
	if err != nil {
		return bench.Results{}, err
	}
	defer file.Close()
	results, err := bench.Read(file)
	if err != nil {
		return bench.Results{}, fmt.Errorf("%s: %w", name, err)
	}
	return results, nil
}

// compare carries a plan out and writes what it finds into the folder dir, after
// each measurement, so that Ctrl-C loses nothing.
func (a *app) compare(ctx context.Context, plan bench.Plan, host bench.Host, settings []bench.Setting, dir string) error {
	name := filepath.Join(dir, benchFile)
	meter := newMeter(a)
	kept := 0
	results, err := plan.Run(ctx, host, settings, meter.show, func(r bench.Results) error {
		if len(r.Lines) == kept {
			return nil
		}
		kept = len(r.Lines)
		return writeResults(name, r)
	})
	meter.stop()
	if ctx.Err() != nil {
		if kept == 0 {
			fmt.Fprintf(a.stderr, "notes: interrupted before the first measurement; %s is left as it was\n", name)
		} else {
			fmt.Fprintf(a.stderr, "notes: interrupted; %s kept in %s; notes bench -from %[2]s draws them\n", count(kept, "measurement is", "measurements are"), name)
		}
		return context.Canceled
	}
	if len(results.Lines) == 0 {
		for _, sentence := range results.Absent() {
			fmt.Fprintln(a.stderr, "notes:", sentence)
		}
		return errors.Join(errors.New("nothing could be measured"), err)
	}
	// The last points may have been skipped, which is worth a line, too.
	return errors.Join(writeResults(name, results), a.presented(results, name, dir), err)
}

// writeResults replaces the file as a whole, so that it is never half written.
func writeResults(name string, r bench.Results) error {
	var text bytes.Buffer
	if _, err := r.WriteTo(&text); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", text.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// presented draws the results into the folder dir and prints them.
func (a *app) presented(results bench.Results, file, dir string) error {
	plots, err := results.Draw(dir)
	if err != nil {
		return err
	}
	p := newPage(a)
	costs := results.Costs()
	times := len(costs[0]) - bench.Times
	for _, part := range [][2]int{{1, times}, {times, len(costs[0])}} {
		var rows [][]string
		for _, row := range costs {
			rows = append(rows, append([]string{row[0]}, row[part[0]:part[1]]...))
		}
		p.line()
		p.table(rows)
	}
	if operations := results.Operations(); len(operations) > 0 {
		p.line()
		p.table(append([][]string{{"benchmark", "time", "least to most"}}, operations...))
	}
	p.line()
	for _, sentence := range append(results.Reading(), results.Absent()...) {
		for i, line := range wrap(sentence, p.width-4) {
			p.line([]string{"  ", "    "}[min(i, 1)], p.paint(dim, line))
		}
	}
	p.line()
	p.line(fmt.Sprintf("measurements: %s; go tool benchstat -col /kind %[1]s compares them", file))
	p.line(fmt.Sprintf("plots: %s in %s", count(len(plots), "file", "files"), dir))
	return nil
}

// table prints rows in columns, the first to the left and the others to the
// right; the first row is of headings.
func (p page) table(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], displaywidth.String(cell))
		}
	}
	for i, row := range rows {
		line := "  " + pad(row[0], widths[0])
		for j, cell := range row[1:] {
			line += "  " + padLeft(cell, widths[j+1])
		}
		if i == 0 {
			line = p.paint(bold, line)
		}
		p.line(line)
	}
}

// meter tells how far a comparison is: on a terminal in one line that it writes
// again and again, elsewhere in a line for each round.
type meter struct {
	*app
	terminal bool
	round    int
	phase    string
}

func newMeter(a *app) *meter { return &meter{app: a, terminal: width(a.stderr) > 0} }

func (m *meter) show(p bench.Progress) {
	left := "about " + p.Left.Round(time.Second).String() + " left"
	if m.terminal {
		line := fmt.Sprintf("round %d of %d, %s: %s", p.Round, p.Rounds, left, p.What)
		fmt.Fprint(m.stderr, "\r\x1b[K"+cut(line, width(m.stderr)-1))
		return
	}
	phase := "tasks"
	if strings.HasPrefix(p.What, "benchmarks") {
		phase = p.What
	}
	if p.Round != m.round || phase != m.phase {
		m.round, m.phase = p.Round, phase
		fmt.Fprintf(m.stderr, "round %d of %d, %s: %s\n", p.Round, p.Rounds, phase, left)
	}
}

func (m *meter) stop() {
	if m.terminal {
		fmt.Fprint(m.stderr, "\r\x1b[K")
	}
}
