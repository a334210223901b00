package goroutines_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// outOfRange panics.
func outOfRange() error {
	numbers := []int{1, 2}
	fmt.Println(numbers[len(numbers)])
	return nil
}

// A goroutine that recovers its own panic can hand it on as an error, with the
// place where it happened.
func TestPanicKillsProcess_handedOn(t *testing.T) {
	valueOnly := func(task func() error) <-chan error {
		ended := make(chan error, 1)
		go func() {
			defer func() { ended <- &goroutines.PanicError{Value: recover()} }() // wrong: the stack is lost
			_ = task()
		}()
		return ended
	}
	proof := claim.Prove(t, goroutines.PanicKillsProcess, func(err error) error {
		panicked, ok := errors.AsType[*goroutines.PanicError](err)
		if !ok {
			return fmt.Errorf("no panic was handed on: %v", err)
		}
		if _, ok := errors.AsType[runtime.Error](err); !ok {
			return fmt.Errorf("the panic's value is %v, no runtime.Error", panicked.Value)
		}
		if !strings.Contains(string(panicked.Stack), "outOfRange") {
			return errors.New("the stack does not show who panicked")
		}
		return nil
	})
	proof.Holds("a goroutine that recovers and sends", <-goroutines.Recovered(outOfRange))
	proof.Control("a task that returns an error", <-goroutines.Recovered(func() error { return errors.New("no luck") }), "no panic was handed on: no luck")
	proof.Control("a task that ends with Goexit", <-goroutines.Recovered(func() error { runtime.Goexit(); return nil }), "no panic was handed on: the goroutine ended with runtime.Goexit")
	proof.Control("a task that panics with a text", <-goroutines.Recovered(func() error { panic("outOfRange") }), "the panic's value is outOfRange, no runtime.Error")
	proof.Control("a recover that keeps the value only", <-valueOnly(outOfRange), "the stack does not show who panicked")
}

// A panic is received like any other error.
//
//claim:goroutines/panic-kills-process
func ExampleRecovered() {
	for _, index := range []int{1, 2} {
		letters := []string{"a", "b"}
		err := <-goroutines.Recovered(func() error {
			fmt.Println("letter:", letters[index])
			return nil
		})
		fmt.Println("error: ", err)
		if panicked, ok := errors.AsType[*goroutines.PanicError](err); ok {
			fmt.Println("stack: ", strings.Contains(string(panicked.Stack), "ExampleRecovered"))
		}
	}
	// Output:
	// letter: b
	// error:  <nil>
	// error:  panic: runtime error: index out of range [2] with length 2
	// stack:  true
}
