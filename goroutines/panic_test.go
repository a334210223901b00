package goroutines_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// A panic in a goroutine ends the process with exit code 2, though the main that
// started it defers a recover. Other ends of a goroutine are no panic, and end
// the process in another way or not at all. A fatal error ends it though the
// goroutine itself defers a recover.
func TestPanicKillsProcess(t *testing.T) {
	path := built(t, "testdata/panics")
	t.Run("panic", func(t *testing.T) {
		ended := endings(t, patience, path, "goroutine", "recovered", "main", "goexit", "maingoexit", "exit", "logfatal")
		proof := claim.Prove(t, goroutines.PanicKillsProcess, prog.Ended(prog.ExitFatal, "panic: lost"))
		proof.Figure("exit code", float64(ended["goroutine"].Code), "(exit code)")
		proof.Holds("a goroutine that panics, with a recover in main", ended["goroutine"])
		proof.Control("a goroutine that recovers its panic itself", ended["recovered"], "exit code 0, want 2")
		proof.Control("main that panics, with a recover in main", ended["main"], "exit code 0, want 2")
		proof.Control("a goroutine that ends with Goexit", ended["goexit"], "exit code 0, want 2")
		proof.Control("main that ends with Goexit", ended["maingoexit"], "no goroutines (main called runtime.Goexit) - deadlock!")
		proof.Control("a goroutine that calls os.Exit(3)", ended["exit"], "exit code 3, want 2")
		proof.Control("a goroutine that calls log.Fatal", ended["logfatal"], "exit code 1, want 2: ")
	})
	ended := endings(t, patience, path, "mapwrites", "overflow", "unlock", "recovered", "goroutine")
	for _, test := range []struct{ name, way, says string }{
		{"concurrent writes of a map", "mapwrites", "fatal error: concurrent map writes"},
		{"a stack over its limit", "overflow", "fatal error: stack overflow"},
		{"a mutex unlocked that was not locked", "unlock", "fatal error: sync: unlock of unlocked mutex"},
	} {
		t.Run(test.way, func(t *testing.T) {
			proof := claim.Prove(t, goroutines.PanicKillsProcess, prog.Ended(prog.ExitFatal, test.says))
			proof.Holds(test.name+", with a recover in the goroutine", ended[test.way])
			proof.Control("a panic with a recover in the goroutine", ended["recovered"], "exit code 0, want 2")
			proof.Control("a panic without one", ended["goroutine"], "standard error does not say")
		})
	}
}

// The server of net/http recovers a panic in a handler, and not one in a
// goroutine that the handler started.
func TestPanicKillsProcess_server(t *testing.T) {
	ended := endings(t, patience, built(t, "testdata/panics/server"), "goroutine", "handler")
	proof := claim.Prove(t, goroutines.PanicKillsProcess, prog.Ended(prog.ExitFatal, "panic: lost beside the handler"))
	proof.Holds("a goroutine started by a handler", ended["goroutine"])
	proof.Control("the handler itself", ended["handler"], "exit code 0, want 2")
}

// An errgroup does not recover either: whoever waits for it is not asked.
func TestPanicKillsProcess_errgroup(t *testing.T) {
	ended := endings(t, patience, built(t, "testdata/panics/errgroup"), "plain", "recovered")
	proof := claim.Prove(t, goroutines.PanicKillsProcess, prog.Ended(prog.ExitFatal, "panic: lost in the group"))
	proof.Holds("a task of an errgroup", ended["plain"])
	proof.Control("a task that hands its panic on as an error", ended["recovered"], "exit code 0, want 2")
}

// Recover works in a deferred call of the goroutine that panics. A goroutine
// that ends with Goexit runs its deferred calls too, and there is nothing to
// recover.
func Example_panicKillsProcess() {
	var started sync.WaitGroup
	run := func(task func()) {
		started.Go(func() {
			defer func() { fmt.Println("recovered:", recover()) }()
			task()
		})
		started.Wait()
	}
	run(func() { panic("out of paper") })
	run(runtime.Goexit)
	run(func() { fmt.Println("printed") })
	// Output:
	// recovered: out of paper
	// recovered: <nil>
	// printed
	// recovered: <nil>
}
