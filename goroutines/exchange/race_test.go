//go:build race

package exchange_test

// raceEnabled tells whether the race detector watches, whose own work hides what a
// command takes.
const raceEnabled = true

const million = 100_000 // under the race detector, which makes each command ten times as slow
