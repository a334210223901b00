package goroutines_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// The rows and columns of the table. The full channel has room for two and holds
// two; the closed and the empty one have the same room and hold nothing.
var (
	channelOperations = []string{"send", "receive", "close", "len", "cap"}
	channelStates     = []string{"nil", "closed", "full", "empty"}
)

// axioms is what each operation does in each state: "send nil" -> "blocks".
type axioms map[string]string

// stated is the table as an interviewer wants to hear it.
var stated = axioms{
	"send nil": "blocks", "send closed": "panics: send on closed channel", "send full": "blocks", "send empty": "goes on",
	"receive nil": "blocks", "receive closed": "gives 0, false", "receive full": "gives 1, true", "receive empty": "blocks",
	"close nil": "panics: close of nil channel", "close closed": "panics: close of closed channel", "close full": "goes on", "close empty": "goes on",
	"len nil": "gives 0", "len closed": "gives 0", "len full": "gives 2", "len empty": "gives 0",
	"cap nil": "gives 0", "cap closed": "gives 2", "cap full": "gives 2", "cap empty": "gives 2",
}

// channelIn makes a channel in one of the states.
func channelIn(state string) chan int {
	if state == "nil" {
		return nil
	}
	c := make(chan int, 2)
	switch state {
	case "closed":
		close(c)
	case "full":
		c <- 1
		c <- 2
	}
	return c
}

// attempt does one operation on a channel and tells what came of it. Send and
// receive are given up when somebody closes giveUp, and then they have blocked.
func attempt(operation string, c chan int, giveUp <-chan bool) (did string) {
	defer func() {
		if r := recover(); r != nil {
			did = fmt.Sprint("panics: ", r)
		}
	}()
	switch operation {
	case "send":
		select {
		case c <- 3:
		case <-giveUp:
			return "blocks"
		}
	case "receive":
		select {
		case value, ok := <-c:
			return fmt.Sprintf("gives %d, %t", value, ok)
		case <-giveUp:
			return "blocks"
		}
	case "close":
		close(c)
	case "len":
		return fmt.Sprint("gives ", len(c))
	case "cap":
		return fmt.Sprint("gives ", cap(c))
	}
	return "goes on"
}

// observe runs every operation on a channel in every state, each in a bubble
// that gives the operation up when nothing but that can let it go on: nobody
// else knows the channel, so it would wait for ever.
func observe(t *testing.T) axioms {
	t.Helper()
	observed := axioms{}
	for _, operation := range channelOperations {
		for _, state := range channelStates {
			synctest.Test(t, func(*testing.T) {
				did, giveUp := make(chan string, 1), make(chan bool)
				go func() { did <- attempt(operation, channelIn(state), giveUp) }()
				synctest.Wait()
				close(giveUp)
				observed[operation+" "+state] = <-did
			})
		}
	}
	return observed
}

// agrees is the check that a table says what was observed.
func agrees(observed axioms) func(axioms) error {
	return func(table axioms) error {
		for _, cell := range slices.Sorted(maps.Keys(observed)) {
			if table[cell] != observed[cell] {
				return fmt.Errorf("%s: the table says %q, the runtime %q", cell, table[cell], observed[cell])
			}
		}
		return nil
	}
}

// Each of the cells is what the runtime does, and a table that is wrong in any
// one cell is refused there.
func TestChannelAxioms(t *testing.T) {
	observed := observe(t)
	proof := claim.Prove(t, goroutines.ChannelAxioms, agrees(observed))
	proof.Figure("cells of operation and state", float64(len(observed)), "cells")
	proof.Holds("the table as it is stated", stated)
	for _, cell := range slices.Sorted(maps.Keys(stated)) {
		wrong := maps.Clone(stated)
		wrong[cell] = "goes on"
		if stated[cell] == "goes on" {
			wrong[cell] = "blocks"
		}
		proof.Control("the table with another cell "+cell, wrong, fmt.Sprintf("%s: the table says %q", cell, wrong[cell]))
	}
}

// A closed channel gives what is still buffered before it gives zero values.
func TestChannelAxioms_drained(t *testing.T) {
	receives := func(c <-chan int) (got []string) {
		for range 3 {
			value, ok := <-c
			got = append(got, fmt.Sprintf("%d, %t", value, ok))
		}
		return got
	}
	proof := claim.Prove(t, goroutines.ChannelAxioms, func(got []string) error {
		if want := []string{"1, true", "2, true", "0, false"}; !slices.Equal(got, want) {
			return fmt.Errorf("received %q, want %q", got, want)
		}
		return nil
	})
	drained, fresh := channelIn("full"), channelIn("closed")
	close(drained)
	proof.Holds("closed when it was full", receives(drained))
	proof.Control("closed when it was empty", receives(fresh), `received ["0, false" "0, false" "0, false"]`)
}

// The table that TestChannelAxioms compares with the runtime.
func Example_channelAxioms() {
	fmt.Printf("%-8s %-28s %-31s %-13s %s\n", "", "nil", "closed", "full", "empty")
	for _, operation := range channelOperations {
		fmt.Printf("%-8s %-28s %-31s %-13s %s\n", operation,
			stated[operation+" nil"], stated[operation+" closed"], stated[operation+" full"], stated[operation+" empty"])
	}
	// Output:
	//          nil                          closed                          full          empty
	// send     blocks                       panics: send on closed channel  blocks        goes on
	// receive  blocks                       gives 0, false                  gives 1, true blocks
	// close    panics: close of nil channel panics: close of closed channel goes on       goes on
	// len      gives 0                      gives 0                         gives 2       gives 0
	// cap      gives 0                      gives 2                         gives 2       gives 2
}

// A closed channel gives what it holds, then zero values for ever; to send on
// it, or to close it again, panics.
func Example_channelAxioms_closed() {
	numbers := make(chan int, 2)
	numbers <- 7
	close(numbers)
	for range 3 {
		number, ok := <-numbers
		fmt.Println("received:", number, ok)
	}
	for _, operation := range []string{"send", "close"} {
		fmt.Println(operation, attempt(operation, numbers, nil))
	}
	// Output:
	// received: 7 true
	// received: 0 false
	// received: 0 false
	// send panics: send on closed channel
	// close panics: close of closed channel
}
