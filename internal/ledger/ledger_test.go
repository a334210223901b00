package ledger

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
)

// The whole module declares, links and proves its claims without a mistake.
func TestDeclared_module(t *testing.T) {
	_, mistakes := Declared(os.DirFS("../.."))
	for _, mistake := range mistakes {
		t.Error(mistake)
	}
}

func everything(Claim) bool { return true }

// Each bad package of testdata, run by the real go command, is refused for its
// own reason; the sound ones are not.
func TestSettle_packages(t *testing.T) {
	tests := []struct {
		name   string
		status Status
		reason string // of the claim
		stray  string // of the package, empty: none
	}{
		{"sound", Proved, "", ""},
		{"long", Proved, "", ""},
		{"notrun", NotRun, "tool: no abacus", ""},
		{"partly", Proved, "in part not run: tool: no abacus", ""},
		{"excuse", Failed, "the reason must start with one of tool, address, platform, memory", ""},
		{"nocontrol", Failed, "no control was refused: call Control", ""},
		{"wrongreason", Failed, `the control three was refused for another reason: 3 is odd; want "is prime"`, ""},
		{"refuted", Failed, "TestEven failed: claim numbers/even: five does not hold: 5 is odd", ""},
		{"skipped", Failed, "TestEven was skipped in silence; say what is missing with NotRun", ""},
		{"unreached", Failed, "TestEven passed without reaching claim.Prove; call it on every path", ""},
		{"panics", Failed, "TestEven failed: panic: the abacus broke", ""},
		{"panicsearly", Failed, "TestEven failed: panic: the abacus broke", ""},
		{"panicsbefore", Failed, "TestEven never ran, because TestAbacus panics: panic: the abacus broke", "TestAbacus failed: panic: the abacus broke"},
		{"panicsbeside", Failed, "TestEven panics: panic: the abacus broke; recover in the goroutine that panics", ""},
		{"exits", Failed, "TestEven ends the process; look for os.Exit", ""},
		{"exitsbefore", Failed, "TestEven never ran, because TestEarlier ends the process; look for os.Exit", "TestEarlier ends the process"},
		{"hangs", Failed, "TestEven hangs (test timed out after 2s); find what it waits for", ""},
		{"nevermain", Failed, "TestEven never ran, though its package passed; either -run left it out, or TestMain does not return what m.Run returns", ""},
		{"leaks", Proved, "", "the package failed outside its tests: goleak: Errors on successful test run: found unexpected goroutines"},
		{"otherclaim", Failed, "TestEven is linked to numbers/even and proved numbers/odd; rename it", ""},
		{"undeclared", Proved, "", "TestOdd proves numbers/odd, and nothing declared links it to a claim"},
		{"badexample", Failed, "Example_even failed: got: 3 is odd want: <nil>", ""},
		{"neighbour", Proved, "", "TestNeighbour failed: case_test.go:23: the roof is down"},
		{"testify", Failed, "TestEven failed: Not equal: expected: 2 actual : 3", ""},
		{"nocompile", Failed, `case_test.go:17:18: cannot use "broken"`, ""},
		{"nopackage", Failed, "gonotes/internal/ledger/testdata/nopackage does not compile: testdata/nopackage/case_test.go:8:2: package gonotes/nowhere", ""},
	}

	args := []string{"test", "-json", "-count=1", "-shuffle=off", "-timeout=2s"}
	for _, test := range tests {
		args = append(args, "./testdata/"+test.name)
	}
	var stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Stderr = &stderr
	output, err := command.Output()
	var failed *exec.ExitError
	require.ErrorAs(t, err, &failed, "packages that fail make go test fail: %s", &stderr)
	var run Run
	require.NoError(t, Read(bytes.NewReader(output), run.Add))

	named, err := filepath.Glob("testdata/*")
	require.NoError(t, err)
	assert.Len(t, named, len(tests), "cases in testdata")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := "gonotes/internal/ledger/testdata/" + test.name
			claims, _ := declared(os.DirFS("testdata/"+test.name), root)
			require.Len(t, claims, 1)
			own := Run{packages: map[string]*packageRun{root: run.packages[root]}, builds: run.builds}
			got, mistakes := Settle(claims, everything, &own)
			assert.Equal(t, test.status, got.Claims[0].Status)
			assert.Contains(t, got.Claims[0].Reason, test.reason)
			if test.reason == "" {
				assert.Empty(t, got.Claims[0].Reason)
			}
			if test.stray == "" {
				assert.Empty(t, mistakes)
				return
			}
			require.Len(t, mistakes, 1)
			assert.Contains(t, mistakes[0].Error(), root+": "+test.stray)
		})
	}
}

const stream = `{"Action":"start","Package":"n"}
{"Action":"run","Package":"n","Test":"TestEven"}
{"Action":"attr","Package":"n","Test":"TestEven","Key":"claim","Value":"numbers/even"}
{"Action":"attr","Package":"n","Test":"TestEven","Key":"proof","Value":"|{\"id\":\"numbers/even\",\"engine\":\"abacus 1\",\"holds\":[{\"what\":\"two\"}],\"controls\":[{\"what\":\"three\",\"because\":\"odd\",\"found\":\"3 is odd\"}],\"figures\":[{\"name\":\"rods\",\"value\":10,\"unit\":\"rods\"}]}|"}
{"Action":"pass","Package":"n","Test":"TestEven","Elapsed":0.5}
{"Action":"pass","Package":"n","Elapsed":1}
`

func evenClaim() []Claim {
	return []Claim{{
		Declaration: claim.Declaration{ID: "numbers/even", Identifier: "Even", Section: "§1", Statement: "every number is even", Verdict: claim.Wrong, Truth: "one in two is.", Source: "Euclid"},
		Package:     "n",
		Tests:       []Func{{Package: "n", Name: "TestEven", Proves: true}},
		Examples:    []Func{},
		Benchmarks:  []Func{{Package: "n", Name: "BenchmarkEven"}},
	}}
}

func settleStream(t *testing.T, text string) (Ledger, []claim.Mistake) {
	t.Helper()
	var run Run
	require.NoError(t, Read(strings.NewReader(text), run.Add))
	return Settle(evenClaim(), everything, &run)
}

// A whole stream settles the claim with all its evidence.
func TestSettle_evidence(t *testing.T) {
	got, mistakes := settleStream(t, stream)
	assert.Empty(t, mistakes)
	assert.Equal(t, Ledger{
		Claims: []Entry{{
			ID: "numbers/even", Topic: "numbers", Section: "§1", Statement: "every number is even", Verdict: claim.Wrong, Truth: "one in two is.", Source: "Euclid",
			Status: Proved, Package: "n",
			Proofs: []Proof{{
				Package: "n", Test: "TestEven", Status: Proved, Engine: "abacus 1", Seconds: 0.5,
				Holds:    []claim.Hold{{What: "two"}},
				Controls: []claim.Refusal{{What: "three", Because: "odd", Found: "3 is odd"}},
				Figures:  []claim.Figure{{Name: "rods", Value: 10, Unit: "rods"}},
			}},
			Examples: []string{}, Benchmarks: []string{"n.BenchmarkEven"},
		}},
		Counts: map[string]int{"proved": 1, "wrong": 1},
	}, got)
}

// A test that ran twice, as with -count=2, gives its evidence once.
func TestSettle_twice(t *testing.T) {
	lines := strings.SplitAfter(stream, "\n")
	once, _ := settleStream(t, stream)
	twice, mistakes := settleStream(t, strings.Join(lines[:5], "")+strings.Join(lines[1:], ""))
	assert.Empty(t, mistakes)
	assert.Equal(t, once, twice)
}

// Only what is selected is settled, and what is not selected is no stray.
func TestSettle_selection(t *testing.T) {
	var run Run
	require.NoError(t, Read(strings.NewReader(stream), run.Add))
	got, mistakes := Settle(evenClaim(), func(Claim) bool { return false }, &run)
	assert.Empty(t, got.Claims)
	assert.Empty(t, mistakes)
}

// A stream that misses a part leaves the claim unproved, and says which part.
func TestSettle_streams(t *testing.T) {
	lines := strings.SplitAfter(stream, "\n")
	for _, test := range []struct {
		name, stream, reason, stray string
	}{
		{"empty", "", "TestEven did not run: its events are missing", ""},
		{"cut before the test", lines[0], "TestEven did not end: the events stop before it", "no end"},
		{"cut in the test", strings.Join(lines[:3], ""), "TestEven did not end: the events stop before it", "no end"},
		{"cut before the proof", strings.Join(lines[:2], ""), "TestEven did not end: the events stop before it", "no end"},
		{"without attributes", lines[0] + lines[1] + lines[4] + lines[5], "TestEven passed without reaching claim.Prove", ""},
		{"fails once of twice", stream + strings.ReplaceAll(lines[1]+lines[3]+lines[4], "pass", "fail"), "TestEven failed", ""},
		{"fails first of twice", lines[0] + strings.ReplaceAll(lines[1]+lines[3]+lines[4], "pass", "fail") + strings.Join(lines[1:], ""), "TestEven failed", ""},
		{"damaged record", strings.Replace(stream, "|{", "|", 1), "TestEven began 1 proofs and recorded 0", ""},
		{"record without its first part", strings.Replace(stream, `|{\"id\":`, "|", 1), "TestEven began 1 proofs and recorded 0", ""},
		{"no controls", strings.Replace(stream, `{\"what\":\"three\",\"because\":\"odd\",\"found\":\"3 is odd\"}`, "", 1), "TestEven has 1 subjects and 0 controls", ""},
		{"no subjects", strings.Replace(stream, `{\"what\":\"two\"}`, "", 1), "TestEven has 0 subjects and 1 controls", ""},
		{"another claim", strings.ReplaceAll(stream, "numbers/even", "numbers/odd"), "TestEven is linked to numbers/even and proved numbers/odd", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, mistakes := settleStream(t, test.stream)
			assert.Equal(t, Failed, got.Claims[0].Status)
			assert.Contains(t, got.Claims[0].Reason, test.reason)
			if test.stray == "" {
				assert.Empty(t, mistakes)
				return
			}
			require.Len(t, mistakes, 1)
			assert.Contains(t, mistakes[0].Error(), test.stray)
		})
	}
}

// A package fails that does not compile, though no selected claim is in it, and
// one that failed once of several runs.
func TestSettle_otherPackages(t *testing.T) {
	_, mistakes := settleStream(t, stream+`{"Action":"build-output","ImportPath":"m","Output":"m.go:1:1: broken\n"}
{"Action":"fail","Package":"m","FailedBuild":"m"}
{"Action":"pass","Package":"m"}
`)
	require.Len(t, mistakes, 1)
	assert.Contains(t, mistakes[0].Error(), "m: does not compile: m.go:1:1: broken")

	_, mistakes = settleStream(t, stream+`{"Action":"fail","Package":"n","Elapsed":1}`+"\n"+stream)
	require.Len(t, mistakes, 1)
	assert.Contains(t, mistakes[0].Error(), "n: the package failed outside its tests")
}

// A line that is no event is refused and quoted.
func TestRead(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"blank lines", "\n" + stream + "\n", ""},
		{"last line without its end", strings.TrimSuffix(stream, "\n"), ""},
		{"text", "{\"Action\":\"start\",\"Package\":\"n\"}\nok gonotes\n", `line 2 is no event of go test -json: "ok gonotes"`},
		{"cut in a line", stream[:len(stream)-9], `line 6 is no event`},
		{"other JSON", "{}\n", `line 1 is no event of go test -json: "{}"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := Read(strings.NewReader(test.in), func(Event) {})
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, test.want)
		})
	}
}
