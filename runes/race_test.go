//go:build race

package runes_test

// raceEnabled tells whether the race detector watches, which turns some
// elisions off.
const raceEnabled = true
