package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const numbersClaims = `package numbers

import "gonotes/internal/claim"

// Even: every number is even. (§1)
//
// Wrong: one in two is, since Go 1.0.
//
// Source: Euclid, book VII
const Even claim.ID = "numbers/even"

// Prime: no number is 素数. (§1, asked next)
//
// Holds, but: 素数は二三五七.
//
// Source: Euclid, book VII
const Prime claim.ID = "numbers/prime"
`

const numbersTest = `package numbers

import (
	"fmt"
	"testing"

	"gonotes/internal/claim"
)

func odd(n int) error {
	if n%2 == 0 {
		return nil
	}
	return fmt.Errorf("%d is odd", n)
}

func TestEven(t *testing.T) {
	proof := claim.Prove(t, Even, odd)
	proof.Holds("two", 2)
	proof.Control("three", 3, "is odd")
	proof.Figure("rods", 2048, "B")
}

func TestPrime(t *testing.T) {
	proof := claim.Prove(t, Prime, odd)
	proof.Holds("two", 2)
	proof.Control("three", 3, "is odd")
}

func TestPrime_sieve(t *testing.T) { claim.Prove(t, Prime, odd).NotRun("tool: no sieve") }

func Example_even() {
	fmt.Println(odd(2))
	// Output: <nil>
}

func BenchmarkEven(b *testing.B) {}
`

// newModule writes a module of our name with a copy of package claim, and with
// the files.
func newModule(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	sources, err := filepath.Glob("../../internal/claim/*.go")
	require.NoError(t, err)
	all := map[string]string{
		"go.mod":    "module gonotes\n\ngo 1.26\n",
		"README.md": "# numbers\n\n<!-- told: written by make docs -->\n<!-- end of told -->\n\n<!-- costs: written by make docs -->\n<!-- end of costs -->\n\nThe end.\n",
	}
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all["internal/claim/"+filepath.Base(name)] = string(text)
	}
	maps.Copy(all, files)
	for name, text := range all {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// numbers is a module of two claims that are proved, with edits: pairs of an
// old and a new text for its test file.
func numbers(t *testing.T, edits ...string) string {
	t.Helper()
	return newModule(t, map[string]string{
		"numbers/claims.go":       numbersClaims,
		"numbers/numbers_test.go": strings.NewReplacer(edits...).Replace(numbersTest),
	})
}

func noEnv(string) string { return "" }

// notesIn runs the program in dir.
func notesIn(t *testing.T, dir string, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return notesUntil(t.Context(), dir, stdin, args...)
}

func notesUntil(ctx context.Context, dir string, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(ctx, dir, args, noEnv, stdin, &out, &err)
	return code, out.String(), err.String()
}

// A command line that makes no sense gets one line, which names the nearest id.
func TestRun_usage(t *testing.T) {
	dir := numbers(t)
	for _, test := range []struct{ args, want string }{
		{"", "no command; one of verify, show, break, quiz, bench, report, docs is wanted"},
		{"prove", `unknown command "prove"`},
		{"verify -fast", "verify: flag provided but not defined: -fast"},
		{"verify -timeout soon", `verify: invalid value "soon" for flag -timeout`},
		{"verify -timeout -1s", "verify: -timeout is -1s; it must be more than 0"},
		{"verify -tasks many", `verify: -tasks is "many"; it must be a number more than 0, or max`},
		{"verify -tasks 0", `verify: -tasks is "0"; it must be`},
		{"verify numbers/evne", `unknown claim "numbers/evne"; did you mean "numbers/even"?`},
		{"verify nubers", `unknown claim "nubers"; did you mean "numbers"?`},
		{"verify numbers -complete", "flag -complete stands after an id; flags come first"},
		{"show", "show takes one id, got 0; such as notes show runes/byte-char"},
		{"show numbers", "numbers is a topic; one of its claims is wanted, such as numbers/even"},
		{"verify numbers/zzzzzzzzzzzz", `unknown claim "numbers/zzzzzzzzzzzz"; NOTES.md lists them`},
		{"show numbers/even numbers/prime", "show takes one id, got 2"},
		{"break numbers/primes", `did you mean "numbers/prime"?`},
		{"report numbers", "report takes no arguments, got numbers"},
		{"docs numbers", "docs takes no arguments, got numbers"},
	} {
		t.Run(test.args, func(t *testing.T) {
			code, stdout, stderr := notesIn(t, dir, nil, strings.Fields(test.args)...)
			assert.Equal(t, exitUsage, code)
			assert.Empty(t, stdout)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			assert.Contains(t, stderr, test.want)
		})
	}
}

// A claim that is unknown because its declaration is refused is told so.
func TestRun_refusedDeclaration(t *testing.T) {
	dir := newModule(t, map[string]string{"numbers/claims.go": strings.Replace(numbersClaims, "// Wrong:", "// False:", 1)})
	for _, command := range []string{"verify", "show"} {
		code, _, stderr := notesIn(t, dir, nil, command, "numbers/even")
		assert.Equal(t, exitUsage, code)
		assert.Contains(t, stderr, `unknown claim "numbers/even"; perhaps because of numbers/claims.go:10: claim Even: no paragraph starts with a verdict`)
	}
}

// Help is no mistake, and goes to standard output.
func TestRun_help(t *testing.T) {
	for _, args := range []string{"help", "-h", "verify -h", "show -h"} {
		code, stdout, stderr := notesIn(t, numbers(t), nil, strings.Fields(args)...)
		assert.Equal(t, exitOK, code, args)
		assert.Contains(t, stdout, "usage: notes ", args)
		assert.Empty(t, stderr, args)
	}
}

// Outside a module the program says where to run.
func TestRun_noModule(t *testing.T) {
	code, _, stderr := notesIn(t, t.TempDir(), nil, "verify")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "no go.mod in ")
}
