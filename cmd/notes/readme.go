package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// readmeFile is the page whose tables docs writes.
const readmeFile = "README.md"

// The committed reference run, relative to the module's root: its ledger and
// its measurements.
const (
	referenceLedger  = "bench/results/ledger.json"
	referenceResults = "bench/results/results.txt"
)

// readme is the text of README.md with its tables made anew: each stands between
// a line <!-- NAME: written by make docs --> and a line <!-- end of NAME -->.
func (a *app) readme(old []byte, claims []ledger.Claim) ([]byte, error) {
	reference, err := a.read(referenceLedger)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	text, err := between(old, "told", told(claims, reference))
	if err != nil {
		return nil, err
	}
	results, err := readResults(filepath.Join(a.root, filepath.FromSlash(referenceResults)))
	if errors.Is(err, fs.ErrNotExist) {
		return between(text, "costs", "")
	}
	if err != nil {
		return nil, err
	}
	return between(text, "costs", results.Markdown())
}

// between replaces what stands between the two lines that name a table.
func between(text []byte, name, table string) ([]byte, error) {
	first, last := []byte("<!-- "+name+": written by make docs -->\n"), []byte("<!-- end of "+name+" -->\n")
	before, rest, found := bytes.Cut(text, first)
	_, after, closed := bytes.Cut(rest, last)
	if !found || !closed {
		return nil, fmt.Errorf("%s has no place for the table %q; it stands between the lines %q and %q", readmeFile, name, bytes.TrimSpace(first), bytes.TrimSpace(last))
	}
	return slices.Concat(before, first, []byte(table), last, after), nil
}

// told is the table of the claims that are wrong or outdated.
func told(claims []ledger.Claim, reference ledger.Ledger) string {
	var text strings.Builder
	text.WriteString("| you were told | it is | since | measured |\n|---|---|---|---|\n")
	for _, verdict := range []claim.Verdict{claim.Wrong, claim.Outdated} {
		for _, c := range claims {
			if c.Verdict != verdict {
				continue
			}
			since := c.Since()
			if since == "" {
				since = "always"
			}
			fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", cell(c.Statement), cell(clause(c.Truth)), since, cell(measured(reference, c.ID)))
		}
	}
	if len(reference.Claims) > 0 {
		fmt.Fprintf(&text, "\nMeasured on %s, %s, by `make verify`, which prints the figures of your machine; the whole run is\n[%s](%s).\n",
			reference.Date.Format("2006-01-02"), describe(reference), path.Base(referenceLedger), referenceLedger)
	}
	return text.String()
}

// measured is a claim's main figure in a ledger, or empty.
func measured(l ledger.Ledger, id claim.ID) string {
	i := slices.IndexFunc(l.Claims, func(e ledger.Entry) bool { return e.ID == id })
	if i < 0 {
		return ""
	}
	figure, ok := mainFigure(l.Claims[i])
	if !ok {
		return ""
	}
	return human(figure) + ": " + figure.Name
}

// clause is the first clause of a truth, which says enough by itself.
func clause(truth string) string {
	clause, _, _ := strings.Cut(truth, ";")
	clause, _, _ = strings.Cut(clause, ". ")
	return strings.TrimSuffix(clause, ".")
}

// cell is text that a table of Markdown can hold.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
