package claim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeT is a test that may fail without failing ours.
type fakeT struct {
	errors, logs []string
	attrs        map[string]string // of a key that comes again, the values joined
	cleanups     []func()
	skipped      bool
}

type stop struct{}

func (f *fakeT) Helper()                { _ = f }
func (f *fakeT) Attr(key, value string) { f.attrs[key] += value }
func (f *fakeT) Cleanup(clean func())   { f.cleanups = append(f.cleanups, clean) }
func (f *fakeT) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}
func (f *fakeT) Fatalf(format string, args ...any) { f.Errorf(format, args...); panic(stop{}) }
func (f *fakeT) Logf(format string, args ...any) {
	f.logs = append(f.logs, fmt.Sprintf(format, args...))
}
func (f *fakeT) Skip(...any)   { f.skipped = true; panic(stop{}) }
func (f *fakeT) Skipped() bool { return f.skipped }
func (f *fakeT) Failed() bool  { return len(f.errors) > 0 }

// run plays a test to its end as package testing would: the body up to a stop,
// then the cleanups.
func run(body func(t *fakeT)) *fakeT {
	fake := &fakeT{attrs: map[string]string{}}
	func() {
		defer func() {
			if r := recover(); r != nil && r != (stop{}) {
				panic(r)
			}
		}()
		body(fake)
	}()
	for _, clean := range slices.Backward(fake.cleanups) {
		clean()
	}
	return fake
}

func isEven(n int) error {
	if n%2 == 0 {
		return nil
	}
	return fmt.Errorf("%d is odd", n)
}

const even ID = "numbers/even"

// Every misuse of a proof fails the test by itself and says why.
func TestProve_misuse(t *testing.T) {
	for _, test := range []struct {
		name string
		body func(t *fakeT)
		want string // empty: passes
	}{
		{"sound", func(t *fakeT) {
			p := Prove(t, even, isEven)
			p.Holds("two", 2)
			p.Control("three", 3, "3 is odd")
		}, ""},
		{"nil check", func(t *fakeT) { Prove[int](t, even, nil) }, "the check is nil"},
		{"nothing asked", func(t *fakeT) { Prove(t, even, isEven) }, "no subject was shown to hold"},
		{"no subject", func(t *fakeT) { Prove(t, even, isEven).Control("three", 3, "odd") }, "no subject was shown to hold"},
		{"no control", func(t *fakeT) { Prove(t, even, isEven).Holds("two", 2) }, "no control was refused"},
		{"subject fails", func(t *fakeT) {
			p := Prove(t, even, isEven)
			p.Holds("five", 5)
			p.Control("three", 3, "odd")
		}, "five does not hold: 5 is odd"},
		{"control passes", func(t *fakeT) {
			p := Prove(t, even, isEven)
			p.Holds("two", 2)
			p.Control("four", 4, "odd")
		}, `the control four passed: it must be refused because "odd"`},
		{"control refused for another reason", func(t *fakeT) {
			p := Prove(t, even, func(n int) error { return errors.New("no machine") })
			p.Control("three", 3, "odd")
		}, `the control three was refused for another reason: no machine; want "odd"`},
		{"control without reason", func(t *fakeT) { Prove(t, even, isEven).Control("three", 3, "") }, "needs a name and the reason"},
		{"control with a blank reason", func(t *fakeT) { Prove(t, even, isEven).Control("three", 3, " ") }, "needs a name and the reason"},
		{"control without name", func(t *fakeT) { Prove(t, even, isEven).Control("", 3, "odd") }, "needs a name and the reason"},
		{"subject without name", func(t *fakeT) { Prove(t, even, isEven).Holds("", 2) }, "a subject without a name"},
		{"silent skip", func(t *fakeT) { Prove(t, even, isEven); t.Skip("later") }, "skipped without NotRun"},
		{"silent skip of a sound proof", func(t *fakeT) {
			p := Prove(t, even, isEven)
			p.Holds("two", 2)
			p.Control("three", 3, "odd")
			t.Skip("done")
		}, "skipped without NotRun"},
		{"not run", func(t *fakeT) { Prove(t, even, isEven).NotRun("tool: no %s", "JDK") }, ""},
		{"not run for want of time", func(t *fakeT) { Prove(t, even, isEven).NotRun("time: too slow") }, "the reason must start with one of tool, address, platform, memory"},
		{"not run without saying what", func(t *fakeT) { Prove(t, even, isEven).NotRun("tool: ") }, "the reason must start with one of"},
		{"figure that is no number", func(t *fakeT) {
			p := Prove(t, even, isEven)
			p.Holds("two", 2)
			p.Control("three", 3, "odd")
			p.Figure("ratio", math.NaN(), "")
		}, "the record cannot be written"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set(t, &recorded, func() bool { return true })
			fake := run(test.body)
			if test.want == "" {
				assert.Empty(t, fake.errors)
				return
			}
			require.Len(t, fake.errors, 1)
			assert.Contains(t, fake.errors[0], "claim numbers/even: ")
			assert.Contains(t, fake.errors[0], test.want)
		})
	}
}

func set[V any](t *testing.T, variable *V, value V) {
	old := *variable
	*variable = value
	t.Cleanup(func() { *variable = old })
}

// A failure of another kind is not topped with one of the proof.
func TestProve_keepsQuietAfterFailure(t *testing.T) {
	fake := run(func(t *fakeT) {
		Prove(t, even, isEven)
		t.Fatalf("no room")
	})
	assert.Equal(t, []string{"no room"}, fake.errors)
}

// The record says all that the proof did, in the words of package ledger.
func TestProve_record(t *testing.T) {
	set(t, &recorded, func() bool { return true })
	fake := run(func(t *fakeT) {
		p := Prove(t, even, AtMost(2))
		p.Engine("abacus 1.0", "slate 2")
		p.Holds("two", Figure{Value: 2, Unit: "beads"})
		p.Control("three", Figure{Name: "left rod", Value: 3, Unit: "beads"}, "at most 2")
		p.Figure("rods", 10, "rods")
	})
	require.Empty(t, fake.errors)
	assert.Equal(t, "numbers/even", fake.attrs[AttrClaim])
	assert.NotContains(t, fake.attrs[AttrProof], "\n")
	var got Record
	require.NoError(t, json.Unmarshal([]byte(Unbar(fake.attrs[AttrProof])), &got))
	assert.Equal(t, Record{
		ID:       even,
		Engine:   "abacus 1.0, slate 2",
		Holds:    []Hold{{"two"}},
		Controls: []Refusal{{"three", "at most 2", "3 beads, want at most 2"}},
		Figures:  []Figure{{"two", 2, "beads"}, {"three: left rod", 3, "beads"}, {"rods", 10, "rods"}},
	}, got)
}

// A record of any length is told in parts that test2json can take.
func TestProve_longRecord(t *testing.T) {
	set(t, &recorded, func() bool { return true })
	found := strings.Repeat("♥ and  spaces ", 1000)
	fake := run(func(t *fakeT) {
		p := Prove(t, even, func(n int) error { return errors.New(found) })
		p.Control("three", 3, "♥")
		p.check = isEven
		p.Holds("two", 2)
	})
	require.Empty(t, fake.errors)
	parts := strings.Split(strings.Trim(fake.attrs[AttrPart]+fake.attrs[AttrProof], "|"), "||")
	assert.Greater(t, len(parts), 5)
	for _, part := range parts {
		assert.LessOrEqual(t, len(part), partBytes)
		assert.True(t, utf8.ValidString(part))
	}
	var got Record
	require.NoError(t, json.Unmarshal([]byte(strings.Join(parts, "")), &got))
	assert.Equal(t, found, got.Controls[0].Found)
}

// Where nobody reads events no attribute stands between the lines of the log.
func TestProve_attributesOnlyForEvents(t *testing.T) {
	fake := run(func(t *fakeT) {
		p := Prove(t, even, isEven)
		p.Holds("two", 2)
		p.Control("three", 3, "odd")
	})
	if recorded() {
		assert.Len(t, fake.attrs, 2)
	} else {
		assert.Empty(t, fake.attrs)
	}
	assert.Equal(t, []string{"holds: two", "control: three is refused: 3 is odd"}, fake.logs)
}

// The log of a declared claim leads with its verdict.
func TestProve_logsVerdict(t *testing.T) {
	dir := t.TempDir()
	src := "package numbers\n\n// Even: every number is even. (§1)\n//\n// Wrong: one in two is.\n//\n// Source: Euclid, book VII\nconst Even claim.ID = \"numbers/even\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "claims.go"), []byte(src), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module numbers\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "below"), 0o700))
	t.Chdir(filepath.Join(dir, "below"))
	fake := run(func(t *fakeT) { Prove(t, even, isEven).NotRun("tool: no abacus") })
	assert.Equal(t, []string{"numbers/even: every number is even -> wrong: one in two is."}, fake.logs)
}

// With BreakEnv set to the claim, its controls are judged as subjects.
func TestProve_broken(t *testing.T) {
	body := func(t *fakeT) {
		p := Prove(t, even, isEven)
		p.Holds("two", 2)
		p.Control("three", 3, "odd")
	}
	t.Setenv(BreakEnv, string(even))
	fake := run(body)
	require.Len(t, fake.errors, 1)
	assert.Contains(t, fake.errors[0], "three, handed in as a subject, does not hold: 3 is odd")
	t.Setenv(BreakEnv, "numbers/odd")
	assert.Empty(t, run(body).errors)
}

// Stage is an attribute where go test -json reads it, else a log line.
func TestStage(t *testing.T) {
	old := recorded
	t.Cleanup(func() { recorded = old })
	for _, reads := range []bool{true, false} {
		recorded = func() bool { return reads }
		fake := run(func(t *fakeT) { Stage(t, "%d of %d", 3, 10) })
		if reads {
			assert.Equal(t, map[string]string{AttrStage: "3 of 10"}, fake.attrs)
			assert.Empty(t, fake.logs)
		} else {
			assert.Empty(t, fake.attrs)
			assert.Equal(t, []string{"3 of 10"}, fake.logs)
		}
	}
}

// NaN is neither at most nor at least anything.
func TestAtMost_AtLeast(t *testing.T) {
	for _, test := range []struct {
		value               float64
		atMostTwo, atLeast2 bool
	}{{1, true, false}, {2, true, true}, {3, false, true}, {math.NaN(), false, false}} {
		figure := Figure{Value: test.value, Unit: "beads"}
		assert.Equal(t, test.atMostTwo, AtMost(2)(figure) == nil, "AtMost(2) of %v", figure)
		assert.Equal(t, test.atLeast2, AtLeast(2)(figure) == nil, "AtLeast(2) of %v", figure)
	}
	assert.ErrorContains(t, AtLeast(2)(Figure{Value: 1, Unit: "beads"}), "1 beads, want at least 2")
}

// Every badly formed declaration is a mistake that names file and line.
func TestParseFile_mistakes(t *testing.T) {
	sound := `// Even: every number is even. (§1)
//
// Wrong: one in two is.
//
// Source: Euclid, book VII
const Even claim.ID = "numbers/even"`
	for _, test := range []struct{ name, old, new, want string }{
		{"sound", "", "", ""},
		{"no comment", sound, `const Even claim.ID = "numbers/even"`, "claims.go:3: claim Even has no doc comment"},
		{"id form", "numbers/even", "Numbers/even", `claims.go:8: claim Even: id "Numbers/even" is not of the form`},
		{"constant's name", "const Even", "const Uneven", `the constant of "numbers/even" is named even`},
		{"comment's name", "// Even:", "// Odd:", `the comment starts "Odd: every number is even. (§1)"`},
		{"no section", " (§1)", "", `want "Even: the note's statement. (§N)"`},
		{"no verdict", "// Wrong: one", "// One", "no paragraph starts with a verdict"},
		{"unknown verdict", "// Wrong:", "// False:", "no paragraph starts with a verdict"},
		{"verdict without truth", "// Wrong: one in two is.", "// Wrong:", "no paragraph starts with a verdict"},
		{"two verdicts", "// Source:", "// Holds: always.\n//\n// Source:", `the paragraph "Holds:" comes second`},
		{"no source", "// Source: Euclid, book VII\n", "// None.\n", `no paragraph starts with "Source:"`},
		{"judgement without proxy", "// Wrong:", "// Judgement:", `starts with "Proxy:"`},
		{"proxy without judgement", "// Source:", "// Proxy: beads.\n//\n// Source:", `starts with "Proxy:"`},
		{"question without answer", "// Source:", "// Asked: Why?\n//\n// Source:", `"Asked:" and "Answer:" come together`},
		{"answer without question", "// Source:", "// Answer: " + strings.Repeat("so ", 50) + "\n//\n// Source:", `"Asked:" and "Answer:" come together`},
		{"short answer", "// Source:", "// Asked: Why?\n//\n// Answer: " + strings.Repeat("so ", 39) + "\n//\n// Source:", "the answer has 39 words; half a minute of speech is 40 to 90"},
		{"long answer", "// Source:", "// Asked: Why?\n//\n// Answer: " + strings.Repeat("so ", 91) + "\n//\n// Source:", "the answer has 91 words"},
		{"two answers", "// Source:", "// Answer: so.\n//\n// Answer: so.\n//\n// Source:", `the paragraph "Answer:" comes second`},
		{"outdated by nothing", "// Wrong:", "// Outdated:", "names no release or year"},
		{"not a literal", `"numbers/even"`, `"numbers/" + "even"`, "not a string literal"},
		{"two constants at once", `Even claim.ID = "numbers/even"`, `Even, Odd claim.ID = "numbers/even", "numbers/odd"`, "one constant with one value"},
		{"does not parse", "const Even", "const const", "does not parse"},
	} {
		t.Run(test.name, func(t *testing.T) {
			src := "package numbers\n\n" + strings.Replace(sound, test.old, test.new, 1) + "\n"
			declared, mistakes := ParseFile("claims.go", []byte(src))
			if test.want == "" {
				require.Empty(t, mistakes)
				assert.Equal(t, []Declaration{{
					ID: even, Identifier: "Even", Line: 8, Section: "§1", Statement: "every number is even",
					Verdict: Wrong, Truth: "one in two is.", Source: "Euclid, book VII",
				}}, declared)
				return
			}
			require.Len(t, mistakes, 1)
			assert.Contains(t, mistakes[0].Error(), test.want)
			assert.Empty(t, declared)
		})
	}
}

// A claim may carry the interviewer's question and an answer to speak.
func TestParseDoc_answer(t *testing.T) {
	answer := strings.TrimSpace(strings.Repeat("so ", 40))
	d, err := ParseDoc("Even", "Even: every number is even. (§1)\n\nWrong: one in two is.\n\nAsked: Which\nare?\n\nAnswer: "+answer+"\n\nSource: Euclid\n")
	require.NoError(t, err)
	assert.Equal(t, "Which are?", d.Asked)
	assert.Equal(t, answer, d.Answer)
}

// The release that a truth is bound to is read from its words.
func TestDeclaration_Since(t *testing.T) {
	for truth, want := range map[string]string{
		"per-iteration variables since Go 1.22 (2024).": "Go 1.22",
		"Since JDK 21, virtual ones.":                   "JDK 21",
		"since 2014":                                    "",
	} {
		assert.Equal(t, want, Declaration{Truth: truth}.Since(), truth)
	}
}
