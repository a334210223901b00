package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// NOTES.md is what make docs would write now.
func TestDocs_current(t *testing.T) {
	claims, _ := ledger.Declared(os.DirFS("../.."))
	got, err := os.ReadFile(filepath.Join("../..", notesFile))
	require.NoError(t, err, "make docs writes it")
	want, err := notes(os.DirFS("../.."), claims)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got), "NOTES.md is stale: run make docs")
}

// The tables of README.md are what make docs would write now.
func TestDocs_currentReadme(t *testing.T) {
	claims, _ := ledger.Declared(os.DirFS("../.."))
	got, err := os.ReadFile(filepath.Join("../..", readmeFile))
	require.NoError(t, err)
	want, err := (&app{root: "../.."}).readme(got, claims)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got), "README.md is stale: run make docs")
}

// README.md gets a row for each claim that is wrong or outdated, with the
// figure of the reference run where there is one.
func TestDocs_readme(t *testing.T) {
	dir := numbers(t)
	read := func() string {
		text, err := os.ReadFile(filepath.Join(dir, readmeFile))
		require.NoError(t, err)
		return string(text)
	}
	code, _, stderr := notesIn(t, dir, nil, "docs")
	require.Equal(t, exitOK, code, stderr)
	const row = "| every number is even | one in two is, since Go 1.0 | Go 1.0 |"
	assert.Equal(t, "# numbers\n\n<!-- told: written by make docs -->\n| you were told | it is | since | measured |\n|---|---|---|---|\n"+row+"  |\n<!-- end of told -->\n\n<!-- costs: written by make docs -->\n<!-- end of costs -->\n\nThe end.\n", read())

	code, _, stderr = notesIn(t, dir, nil, "verify")
	require.Equal(t, exitOK, code, stderr)
	reference := filepath.Join(dir, filepath.FromSlash(referenceLedger))
	require.NoError(t, os.MkdirAll(filepath.Dir(reference), 0o755))
	require.NoError(t, os.Rename(filepath.Join(dir, filepath.FromSlash(ledgerFile)), reference))
	code, _, stderr = notesIn(t, dir, nil, "docs")
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, read(), row+" 2 KiB: rods |\n\nMeasured on ")

	require.NoError(t, os.WriteFile(reference, []byte("{"), 0o600))
	code, _, stderr = notesIn(t, dir, nil, "docs")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "bench/results/ledger.json is no ledger")
}

// A README.md without its marks is not overwritten.
func TestDocs_readmeWithoutMarks(t *testing.T) {
	dir := newModule(t, map[string]string{"README.md": "# numbers\n<!-- told: written by make docs -->\n"})
	code, _, stderr := notesIn(t, dir, nil, "docs")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `README.md has no place for the table "told"`)
	assert.NoFileExists(t, filepath.Join(dir, notesFile))
}

// The first clause of a truth stands for it in a table.
func TestDocs_clause(t *testing.T) {
	for truth, want := range map[string]string{
		"It is 1.5; mostly.":     "It is 1.5",
		"It is. Always; or not.": "It is",
		"It is.":                 "It is",
	} {
		assert.Equal(t, want, clause(truth))
	}
	assert.Equal(t, `a \| b`, cell("a | b"))
}

// Every claim stands in NOTES.md once, under a question of the notes.
func TestDocs_everyClaim(t *testing.T) {
	claims, _ := ledger.Declared(os.DirFS("../.."))
	text, err := notes(os.DirFS("../.."), claims)
	require.NoError(t, err)
	for _, c := range claims {
		assert.Equal(t, 1, strings.Count(string(text), "`"+string(c.ID)+"`"), c.ID)
	}
}

// A claim is written with verdict, truth and links; a mistake stops the writing.
func TestDocs_writes(t *testing.T) {
	dir := numbers(t)
	code, stdout, stderr := notesIn(t, dir, nil, "docs")
	assert.Equal(t, exitOK, code, stderr)
	assert.Equal(t, "wrote NOTES.md with 2 claims and the tables of README.md\n", stdout)
	assert.FileExists(t, filepath.Join(dir, notesFile))

	dir = numbers(t, "Example_even", "Example_odd")
	code, _, stderr = notesIn(t, dir, nil, "docs")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "the name Example_odd links to no claim")
	assert.NoFileExists(t, filepath.Join(dir, notesFile))
}

// The text of a claim in NOTES.md.
func TestDocs_claim(t *testing.T) {
	dir := newModule(t, map[string]string{
		"runes/claims.go":     "package runes\n\nimport \"gonotes/internal/claim\"\n\n// Even: every rune is even. (§12, asked next)\n//\n// Judgement: half are.\n//\n// Proxy: parity.\n//\n// Source: Euclid\nconst Even claim.ID = \"runes/even\"\n",
		"runes/runes_test.go": "package runes\n\nfunc TestEven(t *testing.T) { claim.Prove(t, Even, nil) }\n\nfunc TestEven_big(t *testing.T) {}\n\nfunc BenchmarkEven(b *testing.B) {}\n",
	})
	claims, mistakes := ledger.Declared(os.DirFS(dir))
	require.Empty(t, mistakes)
	claims[0].Asked, claims[0].Answer = "Which?", "Half."
	text, err := notes(os.DirFS(dir), claims)
	require.NoError(t, err)
	assert.Contains(t, string(text), "\n## §12 What are strings, runes and bytes?\n\n**judgement**: every rune is even (asked next)  \n→ half are. Proxy: parity.  \n`runes/even`\n\n> *Which?* Half.\n\n- Proofs: [runes/runes_test.go](runes/runes_test.go) `TestEven` `TestEven_big`\n- Benchmarks: [runes/runes_test.go](runes/runes_test.go) `BenchmarkEven`\n")
	assert.Contains(t, string(text), "\n## §4 What makes a service RESTful?\n\nOpen: not answered here yet.\n")
}

// A question that is answered as a whole has the answer before the claims, from the
// package comment; a comment without one is a mistake.
func TestDocs_answer(t *testing.T) {
	module := func(doc string) fs.FS {
		return fstest.MapFS{"goroutines/exchange/doc.go": {Data: []byte(doc + "package exchange\n")}}
	}
	claims := []ledger.Claim{{Declaration: claim.Declaration{ID: "trading/x", Section: "§3", Verdict: claim.Holds, Statement: "it trades"}}}
	text, err := notes(module("// Package exchange trades.\n//\n// # The answer\n//\n// Go trades\n// well.\n//\n// # More\n//\n// Not this.\n"), claims)
	require.NoError(t, err)
	assert.Contains(t, string(text), "\n## §3 What do you know about Go in market trading?\n\nGo trades well.\n\n**holds**: it trades")
	assert.NotContains(t, string(text), "Not this")
	_, err = notes(module("// Package exchange trades.\n"), claims)
	assert.EqualError(t, err, `goroutines/exchange/doc.go: the package comment has no part "# The answer"`)
	_, err = notes(fstest.MapFS{}, claims)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
