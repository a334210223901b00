package ledger

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"gonotes/internal/claim"
)

// Event is one line of go test -json; see go doc test2json.
type Event struct {
	Action      string
	Package     string
	Test        string
	Elapsed     float64 // seconds
	Output      string
	Key, Value  string // of an attribute
	ImportPath  string // of a build
	FailedBuild string // the build that failed a package
}

// Read decodes events until the end of r and hands each to add. A line that is
// no event is an error that quotes it.
func Read(r io.Reader, add func(Event)) error {
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			var event Event
			if wrong := json.Unmarshal(line, &event); wrong != nil || event.Action == "" {
				return fmt.Errorf("line %d is no event of go test -json: %.80q", n, line)
			}
			add(event)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Run is what the events of one go test -json have told so far. The zero value
// is a run that has not begun.
type Run struct {
	packages map[string]*packageRun
	builds   map[string][]string // output by the build's import path
}

type packageRun struct {
	status      string // "", then pass, fail or skip; of several runs the worst
	failedBuild string
	output      []string // lines that belong to no test
	order       []string // tests as they began
	tests       map[string]*testRun
}

type testRun struct {
	status  string // "", then pass, fail or skip; of several runs the worst
	running int    // begun and not ended
	seconds float64
	claims  []claim.ID // of the proofs that began, in the last run
	part    string     // of a record whose last part is still to come
	records []claim.Record
	output  []string
}

// Add folds one event into the run.
func (r *Run) Add(e Event) {
	if r.packages == nil {
		r.packages, r.builds = map[string]*packageRun{}, map[string][]string{}
	}
	if e.Action == "build-output" {
		r.builds[e.ImportPath] = append(r.builds[e.ImportPath], e.Output)
	}
	if e.Package == "" {
		return
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &packageRun{tests: map[string]*testRun{}}
		r.packages[e.Package] = p
	}
	if e.Test == "" {
		p.add(e)
		return
	}
	t := p.tests[e.Test]
	if t == nil {
		t = &testRun{}
		p.tests[e.Test] = t
		p.order = append(p.order, e.Test)
	}
	t.add(e)
}

func (p *packageRun) add(e Event) {
	switch e.Action {
	case "output":
		p.output = append(p.output, e.Output)
	case "pass", "fail", "skip":
		p.status = worse(p.status, e.Action)
		p.failedBuild = cmp.Or(p.failedBuild, e.FailedBuild)
	}
}

func (t *testRun) add(e Event) {
	switch e.Action {
	case "run":
		t.running++
		t.claims, t.part, t.records = nil, "", nil
	case "output":
		t.output = append(t.output, e.Output)
	case "attr":
		t.attr(e.Key, e.Value)
	case "pass", "fail", "skip":
		t.running--
		t.seconds = e.Elapsed
		t.status = worse(t.status, e.Action)
	}
}

// worse is the worse of two outcomes, so that of several runs one failure wins.
func worse(a, b string) string {
	order := []string{"", "pass", "skip", "fail"}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

func (t *testRun) attr(key, value string) {
	switch key {
	case claim.AttrClaim:
		t.claims = append(t.claims, claim.ID(value))
	case claim.AttrPart:
		t.part += claim.Unbar(value)
	case claim.AttrProof:
		// A record that cannot be read is missed when the test has ended.
		var record claim.Record
		if err := json.Unmarshal([]byte(t.part+claim.Unbar(value)), &record); err == nil {
			t.records = append(t.records, record)
		}
		t.part = ""
	}
}

// Empty tells whether no package has told anything yet.
func (r *Run) Empty() bool { return len(r.packages) == 0 }

// within lists a test and its subtests in the order in which they began.
func (p *packageRun) within(name string) []string {
	var found []string
	for _, test := range p.order {
		if test == name || strings.HasPrefix(test, name+"/") {
			found = append(found, test)
		}
	}
	return found
}

// complaint says why a test that failed did: its own words, or a subtest's.
func (p *packageRun) complaint(name string) string {
	var output []string
	for _, test := range p.within(name) {
		output = append(output, p.tests[test].output...)
	}
	return complaint(output)
}

// lastWords is what a package printed outside its tests: its first line that
// package testing did not write.
func (p *packageRun) lastWords() string {
	for _, line := range p.output {
		line = strings.TrimSpace(line)
		if word, _, _ := strings.Cut(line, "\t"); line != "" && word != "PASS" && word != "FAIL" {
			return line
		}
	}
	return "it printed nothing"
}

// BuildError is the first line in which the compiler says what is wrong with
// the package of an import path, or empty if it was built.
func (r *Run) BuildError(pkg string) string {
	p := r.packages[pkg]
	if p == nil || p.failedBuild == "" {
		return ""
	}
	for _, line := range r.builds[p.failedBuild] {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return "the build failed"
}

// death says how a package ended in the middle of a test, and what to do.
func (p *packageRun) death(output []string) (what, do string) {
	line := panicLine(slices.Concat(output, p.output))
	switch {
	case strings.HasPrefix(line, "panic: test timed out"):
		return "hangs (" + strings.TrimPrefix(line, "panic: ") + ")", "find what it waits for in the goroutines that go test prints"
	case line != "":
		return "panics: " + line, "recover in the goroutine that panics, or mend it"
	}
	for _, line := range slices.Backward(slices.Concat(output, p.output)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "exit status") || strings.HasPrefix(line, "signal:") {
			return "ends the process: " + line, "look for os.Exit, log.Fatal or a kill"
		}
	}
	return "ends the process", "look for os.Exit, log.Fatal or a kill"
}

// panicLine is the line with which a process that died says why, or empty.
func panicLine(output []string) string {
	for _, line := range output {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
	}
	return ""
}

// complaint is the line of a failed test's output that says why it failed.
func complaint(output []string) string {
	if died := panicLine(output); died != "" {
		return died
	}
	var last string
	for i, line := range output {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "==="), strings.HasPrefix(line, "---"), line == "":
			continue
		case strings.Contains(line, ": claim "):
			_, line, _ = strings.Cut(line, ": ")
			return line
		case strings.HasPrefix(line, "Error:"):
			what := []string{strings.TrimSpace(strings.TrimPrefix(line, "Error:"))}
			for _, more := range output[i+1:] {
				if more = strings.TrimSpace(more); more == "" || strings.HasPrefix(more, "Test:") || strings.HasPrefix(more, "Messages:") {
					break
				}
				what = append(what, strings.Join(strings.Fields(more), " "))
			}
			return strings.Join(what, " ")
		case strings.HasPrefix(line, "got:"):
			return strings.Join(strings.Fields(strings.Join(output[i:], " ")), " ")
		}
		last = line
	}
	return last
}
