package goroutines_test

import (
	"context"
	"fmt"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// everyones is a channel that anyone could receive from, though nobody does.
var everyones = make(chan int)

func sendToNobody(to chan<- int) { to <- 42 }
func sendToEveryone()            { everyones <- 42 }
func sendAndEnd(to chan<- int)   { to <- 42 }
func beSlow(enough <-chan bool) {
	select {
	case <-enough:
	case <-time.After(time.Hour):
	}
}

// reported is how many goroutines a finder of leaks reports.
func reported(count int) claim.Figure {
	return claim.Figure{Name: "reported", Value: float64(count), Unit: "goroutines"}
}

// Goleak reports who is still there: senders that nobody receives from, whether
// or not anyone could, and goroutines that are only slow. Those that have ended
// it does not report.
func TestLeakProfile(t *testing.T) {
	others := goleak.IgnoreCurrent()
	nobodys, received, enough := make(chan int), make(chan int), make(chan bool)
	for range 20 {
		go sendToNobody(nobodys)
		go sendToEveryone()
		go beSlow(enough)
		go sendAndEnd(received)
	}
	for range 20 {
		<-received
	}
	report := goleak.Find(others)
	for range 20 {
		<-nobodys
		<-everyones
		enough <- true
	}
	require.Error(t, report)
	byGoleak := func(function string) claim.Figure {
		return reported(strings.Count(report.Error(), "with gonotes/goroutines_test."+function+" on top of the stack"))
	}
	proof := claim.Prove(t, goroutines.LeakProfile, claim.AtLeast(20))
	proof.Holds("goleak: senders on a channel that only they have", byGoleak("sendToNobody"))
	proof.Holds("goleak: senders on a global channel", byGoleak("sendToEveryone"))
	proof.Holds("goleak: goroutines that are only slow", byGoleak("beSlow"))
	proof.Control("goleak: senders that were received from", byGoleak("sendAndEnd"), "0 goroutines, want at least 20")
	require.NoError(t, goleak.Find(others), "all have ended by now")
}

// The runtime's profile of leaked goroutines reports those that wait for what
// nothing can reach, and no others: it misses what goleak finds on a global
// channel, and is not misled by one that is only slow.
func TestLeakProfile_runtime(t *testing.T) {
	proof := claim.Prove(t, goroutines.LeakProfile, claim.AtLeast(20))
	var experiment []string
	if pprof.Lookup("goroutineleak") == nil {
		experiment = []string{"GOEXPERIMENT=goroutineleakprofile"}
	}
	path, err := prog.Build(t.Context(), "testdata/leaks", t.TempDir(), experiment...)
	if err != nil && strings.Contains(err.Error(), "unknown GOEXPERIMENT") {
		proof.NotRun("tool: this Go neither has the profile of leaked goroutines nor knows it as an experiment")
	}
	require.NoError(t, err)
	byRuntime := func(waitFor string) claim.Figure {
		result := runner(t, path)(waitFor)
		total := leakTotal.FindStringSubmatch(result.Stdout)
		require.Len(t, total, 2, "%s%s", result.Stdout, result.Stderr)
		count, err := strconv.Atoi(total[1])
		require.NoError(t, err)
		return reported(count)
	}
	proof.Holds("the profile: senders on a channel that only each has", byRuntime("unreachable"))
	proof.Control("the profile: senders on a global channel", byRuntime("global"), "0 goroutines, want at least 20")
	proof.Control("the profile: goroutines that are only slow", byRuntime("slow"), "0 goroutines, want at least 20")
}

var leakTotal = regexp.MustCompile(`goroutineleak profile: total (\d+)`)

// The losers of a race for the first answer wait for ever, if they can only send
// it; with room for every answer they end.
func TestLeakProfile_firstAnswer(t *testing.T) {
	left := func(room int) claim.Figure {
		others := goleak.IgnoreCurrent()
		first := make(chan int, room)
		for range 3 {
			go sendToNobody(first)
		}
		<-first
		figure := reported(0)
		if report := goleak.Find(others); report != nil {
			figure = reported(strings.Count(report.Error(), "sendToNobody on top of the stack"))
			for range 2 {
				<-first
			}
		}
		return figure
	}
	proof := claim.Prove(t, goroutines.LeakProfile, claim.AtMost(0))
	proof.Holds("three send, one answer is taken, room for three", left(3))
	proof.Control("three send, one answer is taken, no room", left(0), "2 goroutines, want at most 0")
}

// Every goroutine that waits needs a second way to go on: here the end of the
// context, so that goleak finds nobody.
func Example_leakProfile() {
	others := goleak.IgnoreCurrent()
	orders := make(chan string)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case orders <- "two teas": // nobody receives it
		case <-ctx.Done():
		}
	}()
	go func() {
		orders <- "a coffee" // nobody receives this either, and there is no other way
	}()

	cancel()
	report := fmt.Sprint(goleak.Find(others))
	fmt.Println("found by goleak:", strings.Count(report, "in state chan send"))

	fmt.Println("received late:", <-orders)
	fmt.Println("found by goleak:", goleak.Find(others))
	// Output:
	// found by goleak: 1
	// received late: a coffee
	// found by goleak: <nil>
}
