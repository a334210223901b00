package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/internal/ledger"
)

// A claim is said to be proved on each engine of its proofs that passed, once.
func TestEngines(t *testing.T) {
	entry := ledger.Entry{Reason: "in part not run: address: HOSTS is not set", Proofs: []ledger.Proof{
		{Status: ledger.Proved, Engine: "abacus 1, slate 2"},
		{Status: ledger.Proved},
		{Status: ledger.Failed, Engine: "quipu 3"},
		{Status: ledger.Proved, Engine: "slate 2, sand 4"},
	}}
	assert.Equal(t, "; proved on abacus 1, slate 2, sand 4; in part not run: address: HOSTS is not set", engines(entry))
	assert.Empty(t, engines(ledger.Entry{Proofs: []ledger.Proof{{Status: ledger.Proved}}}))
}
