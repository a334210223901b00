package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/ledger"
)

// NOTES.md is what make docs would write now.
func TestDocs_current(t *testing.T) {
	claims, _ := ledger.Declared(os.DirFS("../.."))
	got, err := os.ReadFile(filepath.Join("../..", notesFile))
	require.NoError(t, err, "make docs writes it")
	assert.Equal(t, string(notes(claims)), string(got), "NOTES.md is stale: run make docs")
}

// Every claim stands in NOTES.md once, under a question of the notes.
func TestDocs_everyClaim(t *testing.T) {
	claims, _ := ledger.Declared(os.DirFS("../.."))
	text := string(notes(claims))
	for _, c := range claims {
		assert.Equal(t, 1, strings.Count(text, "`"+string(c.ID)+"`"), c.ID)
	}
}

// A claim is written with verdict, truth and links; a mistake stops the writing.
func TestDocs_writes(t *testing.T) {
	dir := numbers(t)
	code, stdout, stderr := notesIn(t, dir, nil, "docs")
	assert.Equal(t, exitOK, code, stderr)
	assert.Equal(t, "wrote NOTES.md with 2 claims\n", stdout)
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
	assert.Contains(t, string(notes(claims)), "\n## §12 What are strings, runes and bytes?\n\n**judgement**: every rune is even (asked next)  \n→ half are. Proxy: parity.  \n`runes/even`\n\n- Proofs: [runes/runes_test.go](runes/runes_test.go) `TestEven` `TestEven_big`\n- Benchmarks: [runes/runes_test.go](runes/runes_test.go) `BenchmarkEven`\n")
	assert.Contains(t, string(notes(claims)), "\n## §4 What makes a service RESTful?\n\nOpen: not answered here yet.\n")
}
