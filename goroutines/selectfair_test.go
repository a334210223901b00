package goroutines_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// choices counts how often each of some ready cases was taken.
type choices []int

func (c choices) Figures() []claim.Figure {
	total := 0
	for _, n := range c {
		total += n
	}
	return []claim.Figure{{Name: "share of the first case", Value: 100 * float64(c[0]) / float64(total), Unit: "% first"}}
}

// uniform is the check that all cases were taken as often, within six standard
// deviations of the binomial distribution: a fair choice fails it two times in
// a thousand million.
func uniform(c choices) error {
	total := 0.0
	for _, n := range c {
		total += float64(n)
	}
	share := 1 / float64(len(c))
	mean, deviation := total*share, math.Sqrt(total*share*(1-share))
	for i, n := range c {
		if math.Abs(float64(n)-mean) > 6*deviation {
			return fmt.Errorf("case %d was taken %d times of %.0f, want %.0f within %.0f", i, n, total, mean, 6*deviation)
		}
	}
	return nil
}

// choose asks take, so many times, for the number of one of the cases, all of
// which are ready each time.
func choose(cases int, take func(ready []chan int) int) choices {
	ready := make([]chan int, cases)
	for i := range ready {
		ready[i] = make(chan int, 1)
		ready[i] <- i
	}
	taken := make(choices, cases)
	for range 100_000 {
		i := take(ready)
		taken[i]++
		ready[i] <- i
	}
	return taken
}

func takeOfTwo(ready []chan int) int {
	select {
	case i := <-ready[0]:
		return i
	case i := <-ready[1]:
		return i
	}
}

func takeOfFour(ready []chan int) int {
	select {
	case i := <-ready[0]:
		return i
	case i := <-ready[1]:
		return i
	case i := <-ready[2]:
		return i
	case i := <-ready[3]:
		return i
	}
}

func takePreferred(ready []chan int) int {
	i, _ := goroutines.Preferred(ready[0], ready[1])
	return i
}

// takeTwice has one channel in two of its cases, so that it is as likely as two.
func takeTwice(ready []chan int) int {
	select {
	case i := <-ready[0]:
		return i
	case i := <-ready[0]:
		return i
	case i := <-ready[1]:
		return i
	}
}

// Of the cases that are ready, each is taken as often, within a binomial bound.
func TestSelectFair(t *testing.T) {
	proof := claim.Prove(t, goroutines.SelectFair, uniform)
	proof.Holds("two ready cases, 100,000 choices", choose(2, takeOfTwo))
	proof.Holds("four ready cases, 100,000 choices", choose(4, takeOfFour))
	proof.Control("a select that asks the first case alone, with default, before both", choose(2, takePreferred), "case 0 was taken 100000 times of 100000")
	proof.Control("a select with the first channel in two cases", choose(2, takeTwice), "case 0 was taken 6")
}

// A select that asks one channel alone, with default, before it asks both gives
// that channel priority.
func TestSelectFair_priority(t *testing.T) {
	proof := claim.Prove(t, goroutines.SelectFair, func(c choices) error {
		if c[1] == 0 {
			return nil
		}
		return fmt.Errorf("the second was taken %d times, though the first was ready", c[1])
	})
	proof.Holds("Preferred, both ready", choose(2, takePreferred))
	proof.Control("one select of both", choose(2, takeOfTwo), "though the first was ready")
}

// Preferred takes the second when the first has nothing, and waits for either
// when neither has.
//
//claim:goroutines/select-fair
func ExamplePreferred() {
	urgent, usual := make(chan string, 2), make(chan string, 2)
	usual <- "a letter"
	urgent <- "a fire"
	usual <- "another letter"
	for range 3 {
		message, _ := goroutines.Preferred(urgent, usual)
		fmt.Println(message)
	}
	go func() { urgent <- "a flood" }()
	message, _ := goroutines.Preferred(urgent, usual)
	fmt.Println(message)
	close(usual)
	_, open := goroutines.Preferred(urgent, usual)
	fmt.Println("usual is closed, open:", open)
	close(urgent)
	_, open = goroutines.Preferred(urgent, nil)
	fmt.Println("urgent is closed, open:", open)
	// Output:
	// a fire
	// a letter
	// another letter
	// a flood
	// usual is closed, open: false
	// urgent is closed, open: false
}

// A select takes default when nothing is ready, and a nil channel is never
// ready: so a case is switched off.
func Example_selectFair_default() {
	numbers := make(chan int, 1)
	receive := func(from chan int) {
		select {
		case n := <-from:
			fmt.Println("received", n)
		default:
			fmt.Println("nothing there")
		}
	}
	receive(numbers)
	numbers <- 7
	receive(numbers)
	numbers <- 8
	receive(nil)
	receive(numbers)
	// Output:
	// nothing there
	// received 7
	// nothing there
	// received 8
}

// A select with a timer gives up exactly when its time is over: in a bubble the
// clock stands still meanwhile.
func TestSelectFair_timeout(t *testing.T) {
	type wait struct{ answer, patience time.Duration }
	proof := claim.Prove(t, goroutines.SelectFair, func(w wait) (err error) {
		synctest.Test(t, func(t *testing.T) {
			answer := make(chan bool, 1)
			time.AfterFunc(w.answer, func() { answer <- true })
			start := time.Now()
			select {
			case <-answer:
			case <-time.After(w.patience):
				err = fmt.Errorf("gave up after %v", time.Since(start))
			}
			time.Sleep(w.answer)
		})
		return err
	})
	proof.Holds("the answer comes a nanosecond early", wait{time.Hour - 1, time.Hour})
	proof.Control("the answer comes a nanosecond late", wait{time.Hour + 1, time.Hour}, "gave up after 1h0m0s")
}

// Widths of select, written out and by package reflect:
//
//	go test -run='^$' -bench=SelectFair -count=10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkSelectFair(b *testing.B) {
	for _, width := range []int{1, 2, 4, 16, 64} {
		channels := make([]chan int, width)
		cases := make([]reflect.SelectCase, width)
		for i := range channels {
			channels[i] = make(chan int, 1)
			cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(channels[i])}
		}
		last := channels[width-1]
		if written, ok := map[int]func([]chan int) int{1: func(c []chan int) int { return <-c[0] }, 2: takeOfTwo, 4: takeOfFour}[width]; ok {
			b.Run(fmt.Sprintf("cases=%d/impl=select", width), func(b *testing.B) {
				for b.Loop() {
					last <- 1
					written(channels)
				}
			})
		}
		b.Run(fmt.Sprintf("cases=%d/impl=reflect", width), func(b *testing.B) {
			for b.Loop() {
				last <- 1
				reflect.Select(cases)
			}
		})
	}
}
