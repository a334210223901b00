//go:build !race

package collector_test

// raceEnabled tells whether the race detector watches, which needs memory and time
// of its own.
const raceEnabled = false
