package goroutines_test

import (
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// Packages sync and sync/atomic order memory as channels do, each for a use of
// its own; the race detector finds the use next to it that orders nothing.
func TestHappensBefore_syncRace(t *testing.T) {
	proof := claim.Prove(t, goroutines.HappensBefore, withoutRace)
	run := raced(t, proof, "testdata/syncrace")
	for _, test := range []struct{ right, way, wrong, other string }{
		{"an atomic flag", "atomic", "a flag stored atomically and read plainly", "mixed"},
		{"a Once", "once", "an atomic flag taken for a Once", "swapped"},
		{"a WaitGroup", "waitgroup", "a WaitGroup that counts too late", "nowait"},
		{"a Pool", "pool", "a value written to after Put", "afterput"},
		{"a sync.Map", "syncmap", "a value written to after Store", "afterstore"},
		{"an RWMutex, locked to write", "rwmutex", "an RWMutex, locked to read while writing", "readlock"},
	} {
		proof.Holds(test.right, run(test.way))
		proof.Control(test.wrong, run(test.other), "DATA RACE, exit code 66")
	}
}
