package goroutines_test

import (
	"fmt"
	"sync"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// sent is what senders send: each sends its numbers 0, 1, 2 and so on.
type sent struct{ sender, number int }

// delivery is what receivers got of senders that sent so many numbers each.
type delivery struct {
	senders, each int
	received      [][]sent // by receiver, as they arrived
}

// delivered is the check that every number arrived once, and that nobody got an
// earlier number of a sender after a later one.
func delivered(d delivery) error {
	times := map[sent]int{}
	for _, arrived := range d.received {
		newest := map[int]int{}
		for _, s := range arrived {
			if before, ok := newest[s.sender]; ok && before > s.number {
				return fmt.Errorf("number %d of sender %d came after its number %d", s.number, s.sender, before)
			}
			newest[s.sender] = s.number
			times[s]++
		}
	}
	for sender := range d.senders {
		for number := range d.each {
			if n := times[sent{sender, number}]; n != 1 {
				return fmt.Errorf("number %d of sender %d arrived %d times, want once", number, sender, n)
			}
		}
	}
	return nil
}

// overChannel lets senders send over one channel to several receivers.
func overChannel(senders, receivers, each int) delivery {
	numbers := make(chan sent)
	var sending, receiving sync.WaitGroup
	for sender := range senders {
		sending.Go(func() {
			for number := range each {
				numbers <- sent{sender, number}
			}
		})
	}
	received := make([][]sent, receivers)
	for receiver := range receivers {
		receiving.Go(func() {
			for s := range numbers {
				received[receiver] = append(received[receiver], s)
			}
		})
	}
	sending.Wait()
	close(numbers)
	receiving.Wait()
	return delivery{senders, each, received}
}

// fromSlice lets two receivers take from a slice that they share. Each looks at
// the first element before the other has removed it, which may happen to any
// two, and is made to happen here.
func fromSlice() delivery {
	numbers := []sent{{0, 0}, {0, 1}}
	received := make([][]sent, 2)
	var looking, removing sync.WaitGroup
	var mu sync.Mutex
	looking.Add(len(received))
	for receiver := range received {
		removing.Go(func() {
			first := numbers[0]
			looking.Done()
			looking.Wait()
			mu.Lock()
			defer mu.Unlock()
			numbers = numbers[1:]
			received[receiver] = []sent{first}
		})
	}
	removing.Wait()
	return delivery{1, 2, received}
}

// ifRoom sends two numbers, each only if there is room.
func ifRoom() delivery {
	numbers := make(chan sent, 1)
	for number := range 2 {
		select {
		case numbers <- sent{0, number}:
		default: // wrong: the second number goes nowhere
		}
	}
	return delivery{1, 2, [][]sent{{<-numbers}}}
}

// goroutineEach sends each of two numbers from a goroutine of its own. The first
// is held up, as a scheduler may hold anyone.
func goroutineEach() delivery {
	numbers, held := make(chan sent), make(chan bool)
	go func() {
		<-held
		numbers <- sent{0, 0}
	}()
	go func() { numbers <- sent{0, 1} }()
	received := []sent{<-numbers}
	close(held)
	return delivery{1, 2, [][]sent{append(received, <-numbers)}}
}

// Every value that goes through a channel is received once, and a sender's
// values come in the order in which it sent them.
func TestChannels(t *testing.T) {
	const senders, receivers, each = 100, 10, 1000
	proof := claim.Prove(t, goroutines.Channels, delivered)
	proof.Figure("values sent by 100 to 10, received once and in order", senders*each, "values")
	proof.Holds("100 senders and 10 receivers on one channel", overChannel(senders, receivers, each))
	proof.Control("two receivers that share a slice", fromSlice(), "number 0 of sender 0 arrived 2 times, want once")
	proof.Control("a send with default that nobody waits for", ifRoom(), "number 1 of sender 0 arrived 0 times, want once")
	proof.Control("a goroutine for each send, the first held up", goroutineEach(), "number 0 of sender 0 came after its number 1")
}

// Without a receiver the sender waits for ever, and when nobody else can run the
// program ends as a deadlock.
func TestChannels_nobodyReceives(t *testing.T) {
	ended := endings(t, patience, built(t, "testdata/channels"), "values", "nobody")
	proof := claim.Prove(t, goroutines.Channels, prog.Ended(0, ""))
	proof.Holds("every value is received", ended["values"])
	proof.Control("nobody receives", ended["nobody"], "exit code 2, want 0: fatal error: all goroutines are asleep - deadlock!")
}

// What goes only through a channel is safe; a variable beside it, or a pointer
// sent through it, is a data race. The detector covers what ran: a race in a
// branch that is not taken goes unseen.
func TestChannels_race(t *testing.T) {
	build := sync.OnceValues(func() (string, error) { return prog.BuildRace(t.Context(), "testdata/channels", t.TempDir()) })
	t.Run("what goes through", func(t *testing.T) {
		proof := claim.Prove(t, goroutines.Channels, withoutRace)
		run := racedOnce(t, proof, build)
		proof.Holds("values sent over a channel", run("values"))
		proof.Control("a variable that two goroutines write", run("shared"), "DATA RACE, exit code 66")
		proof.Control("a pointer sent, and written through afterwards", run("pointer"), "DATA RACE, exit code 66")
	})
	t.Run("only what ran", func(t *testing.T) {
		proof := claim.Prove(t, goroutines.Channels, withoutRace)
		run := racedOnce(t, proof, build)
		proof.Holds("a race in a branch that is not taken", run("branch"))
		proof.Control("the same program, and the branch is taken", run("branch", "taken"), "DATA RACE, exit code 66")
	})
}

// A value belongs to its sender until it is sent, and to its receiver after.
func Example_channels() {
	squares := make(chan int)
	go func() {
		defer close(squares) // the sender closes: only it knows that nothing follows
		for i := range 4 {
			squares <- i * i
		}
	}()
	sum := 0
	for square := range squares {
		fmt.Println("received:", square)
		sum += square
	}
	_, open := <-squares
	fmt.Println("sum:", sum)
	fmt.Println("open:", open)
	// Output:
	// received: 0
	// received: 1
	// received: 4
	// received: 9
	// sum: 14
	// open: false
}
