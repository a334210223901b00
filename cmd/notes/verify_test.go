package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// The ledger of a sound module: verdict first, refuted claims first, columns
// aligned under wide characters, nothing beyond 100 columns.
func TestVerify_prints(t *testing.T) {
	code, stdout, stderr := notesIn(t, numbers(t), nil, "verify")
	require.Equal(t, exitOK, code, stderr)
	variable := regexp.MustCompile(`in [0-9.]+ s\non .*`)
	assert.Equal(t, `
numbers
  wrong       every number is even -> one in two is, since Go 1.0.         1 holds, 1 control  2 KiB
  holds, but  no number is 素数                                            1 holds, 1 control
              -> 素数は二三五七; in part not run: tool: no sieve

  -> leads to what is true: the correction, the limit, or the reason of a failure.
  holds: subjects that passed the claim's check; controls: things without the property, which the
  same check refused for the stated reason.
  outdated: was true once; judgement: nothing a program can decide, a proxy is measured; not run:
  this machine lacks what the reason names.

2 claims: 1 wrong; 1 holds, but
2 proved, 0 failed, 0 not run, in ...
written to report/ledger.json; go run ./cmd/notes show ID tells all of one claim
`, variable.ReplaceAllString(stdout, "in ..."))
	for line := range strings.Lines(stdout) {
		assert.LessOrEqual(t, displaywidth.String(line), narrowest+1, line)
	}
	assert.NotContains(t, stdout, "\x1b", "colour where there is no terminal")
	assert.Contains(t, stderr, "proving with 4 tests and examples\ngonotes/numbers: pass, 4 tests and examples, ")
}

// report/ledger.json has the form that other tools read.
func TestVerify_writes(t *testing.T) {
	dir := numbers(t)
	code, _, stderr := notesIn(t, dir, nil, "verify")
	require.Equal(t, exitOK, code, stderr)
	text, err := os.ReadFile(filepath.Join(dir, ledgerFile))
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(text, &got))
	assert.ElementsMatch(t, []string{"machine", "go", "date", "seconds", "claims", "counts"}, keys(got))
	assert.ElementsMatch(t, []string{"os", "arch", "kernel", "cpu", "cores", "memory_bytes"}, keys(got["machine"]))
	entry := got["claims"].([]any)[0].(map[string]any)
	assert.ElementsMatch(t, []string{"id", "topic", "section", "statement", "verdict", "truth", "source", "status", "reason", "package", "proofs", "examples", "benchmarks"}, keys(entry))
	proof := entry["proofs"].([]any)[0].(map[string]any)
	assert.ElementsMatch(t, []string{"package", "test", "status", "reason", "engine", "seconds", "holds", "controls", "figures"}, keys(proof))
	assert.Equal(t, []any{map[string]any{"what": "two"}}, proof["holds"])
	assert.Equal(t, []any{map[string]any{"what": "three", "because": "is odd", "found": "3 is odd"}}, proof["controls"])
	assert.Equal(t, []any{map[string]any{"name": "rods", "value": 2048.0, "unit": "B"}}, proof["figures"])
	assert.Equal(t, []any{"gonotes/numbers.Example_even"}, entry["examples"])
	assert.Equal(t, []any{"gonotes/numbers.BenchmarkEven"}, entry["benchmarks"])
	assert.Equal(t, map[string]any{"proved": 2.0, "wrong": 1.0, "holds, but": 1.0}, got["counts"])
	assert.Regexp(t, `^go1\.`, got["go"])
	assert.Positive(t, got["machine"].(map[string]any)["cores"])
}

func keys(object any) []string {
	var found []string
	for key := range object.(map[string]any) {
		found = append(found, key)
	}
	return found
}

// What fails, is declared badly or cannot run is named, and the exit code is 1.
func TestVerify_refuses(t *testing.T) {
	t.Setenv("GOFLAGS", "-shuffle=2") // turns the two proofs round where it is heeded
	for _, test := range []struct {
		name  string
		edits []string
		args  string
		want  string
	}{
		{"failed proof", []string{`"two", 2`, `"five", 5`}, "", "FAILED      every number is even"},
		{"mistake", []string{"Example_even", "Example_odd"}, "", "the name Example_odd links to no claim of its package"},
		{"does not compile", []string{`"testing"`, `"testin"`}, "", "gonotes/numbers does not compile:"},
		{"not run is not complete", nil, "-complete", "-complete, but not run: numbers/prime"},
		{"hangs", []string{`proof.Holds("two", 2)`, "select {}"}, "-timeout 1s", "TestEven hangs (test timed out after 1s)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := notesIn(t, numbers(t, test.edits...), nil, append([]string{"verify"}, strings.Fields(test.args)...)...)
			assert.Equal(t, exitFailed, code)
			assert.Contains(t, strings.Join(strings.Fields(stdout+stderr), " "), strings.Join(strings.Fields(test.want), " "))
		})
	}
}

// A go command that cannot do its work is told in its own words.
func TestVerify_brokenModule(t *testing.T) {
	dir := numbers(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module gonotes\n\ngo 1.26\n\nrequire broken\n"), 0o600))
	code, stdout, _ := notesIn(t, dir, nil, "verify")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "go.mod:5:")
}

// An id selects its claim alone, and a broken neighbour does not matter.
func TestVerify_selection(t *testing.T) {
	dir := numbers(t, `Prove(t, Prime, odd)
	proof.Holds("two", 2)`, `Prove(t, Prime, odd)
	proof.Holds("five", 5)`)
	code, stdout, stderr := notesIn(t, dir, nil, "verify", "numbers/even")
	assert.Equal(t, exitOK, code, stdout)
	assert.Contains(t, stdout, "1 claim: 1 wrong")
	assert.Contains(t, stderr, "proving with 2 tests and examples")
	code, stdout, _ = notesIn(t, dir, nil, "verify", "numbers")
	assert.Equal(t, exitFailed, code, stdout)
}

// Events from standard input settle the claims as a run of its own would, and
// a stream that is cut off does not.
func TestVerify_stdin(t *testing.T) {
	dir := numbers(t)
	command := exec.CommandContext(t.Context(), "go", "test", "-json", "./numbers")
	command.Dir = dir
	events, err := command.Output()
	require.NoError(t, err)

	code, stdout, stderr := notesIn(t, dir, strings.NewReader(string(events)), "verify", "-stdin")
	assert.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "2 proved, 0 failed")

	code, _, stderr = notesIn(t, dir, strings.NewReader(""), "verify", "-stdin")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "no event on standard input; pipe go test -json into this command")

	half := string(events[:len(events)/2])
	code, stdout, _ = notesIn(t, dir, strings.NewReader(half), "verify", "-stdin")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "is no event of go test -json")
	whole, _, _ := strings.Cut(half, "TestPrime")
	code, stdout, _ = notesIn(t, dir, strings.NewReader(whole[:strings.LastIndex(whole, "\n")]), "verify", "-stdin")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "the events of the package have no end")
}

// Show tells statement, truth, release, proofs, figures, examples and places.
func TestShow(t *testing.T) {
	dir := numbers(t)
	code, stdout, _ := notesIn(t, dir, nil, "show", "numbers/even")
	assert.Equal(t, exitOK, code)
	assert.Contains(t, stdout, "not verified here yet; run notes verify numbers/even")

	code, _, stderr := notesIn(t, dir, nil, "verify", "numbers/even")
	require.Equal(t, exitOK, code, stderr)
	code, stdout, _ = notesIn(t, dir, nil, "show", "numbers/even")
	assert.Equal(t, exitOK, code)
	measured := regexp.MustCompile(`measured .*`)
	assert.Equal(t, `numbers/even  §1

  the notes say  every number is even
  verdict        wrong
  it is          one in two is, since Go 1.0.
  since          Go 1.0
  source         Euclid, book VII
  declared       numbers/claims.go:10
  status         proved
  measured ...

TestEven  numbers/numbers_test.go:17
  holds          two
  control        three is refused: 3 is odd
  figure         rods: 2 KiB

Example_even  numbers/numbers_test.go:32
    fmt.Println(odd(2))
  prints
    <nil>

BenchmarkEven  numbers/numbers_test.go:37
  run            go test -run='^$' -bench='^BenchmarkEven$' gonotes/numbers
`, measured.ReplaceAllString(stdout, "measured ..."))

	code, stdout, _ = notesIn(t, dir, nil, "show", "numbers/prime")
	assert.Equal(t, exitOK, code)
	assert.Contains(t, stdout, "not in the last run, of ")

	require.NoError(t, os.WriteFile(filepath.Join(dir, ledgerFile), []byte("{"), 0o600))
	code, _, stderr = notesIn(t, dir, nil, "show", "numbers/even")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "report/ledger.json is no ledger: unexpected end of JSON input; make verify writes a new one")
}

// Break shows each control turn its test red, and fails where one stays green.
func TestBreak(t *testing.T) {
	code, stdout, stderr := notesIn(t, numbers(t), nil, "break", "numbers/prime")
	assert.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "red      TestPrime\n         claim numbers/prime: three, handed in as a subject, does not hold: 3 is odd\n")
	assert.Contains(t, stdout, "not run  TestPrime_sieve\n")
	assert.Contains(t, stdout, "1 control turned red, 0 stayed green")

	code, stdout, _ = notesIn(t, numbers(t, "three\", 3", "four\", 4"), nil, "break", "numbers/even")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "green    TestEven\n         control: four, handed in as a subject, passed\n")
	assert.Contains(t, stdout, "0 controls turned red, 1 stayed green")
}

// Break fails where a proof reaches no control, and where nothing compiles.
func TestBreak_unreached(t *testing.T) {
	code, stdout, _ := notesIn(t, numbers(t, `.NotRun("tool: no sieve")`, `; t.Fatal("early")`), nil, "break", "numbers/prime")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "missing  TestPrime_sieve reached no control")

	code, _, stderr := notesIn(t, numbers(t, `"testing"`, `"testin"`), nil, "break", "numbers/prime")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "gonotes/numbers does not compile: numbers/numbers_test.go:")
}

// The figures of the ledger are scaled for people.
func TestHuman(t *testing.T) {
	for _, test := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0, "B", "0 B"}, {8, "B", "8 B"}, {1023, "B", "1,023 B"}, {2764, "B", "2.7 KiB"}, {104857600, "B", "100 MiB"},
		{250, "ns", "250 ns"}, {24000, "ns", "24 µs"}, {1.5e9, "ns", "1.5 s"},
		{3, "allocs", "3 allocs"}, {0.25, "allocs", "0.25 allocs"}, {1112064, "code points", "1,112,064 code points"},
		{-12345, "", "-12,345"},
	} {
		assert.Equal(t, test.want, human(claim.Figure{Value: test.value, Unit: test.unit}))
	}
}

// Colour leads where it is wanted, and never moves a column.
func TestPage_colour(t *testing.T) {
	var plain, coloured strings.Builder
	entry := ledger.Entry{Topic: "numbers", Statement: "every number is even", Verdict: "wrong", Truth: "one in two is.", Status: ledger.Proved}
	l := ledger.Ledger{Claims: []ledger.Entry{entry}}
	page{out: &plain, width: narrowest}.ledger(l, nil)
	page{out: &coloured, width: narrowest, colour: true}.ledger(l, nil)
	assert.Contains(t, coloured.String(), "\x1b[31mwrong     \x1b[0m  every")
	assert.Equal(t, plain.String(), regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(coloured.String(), ""))
}

// A processor with a long name stays on the page.
func TestPage_longName(t *testing.T) {
	var out strings.Builder
	l := ledger.Ledger{Machine: ledger.Machine{CPU: strings.Repeat("Intel(R) Xeon(R) ", 6), Cores: 2, OS: "linux", Arch: "amd64"}, Go: "go1.26.8"}
	page{out: &out, width: narrowest}.ledger(l, nil)
	assert.Contains(t, out.String(), "Xeon(R)")
	for line := range strings.Lines(out.String()) {
		assert.LessOrEqual(t, displaywidth.String(line), narrowest+1, line)
	}
}

// A run is complete without a proof that the platform rules out or that waits for
// an address, but not without the whole claim.
func TestVerify_complete(t *testing.T) {
	for _, test := range []struct {
		edits []string
		code  int
	}{
		{nil, exitFailed},
		{[]string{"tool: no sieve", "platform: no sieve"}, exitOK},
		{[]string{"tool: no sieve", "address: no sieve"}, exitOK},
		{[]string{"tool: no sieve", "platform: no sieve", "proof.Holds(\"two\", 2)\n\tproof.Control(\"three\", 3, \"is odd\")\n}", "proof.NotRun(\"platform: none\")\n}"}, exitFailed},
	} {
		code, stdout, stderr := notesIn(t, numbers(t, test.edits...), nil, "verify", "-complete", "numbers/prime")
		assert.Equal(t, test.code, code, stdout+stderr)
	}
}

// How many goroutines to hold at once reaches the tests, and how far a long
// one is reaches the reader.
func TestVerify_tasks(t *testing.T) {
	dir := numbers(t, `"fmt"`, `"fmt"
	"os"`, `proof.Figure("rods", 2048, "B")`, `claim.Stage(t, "half of %s", os.Getenv("GONOTES_TASKS"))`)
	for args, want := range map[string]string{"": "1000000", "-tasks=max": "max", "-tasks=12": "12"} {
		code, _, stderr := notesIn(t, dir, nil, strings.Fields("verify "+args+" numbers/even")...)
		assert.Equal(t, exitOK, code, stderr)
		assert.Contains(t, stderr, "\nnumbers TestEven: half of "+want+"\n")
	}
}
