package goroutines

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrGoexit is the error of a goroutine that ended with runtime.Goexit, as
// FailNow of package testing ends it.
var ErrGoexit = errors.New("the goroutine ended with runtime.Goexit")

// PanicError is the panic of a goroutine as an error.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // where, as debug.Stack gives it
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap is the panic's value if that is an error, as a runtime.Error is.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Recovered runs task in a goroutine of its own and sends how that ended: with
// the error of task, with a [*PanicError], or with [ErrGoexit]. The channel has
// room for it, so nobody need receive.
func Recovered(task func() error) <-chan error {
	ended := make(chan error, 1)
	go func() {
		err := ErrGoexit // unless task returns or panics
		defer func() {
			if value := recover(); value != nil {
				err = &PanicError{value, debug.Stack()}
			}
			ended <- err
		}()
		err = task()
	}()
	return ended
}
