package goroutines_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

const asleep = "fatal error: all goroutines are asleep - deadlock!"

// never is how long a program runs whose deadlock is not reported. Where it is
// reported, that takes a millisecond.
const never = time.Second

// The runtime reports the deadlock of all goroutines, and where each waits. One
// that sleeps, serves, or waits for the network or a signal hides the deadlock
// of the others, and the program hangs until it is killed. So does any program
// under the race detector, which needs cgo.
func TestPartialDeadlock(t *testing.T) {
	path := built(t, "testdata/deadlock")
	reported := endings(t, patience, path, "nobody", "order")
	t.Run("hidden", func(t *testing.T) {
		hidden := endings(t, never, path, "sleeper", "ticker", "timer", "server", "reader", "signals")
		proof := claim.Prove(t, goroutines.PartialDeadlock, prog.Ended(prog.ExitFatal, asleep))
		proof.Figure("exit code when all wait", float64(reported["nobody"].Code), "(exit code)")
		proof.Holds("two wait for each other, and nobody else is there", reported["nobody"])
		proof.Control("two wait for each other, and one sleeps and wakes", hidden["sleeper"], "hung")
		proof.Control("two wait for each other, and one takes ticks", hidden["ticker"], "hung")
		proof.Control("two wait for each other, and a timer would fire in an hour", hidden["timer"], "hung")
		proof.Control("two wait for each other, and one serves", hidden["server"], "hung")
		proof.Control("two wait for each other, and one reads from the network", hidden["reader"], "hung")
		proof.Control("two wait for each other, and signals are listened for", hidden["signals"], "hung")
		proof.Control("two lock in the same order", reported["order"], "exit code 0, want 2")
	})
	t.Run("shown", func(t *testing.T) {
		silent := runner(t, path, "GOTRACEBACK=none")("nobody")
		proof := claim.Prove(t, goroutines.PartialDeadlock, func(r prog.Result) error {
			if shown := strings.Count(r.Stderr, " [sync.Mutex.Lock]:\n"); shown != 2 {
				return fmt.Errorf("shows %d goroutines that wait for a mutex, want 2", shown)
			}
			return nil
		})
		proof.Holds("the report with GOTRACEBACK=single, the default", reported["nobody"])
		proof.Control("the report with GOTRACEBACK=none", silent, "shows 0 goroutines")
	})
	t.Run("race detector", func(t *testing.T) {
		proof := claim.Prove(t, goroutines.PartialDeadlock, prog.Ended(prog.ExitFatal, asleep))
		raced, err := prog.BuildRace(t.Context(), "testdata/deadlock", t.TempDir())
		possible(t, proof, err)
		proof.Holds("built without it", reported["nobody"])
		proof.Control("built with it", endings(t, never, raced, "nobody")["nobody"], "hung")
	})
}

// Testing/synctest names the deadlock of the goroutines in its bubble, though
// others run outside. It does not name a deadlock of mutexes, which are not
// durably blocking.
func TestPartialDeadlock_bubble(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bubble.exe")
	compiled, err := prog.Run(t.Context(), 5*time.Minute, []string{"CGO_ENABLED=0"}, "go", "test", "-c", "-o", path, "./testdata/bubble")
	require.NoError(t, err)
	require.NoError(t, prog.Ended(0, "")(compiled))
	run := func(limit time.Duration, test string) prog.Result {
		return runner(t, path)("-test.run=^"+test+"$", "-test.timeout="+limit.String())
	}
	proof := claim.Prove(t, goroutines.PartialDeadlock, func(r prog.Result) error {
		switch {
		case strings.Contains(r.Stderr, "panic: deadlock: all goroutines in bubble are blocked"),
			strings.Contains(r.Stderr, "panic: deadlock: main bubble goroutine has exited but blocked goroutines remain"):
			return nil
		case strings.Contains(r.Stderr, "panic: test timed out"):
			return errors.New("nothing was named until the test timed out")
		}
		return fmt.Errorf("exit code %d, and nothing was named", r.Code)
	})
	proof.Holds("two goroutines that wait to be received from", run(patience, "TestChannels"))
	proof.Holds("the same, and one of the bubble sleeps for an hour", run(patience, "TestSleeper"))
	proof.Holds("one that nobody receives from, and main has ended", run(patience, "TestLeft"))
	proof.Control("two goroutines that wait for each other's mutex", run(never, "TestMutexes"), "nothing was named until the test timed out")
	proof.Control("one that is received from", run(patience, "TestReceived"), "exit code 0, and nothing was named")
}

// Two who take what they share in the same order do not wait for each other for
// ever: the first lock decides who goes on.
func Example_partialDeadlock() {
	type account struct {
		lock    chan bool // with room for one
		balance int
	}
	open := func(balance int) *account { return &account{make(chan bool, 1), balance} }
	ada, bob := open(10), open(10)
	done := make(chan bool)
	transfer := func(from, to *account) {
		for _, a := range []*account{ada, bob} { // not from before to: the other transfer would take them crosswise
			a.lock <- true
			defer func() { <-a.lock }()
		}
		from.balance--
		to.balance++
		done <- true
	}
	go transfer(ada, bob)
	go transfer(bob, ada)
	<-done
	<-done
	fmt.Println("balances:", ada.balance, bob.balance)
	// Output: balances: 10 10
}
