package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/ledger"
)

// asked is numbers with a question and an answer of its first claim.
func asked(t *testing.T) string {
	t.Helper()
	dir := numbers(t)
	name := filepath.Join(dir, "numbers", "claims.go")
	answer := strings.TrimSpace(strings.Repeat("So every second one. ", 10))
	text := strings.Replace(numbersClaims, "// Source:", "// Asked: Which numbers are even?\n//\n// Answer: "+answer+"\n//\n// Source:", 1)
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return dir
}

// The question comes first; answer, verdict, figure and the next question
// only after a line of the user.
func TestQuiz_waits(t *testing.T) {
	dir := asked(t)
	code, stdout, stderr := notesIn(t, dir, strings.NewReader(""), "quiz")
	assert.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "1 of 2  numbers/even  §1\n\n  Which numbers are even?\n")
	assert.NotContains(t, stdout, "every second one")

	code, stdout, _ = notesIn(t, dir, strings.NewReader("\n"), "quiz")
	assert.Equal(t, exitOK, code)
	assert.Contains(t, stdout, "  So every second one.")
	assert.Contains(t, stdout, "  wrong          one in two is, since Go 1.0.\n")
	assert.Contains(t, stdout, "  measured here  not yet; notes verify numbers/even does it\n")
	assert.Contains(t, stdout, "  asked next     Right or wrong: no number is 素数?\n")
	assert.Contains(t, stdout, "0 of 0 questions known at once\n  left: notes show numbers/even\n        notes show numbers/prime\n")
}

// The figure is the last ledger's; a claim that has none tells its status.
func TestQuiz_figure(t *testing.T) {
	dir := asked(t)
	code, _, stderr := notesIn(t, dir, nil, "verify")
	require.Equal(t, exitOK, code, stderr)
	_, stdout, _ := notesIn(t, dir, strings.NewReader("\ny\n\ny\n"), "quiz")
	assert.Contains(t, stdout, "  measured here  2 KiB, rods\n")
	assert.Contains(t, stdout, "  measured here  proved, 1 holds, 1 control; ")
	assert.Contains(t, stdout, "2 of 2 questions known at once\n")
	assert.NotContains(t, stdout, "left:")
}

// What was not known is asked again until it is, and what is no answer once more.
func TestQuiz_again(t *testing.T) {
	code, stdout, _ := notesIn(t, asked(t), strings.NewReader("\nn\n\nperhaps\nY\n\nno\n\nyes\n"), "quiz")
	assert.Equal(t, exitOK, code)
	assert.Equal(t, 3, strings.Count(stdout, "\n  Which numbers are even?\n"), stdout)
	assert.Equal(t, 1, strings.Count(stdout, "\n  Right or wrong"))
	assert.Equal(t, 2, strings.Count(stdout, "again, 1 that you did not have\n\n1 of 1  numbers/even"))
	assert.Contains(t, stdout, "1 of 2 questions known at once\n")
	assert.NotContains(t, stdout, "left:")
}

// One topic or claim can be asked alone, and q ends at either question.
func TestQuiz_selection(t *testing.T) {
	dir := asked(t)
	_, stdout, _ := notesIn(t, dir, strings.NewReader("q\n"), "quiz", "numbers/prime")
	assert.Contains(t, stdout, "1 of 1  numbers/prime")
	assert.Contains(t, stdout, "0 of 0 questions known at once\n  left: notes show numbers/prime\n")
	_, stdout, _ = notesIn(t, dir, strings.NewReader("\ny\n\nq\n"), "quiz", "numbers")
	assert.Contains(t, stdout, "1 of 1 question known at once\n  left: notes show numbers/prime\n")

	code, _, stderr := notesIn(t, dir, nil, "quiz", "numbers/odd")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, `unknown claim "numbers/odd"`)
}

// Ctrl-C ends the quiz while it waits, says what is left and exits 130.
func TestQuiz_interrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	go func() {
		_, _ = out.Write([]byte("\ny\n"))
		cancel()
	}()
	code, stdout, _ := notesUntil(ctx, asked(t), in, "quiz")
	assert.Equal(t, exitInterrupted, code)
	assert.Contains(t, stdout, "left: notes show numbers/")
	require.NoError(t, out.Close())
}

// Every claim of the repository has a question and an answer of its own.
func TestQuiz_everyClaim(t *testing.T) {
	claims, _ := ledger.Declared(os.DirFS("../.."))
	for _, c := range claims {
		assert.NotEmpty(t, c.Asked, c.ID)
		assert.NotEmpty(t, c.Answer, c.ID)
	}
}
