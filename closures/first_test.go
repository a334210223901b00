package closures_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gonotes/closures"
	"gonotes/closures/plain"
	"gonotes/internal/claim"
)

// ask runs first over sources that answer after 3, 1 and 2 seconds, and says
// who won and how many of the losers were told to stop.
func ask(t *testing.T, f first) (winner string, stopped int) {
	var told atomic.Int32
	source := func(name string, after time.Duration) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			select {
			case <-ctx.Done():
				told.Add(1)
				return "", ctx.Err()
			case <-time.After(after):
				return name, nil
			}
		}
	}
	winner, _ = f(t.Context(), source("slow", 3*time.Second), source("quick", time.Second), source("middling", 2*time.Second))
	time.Sleep(time.Minute) // of the bubble, so that every source has ended
	return winner, int(told.Load())
}

// The quickest source wins, and the others are told to stop.
func TestConcurrent_firstAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proof := claim.Prove(t, closures.Concurrent, func(f first) error {
			winner, stopped := ask(t, f)
			if winner != "quick" {
				return fmt.Errorf("the winner is %s, want quick", winner)
			}
			if stopped != 2 {
				return fmt.Errorf("%d losers were told to stop, want 2", stopped)
			}
			return nil
		})
		proof.Holds("with closures", closures.First)
		proof.Holds("with methods", plain.First)
		proof.Control("every source in turn", firstInTurn, "the winner is slow")
		proof.Control("sources that keep the caller's context", firstWithoutCancel, "0 losers were told to stop")
	})
}

func firstInTurn(ctx context.Context, sources ...func(context.Context) (string, error)) (answer string, _ error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, source := range sources {
		if got, err := source(ctx); err == nil {
			answer = got
			cancel()
		}
	}
	return answer, nil
}

func firstWithoutCancel(ctx context.Context, sources ...func(context.Context) (string, error)) (string, error) {
	kept := make([]func(context.Context) (string, error), len(sources))
	for i, source := range sources {
		kept[i] = func(context.Context) (string, error) { return source(ctx) }
	}
	return closures.First(ctx, kept...)
}

var goroutineState = regexp.MustCompile(`Goroutine \d+ in state ([^,]+),`)

// A loser that finds no room for its answer is stuck for ever, and goleak finds it.
func TestConcurrent_firstLeaks(t *testing.T) {
	here := func(context.Context) (string, error) { return "here", nil }
	proof := claim.Prove(t, closures.Concurrent, func(f first) error {
		before := goleak.IgnoreCurrent()
		if _, err := f(t.Context(), here, here, here); err != nil {
			return err
		}
		if err := goleak.Find(before); err != nil {
			states := goroutineState.FindAllStringSubmatch(err.Error(), -1)
			return fmt.Errorf("goleak finds %d goroutines left behind, the first in state %s", len(states), states[0][1])
		}
		return nil
	})
	proof.Holds("room for every answer, with closures", closures.First)
	proof.Holds("room for every answer, with methods", plain.First)

	stuck := make(chan string)
	proof.Control("room for none", func(ctx context.Context, sources ...func(context.Context) (string, error)) (string, error) {
		for _, source := range sources {
			go func() {
				answer, _ := source(ctx)
				stuck <- answer
			}()
		}
		return <-stuck, nil
	}, "2 goroutines left behind, the first in state chan send")
	<-stuck // the test cleans up what its control left behind
	<-stuck
}

// First returns the quickest answer, and its losers are cancelled.
//
//claim:closures/concurrent
func ExampleFirst() {
	mirror := func(name string, answers bool) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			if answers {
				return "page from " + name, nil
			}
			<-ctx.Done() // a mirror that hangs
			return "", ctx.Err()
		}
	}
	page, err := closures.First(context.Background(), mirror("Oslo", false), mirror("Riga", true), mirror("Turku", false))
	fmt.Println(page, err)

	down := func(context.Context) (string, error) { return "", errors.New("down") }
	_, err = closures.First(context.Background(), down)
	fmt.Println(err)
	// Output:
	// page from Riga <nil>
	// no source answered
	// down
}
