package goroutines_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// naturals are the numbers from 0, without an end.
func naturals(yield func(int) bool) {
	for i := 0; yield(i); i++ {
	}
}

func double(n int) int { return 2 * n }

// leakyTwice sends each value twice, to a consumer that stays to the end. The
// wrong way: if nobody receives any more, it waits for ever.
func leakyTwice(in <-chan int) <-chan int {
	out := make(chan int)
	go func() {
		defer close(out)
		for value := range in {
			out <- value
			out <- value
		}
	}()
	return out
}

// nothingLeft is the check that goleak reported nothing. It names the first
// goroutine that was, without its stack.
func nothingLeft(report error) error {
	if report == nil {
		return nil
	}
	first, _, _ := strings.Cut(report.Error(), " on top of the stack")
	return errors.New(first)
}

// A consumer that leaves a pipeline after one value, or a context that ends,
// leaves no stage behind. A stage that can only send is left, and goleak finds it.
func TestLeakProfile_pipeline(t *testing.T) {
	type stages func(context.Context) <-chan int
	breakOff := func(stages stages) {
		for range goroutines.Pipe(t.Context(), stages) {
			break
		}
	}
	cancelled := func(stages stages) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		<-stages(ctx)
	}
	var silent chan int // nothing comes on it
	left := func(leave func(stages), stages stages) error {
		silent = make(chan int)
		others := goleak.IgnoreCurrent()
		var last <-chan int
		leave(func(ctx context.Context) <-chan int {
			last = stages(ctx)
			return last
		})
		report := goleak.Find(others)
		close(silent)
		for range last { // lets those end who were left
		}
		return report
	}

	emit := func(ctx context.Context) <-chan int { return goroutines.Emit(ctx, slices.Values(upTo(100))) }
	transform := func(ctx context.Context) <-chan int { return goroutines.Transform(ctx, emit(ctx), double) }
	merge := func(ctx context.Context) <-chan int { return goroutines.Merge(ctx, emit(ctx), transform(ctx)) }
	idle := func(ctx context.Context) <-chan int { return goroutines.Merge(ctx, emit(ctx), silent) }
	leaky := func(ctx context.Context) <-chan int { return leakyTwice(emit(ctx)) }

	proof := claim.Prove(t, goroutines.LeakProfile, nothingLeft)
	proof.Holds("Emit, and the consumer leaves", left(breakOff, emit))
	proof.Holds("Transform, and the consumer leaves", left(breakOff, transform))
	proof.Holds("Merge, and the consumer leaves", left(breakOff, merge))
	proof.Holds("Merge of an input on which nothing comes, and the consumer leaves", left(breakOff, idle))
	proof.Holds("Merge, and the context is cancelled", left(cancelled, merge))
	proof.Control("a stage that can only send, and the consumer leaves", left(breakOff, leaky), "in state chan send, with gonotes/goroutines_test.leakyTwice")
	proof.Control("a stage that can only send, and the context is cancelled", left(cancelled, leaky), "in state chan send, with gonotes/goroutines_test.leakyTwice")
}

// A pipeline that is received from to its end hands on every value once.
func TestLeakProfile_pipelineHandsOnAll(t *testing.T) {
	const n = 1000
	hundreds := func(ctx context.Context, merge func(context.Context, ...<-chan int) <-chan int) []int {
		var ins []<-chan int
		for first := range n / 100 {
			ins = append(ins, goroutines.Transform(ctx, goroutines.Emit(ctx, slices.Values(upTo(100))), func(i int) int { return first*100 + i }))
		}
		return slices.Collect(goroutines.Pipe(ctx, func(context.Context) <-chan int { return merge(ctx, ins...) }))
	}
	proof := claim.Prove(t, goroutines.LeakProfile, func(got []int) error {
		slices.Sort(got)
		if !slices.Equal(got, upTo(n)) {
			return fmt.Errorf("%d values, %d of them distinct, want %d", len(got), len(slices.Compact(got)), n)
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	proof.Holds("ten sources of 100 values, merged", hundreds(ctx, goroutines.Merge))
	proof.Control("the same, and only the first source is listened to", hundreds(ctx, func(_ context.Context, ins ...<-chan int) <-chan int { return ins[0] }), "100 values, 100 of them distinct, want 1000")
}

// upTo are the numbers below n.
func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// A consumer takes the first squares above 20 of numbers without an end, and
// leaves; the stages end.
//
//claim:goroutines/leak-profile
func ExamplePipe() {
	others := goleak.IgnoreCurrent()
	squares := goroutines.Pipe(context.Background(), func(ctx context.Context) <-chan int {
		return goroutines.Transform(ctx, goroutines.Emit(ctx, naturals), func(n int) int { return n * n })
	})
	for square := range squares {
		if square > 40 {
			break
		}
		if square > 20 {
			fmt.Println(square)
		}
	}
	fmt.Println("left behind:", goleak.Find(others))
	// Output:
	// 25
	// 36
	// left behind: <nil>
}

// Merge ends when all of its inputs have.
//
//claim:goroutines/leak-profile
func ExampleMerge() {
	ctx := context.Background()
	teas := goroutines.Emit(ctx, slices.Values([]string{"assam", "darjeeling"}))
	coffees := goroutines.Emit(ctx, slices.Values([]string{"java"}))

	var menu []string
	for drink := range goroutines.Merge(ctx, teas, coffees) {
		menu = append(menu, drink)
	}
	slices.Sort(menu) // they arrive in any order
	fmt.Println(menu)
	// Output: [assam darjeeling java]
}
