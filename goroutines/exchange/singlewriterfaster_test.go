package exchange_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/journal"
	"gonotes/goroutines/exchange/market"
	"gonotes/goroutines/exchange/ring"
	"gonotes/internal/claim"
)

// A durable market, whose journal is in a directory, lets clients, each in a goroutine of
// its own, send one command after the other, each when the one before is answered, which
// it is once it is on disk.
type durable func(t *testing.T, directory string, clients [][]book.Command)

// each runs a client in a goroutine of its own and waits for all.
func each(clients [][]book.Command, client func(commands []book.Command)) {
	var running sync.WaitGroup
	for _, commands := range clients {
		running.Go(func() { client(commands) })
	}
	running.Wait()
}

// owned is the market as it is: its goroutine takes all batches that wait, here of one
// command each, and syncs once for them.
func owned(t *testing.T, directory string, clients [][]book.Command) {
	m, _, err := market.Open(directory, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	each(clients, func(commands []book.Command) {
		batch := &market.Batch{}
		for i := range commands {
			batch.Commands, batch.Reports = commands[i:i+1], batch.Reports[:0]
			if err := m.Do(context.Background(), batch); err != nil {
				t.Error(err)
			}
		}
	})
	require.NoError(t, m.Close())
}

// locked is the same book and the same journal behind a mutex.
func locked(t *testing.T, directory string, clients [][]book.Command) {
	b := book.New(1_000)
	j, _, err := journal.Open(directory, b)
	require.NoError(t, err)
	var mutex sync.Mutex
	each(clients, func(commands []book.Command) {
		var reports []book.Report
		for i := range commands {
			mutex.Lock()
			j.Append(commands[i : i+1])
			if err := j.Commit(); err != nil {
				t.Error(err)
			}
			reports = b.Apply(&commands[i], reports[:0])
			mutex.Unlock()
		}
	})
	require.NoError(t, j.Close())
}

// grouped is the same book and the same journal behind a mutex. Of those that wait one
// carries out what all have asked for, and the others wait for that.
func grouped(t *testing.T, directory string, clients [][]book.Command) {
	b := book.New(1_000)
	j, _, err := journal.Open(directory, b)
	require.NoError(t, err)
	type request struct {
		command []book.Command
		done    bool
	}
	var mutex sync.Mutex // of what is asked, and of who is busy; the book is theirs
	changed := sync.NewCond(&mutex)
	var asked []*request
	busy := false
	carryOut := func() {
		mutex.Unlock()
		runtime.Gosched() // so that others ask before the sync
		mutex.Lock()
		group := asked
		asked = nil
		mutex.Unlock()
		for _, r := range group {
			j.Append(r.command)
		}
		if err := j.Commit(); err != nil {
			t.Error(err)
		}
		var reports []book.Report
		for _, r := range group {
			reports = b.Apply(&r.command[0], reports[:0])
		}
		mutex.Lock()
		for _, r := range group {
			r.done = true
		}
	}
	each(clients, func(commands []book.Command) {
		mutex.Lock()
		defer mutex.Unlock()
		for i := range commands {
			r := &request{command: commands[i : i+1]}
			asked = append(asked, r)
			for !r.done {
				if busy {
					changed.Wait()
					continue
				}
				busy = true
				carryOut()
				busy = false
				changed.Broadcast()
			}
		}
	})
	require.NoError(t, j.Close())
}

// oneByOne is an owner that gets each command through a channel and answers it before it
// takes the next.
func oneByOne(t *testing.T, directory string, clients [][]book.Command) {
	b := book.New(1_000)
	j, _, err := journal.Open(directory, b)
	require.NoError(t, err)
	type request struct {
		command []book.Command
		done    chan bool
	}
	in := make(chan request, len(clients))
	var owner sync.WaitGroup
	owner.Go(func() {
		var reports []book.Report
		for r := range in {
			j.Append(r.command)
			if err := j.Commit(); err != nil {
				t.Error(err)
			}
			reports = b.Apply(&r.command[0], reports[:0])
			r.done <- true
		}
	})
	each(clients, func(commands []book.Command) {
		done := make(chan bool, 1)
		for i := range commands {
			in <- request{commands[i : i+1], done}
			<-done
		}
	})
	close(in)
	owner.Wait()
	require.NoError(t, j.Close())
}

// syncTime returns how long a sync takes where the journals are, the shortest of some.
func syncTime(t *testing.T) time.Duration {
	j, _, err := journal.Open(t.TempDir(), book.New(0))
	require.NoError(t, err)
	shortest := time.Hour
	for range 10 {
		j.Append(usual().commands[:1])
		start := time.Now()
		require.NoError(t, j.Commit())
		shortest = min(shortest, time.Since(start))
	}
	require.NoError(t, j.Close())
	return shortest
}

// A cost is what a command has of a durable market.
type cost struct {
	syncs float64 // of the journal, for a command
	time  float64 // to that behind a mutex, just before and after
}

func (c cost) Figures() []claim.Figure {
	return []claim.Figure{
		{Name: "time to that behind a mutex", Value: c.time, Unit: "times"},
		{Name: "a command", Value: c.syncs, Unit: "syncs"},
	}
}

// shared is the check that clients share syncs, and wait less for it.
func shared(c cost) error {
	if c.syncs > 0.5 {
		return fmt.Errorf("%.2f syncs for a command, want at most 0.5", c.syncs)
	}
	if c.time > 0.8 {
		return fmt.Errorf("%.2f of the time behind a mutex, want at most 0.8", c.time)
	}
	return nil
}

// syncs returns how many records of so many commands a journal has, each of which was
// synced by itself; their size is in the documentation of the package.
func syncs(t *testing.T, directory string, commands int) float64 {
	files, err := filepath.Glob(filepath.Join(directory, "journal-*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	info, err := os.Stat(files[0])
	require.NoError(t, err)
	return float64(info.Size()-47*int64(commands)) / 24
}

// Sixteen clients want each command on disk before they send the next. The owner of a
// book syncs once for all that wait; behind a lock each waits for the syncs of all
// others, and so it does if the owner takes one command at a time. It is the sync for all
// that makes the difference: a client behind a lock that does so for the others is as
// fast. Syncs are those of all rounds, and time is the median of them.
func TestSingleWriterFaster(t *testing.T) {
	const clients, each, rounds = 16, 10, 5
	proof := claim.Prove(t, exchange.SingleWriterFaster, shared)
	if took := syncTime(t); took < 20*time.Microsecond {
		proof.NotRun("platform: a sync of a file for temporary data takes %v, as if it were in memory", took)
	}
	var parts [][]book.Command
	for i := range clients {
		parts = append(parts, usual().commands[i*each:(i+1)*each])
	}
	measured := func(run durable) (synced, took float64) {
		directory := t.TempDir()
		start := time.Now()
		run(t, directory, parts)
		took = float64(time.Since(start))
		return syncs(t, directory, clients*each), took
	}
	markets := []durable{owned, grouped, locked, oneByOne}
	times, costs := make([][]float64, len(markets)), make([]cost, len(markets))
	shortest := math.Inf(1)
	for range rounds {
		_, before := measured(locked)
		for i, run := range markets {
			synced, took := measured(run)
			_, after := measured(locked)
			costs[i].syncs += synced / (rounds * clients * each)
			times[i] = append(times[i], 2*took/(before+after))
			before = after
			shortest = min(shortest, after)
		}
	}
	for i := range costs {
		slices.Sort(times[i])
		costs[i].time = times[i][rounds/2]
	}
	proof.Holds("16 clients, an owner that takes all commands that wait", costs[0])
	proof.Holds("behind a mutex, a client that does so for all", costs[1])
	proof.Control("behind a mutex, each client for itself", costs[2], "1.00 syncs for a command")
	proof.Control("an owner with a channel that takes one command at a time", costs[3], "1.00 syncs for a command")
	proof.Figure("a command behind a mutex", shortest/clients/each, "ns")
}

// fewest returns the shortest of some rounds of a function that handles so many
// commands, in ns a command.
func fewest(commands int, run func()) float64 {
	best := math.Inf(1)
	for range 9 {
		start := time.Now()
		run()
		best = min(best, float64(time.Since(start))/float64(commands))
	}
	return best
}

// A hand-over in batches or through a ring costs little next to the matching; through a
// channel, command by command, it costs about as much again, even if nobody waits for
// anybody.
func TestSingleWriterFaster_handOver(t *testing.T) {
	proof := claim.Prove(t, exchange.SingleWriterFaster, claim.AtMost(0.125))
	if raceEnabled {
		proof.NotRun("platform: the race detector makes the matching slower than the hand-over")
	}
	const size = 256
	commands := usual().commands[:size]
	all := usual().commands[:million/10]
	matching := math.Inf(1)
	for range 9 {
		b := filled(book.New(20_000))
		reports := make([]book.Report, 0, 1<<12)
		start := time.Now()
		for i := range all {
			reports = b.Apply(&all[i], reports[:0])
		}
		matching = min(matching, float64(time.Since(start))/float64(len(all)))
	}
	figure := func(ns float64) claim.Figure {
		return claim.Figure{Name: "hand-over to matching", Value: ns / matching, Unit: "times"}
	}
	const rounds = 400
	batches := make(chan []book.Command, 1)
	var sum int64
	proof.Holds("batches of 256 through a channel", figure(fewest(rounds*size, func() {
		for range rounds {
			batches <- commands
			for i := range <-batches {
				sum += commands[i].Price
			}
		}
	})))
	r := ring.New[book.Command](size)
	proof.Holds("a ring, in one goroutine", figure(fewest(rounds*size, func() {
		for range rounds {
			r.Write(commands)
			got := r.Peek()
			for i := range got {
				sum += got[i].Price
			}
			r.Skip(len(got))
		}
	})))
	single := make(chan book.Command, size)
	proof.Control("a channel of commands", figure(fewest(rounds*size, func() {
		for range rounds {
			for i := range commands {
				single <- commands[i]
			}
			for range commands {
				c := <-single
				sum += c.Price
			}
		}
	})), "times, want at most 0.125")
	proof.Figure("matching", matching, "ns")
	runtime.KeepAlive(sum)
}

// handOvers let clients give their commands to one book, and return when all are
// carried out.
var handOvers = []struct {
	impl string
	run  func(b *book.Book, clients [][]book.Command)
}{
	{"mutex", func(b *book.Book, clients [][]book.Command) { behindMutex(b, clients, 1) }},
	{"mutex-batches", func(b *book.Book, clients [][]book.Command) { behindMutex(b, clients, 256) }},
	{"owner-channel", func(b *book.Book, clients [][]book.Command) {
		in := make(chan book.Command, 4096)
		var owner sync.WaitGroup
		owner.Go(func() {
			reports := make([]book.Report, 0, 1<<12)
			for c := range in {
				reports = b.Apply(&c, reports[:0])
			}
		})
		each(clients, func(commands []book.Command) {
			for i := range commands {
				in <- commands[i]
			}
		})
		close(in)
		owner.Wait()
	}},
	{"owner-batches", func(b *book.Book, clients [][]book.Command) {
		in := make(chan []book.Command, 16)
		var owner sync.WaitGroup
		owner.Go(func() {
			reports := make([]book.Report, 0, 1<<12)
			for batch := range in {
				for i := range batch {
					reports = b.Apply(&batch[i], reports[:0])
				}
			}
		})
		each(clients, func(commands []book.Command) {
			for len(commands) > 0 {
				n := min(256, len(commands))
				in <- commands[:n]
				commands = commands[n:]
			}
		})
		close(in)
		owner.Wait()
	}},
	{"owner-rings", func(b *book.Book, clients [][]book.Command) {
		rings := make([]*ring.Ring[book.Command], len(clients))
		left := 0
		var writers sync.WaitGroup
		for i, commands := range clients {
			rings[i] = ring.New[book.Command](1024)
			left += len(commands)
			writers.Go(func() {
				for len(commands) > 0 {
					n := rings[i].Write(commands[:min(64, len(commands))])
					commands = commands[n:]
					if n == 0 {
						runtime.Gosched()
					}
				}
			})
		}
		reports := make([]book.Report, 0, 1<<12)
		for left > 0 {
			before := left
			for _, r := range rings {
				got := r.Peek()
				for i := range got {
					reports = b.Apply(&got[i], reports[:0])
				}
				r.Skip(len(got))
				left -= len(got)
			}
			if left == before {
				runtime.Gosched()
			}
		}
		writers.Wait()
	}},
}

func behindMutex(b *book.Book, clients [][]book.Command, size int) {
	var mutex sync.Mutex
	each(clients, func(commands []book.Command) {
		reports := make([]book.Report, 0, 1<<12)
		for len(commands) > 0 {
			n := min(size, len(commands))
			mutex.Lock()
			for i := range commands[:n] {
				reports = b.Apply(&commands[i], reports[:0])
			}
			mutex.Unlock()
			commands = commands[n:]
		}
	})
}

// Clients that do nothing but send half a million commands to one book of 10,000 orders,
// 60/30/10 around a walking mid, in memory:
//
//	go test -run='^$' -bench=SingleWriterFaster -count=10 ./goroutines/exchange | go tool benchstat -col /impl -
func BenchmarkSingleWriterFaster(b *testing.B) {
	for _, clients := range []int{1, 2, 8} {
		var parts [][]book.Command
		commands := usual().commands
		for i := range clients {
			parts = append(parts, commands[len(commands)*i/clients:len(commands)*(i+1)/clients])
		}
		for _, h := range handOvers {
			b.Run(fmt.Sprintf("clients=%d/impl=%s", clients, h.impl), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					into := book.New(20_000)
					filled(into)
					b.StartTimer()
					h.run(into, parts)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(commands)), "ns/command")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
