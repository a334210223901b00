package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// quiz asks what an interviewer asks, claim by claim, and asks again what was
// not known.
func quiz(ctx context.Context, a *app, args []string) error {
	args, err := parse(flag.NewFlagSet("quiz", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	claims, mistakes := a.declared()
	selected, err := selection(claims, mistakes, args)
	if err != nil {
		return err
	}
	claims = slices.DeleteFunc(claims, func(c ledger.Claim) bool { return !selected(c) })
	measured, err := a.read(ledgerFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	q := &examiner{page: newPage(a), lines: lines(reading, a.stdin), measured: measured, claims: claims}
	q.line(q.paint(dim, "Say each answer aloud, then compare. Enter shows it, y says that you had it, n that you did not, q ends."))

	known, asked := 0, 0
	toAsk := claims
	for round := 1; len(toAsk) > 0; round++ {
		if round > 1 {
			q.line()
			q.line(q.paint(bold, "again, "+count(len(toAsk), "that you did not have", "that you did not have")))
		}
		var missed []ledger.Claim
		for i, c := range toAsk {
			had, more := q.ask(ctx, fmt.Sprintf("%d of %d", i+1, len(toAsk)), c)
			if !more {
				q.result(known, asked, slices.Concat(missed, toAsk[i:]))
				return ctx.Err()
			}
			if round == 1 {
				asked++
			}
			switch {
			case !had:
				missed = append(missed, c)
			case round == 1:
				known++
			}
		}
		toAsk = missed
	}
	q.result(known, asked, nil)
	return nil
}

// examiner asks the questions of one quiz.
type examiner struct {
	page
	lines    <-chan string
	measured ledger.Ledger
	claims   []ledger.Claim
}

// ask puts one question, waits, shows the answer and learns whether it was
// known. More is false when the user wants no more.
func (q *examiner) ask(ctx context.Context, place string, c ledger.Claim) (had, more bool) {
	q.line()
	q.line(q.paint(dim, place+"  "+string(c.ID)+"  "+c.Section))
	q.paragraph(bold, questionOf(c))
	if answer, open := q.prompt(ctx, "[Enter] "); !open || answer == "q" {
		return false, false
	}
	if c.Answer != "" {
		q.paragraph("", c.Answer)
	}
	q.field("the notes say", c.Statement)
	q.field(string(c.Verdict), c.Truth)
	q.field("measured here", q.figure(c.ID))
	if i := slices.IndexFunc(q.claims, func(other ledger.Claim) bool { return other.ID == c.ID }); i+1 < len(q.claims) {
		q.field("asked next", questionOf(q.claims[i+1]))
	}
	for {
		switch answer, open := q.prompt(ctx, "had it? [y/n/q] "); {
		case !open || answer == "q":
			return false, false
		case answer == "y" || answer == "yes":
			return true, true
		case answer == "n" || answer == "no":
			return false, true
		}
	}
}

// questionOf is the interviewer's, or the claim with a question mark.
func questionOf(c ledger.Claim) string {
	if c.Asked != "" {
		return c.Asked
	}
	return "Right or wrong: " + c.Statement + "?"
}

// figure is what the last ledger says of a claim: its main figure, or why
// there is none.
func (q *examiner) figure(id claim.ID) string {
	i := slices.IndexFunc(q.measured.Claims, func(e ledger.Entry) bool { return e.ID == id })
	if i < 0 {
		return "not yet; notes verify " + string(id) + " does it"
	}
	entry := q.measured.Claims[i]
	if figure, ok := mainFigure(entry); ok && entry.Status == ledger.Proved {
		return human(figure) + ", " + figure.Name
	}
	return strings.TrimSuffix(fmt.Sprintf("%s, %s; %s", entry.Status, evidence(entry), entry.Reason), "; ")
}

// paragraph prints wrapped text with a margin.
func (q *examiner) paragraph(colour, text string) {
	q.line()
	for _, line := range wrap(text, q.width-4) {
		q.line("  ", q.paint(colour, line))
	}
	q.line()
}

// prompt asks for a line. Open is false at the end of the input, or when the
// command was interrupted.
func (q *examiner) prompt(ctx context.Context, text string) (line string, open bool) {
	fmt.Fprint(q.out, q.paint(cyan, text))
	select {
	case line, open = <-q.lines:
	case <-ctx.Done():
	}
	if !open {
		q.line()
	}
	return strings.ToLower(strings.TrimSpace(line)), open
}

// result says how it went and what to read again.
func (q *examiner) result(known, asked int, left []ledger.Claim) {
	q.line()
	q.line(fmt.Sprintf("%d of %s known at once", known, count(asked, "question", "questions")))
	for i, c := range left {
		lead := "left:"
		if i > 0 {
			lead = ""
		}
		q.line("  ", pad(lead, 6), "notes show ", string(c.ID))
	}
}

// lines reads r line by line until its end or until ctx is cancelled.
func lines(ctx context.Context, r io.Reader) <-chan string {
	// A read cannot be cancelled: on Ctrl-C the reader is left behind.
	read := make(chan string)
	go func() {
		defer close(read)
		for scanner := bufio.NewScanner(r); scanner.Scan(); {
			select {
			case read <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return read
}
