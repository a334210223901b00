package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gonotes/internal/claim"
)

// Status is what a run settled of a claim or of a proof.
type Status string

// A claim is Failed if any of its proofs, or an example of it, failed;
// otherwise Proved if one proof with a subject and a control passed; otherwise
// NotRun, because of something that this machine lacks.
const (
	Proved Status = "proved"
	Failed Status = "failed"
	NotRun Status = "not run"
)

// Ledger is the outcome of one run, as report/ledger.json holds it.
type Ledger struct {
	Machine Machine        `json:"machine"`
	Go      string         `json:"go"` // version of the toolchain that ran the tests
	Date    time.Time      `json:"date"`
	Seconds float64        `json:"seconds"`
	Claims  []Entry        `json:"claims"`
	Counts  map[string]int `json:"counts"` // of claims by status and by verdict
}

// Machine is where the figures of a ledger were measured.
type Machine struct {
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	Kernel      string `json:"kernel"` // release, empty where it is not known
	CPU         string `json:"cpu"`    // model, empty where it is not known
	Cores       int    `json:"cores"`
	MemoryBytes uint64 `json:"memory_bytes"` // 0 where it is not known
}

// Entry is one claim and what the run settled of it.
type Entry struct {
	ID         claim.ID      `json:"id"`
	Topic      string        `json:"topic"`
	Section    string        `json:"section"`
	Statement  string        `json:"statement"`
	Verdict    claim.Verdict `json:"verdict"`
	Truth      string        `json:"truth"`
	Source     string        `json:"source"`
	Status     Status        `json:"status"`
	Reason     string        `json:"reason"` // of what failed or was not run
	Package    string        `json:"package"`
	Proofs     []Proof       `json:"proofs"`
	Examples   []string      `json:"examples"` // import path, dot, function
	Benchmarks []string      `json:"benchmarks"`
}

// Proof is one experiment of a claim. A linked test that proves nothing, or an
// example, stands here only if it failed.
type Proof struct {
	Package  string          `json:"package"`
	Test     string          `json:"test"`
	Status   Status          `json:"status"`
	Reason   string          `json:"reason"`
	Engine   string          `json:"engine"`
	Seconds  float64         `json:"seconds"` // of its whole test
	Holds    []claim.Hold    `json:"holds"`
	Controls []claim.Refusal `json:"controls"`
	Figures  []claim.Figure  `json:"figures"`
}

// Settle decides what the run says of those of the claims that are selected.
// The mistakes are failures that belong to none of the claims: a package that
// fails outside its tests, a proof of something undeclared. Machine, version,
// date and time are the caller's to fill in.
func Settle(claims []Claim, selected func(Claim) bool, run *Run) (Ledger, []claim.Mistake) {
	l := Ledger{Claims: []Entry{}, Counts: map[string]int{}}
	for _, c := range claims {
		if !selected(c) {
			continue
		}
		entry := settle(c, run)
		l.Claims = append(l.Claims, entry)
		l.Counts[string(entry.Status)]++
		l.Counts[string(entry.Verdict)]++
	}
	return l, strays(claims, l, run)
}

func settle(c Claim, run *Run) Entry {
	e := Entry{
		ID: c.ID, Topic: c.ID.Topic(), Section: c.Section, Statement: c.Statement, Verdict: c.Verdict, Truth: c.Truth,
		Source: c.Source, Package: c.Package, Proofs: []Proof{}, Examples: names(c.Examples), Benchmarks: names(c.Benchmarks),
	}
	for _, f := range slices.Concat(c.Tests, c.Examples) {
		e.Proofs = append(e.Proofs, run.proofs(c.ID, f)...)
	}
	e.Status, e.Reason = judge(e.Proofs)
	return e
}

func names(funcs []Func) []string {
	found := make([]string, 0, len(funcs))
	for _, f := range funcs {
		found = append(found, f.Package+"."+f.Name)
	}
	return found
}

// judge sums up the proofs of a claim.
func judge(proofs []Proof) (Status, string) {
	var notRun []string
	proved := false
	for _, p := range proofs {
		switch p.Status {
		case Failed:
			return Failed, p.Reason
		case Proved:
			proved = true
		case NotRun:
			notRun = append(notRun, p.Reason)
		}
	}
	slices.Sort(notRun)
	reason := strings.Join(slices.Compact(notRun), "; ")
	switch {
	case proved && reason != "":
		return Proved, "in part not run: " + reason
	case proved:
		return Proved, ""
	case reason != "":
		return NotRun, reason
	}
	return Failed, "no proof of it ran"
}

// proofs lists what one linked function did for the claim id: its proofs, and
// a failed one wherever evidence is missing that should be there.
func (r *Run) proofs(id claim.ID, f Func) []Proof {
	failed := func(format string, args ...any) []Proof {
		return []Proof{blank(f.Package, f.Name, Failed, fmt.Sprintf(format, args...))}
	}
	p := r.packages[f.Package]
	switch {
	case p == nil:
		return failed("%s did not run: its events are missing; run its package", f.Name)
	case p.failedBuild != "":
		return failed("%s does not compile: %s; mend it, then verify again", f.Package, r.BuildError(f.Package))
	}
	t := p.tests[f.Name]
	switch {
	case t == nil && p.status == "pass":
		return failed("%s never ran, though its package passed; either -run left it out, or TestMain does not return what m.Run returns", f.Name)
	case t == nil && p.status == "fail":
		name, what, do := p.culprit()
		return failed("%s never ran, because %s %s; %s", f.Name, name, what, do)
	case t == nil || (t.running > 0 && p.status == ""):
		return failed("%s did not end: the events stop before it; run again to the end", f.Name)
	case t.running > 0:
		what, do := p.death(t.output)
		return failed("%s %s; %s", f.Name, what, do)
	}

	var found []Proof
	for _, name := range p.within(f.Name) {
		found = append(found, p.proofs(id, f.Package, name)...)
	}
	if f.Proves && len(found) == 0 {
		return failed("%s passed without reaching claim.Prove; call it on every path", f.Name)
	}
	return found
}

// culprit is the first test of a package that did not end or that panicked,
// and how it died.
func (p *packageRun) culprit() (name, what, do string) {
	for _, name := range p.order {
		if t := p.tests[name]; t.running > 0 || panicLine(t.output) != "" {
			what, do := p.death(t.output)
			return name, what, do
		}
	}
	what, do = p.death(nil)
	return "the package", what, do
}

// proofs lists what one test that ended did for the claim id.
func (p *packageRun) proofs(id claim.ID, pkg, name string) []Proof {
	t := p.tests[name]
	failed := fmt.Sprintf("%s failed: %s", name, p.complaint(name))
	skipped := fmt.Sprintf("%s was skipped in silence; say what is missing with NotRun", name)
	if t.status == "pass" && len(t.records) != len(t.claims) {
		return []Proof{blank(pkg, name, Failed, fmt.Sprintf("%s began %d proofs and recorded %d; its events are damaged, run again", name, len(t.claims), len(t.records)))}
	}
	if len(t.records) == 0 {
		switch t.status {
		case "fail":
			return []Proof{blank(pkg, name, Failed, failed)}
		case "skip":
			return []Proof{blank(pkg, name, Failed, skipped)}
		}
		return nil
	}
	var found []Proof
	for _, record := range t.records {
		proof := blank(pkg, name, Proved, "")
		proof.Engine, proof.Seconds = record.Engine, t.seconds
		proof.Holds, proof.Controls, proof.Figures = record.Holds, record.Controls, record.Figures
		switch {
		case record.ID != id:
			proof.Status, proof.Reason = Failed, fmt.Sprintf("%s is linked to %s and proved %s; rename it, or prove its own claim", name, id, record.ID)
		case t.status == "fail":
			proof.Status, proof.Reason = Failed, failed
		case record.NotRun != "":
			proof.Status, proof.Reason = NotRun, record.NotRun
		case t.status == "skip":
			proof.Status, proof.Reason = Failed, skipped
		case len(record.Holds) == 0 || len(record.Controls) == 0:
			proof.Status, proof.Reason = Failed, fmt.Sprintf("%s has %d subjects and %d controls; a proof needs both", name, len(record.Holds), len(record.Controls))
		}
		found = append(found, proof)
	}
	return found
}

func blank(pkg, name string, status Status, reason string) Proof {
	return Proof{
		Package: pkg, Test: name, Status: status, Reason: reason,
		Holds: []claim.Hold{}, Controls: []claim.Refusal{}, Figures: []claim.Figure{},
	}
}

// strays finds the failures that belong to none of the claims.
func strays(claims []Claim, l Ledger, run *Run) []claim.Mistake {
	linked := map[string]bool{}
	for _, c := range claims {
		for _, f := range slices.Concat(c.Tests, c.Examples) {
			linked[f.Package+"."+f.Name] = true
		}
	}
	settled := map[string]bool{} // packages whose failed build the proofs tell of
	for _, entry := range l.Claims {
		for _, proof := range entry.Proofs {
			settled[proof.Package] = true
		}
	}
	var found []claim.Mistake
	for _, pkg := range slices.Sorted(maps.Keys(run.packages)) {
		p := run.packages[pkg]
		broken := run.BuildError(pkg)
		accounted := broken != ""
		if broken != "" && !settled[pkg] {
			found = append(found, claim.Mistake{File: pkg, What: "does not compile: " + broken, Do: "mend it, then verify again"})
		}
		for _, name := range p.order {
			t := p.tests[name]
			top, _, _ := strings.Cut(name, "/")
			if t.status == "fail" || t.running > 0 {
				accounted = true
			}
			if linked[pkg+"."+top] {
				continue
			}
			switch {
			case len(t.claims) > 0:
				found = append(found, claim.Mistake{File: pkg, What: fmt.Sprintf("%s proves %s, and nothing declared links it to a claim", name, t.claims[0]), Do: "declare the claim in claims.go, or mend the name"})
			case t.status == "fail" && name == top:
				found = append(found, claim.Mistake{File: pkg, What: fmt.Sprintf("%s failed: %s", name, p.complaint(name)), Do: "mend it: it is part of the package that proves"})
			case t.running > 0 && p.status == "fail":
				what, do := p.death(t.output)
				found = append(found, claim.Mistake{File: pkg, What: name + " " + what, Do: do})
			}
		}
		if p.status == "fail" && !accounted {
			found = append(found, claim.Mistake{File: pkg, What: "the package failed outside its tests: " + p.lastWords(), Do: "look at TestMain: goleak found a goroutine, or it does not return what m.Run returns"})
		}
		if p.status == "" {
			found = append(found, claim.Mistake{File: pkg, What: "the events of the package have no end", Do: "run again to the end"})
		}
	}
	return found
}
