package claim

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// T is what a proof needs of *testing.T, *testing.F or *testing.B.
type T interface {
	Helper()
	Attr(key, value string)
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Skip(args ...any)
	Skipped() bool
	Failed() bool
}

// The attributes that a proof leaves in the events of go test -json.
const (
	AttrClaim = "claim"      // the id, when a proof begins
	AttrPart  = "proof-part" // the Record as JSON, when it ends, in parts between bars
	AttrProof = "proof"      // its last part
	AttrStage = "stage"      // how far a long experiment is, from Stage
)

// partBytes bounds a part of a record: test2json loses an attribute whose line
// is longer than 4096 bytes.
const partBytes = 2048

// BreakEnv names the environment variable that holds the id of a claim whose
// controls are to be judged as subjects, so that its proofs fail.
const BreakEnv = "GONOTES_BREAK"

// TasksEnv names the environment variable that holds how many goroutines the
// largest experiments keep at once: a number, or max for as many as memory allows.
const TasksEnv = "GONOTES_TASKS"

// What a proof of a broken claim says of a control: the first where it turned the test red,
// as it must, the second where it did not.
const (
	HandedIn        = "handed in as a subject, does not hold"
	PassedAsSubject = "handed in as a subject, passed"
)

// Record is what one proof did, as its attribute carries it.
type Record struct {
	ID       ID        `json:"id"`
	Engine   string    `json:"engine,omitempty"`
	Holds    []Hold    `json:"holds"`
	Controls []Refusal `json:"controls"`
	Figures  []Figure  `json:"figures"`
	NotRun   string    `json:"not_run,omitempty"`
}

// Hold is a subject that passed the check.
type Hold struct {
	What string `json:"what"`
}

// Refusal is a control that the check refused.
type Refusal struct {
	What    string `json:"what"`
	Because string `json:"because"` // what the refusal had to say
	Found   string `json:"found"`   // what it said
}

// Figure is a measurement on this machine. As a subject it is the number that
// is checked and shown at once.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"` // "B" and "ns" are scaled for people, the rest is shown as it is
}

// Figures makes a figure a subject that reports itself.
func (f Figure) Figures() []Figure { return []Figure{f} }

func (f Figure) String() string {
	return strconv.FormatFloat(f.Value, 'g', 6, 64) + " " + f.Unit
}

// AtMost is the check that a figure is no more than limit, in the figure's unit.
func AtMost(limit float64) func(Figure) error {
	return func(f Figure) error {
		if f.Value <= limit {
			return nil
		}
		return fmt.Errorf("%v, want at most %v", f, limit)
	}
}

// AtLeast is the check that a figure is no less than limit, in the figure's unit.
func AtLeast(limit float64) func(Figure) error {
	return func(f Figure) error {
		if f.Value >= limit {
			return nil
		}
		return fmt.Errorf("%v, want at least %v", f, limit)
	}
}

// Proof is one experiment of a claim: a check, asked of subjects and controls.
type Proof[S any] struct {
	t       T
	check   func(S) error
	record  Record
	broken  bool
	refused bool // a call was refused, so what is missing at the end is no news
}

// Prove begins a proof of the claim id. The check returns nil for what has the
// property and otherwise an error that says what it found.
func Prove[S any](t T, id ID, check func(S) error) *Proof[S] {
	t.Helper()
	p := &Proof[S]{t: t, check: check, broken: os.Getenv(BreakEnv) == string(id)}
	p.record = Record{ID: id, Holds: []Hold{}, Controls: []Refusal{}, Figures: []Figure{}}
	if check == nil {
		t.Fatalf("claim %s: the check is nil: a proof needs a check that can refuse", id)
		return p
	}
	if recorded() {
		t.Attr(AttrClaim, string(id))
	}
	if d, ok := find(id); ok {
		t.Logf("%s: %s -> %s: %s", id, d.Statement, d.Verdict, d.Truth)
	}
	t.Cleanup(p.end)
	return p
}

// Holds asks the check of a subject, which must pass.
func (p *Proof[S]) Holds(what string, subject S) {
	p.t.Helper()
	p.measure(what, subject)
	if strings.TrimSpace(what) == "" {
		p.refuse("a subject without a name: say what holds")
		return
	}
	if err := p.check(subject); err != nil {
		p.refuse("%s does not hold: %v", what, err)
		return
	}
	p.record.Holds = append(p.record.Holds, Hold{what})
	p.t.Logf("holds: %s", what)
}

// Control asks the check of something that lacks the property. The check must
// refuse it with an error that contains because.
func (p *Proof[S]) Control(what string, subject S, because string) {
	p.t.Helper()
	p.measure(what, subject)
	if strings.TrimSpace(what) == "" || strings.TrimSpace(because) == "" {
		p.refuse("control %q refused because %q: a control needs a name and the reason it must be refused for", what, because)
		return
	}
	err := p.check(subject)
	switch {
	case p.broken && err == nil:
		p.t.Logf("control: %s, "+PassedAsSubject, what)
	case p.broken:
		p.refuse("%s, "+HandedIn+": %v", what, err)
	case err == nil:
		p.refuse("the control %s passed: it must be refused because %q, or the check proves nothing", what, because)
	case !strings.Contains(err.Error(), because):
		p.refuse("the control %s was refused for another reason: %v; want %q", what, err, because)
	default:
		p.record.Controls = append(p.record.Controls, Refusal{what, because, err.Error()})
		p.t.Logf("control: %s is refused: %v", what, err)
	}
}

// Figure reports a measurement that no check depends on.
func (p *Proof[S]) Figure(name string, value float64, unit string) {
	p.t.Helper()
	figure := Figure{name, value, unit}
	p.record.Figures = append(p.record.Figures, figure)
	p.t.Logf("figure: %s: %v", name, figure)
}

// Stage tells how far a long experiment is, for those who wait for it.
func Stage(t T, format string, args ...any) {
	t.Helper()
	stage := fmt.Sprintf(format, args...)
	if recorded() {
		t.Attr(AttrStage, stage)
		return
	}
	t.Logf("%s", stage)
}

// Engine names the servers and stores that the proof ran on, embedded or real, each with
// its version.
func (p *Proof[S]) Engine(names ...string) { p.record.Engine = strings.Join(names, ", ") }

// NotRunReasons are the only things whose lack excuses a proof. A reason starts
// with one of them and a colon: "tool: no C compiler (cc)".
var NotRunReasons = []string{"tool", "address", "platform", "memory"}

// NotRun ends the test because this machine lacks something, which the reason names.
func (p *Proof[S]) NotRun(format string, args ...any) {
	p.t.Helper()
	reason := fmt.Sprintf(format, args...)
	if !excuses(reason) {
		p.refuse("not run because %q: the reason must start with one of %s, a colon, and what is missing", reason, strings.Join(NotRunReasons, ", "))
		return
	}
	p.record.NotRun = reason
	p.t.Skip("not run: " + reason)
}

func excuses(reason string) bool {
	kind, rest, found := strings.Cut(reason, ": ")
	if !found || strings.TrimSpace(rest) == "" {
		return false
	}
	return slices.Contains(NotRunReasons, kind)
}

// measure records the figures that a subject carries, under the subject's name.
func (p *Proof[S]) measure(what string, subject S) {
	p.t.Helper()
	reporter, ok := any(subject).(interface{ Figures() []Figure })
	if !ok {
		return
	}
	for _, figure := range reporter.Figures() {
		name := what
		if figure.Name != "" {
			name += ": " + figure.Name
		}
		p.Figure(name, figure.Value, figure.Unit)
	}
}

func (p *Proof[S]) refuse(format string, args ...any) {
	p.t.Helper()
	p.refused = true
	p.t.Errorf("claim "+string(p.record.ID)+": "+format, args...)
}

// end judges the proof as a whole and records it.
func (p *Proof[S]) end() {
	p.t.Helper()
	switch {
	case p.record.NotRun != "" || p.refused || p.broken:
	case p.t.Skipped():
		p.refuse("skipped without NotRun: say what this machine lacks, with NotRun; give each proof of a test its own subtest where one may not run")
	case p.t.Failed():
	case len(p.record.Holds) == 0:
		p.refuse("no subject was shown to hold: call Holds")
	case len(p.record.Controls) == 0:
		p.refuse("no control was refused: call Control with something that lacks the property")
	}
	if !recorded() {
		return
	}
	text, err := json.Marshal(p.record)
	if err != nil {
		p.refuse("the record cannot be written: %v", err)
		return
	}
	for len(text) > partBytes {
		n := partBytes
		for !utf8.RuneStart(text[n]) {
			n--
		}
		p.t.Attr(AttrPart, bar(text[:n]))
		text = text[n:]
	}
	p.t.Attr(AttrProof, bar(text))
}

// bar keeps the spaces at both ends of a part.
func bar(part []byte) string { return "|" + string(part) + "|" }

// Unbar undoes what was done to a part of a record when it became the value of
// an attribute.
func Unbar(value string) string {
	return strings.TrimSuffix(strings.TrimPrefix(value, "|"), "|")
}

// recorded tells whether go test -json reads this run. Elsewhere attributes
// would only stand between the lines that a person reads.
var recorded = func() bool {
	verbose := flag.Lookup("test.v")
	return verbose != nil && verbose.Value.String() == "test2json"
}

// find looks for the declaration of id in claims.go of the package under test,
// which go test makes the working directory, or of a package above it.
func find(id ID) (Declaration, bool) {
	for dir := "."; ; dir = filepath.Join(dir, "..") {
		name := filepath.Join(dir, "claims.go")
		if src, err := os.ReadFile(name); err == nil {
			declared, _ := ParseFile(name, src)
			for _, d := range declared {
				if d.ID == id {
					return d, true
				}
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || strings.Count(dir, "..") > 8 {
			return Declaration{}, false
		}
	}
}
