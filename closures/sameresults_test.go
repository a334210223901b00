package closures_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/closures"
	"gonotes/closures/plain"
	"gonotes/internal/claim"
)

type outcome struct {
	answer any
	err    error
}

// outcomes are what the two forms of a calculation made of the same inputs.
type outcomes struct{ closures, plain []outcome }

func sameOutcomes(o outcomes) error {
	if len(o.closures) != len(o.plain) {
		return fmt.Errorf("%d outcomes with closures, %d without", len(o.closures), len(o.plain))
	}
	for i, got := range o.closures {
		want := o.plain[i]
		if failures(got.err) != failures(want.err) {
			return fmt.Errorf("input %d: error %q with closures, %q without", i, failures(got.err), failures(want.err))
		}
		if !assert.ObjectsAreEqual(got.answer, want.answer) {
			return fmt.Errorf("input %d: answer %v with closures, %v without", i, got.answer, want.answer)
		}
	}
	return nil
}

// failures is the text of err, its lines sorted: joined errors come in the
// order of arrival.
func failures(err error) string {
	if err == nil {
		return ""
	}
	return strings.Join(slices.Sorted(strings.Lines(err.Error()+"\n")), "")
}

// The two forms of each calculation return the same answers and errors.
func TestConcurrent_sameResults(t *testing.T) {
	proof := claim.Prove(t, closures.Concurrent, sameOutcomes)
	proof.Holds("fan-out and fan-in", outcomes{sumsOfSquares(t, closures.FanOut), sumsOfSquares(t, plain.FanOut)})
	proof.Holds("first answer wins", outcomes{firstAnswers(t, closures.First), firstAnswers(t, plain.First)})
	proof.Holds("parallel map", outcomes{doubled(closures.ParallelMap), doubled(plain.ParallelMap)})
	proof.Holds("future", outcomes{
		waitedTwice(closures.Future[string]),
		waitedTwice(func(f func() string) func() string { return plain.NewFuture(f).Wait }),
	})
	proof.Holds("memoised futures", outcomes{
		lengths(closures.Memoize[string, int]),
		lengths(func(f func(string) int) func(string) int { return plain.NewMemo(f).Get }),
	})
	words, numbers := []string{"go", " run "}, []int{1, 2, 3}
	proof.Holds("the pairs that gain nothing", outcomes{
		[]outcome{{answer: upperByLiteral(words)}, labels(labelsByLiteral(words, words)), {answer: totalsByClosure(2, numbers, nil, numbers, nil)}, {answer: doublesByLiteral(numbers)}, {answer: triplesByLiteral(numbers)}},
		[]outcome{{answer: upperByName(words)}, labels(labelsByName(words, words)), {answer: totalsRepeated(2, numbers, nil, numbers, nil)}, {answer: doublesByName(numbers)}, {answer: triplesByName(numbers)}},
	})
	proof.Control("a parallel map in the order of arrival", outcomes{doubled(closures.ParallelMap), doubled(inOrderOfArrival)}, "answer [0 2] with closures, [2 0] without")
	proof.Control("a fan-out that drops the error", outcomes{sumsOfSquares(t, closures.FanOut), sumsOfSquares(t, fanOutWithoutError)}, `error "item 3\n" with closures, "" without`)
	proof.Control("a fan-out that was asked less", outcomes{sumsOfSquares(t, closures.FanOut), sumsOfSquares(t, plain.FanOut)[1:]}, "7 outcomes with closures, 6 without")
}

var sizes = []int{0, 1, 2, 10, 1000}

func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

func labels(a, b []string) outcome { return outcome{answer: [][]string{a, b}} }

// fanOut is [closures.FanOut] for numbers.
type fanOut func(ctx context.Context, limit int, items []int, work func(context.Context, int) (int, error), fold func(int, int) int) (int, error)

func sumsOfSquares(t *testing.T, f fanOut) (found []outcome) {
	square := func(_ context.Context, n int) (int, error) { return n * n, nil }
	failing := func(_ context.Context, n int) (int, error) {
		if n == 3 {
			return 0, errors.New("item 3")
		}
		return 0, nil
	}
	add := func(a, b int) int { return a + b }
	for _, n := range sizes {
		sum, err := f(t.Context(), 4, upTo(n), square, add)
		found = append(found, outcome{sum, err})
	}
	sum, err := f(t.Context(), 0, upTo(10), square, add)
	found = append(found, outcome{sum, err})
	sum, err = f(t.Context(), 4, upTo(10), failing, add)
	return append(found, outcome{sum, err})
}

func fanOutWithoutError(ctx context.Context, limit int, items []int, work func(context.Context, int) (int, error), fold func(int, int) int) (int, error) {
	total, _ := plain.FanOut(ctx, limit, items, work, fold)
	return total, nil
}

// first is [closures.First] for strings.
type first func(ctx context.Context, sources ...func(context.Context) (string, error)) (string, error)

func firstAnswers(t *testing.T, f first) (found []outcome) {
	answers := func(context.Context) (string, error) { return "here", nil }
	waits := func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
	fails := func(text string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return "", errors.New(text) }
	}
	for _, sources := range [][]func(context.Context) (string, error){
		nil,
		{answers},
		{waits, waits, answers},
		{fails("a"), answers, waits},
		{fails("a"), fails("b"), fails("c")},
	} {
		answer, err := f(t.Context(), sources...)
		found = append(found, outcome{answer, err})
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	waitsOn := make(chan struct{})
	defer close(waitsOn)
	deaf := func(context.Context) (string, error) { <-waitsOn; return "", nil }
	answer, err := f(cancelled, deaf, deaf)
	return append(found, outcome{answer, err})
}

func doubled(f func([]int, func(int) int) []int) (found []outcome) {
	for _, n := range sizes {
		found = append(found, outcome{answer: f(upTo(n), func(n int) int { return 2 * n })})
	}
	return found
}

// inOrderOfArrival keeps each answer as it comes. Here the last item is made to
// be the first to finish, as a scheduler may have it.
func inOrderOfArrival(items []int, f func(int) int) []int {
	results := make([]int, 0, len(items))
	before := make(chan struct{})
	close(before)
	for _, item := range slices.Backward(items) {
		done := make(chan struct{})
		go func(before <-chan struct{}) {
			defer close(done)
			<-before
			results = append(results, f(item))
		}(before)
		before = done
	}
	<-before
	return results
}

func waitedTwice(future func(func() string) func() string) []outcome {
	calls := 0
	wait := future(func() string { calls++; return "answer" })
	return []outcome{{answer: wait()}, {answer: wait()}, {answer: calls}}
}

func lengths(memoize func(func(string) int) func(string) int) (found []outcome) {
	calls := 0
	length := memoize(func(s string) int { calls++; return len(s) })
	for _, s := range []string{"", "go", "gopher", "go", ""} {
		found = append(found, outcome{answer: length(s)})
	}
	return append(found, outcome{answer: calls})
}
