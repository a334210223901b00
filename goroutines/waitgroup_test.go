package goroutines_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gonotes/goroutines"
	"gonotes/internal/claim"
	"gonotes/internal/prog"
)

// What goroutines did before Done is there after Wait, if they were counted
// before they ran. With Add inside the goroutine Wait finds nobody to wait for,
// when the scheduler has not let one run yet.
func TestHappensBefore_waitGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after := func(start func(*sync.WaitGroup, func())) claim.Figure {
			var group sync.WaitGroup
			done := make(chan bool, 10)
			for range cap(done) {
				start(&group, func() { done <- true })
			}
			group.Wait()
			figure := claim.Figure{Name: "done when Wait returned", Value: float64(len(done)), Unit: "goroutines"}
			for range cap(done) {
				<-done
			}
			return figure
		}
		// In the bubble nobody runs on before all others wait: so is a goroutine
		// that the scheduler lets run late.
		late := func() { time.Sleep(time.Second) }

		proof := claim.Prove(t, goroutines.HappensBefore, claim.AtLeast(10))
		proof.Holds("ten started with WaitGroup.Go", after(func(group *sync.WaitGroup, work func()) {
			group.Go(func() {
				late()
				work()
			})
		}))
		proof.Holds("ten counted before they start", after(func(group *sync.WaitGroup, work func()) {
			counted := func() {
				defer group.Done()
				late()
				work()
			}
			group.Add(1)
			go counted()
		}))
		proof.Control("ten that count themselves", after(func(group *sync.WaitGroup, work func()) {
			go func() {
				late()
				group.Add(1) // wrong: Wait may have returned
				defer group.Done()
				work()
			}()
		}), "0 goroutines, want at least 10")
	})
}

// Vet reports Add inside the goroutine that it counts.
func TestHappensBefore_waitGroupVet(t *testing.T) {
	proof := claim.Prove(t, goroutines.HappensBefore, prog.Ended(1, "WaitGroup.Add called from inside new goroutine"))
	proof.Holds("a goroutine that counts itself", vetted(t, "./testdata/waitgroup/inside"))
	proof.Control("a goroutine started with WaitGroup.Go", vetted(t, "./testdata/waitgroup/before"), "exit code 0, want 1")
}

// WaitGroup.Go counts, starts and marks as done, since Go 1.25. After Wait all
// that they wrote may be read.
func Example_happensBefore_waitGroup() {
	var squares [5]int
	var group sync.WaitGroup
	for i := range squares {
		group.Go(func() { squares[i] = i * i })
	}
	group.Wait()
	fmt.Println(squares)
	// Output: [0 1 4 9 16]
}
