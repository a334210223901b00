package ring_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/goroutines/exchange/ring"
)

// A ring has room for at least as many values as asked, takes what fits and gives them
// back in order, around its end as well.
func TestRing(t *testing.T) {
	r := ring.New[int](5)
	assert.Equal(t, 8, r.Free())
	assert.Empty(t, r.Peek())
	next := 0
	for round := range 20 { // three by three, so that the end is anywhere
		assert.Equal(t, 3, r.Write([]int{3 * round, 3*round + 1, 3*round + 2}), round)
		for got := r.Peek(); len(got) > 0; got = r.Peek() {
			assert.Equal(t, next, got[0])
			next++
			r.Skip(1)
		}
		assert.Equal(t, 8, r.Free())
	}
	assert.Equal(t, 60, next)
	assert.Equal(t, 8, r.Write(make([]int, 10)))
	assert.Equal(t, 0, r.Free())
	assert.Equal(t, 0, r.Write([]int{1}))
	r.Skip(2)
	assert.Equal(t, 2, r.Free())
	assert.Equal(t, 2, r.Write([]int{1, 2, 3}))
	assert.Equal(t, 1, len(ring.New[int](0).Peek())+ring.New[int](0).Free())
}

// What one goroutine writes another reads, all of it, in order.
func TestRing_goroutines(t *testing.T) {
	const count = 200_000
	r := ring.New[int](64)
	done := make(chan bool)
	go func() {
		defer close(done)
		values := make([]int, 17)
		for next := 0; next < count; {
			n := min(len(values), count-next)
			for i := range n {
				values[i] = next + i
			}
			written := r.Write(values[:n])
			next += written
			if written == 0 {
				runtime.Gosched() // there may be one processor
			}
		}
	}()
	for next := 0; next < count; {
		got := r.Peek()
		for _, value := range got {
			if value != next {
				t.Fatalf("read %d, want %d", value, next)
			}
			next++
		}
		r.Skip(len(got))
		if len(got) == 0 {
			runtime.Gosched()
		}
	}
	<-done
}

// To write and to read allocates nothing.
func TestRing_allocations(t *testing.T) {
	r := ring.New[[6]uint64](64)
	values := make([][6]uint64, 64)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		r.Write(values)
		r.Skip(len(r.Peek()))
	}))
}
