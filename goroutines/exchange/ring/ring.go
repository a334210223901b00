// Package ring hands values from one goroutine to another without a lock: a bounded
// ring for one writer and one reader.
package ring

import (
	"math/bits"
	"sync/atomic"
)

// A Ring may be written by one goroutine and read by one other at a time.
type Ring[T any] struct {
	slots []T
	mask  uint64

	_       [64]byte      // what the writer writes lies in other cache lines than what the reader writes
	written atomic.Uint64 // number of values written
	known   uint64        // the last number read that the writer saw

	_    [64]byte
	read atomic.Uint64 // number of values read
	seen uint64        // the last number written that the reader saw
	_    [64]byte
}

// New returns a ring for at least so many values, one at least.
func New[T any](size int) *Ring[T] {
	slots := make([]T, 1<<bits.Len(uint(max(size, 1)-1)))
	return &Ring[T]{slots: slots, mask: uint64(len(slots) - 1)}
}

// Free returns how many values the writer can write.
func (r *Ring[T]) Free() int {
	r.known = r.read.Load()
	return len(r.slots) - int(r.written.Load()-r.known)
}

// Write writes as many of the values as there is room for, and returns how many. It
// never waits.
func (r *Ring[T]) Write(values []T) int {
	written := r.written.Load()
	if free := uint64(len(r.slots)) - (written - r.known); free < uint64(len(values)) {
		r.known = r.read.Load()
		values = values[:min(uint64(len(values)), uint64(len(r.slots))-(written-r.known))]
	}
	at := written & r.mask
	n := copy(r.slots[at:], values)
	copy(r.slots, values[n:])
	r.written.Store(written + uint64(len(values)))
	return len(values)
}

// Peek returns values that can be read, in the order in which they were written: all of
// them, or those up to the end of the slots. They stay in the ring. It never waits.
func (r *Ring[T]) Peek() []T {
	read := r.read.Load()
	if r.seen == read {
		r.seen = r.written.Load()
	}
	at := read & r.mask
	return r.slots[at:min(at+r.seen-read, uint64(len(r.slots)))]
}

// Skip takes the first n values, which Peek returned, out of the ring.
func (r *Ring[T]) Skip(n int) { r.read.Store(r.read.Load() + uint64(n)) }
