package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ncruces/go-sqlite3"
)

// A connection is closed with its statements.
type connection struct{ *sqlite3.Conn }

// prepared returns the statement, which lives as long as the connection.
func (c connection) prepared(query string) (*sqlite3.Stmt, error) {
	stmt, _, err := c.PrepareFlags(query, sqlite3.PREPARE_PERSISTENT)
	return stmt, err
}

// Close closes the statements and the connection.
func (c connection) Close() error {
	var errs []error
	for _, stmt := range slices.Collect(c.Stmts()) {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, c.Conn.Close())...)
}

// A pool is what takes turns at connections.
type pool[C interface {
	SetInterrupt(context.Context) context.Context
	Close() error
}] struct {
	idle chan C
	size int
}

func newPool[C interface {
	SetInterrupt(context.Context) context.Context
	Close() error
}](size int) pool[C] {
	return pool[C]{idle: make(chan C, size)}
}

func (p *pool[C]) add(c C) {
	p.size++
	p.idle <- c
}

func (p *pool[C]) close() error {
	var errs []error
	for range p.size {
		errs = append(errs, (<-p.idle).Close())
	}
	return errors.Join(errs...)
}

// use calls do with a connection of which nobody else has the use, and which is
// interrupted when ctx ends.
func (p *pool[C]) use(ctx context.Context, do func(C) error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case c := <-p.idle:
		defer func() { p.idle <- c }()
		defer c.SetInterrupt(c.SetInterrupt(ctx))
		err := do(c)
		if ctx.Err() != nil && errors.Is(err, sqlite3.INTERRUPT) {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		return err
	}
}
