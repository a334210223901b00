package closures_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/closures"
	"gonotes/closures/plain"
	"gonotes/internal/claim"
)

// A future is under way before anybody waits for it.
func TestConcurrent_futureStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forBoth := func(future func(func() int) func() int) claim.Figure {
			slow := func() int { time.Sleep(time.Second); return 21 }
			begin := time.Now()
			a, b := future(slow), future(slow)
			assert.Equal(t, 42, a()+b())
			return claim.Figure{Name: "two answers of a second each", Value: float64(time.Since(begin)), Unit: "ns"}
		}

		proof := claim.Prove(t, closures.Concurrent, claim.AtMost(float64(time.Second)))
		proof.Holds("with closures", forBoth(closures.Future))
		proof.Holds("with methods", forBoth(func(f func() int) func() int { return plain.NewFuture(f).Wait }))
		proof.Control("sync.OnceValue, which starts when it is first asked", forBoth(sync.OnceValue), "2e+09 ns, want at most 1e+09")
	})
}

// Future returns at once a function that waits for the answer.
//
//claim:closures/concurrent
func ExampleFuture() {
	price, rate := 250, make(chan int)
	inEuro := closures.Future(func() int { return price * <-rate / 100 })
	fmt.Println("asked for the price in euro")

	rate <- 92
	fmt.Println("answer:", inEuro())
	fmt.Println("and once more:", inEuro())
	// Output:
	// asked for the price in euro
	// answer: 230
	// and once more: 230
}
