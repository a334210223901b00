package closures_test

import (
	"context"
	"errors"
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

func add(a, b int) int { return a + b }

// The first error cancels the context that the other tasks captured, so a
// fan-out does not wait an hour for them.
func TestConcurrent_fanOutCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		untilReturned := func(f fanOut) claim.Figure {
			work := func(ctx context.Context, n int) (int, error) {
				if n == 0 {
					time.Sleep(time.Second)
					return 0, errors.New("item 0")
				}
				select {
				case <-ctx.Done():
					return 0, ctx.Err()
				case <-time.After(time.Hour):
					return n, nil
				}
			}
			begin := time.Now()
			_, err := f(t.Context(), 10, upTo(10), work, add)
			assert.EqualError(t, err, "item 0", "the first error and not one of those that it caused")
			return claim.Figure{Name: "time until it returned", Value: float64(time.Since(begin)), Unit: "ns"}
		}

		proof := claim.Prove(t, closures.Concurrent, claim.AtMost(float64(time.Second)))
		proof.Holds("errgroup and closures", untilReturned(closures.FanOut))
		proof.Holds("errgroup and methods", untilReturned(plain.FanOut))
		proof.Control("a WaitGroup alone", untilReturned(fanOutByWaitGroup), "3.6e+12 ns, want at most 1e+09")
	})
}

// fanOutByWaitGroup knows of no cancelling: it returns when the last has ended.
func fanOutByWaitGroup(ctx context.Context, _ int, items []int, work func(context.Context, int) (int, error), fold func(int, int) int) (int, error) {
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		total int
		first error
	)
	for _, item := range items {
		group.Go(func() {
			answer, err := work(ctx, item)
			mu.Lock()
			defer mu.Unlock()
			total = fold(total, answer)
			if first == nil {
				first = err
			}
		})
	}
	group.Wait()
	return total, first
}

// A fan-out has at most as many tasks under way as its limit says.
func TestConcurrent_fanOutLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mostAtOnce := func(f fanOut) claim.Figure {
			var (
				mu             sync.Mutex
				underWay, most int
			)
			_, err := f(t.Context(), 2, upTo(10), func(context.Context, int) (int, error) {
				mu.Lock()
				underWay++
				most = max(most, underWay)
				mu.Unlock()
				time.Sleep(time.Second) // in the bubble: until all the others wait too
				mu.Lock()
				underWay--
				mu.Unlock()
				return 0, nil
			}, add)
			assert.NoError(t, err)
			return claim.Figure{Name: "most tasks at once", Value: float64(most), Unit: "tasks"}
		}

		proof := claim.Prove(t, closures.Concurrent, claim.AtMost(2))
		proof.Holds("errgroup and closures, limit 2", mostAtOnce(closures.FanOut))
		proof.Holds("errgroup and methods, limit 2", mostAtOnce(plain.FanOut))
		proof.Control("a WaitGroup alone", mostAtOnce(fanOutByWaitGroup), "10 tasks, want at most 2")
	})
}

// FanOut asks every warehouse at once and folds their answers into one sum.
//
//claim:closures/concurrent
func ExampleFanOut() {
	stock := map[string]int{"Oslo": 3, "Riga": 0, "Turku": 4}
	asked := "gloves" // captured by each task
	inStock := func(_ context.Context, city string) (int, error) {
		if _, ok := stock[city]; !ok {
			return 0, fmt.Errorf("no warehouse in %s for %s", city, asked)
		}
		return stock[city], nil
	}
	sum := func(a, b int) int { return a + b }

	total, err := closures.FanOut(context.Background(), 2, []string{"Oslo", "Riga", "Turku"}, inStock, sum)
	fmt.Println(asked+":", total, err)

	total, err = closures.FanOut(context.Background(), 2, []string{"Oslo", "Paris"}, inStock, sum)
	fmt.Println(asked+":", total, err)
	// Output:
	// gloves: 7 <nil>
	// gloves: 0 no warehouse in Paris for gloves
}
