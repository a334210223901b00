package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"gonotes/internal/ledger"
)

// show tells all that is known of one claim: its words and code from the
// sources, its proofs and figures from the last ledger.
func show(_ context.Context, a *app, args []string) error {
	c, err := a.one("show", args)
	if err != nil {
		return err
	}
	p := newPage(a)
	p.line(p.paint(bold, string(c.ID)), "  ", c.Section)
	p.line()
	p.field("the notes say", c.Statement)
	p.field("verdict", string(c.Verdict))
	p.field("it is", c.Truth)
	p.field("since", c.Since())
	p.field("proxy", c.Proxy)
	p.field("source", c.Source)
	p.field("declared", fmt.Sprintf("%s:%d", c.File, c.Line))

	l, err := a.read(ledgerFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.field("status", "not verified here yet; run notes verify "+string(c.ID))
	case err != nil:
		return err
	default:
		i := slices.IndexFunc(l.Claims, func(e ledger.Entry) bool { return e.ID == c.ID })
		if i < 0 {
			p.field("status", fmt.Sprintf("not in the last run, of %s; run notes verify %s", l.Date.Format("2006-01-02 15:04 MST"), c.ID))
			break
		}
		p.field("status", strings.TrimSuffix(fmt.Sprintf("%s; %s", l.Claims[i].Status, l.Claims[i].Reason), "; "))
		p.field("measured", fmt.Sprintf("%s, on %s", l.Date.Format("2006-01-02 15:04 MST"), describe(l)))
		p.proofs(c, l.Claims[i].Proofs)
	}
	p.examples(c.Examples)
	p.benchmarks(c.Benchmarks)
	return nil
}

// fieldColumns is the width of the names that lead the lines of show.
const fieldColumns = 13

// field prints a named text, and nothing where there is none.
func (p page) field(name, text string) {
	if text == "" {
		return
	}
	for _, line := range wrap(text, p.width-fieldColumns-4) {
		p.line("  ", p.paint(dim, pad(name, fieldColumns)), "  ", line)
		name = ""
	}
}

func (p page) proofs(c ledger.Claim, proofs []ledger.Proof) {
	for _, proof := range proofs {
		p.line()
		p.line(p.paint(bold, proof.Test), "  ", p.paint(dim, place(c, proof)))
		if proof.Status != ledger.Proved {
			p.field(string(proof.Status), proof.Reason)
		}
		p.field("engine", proof.Engine)
		for _, hold := range proof.Holds {
			p.field("holds", hold.What)
		}
		for _, control := range proof.Controls {
			p.field("control", fmt.Sprintf("%s is refused: %s", control.What, control.Found))
		}
		for _, figure := range proof.Figures {
			p.field("figure", figure.Name+": "+human(figure))
		}
	}
}

// place is where the test of a proof, or of one of its subtests, stands.
func place(c ledger.Claim, proof ledger.Proof) string {
	top, _, _ := strings.Cut(proof.Test, "/")
	for _, f := range slices.Concat(c.Tests, c.Examples) {
		if f.Package == proof.Package && f.Name == top {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
	}
	return proof.Package
}

func (p page) examples(examples []ledger.Func) {
	for _, example := range examples {
		p.line()
		p.line(p.paint(bold, example.Name), "  ", p.paint(dim, fmt.Sprintf("%s:%d", example.File, example.Line)))
		for line := range strings.Lines(example.Source) {
			p.line("    ", strings.TrimRight(line, "\n"))
		}
		p.line("  ", p.paint(dim, "prints"))
		for line := range strings.Lines(example.Output) {
			p.line("    ", strings.TrimRight(line, "\n"))
		}
	}
}

func (p page) benchmarks(benchmarks []ledger.Func) {
	for _, b := range benchmarks {
		p.line()
		p.line(p.paint(bold, b.Name), "  ", p.paint(dim, fmt.Sprintf("%s:%d", b.File, b.Line)))
		p.field("run", fmt.Sprintf("go test -run='^$' -bench='^%s$' %s", b.Name, b.Package))
	}
}
