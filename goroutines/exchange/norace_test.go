//go:build !race

package exchange_test

const raceEnabled = false

const million = 1_000_000
