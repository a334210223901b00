package goroutines_test

import (
	"errors"
	"fmt"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// lookupError is an error type of one's own.
type lookupError struct{ name string }

func (e *lookupError) Error() string { return "no such name: " + e.name }

// lookup returns its error as the concrete type.
func lookup(name string) *lookupError {
	if name == "" {
		return &lookupError{name}
	}
	return nil
}

// lookUp returns its error as an error.
func lookUp(name string) error {
	if name == "" {
		return &lookupError{name}
	}
	return nil
}

// A nil pointer of an error type that is sent as an error is not nil where it
// is received: the goroutine seems to have failed.
func TestChannels_typedNil(t *testing.T) {
	received := func(send func(errs chan<- error)) error {
		errs := make(chan error)
		go send(errs)
		return <-errs
	}
	proof := claim.Prove(t, goroutines.Channels, func(received error) error {
		if received != nil {
			return fmt.Errorf("the receiver takes a %T for a failure", received)
		}
		return nil
	})
	proof.Holds("nil from a function that returns error", received(func(errs chan<- error) { errs <- lookUp("Ada") }))
	proof.Control("nil from a function that returns a pointer", received(func(errs chan<- error) { errs <- lookup("Ada") }),
		"the receiver takes a *goroutines_test.lookupError for a failure")
}

// A nil pointer becomes an error that is not nil when it is sent on a channel of
// errors.
func Example_channels_typedNil() {
	errs := make(chan error, 1)

	errs <- lookup("Ada") // wrong: an error with a type and no value
	err := <-errs
	_, is := errors.AsType[*lookupError](err)
	fmt.Println("nil pointer sent, nil received:", err == nil)
	fmt.Println("it is a *lookupError:          ", is)

	errs <- lookUp("Ada")
	fmt.Println("nil error sent, nil received:  ", <-errs == nil)
	// Output:
	// nil pointer sent, nil received: false
	// it is a *lookupError:           true
	// nil error sent, nil received:   true
}
