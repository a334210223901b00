package main

import (
	"context"
	"io"
	"os"
)

// An input is what a command reads. It gives up when its context is done, though a
// terminal or a pipe may say nothing for ever.
type input struct {
	ctx    context.Context
	from   io.Reader
	ask    func() // nil, or called before each wait
	buffer []byte
	read   int64 // bytes
}

func (in *input) Read(into []byte) (int, error) {
	if in.ask != nil {
		in.ask()
	}
	if len(in.buffer) < len(into) {
		in.buffer = make([]byte, len(into)) // into is the caller's again when Read gives up
	}
	n, err := await(in.ctx, func() (int, error) { return in.from.Read(in.buffer[:len(into)]) })
	in.read += int64(n)
	return copy(into, in.buffer[:n]), err
}

// open opens a file, which takes for ever if it is a pipe that nobody writes to.
func open(ctx context.Context, name string) (*os.File, error) {
	return await(ctx, func() (*os.File, error) { return os.Open(name) })
}

// await returns what do returns, unless the context is done before.
func await[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
