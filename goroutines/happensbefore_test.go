package goroutines_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// A handOver lets a goroutine of its own write, and comes back when its caller
// takes that for done. What it returns lets the goroutine end.
type handOver func(write func()) (end func())

// afterReceive: a send happens before its receive completes.
func afterReceive(write func()) func() {
	written := make(chan bool, 1)
	go func() {
		write()
		written <- true
	}()
	<-written
	return func() {}
}

// afterClose: closing happens before a receive that returns because of it.
func afterClose(write func()) func() {
	written := make(chan bool)
	go func() {
		write()
		close(written)
	}()
	<-written
	return func() {}
}

// afterUnbufferedSend: a receive happens before the send on an unbuffered
// channel completes.
func afterUnbufferedSend(write func()) func() {
	written := make(chan bool)
	go func() {
		write()
		<-written
	}()
	written <- true
	return func() {}
}

// afterThirdSend: with room for two, the first receive happens before the third
// send completes.
func afterThirdSend(write func()) func() {
	written := make(chan bool, 2)
	go func() {
		write()
		<-written
	}()
	for range 3 {
		written <- true
	}
	return func() {}
}

// afterBufferedSend: a send that finds room completes, whoever receives it and
// when. The writer is held before its first step, as a scheduler may hold
// anyone.
func afterBufferedSend(write func()) func() {
	written, held, ended := make(chan bool, 1), make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		<-held
		write()
		<-written
	}()
	written <- true // wrong: nobody need have received it
	return func() {
		close(held)
		<-ended
	}
}

// beforeReceive does not wait for the receive.
func beforeReceive(write func()) func() {
	written, held := make(chan bool), make(chan bool)
	go func() {
		<-held
		write()
		written <- true
	}()
	return func() {
		close(held)
		<-written
	}
}

// stale counts how often the caller of a hand-over finds the old number.
func stale(rounds int, over handOver) claim.Figure {
	found := claim.Figure{Name: "old numbers read", Unit: "old numbers"}
	for range rounds {
		number := 1
		end := over(func() { number = 2 })
		if number != 2 {
			found.Value++
		}
		end()
	}
	return found
}

// What was written before a send, or before closing, is there after the
// receive, and what was written before a receive that made room is there after
// the send that needed it. That the number is there each time does not prove
// the order; the race detector below follows it.
func TestHappensBefore(t *testing.T) {
	const rounds = 100_000
	proof := claim.Prove(t, goroutines.HappensBefore, claim.AtMost(0))
	proof.Figure("hand-overs of each kind, none read an old number", rounds, "hand-overs")
	proof.Holds("after the receive of a send", stale(rounds, afterReceive))
	proof.Holds("after the receive of a close", stale(rounds, afterClose))
	proof.Holds("after an unbuffered send", stale(rounds, afterUnbufferedSend))
	proof.Holds("after the third send into a buffer of two", stale(rounds, afterThirdSend))
	proof.Control("before the receive", stale(10, beforeReceive), "10 old numbers, want at most 0")
	proof.Control("after a send that found room", stale(10, afterBufferedSend), "10 old numbers, want at most 0")
}

// A channel with room for one is a lock, and with room for two it lets two in.
func TestHappensBefore_lock(t *testing.T) {
	// Each reads, waits until all others wait too, and writes what it read and one
	// more. The number is atomic so that what is lost is lost for lack of a lock,
	// and not to a data race.
	lost := func(room int) claim.Figure {
		const additions = 100
		inside := make(chan bool, room)
		var number atomic.Int64
		var adding sync.WaitGroup
		for range additions {
			adding.Go(func() {
				inside <- true
				read := number.Load()
				time.Sleep(time.Second)
				number.Store(read + 1)
				<-inside
			})
		}
		adding.Wait()
		return claim.Figure{Name: "additions lost of 100", Value: float64(additions - number.Load()), Unit: "additions"}
	}
	synctest.Test(t, func(t *testing.T) {
		proof := claim.Prove(t, goroutines.HappensBefore, claim.AtMost(0))
		proof.Holds("room for one", lost(1))
		proof.Control("room for two", lost(2), "50 additions, want at most 0")
	})
}

// The race detector follows the order that the memory model promises: no race
// where a channel orders write and read, a race where a flag or a send that
// found room is taken for it, though the right text is usually read.
func TestHappensBefore_race(t *testing.T) {
	proof := claim.Prove(t, goroutines.HappensBefore, withoutRace)
	run := raced(t, proof, "testdata/happensbefore")
	proof.Holds("write, send, receive, read", run("send"))
	proof.Holds("write, close, receive, read", run("close"))
	proof.Holds("write, receive, end of the unbuffered send, read", run("unbuffered"))
	proof.Holds("write, first receive, end of the third send into a buffer of two, read", run("third"))
	proof.Holds("ten writers, and a channel with room for one as their lock", run("lock"))
	proof.Control("a flag instead of a channel", run("flag"), "DATA RACE, exit code 66")
	proof.Control("a receive from a buffered channel taken as the signal", run("buffered"), "DATA RACE, exit code 66")
	proof.Control("ten writers, and a channel with room for two as their lock", run("lock", "two"), "DATA RACE, exit code 66")
}

// Four orders that channels promise, and one that they do not.
func Example_happensBefore() {
	for _, test := range []struct {
		read string
		over handOver
	}{
		{"after the receive of a send: ", afterReceive},
		{"after the receive of a close:", afterClose},
		{"after an unbuffered send:    ", afterUnbufferedSend},
		{"after a third send into two: ", afterThirdSend},
		{"after a send that found room:", afterBufferedSend},
	} {
		text := "not written"
		end := test.over(func() { text = "written" })
		fmt.Println(test.read, text)
		end()
	}
	// Output:
	// after the receive of a send:  written
	// after the receive of a close: written
	// after an unbuffered send:     written
	// after a third send into two:  written
	// after a send that found room: not written
}

// A channel with room for one is a lock: the receive that leaves happens before
// the next send gets in.
func Example_happensBefore_lock() {
	lock := make(chan bool, 1)
	count := 0
	var adding sync.WaitGroup
	for range 1000 {
		adding.Go(func() {
			lock <- true
			defer func() { <-lock }()
			count++
		})
	}
	adding.Wait()
	fmt.Println("count:", count)
	// Output: count: 1000
}
