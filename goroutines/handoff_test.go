package goroutines_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// waitOfSender is how long a send waits when the receiver comes after an hour.
func waitOfSender(values chan int) claim.Figure {
	var wait time.Duration
	var sending sync.WaitGroup
	sending.Go(func() {
		begin := time.Now()
		values <- 1
		wait = time.Since(begin)
	})
	time.Sleep(time.Hour)
	<-values
	sending.Wait()
	return claim.Figure{Name: "wait of the sender", Value: float64(wait), Unit: "ns"}
}

// A send on a channel without a buffer, or with a full one, waits for the
// receiver; with room in the buffer it goes on at once.
func TestChannels_handOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := make(chan int, 1)
		full <- 0
		proof := claim.Prove(t, goroutines.Channels, claim.AtLeast(float64(time.Hour)))
		proof.Holds("a channel without a buffer", waitOfSender(make(chan int)))
		proof.Holds("a channel whose buffer is full", waitOfSender(full))
		proof.Control("a channel with room in its buffer", waitOfSender(make(chan int, 1)), "0 ns, want at least 3.6e+12")
	})
}

// ranged is a loop that receives three values, of which the second is zero.
type ranged struct {
	values int
	ended  bool
}

// receiveThree sends 1, 0 and 2 and closes the channel if it is told to. It
// tells how far the receiver's loop then is, when nobody can go on.
func receiveThree(closes bool, loop func(values <-chan int, each func())) (r ranged) {
	values, ended := make(chan int, 3), make(chan bool)
	values <- 1
	values <- 0
	values <- 2
	if closes {
		close(values)
	}
	var count int
	go func() {
		defer close(ended)
		loop(values, func() { count++ })
	}()
	synctest.Wait()
	r.values = count
	select {
	case <-ended:
		r.ended = true
	default:
		close(values)
		<-ended
	}
	return r
}

// Range over a channel receives what is still in the buffer and ends when the
// channel is closed, and not before.
func TestChannels_closed(t *testing.T) {
	untilClosed := func(values <-chan int, each func()) {
		for range values {
			each()
		}
	}
	untilZero := func(values <-chan int, each func()) {
		for value := <-values; value != 0; value = <-values { // wrong: zero may have been sent
			each()
		}
	}
	synctest.Test(t, func(t *testing.T) {
		proof := claim.Prove(t, goroutines.Channels, func(r ranged) error {
			switch {
			case !r.ended:
				return fmt.Errorf("received %d values and waits for more", r.values)
			case r.values != 3:
				return fmt.Errorf("ended after %d values of 3", r.values)
			}
			return nil
		})
		proof.Holds("range over a closed channel", receiveThree(true, untilClosed))
		proof.Control("range over a channel that nobody closes", receiveThree(false, untilClosed), "received 3 values and waits for more")
		proof.Control("a zero value taken for the end", receiveThree(true, untilZero), "ended after 1 values of 3")
	})
}

// Closing a channel wakes all who wait for it; a send wakes one.
func TestChannels_broadcast(t *testing.T) {
	const waiters = 100
	woken := func(wake func(chan bool)) claim.Figure {
		started, woken := make(chan bool), make(chan bool, waiters)
		for range waiters {
			go func() {
				<-started
				woken <- true
			}()
		}
		synctest.Wait()
		wake(started)
		synctest.Wait()
		count := len(woken)
		for range waiters - count {
			started <- true
		}
		return claim.Figure{Name: "woken of 100", Value: float64(count), Unit: "goroutines"}
	}
	synctest.Test(t, func(t *testing.T) {
		proof := claim.Prove(t, goroutines.Channels, claim.AtLeast(waiters))
		proof.Holds("closing the channel", woken(func(started chan bool) { close(started) }))
		proof.Control("sending on it", woken(func(started chan bool) { started <- true }), "1 goroutines, want at least 100")
	})
}

// emptyReceives counts, up to 1,000, how often a loop over two channels receives
// and gets nothing. One channel is closed at once, the other has a value after
// an hour.
func emptyReceives(switchOff bool) claim.Figure {
	closed, late := make(chan int), make(chan int)
	close(closed)
	go func() {
		time.Sleep(time.Hour)
		late <- 1
	}()
	empty := 0
	for values := 0; values == 0; {
		select {
		case <-closed:
			empty++
			if switchOff || empty == 1000 { // the clock of the bubble stands still while the loop spins
				closed = nil
			}
		case <-late:
			values++
		}
	}
	return claim.Figure{Name: "receives that brought nothing", Value: float64(empty), Unit: "receives"}
}

// A case of a select is switched off by setting its channel to nil; that of a
// closed channel is always ready.
func TestChannels_nilCase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proof := claim.Prove(t, goroutines.Channels, claim.AtMost(1))
		proof.Holds("a closed channel is set to nil", emptyReceives(true))
		proof.Control("a closed channel stays in the select", emptyReceives(false), "1000 receives, want at most 1")
	})
}

// A send needs a receiver who waits, or room in the buffer.
func Example_channels_handOff() {
	offer := func(values chan string, value string) {
		select {
		case values <- value:
			fmt.Println(value, "is handed over")
		default:
			fmt.Println(value, "would wait")
		}
	}
	offer(make(chan string), "no buffer, nobody receives: it")

	buffered := make(chan string, 2)
	offer(buffered, "first of two:               it")
	offer(buffered, "second of two:              it")
	offer(buffered, "third of two:               it")
	<-buffered
	offer(buffered, "after a receive:            it")
	// Output:
	// no buffer, nobody receives: it would wait
	// first of two:               it is handed over
	// second of two:              it is handed over
	// third of two:               it would wait
	// after a receive:            it is handed over
}

// Closing a channel tells any number of goroutines at once.
func Example_channels_broadcast() {
	stop := make(chan bool)
	stopped := make(chan int)
	for worker := range 3 {
		go func() {
			<-stop // nothing is ever sent on it
			stopped <- worker
		}()
	}
	close(stop)
	sum := 0
	for range 3 {
		sum += <-stopped
	}
	fmt.Println("sum of the workers stopped:", sum)
	_, open := <-stop
	fmt.Println("a later receive waits:", open)
	// Output:
	// sum of the workers stopped: 3
	// a later receive waits: false
}

// A nil channel in a select is a case that never comes, so what is closed is set
// to nil.
func Example_channels_nilCase() {
	numbers := func(values ...int) <-chan int {
		c := make(chan int, len(values))
		for _, value := range values {
			c <- value
		}
		close(c)
		return c
	}
	odd, even := numbers(1, 3, 5), numbers(2, 4)
	count, sum := 0, 0
	for odd != nil || even != nil {
		var value int
		var open bool
		select {
		case value, open = <-odd:
			if !open {
				odd = nil
			}
		case value, open = <-even:
			if !open {
				even = nil
			}
		}
		if open {
			count++
			sum += value
		}
	}
	fmt.Println("values:", count)
	fmt.Println("sum:", sum)
	// Output:
	// values: 5
	// sum: 15
}
