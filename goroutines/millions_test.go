package goroutines_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/probe"
)

// crowd is what became of many tasks that were to be alive at once, and then to
// add one each.
type crowd struct {
	asked   int
	parked  probe.Parked
	sum     int
	refused string // why not all could be started
}

func (c crowd) Figures() []claim.Figure {
	return []claim.Figure{{Name: "alive at once", Value: float64(c.parked.Tasks), Unit: "tasks"}}
}

// largest parks as many goroutines as are asked for and memory allows, once for
// all tests that need so many.
var largest struct {
	once  sync.Once
	crowd crowd
	err   error
}

// perGoroutine is what is left free for a goroutine, in bytes: it needs 2,700,
// and the collector some more.
const perGoroutine = 3_500

func largestCrowd[S any](t *testing.T, proof *claim.Proof[S]) crowd {
	t.Helper()
	largest.once.Do(func() {
		var free int64
		if free, largest.err = probe.Available(); largest.err != nil {
			return
		}
		asked := mostTasks(t)
		largest.crowd, largest.err = gather(t, min(asked, int(free/perGoroutine)))
	})
	possible(t, proof, largest.err)
	return largest.crowd
}

// gather parks so many goroutines, a part at a time so as to tell how far it is,
// and wakes them.
func gather(t *testing.T, asked int) (crowd, error) {
	t.Helper()
	c := crowd{asked: asked}
	process, err := builder.Start(t.Context(), probe.Goroutine, probe.Options{})
	if err != nil {
		return c, err
	}
	defer process.Close()
	const part = 250_000
	for c.parked.Tasks < asked {
		more, err := process.Park(t.Context(), min(part, asked-c.parked.Tasks))
		if err != nil {
			return c, err
		}
		if c.parked.Tasks == 0 {
			c.parked.Before = more.Before
		}
		c.parked.After = more.After
		c.parked.Tasks += more.Tasks
		c.parked.Start += more.Start
		if asked > part {
			claim.Stage(t, "%d of %d goroutines alive", c.parked.Tasks, asked)
		}
	}
	c.sum, _, err = process.Wake(t.Context())
	return c, errors.Join(err, process.Close())
}

// alive is the check that all were alive at once, and then each added one.
func alive(c crowd) error {
	switch {
	case c.refused != "":
		return fmt.Errorf("%d of %d alive, and then refused: %s", c.parked.Tasks, c.asked, c.refused)
	case c.sum != c.parked.Tasks:
		return fmt.Errorf("%d alive, but the sum of their ones is %d", c.parked.Tasks, c.sum)
	}
	return nil
}

// One process holds a hundred thousand goroutines in a plain test and a million
// under verify; threads are refused at the limit of their user.
func TestMillions(t *testing.T) {
	proof := claim.Prove(t, goroutines.Millions, alive)
	all := largestCrowd(t, proof)
	proof.Holds("goroutines", all)
	proof.Figure("bytes of one", probe.Goroutine.Memory(all.parked).Resident, "B")
	proof.Figure("asked for", float64(mostTasks(t)), "goroutines")

	process := started(t, proof, probe.Goroutine, probe.Options{})
	counted, err := process.Park(t.Context(), 1_000)
	require.NoError(t, err)
	_, err = process.Park(t.Context(), 10)
	require.NoError(t, err)
	sum, _, err := process.Wake(t.Context())
	require.NoError(t, err)
	proof.Control("a thousand goroutines, and ten more that nobody counted", crowd{asked: 1_000, parked: counted, sum: sum}, "1000 alive, but the sum of their ones is 1010")
	proof.Control("threads of a user who may have 300", refusedThreads(t, proof, probe.LockedThread, probe.LimitUser, 300), "alive, and then refused")
}

// refusedThreads asks for more threads than a limit lets it have.
func refusedThreads[S any](t *testing.T, proof *claim.Proof[S], kind probe.Kind, by string, limit int) crowd {
	t.Helper()
	process := started(t, proof, kind, probe.Options{Limit: probe.Limit{By: by, Threads: limit}})
	const asked = 1_000
	_, err := process.Park(t.Context(), asked)
	refused, ok := errors.AsType[probe.Refused](err)
	require.True(t, ok, "%v", err)
	return crowd{asked: asked, parked: probe.Parked{Tasks: max(refused.Made, 0)}, refused: by + " of " + strconv.Itoa(limit) + ": " + refused.Why}
}

// What a goroutine has done leaves its mark on its stack, and a server gives it
// buffers: only an idle one takes 2.7 KB.
func TestMillions_memory(t *testing.T) {
	proof := claim.Prove(t, goroutines.Millions, claim.AtMost(3_600))
	one := func(args ...string) claim.Figure {
		return claim.Figure{Name: "bytes of one", Value: memoryOf(t, proof, probe.Goroutine, 10*manyEnough, args...).Resident, Unit: "B"}
	}
	proof.Holds("waiting for a channel", one())
	proof.Holds("asleep", one("-wait=sleep"))
	proof.Holds("waiting in a select of two channels", one("-wait=select"))
	proof.Control("after one Sprintf of a float", one("-work=sprintf"), "want at most 3600")
	proof.Control("in a recursion of 10 KB", one("-work=deep"), "want at most 3600")
	proof.Control("in a handler of an HTTP server", one("-work=http"), "want at most 3600")
}

// Each of a hundred thousand goroutines waits until all are there, and adds one.
func Example_millions() {
	const many = 100_000
	var there, adding sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	start := make(chan bool)
	there.Add(many)
	for range many {
		adding.Go(func() {
			there.Done()
			<-start
			mu.Lock()
			defer mu.Unlock()
			sum++
		})
	}
	there.Wait()
	fmt.Println("before the start:", sum)
	close(start)
	adding.Wait()
	fmt.Println("after the end:   ", sum)
	// Output:
	// before the start: 0
	// after the end:    100000
}
