package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/clipperhouse/displaywidth"
	"golang.org/x/term"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// page prints for people: in columns, on a terminal in colour.
type page struct {
	out    io.Writer
	width  int // columns
	colour bool
}

// narrowest is the width that everything can be read at, and the width of what
// is not a terminal.
const narrowest = 100

func newPage(a *app) page {
	p := page{out: a.stdout, width: max(width(a.stdout), narrowest)}
	p.colour = width(a.stdout) > 0 && a.getenv("NO_COLOR") == ""
	return p
}

// width is the columns of the terminal that out is, or 0 if it is none.
func width(out io.Writer) int {
	file, ok := out.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// The colours of ANSI terminals.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (p page) paint(colour, text string) string {
	if !p.colour || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (p page) line(parts ...string) {
	fmt.Fprintln(p.out, strings.TrimRight(strings.Join(parts, ""), " "))
}

// pad fills text with spaces to a width in columns.
func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-displaywidth.String(text)))
}

// padLeft is pad with the spaces in front.
func padLeft(text string, columns int) string {
	return strings.Repeat(" ", max(0, columns-displaywidth.String(text))) + text
}

// cut shortens text to a width in columns.
func cut(text string, columns int) string {
	return displaywidth.TruncateString(text, max(columns, 0), "…")
}

// wrap breaks text between words into lines of at most so many columns.
func wrap(text string, columns int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case displaywidth.String(line)+1+displaywidth.String(word) <= columns:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// verdictColumns is the width of the column that leads: "holds, but".
const verdictColumns = 10

func (p page) verdict(v claim.Verdict) string {
	colours := map[claim.Verdict]string{claim.Wrong: red, claim.Outdated: yellow, claim.Judgement: cyan, claim.HoldsBut: green, claim.Holds: green}
	return p.paint(colours[v], pad(string(v), verdictColumns))
}

// widestFigure bounds the column of the figures, so that a long unit does not
// squeeze the claims.
const widestFigure = 16

// row is one claim as the ledger prints it.
type row struct {
	lead, colour string // a status that is not proved; otherwise the verdict leads
	entry        ledger.Entry
	text         string
	after        string // what follows an arrow: correction, limit or reason
	evidence     string
	figure       string
}

func newRow(e ledger.Entry) row {
	r := row{entry: e, text: e.Statement, evidence: evidence(e)}
	switch {
	case e.Status == ledger.Failed:
		r.lead, r.colour, r.after = "FAILED", bold+";"+red, e.Reason
	case e.Status == ledger.NotRun:
		r.lead, r.colour, r.after = "not run", yellow, e.Reason
	case e.Verdict == claim.Holds:
	default:
		r.after = e.Truth
	}
	if e.Status == ledger.Proved {
		if ran := engines(e); ran != "" {
			r.after = strings.TrimPrefix(strings.TrimSuffix(r.after, ".")+ran, "; ")
		}
		if figure, ok := mainFigure(e); ok {
			r.figure = human(figure)
		}
	}
	return r
}

// evidence counts the subjects and controls of the proofs that passed.
func evidence(e ledger.Entry) string {
	holds, controls := 0, 0
	for _, proof := range e.Proofs {
		if proof.Status == ledger.Proved {
			holds += len(proof.Holds)
			controls += len(proof.Controls)
		}
	}
	if holds+controls == 0 {
		return ""
	}
	return count(holds, "holds", "holds") + ", " + count(controls, "control", "controls")
}

// count writes a number with its noun: "1 control", "2 controls".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// engines says, where a proof names a server, which ones it ran on, and what
// was not run beside them.
func engines(e ledger.Entry) string {
	var names []string
	for _, proof := range e.Proofs {
		if proof.Engine == "" || proof.Status != ledger.Proved {
			continue
		}
		for name := range strings.SplitSeq(proof.Engine, ", ") {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	text := ""
	if len(names) > 0 {
		text = "; proved on " + strings.Join(names, ", ")
	}
	if e.Reason != "" {
		text += "; " + e.Reason
	}
	return text
}

// ledger prints the claims by topic, then the mistakes, then the counts.
func (p page) ledger(l ledger.Ledger, mistakes []claim.Mistake) {
	var rows []row
	evidenceColumns, figureColumns := 0, 0
	for _, entry := range inOrder(l.Claims) {
		r := newRow(entry)
		rows = append(rows, r)
		evidenceColumns = max(evidenceColumns, displaywidth.String(r.evidence))
		figureColumns = min(max(figureColumns, displaywidth.String(r.figure)), widestFigure)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.entry.Topic, b.entry.Topic) })
	textColumns := p.width - 2 - verdictColumns - 2 - 2 - evidenceColumns - 2 - figureColumns

	topic := ""
	for _, r := range rows {
		if r.entry.Topic != topic {
			topic = r.entry.Topic
			p.line()
			p.line(p.paint(bold, topic))
		}
		p.row(r, textColumns, evidenceColumns, figureColumns)
	}
	p.mistakes(mistakes)
	if len(l.Claims) > 1 {
		p.legend()
	}
	p.totals(l)
}

// row prints the claim, its evidence and its figure in one line, and the
// correction or limit in the same line where there is room, else below.
func (p page) row(r row, textColumns, evidenceColumns, figureColumns int) {
	lead := p.verdict(r.entry.Verdict)
	if r.lead != "" {
		lead = p.paint(r.colour, pad(r.lead, verdictColumns))
	}
	if r.evidence == "" {
		textColumns = p.width - 2 - verdictColumns - 2
	}
	lines := wrap(r.text, textColumns)
	if joined := r.text + " -> " + r.after; r.after != "" && displaywidth.String(joined) <= textColumns {
		lines = []string{joined}
	} else if r.after != "" {
		for i, line := range wrap(r.after, p.width-2-verdictColumns-2-3) {
			lines = append(lines, []string{"-> ", "   "}[min(i, 1)]+line)
		}
	}
	p.line("  ", lead, "  ", pad(lines[0], textColumns), "  ", p.paint(dim, pad(r.evidence, evidenceColumns)), "  ", padLeft(cut(r.figure, figureColumns), figureColumns))
	for _, line := range lines[1:] {
		p.line(strings.Repeat(" ", 2+verdictColumns+2), line)
	}
}

func (p page) mistakes(mistakes []claim.Mistake) {
	if len(mistakes) == 0 {
		return
	}
	p.line()
	p.line(p.paint(bold+";"+red, "mistakes"))
	for _, mistake := range mistakes {
		for i, line := range wrap(mistake.Error(), p.width-4) {
			p.line([]string{"  ", "    "}[min(i, 1)], line)
		}
	}
}

func (p page) legend() {
	p.line()
	for _, text := range []string{
		"-> leads to what is true: the correction, the limit, or the reason of a failure.",
		"holds: subjects that passed the claim's check; controls: things without the property, which the same check refused for the stated reason.",
		"outdated: was true once; judgement: nothing a program can decide, a proxy is measured; not run: this machine lacks what the reason names.",
	} {
		for _, line := range wrap(text, p.width-2) {
			p.line("  ", p.paint(dim, line))
		}
	}
}

func (p page) totals(l ledger.Ledger) {
	var verdicts []string
	for _, verdict := range claim.Verdicts {
		if n := l.Counts[string(verdict)]; n > 0 {
			verdicts = append(verdicts, fmt.Sprintf("%d %s", n, verdict))
		}
	}
	failed := fmt.Sprintf("%d failed", l.Counts[string(ledger.Failed)])
	if l.Counts[string(ledger.Failed)] > 0 {
		failed = p.paint(bold+";"+red, failed)
	}
	p.line()
	p.line(count(len(l.Claims), "claim", "claims"), ": ", strings.Join(verdicts, "; "))
	p.line(p.paint(green, fmt.Sprintf("%d proved", l.Counts[string(ledger.Proved)])), ", ", failed, ", ",
		fmt.Sprintf("%d not run, in %.1f s", l.Counts[string(ledger.NotRun)], l.Seconds))
	for _, line := range wrap("on "+describe(l), p.width) {
		p.line(line)
	}
	p.line(p.paint(dim, "written to "+ledgerFile+"; go run ./cmd/notes show ID tells all of one claim"))
}

// describe names the machine and the toolchain of a ledger.
func describe(l ledger.Ledger) string {
	return fmt.Sprintf("%s, %s, %s/%s, %s", cmp.Or(l.Machine.CPU, "an unknown processor"), count(l.Machine.Cores, "core", "cores"), l.Machine.OS, l.Machine.Arch, l.Go)
}

// human writes a figure for people: bytes in KiB to GiB, nanoseconds in µs to
// s, other numbers with three digits at least, and thousands set apart.
func human(f claim.Figure) string {
	switch f.Unit {
	case "B":
		return scaled(f.Value, 1024, "B", "KiB", "MiB", "GiB", "TiB")
	case "ns":
		return scaled(f.Value, 1000, "ns", "µs", "ms", "s")
	}
	return strings.TrimSpace(digits(f.Value) + " " + f.Unit)
}

func scaled(value, step float64, units ...string) string {
	i := 0
	for math.Abs(value) >= step && i < len(units)-1 {
		value /= step
		i++
	}
	return digits(value) + " " + units[i]
}

// digits writes a number with three significant digits, or whole from 100 on
// with commas between thousands.
func digits(value float64) string {
	if math.Abs(value) < 100 {
		return strconv.FormatFloat(value, 'g', 3, 64)
	}
	text := strconv.FormatFloat(math.Abs(value), 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if value < 0 {
		text = "-" + text
	}
	return text
}
