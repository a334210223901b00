package goroutines_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"weak"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// What lies in a sync.Pool survives one collection and not two: a free list
// would keep it for ever, and a weak pointer not even until the next.
func TestHappensBefore_pool(t *testing.T) {
	const values = 1000
	type left struct{ afterOne, afterTwo int }
	of := func(keep func(*[64]byte), take func() *[64]byte) left {
		defer debug.SetGCPercent(debug.SetGCPercent(-1)) // only the collections of this test
		count := func(collections int) int {
			for range values {
				keep(new([64]byte))
			}
			for range collections {
				runtime.GC()
			}
			found := 0
			for take() != nil {
				found++
			}
			return found
		}
		return left{count(1), count(2)}
	}
	proof := claim.Prove(t, goroutines.HappensBefore, func(l left) error {
		if l.afterOne < values/2 { // under the race detector Put drops some
			return fmt.Errorf("%d of %d left after one collection", l.afterOne, values)
		}
		if l.afterTwo > 0 {
			return fmt.Errorf("%d of %d left after two collections", l.afterTwo, values)
		}
		return nil
	})
	var pool sync.Pool
	proof.Holds("a sync.Pool", of(func(value *[64]byte) { pool.Put(value) }, func() *[64]byte {
		value, _ := pool.Get().(*[64]byte)
		return value
	}))
	free := make(chan *[64]byte, values)
	proof.Control("a free list in a channel", of(func(value *[64]byte) { free <- value }, func() *[64]byte {
		select {
		case value := <-free:
			return value
		default:
			return nil
		}
	}), "1000 of 1000 left after two collections")
	var weakly []weak.Pointer[[64]byte]
	proof.Control("weak pointers", of(func(value *[64]byte) { weakly = append(weakly, weak.Make(value)) }, func() *[64]byte {
		for len(weakly) > 0 {
			last := weakly[len(weakly)-1]
			weakly = weakly[:len(weakly)-1]
			if value := last.Value(); value != nil {
				return value
			}
		}
		return nil
	}), "of 1000 left after one collection")
}

// Put and Get hand over a value as it was left: of a buffer that nobody resets,
// or of which more is read than was written, one user's text reaches the next.
func TestHappensBefore_poolDirty(t *testing.T) {
	const users = 100 // under the race detector Put drops some
	leaks := func(answer func(text string) string) error {
		for range users {
			answer("user: ann, password: tea")
			if text := answer("hello"); strings.Contains(text, "password") {
				return fmt.Errorf("the next user reads %.24q", text)
			}
		}
		return nil
	}
	buffers := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	pages := sync.Pool{New: func() any { return new([64]byte) }}

	proof := claim.Prove(t, goroutines.HappensBefore, leaks)
	proof.Holds("a buffer that is reset before use", func(text string) string {
		buffer := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buffer)
		buffer.Reset()
		buffer.WriteString(text)
		return buffer.String()
	})
	proof.Holds("a page read as far as it was written", func(text string) string {
		page := pages.Get().(*[64]byte)
		defer pages.Put(page)
		n := copy(page[:], text)
		return string(page[:n])
	})
	proof.Control("a buffer that is not reset", func(text string) string {
		buffer := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buffer)
		buffer.WriteString(text)
		return buffer.String()
	}, "the next user reads")
	proof.Control("a page read to its end", func(text string) string {
		page := pages.Get().(*[64]byte)
		defer pages.Put(page)
		copy(page[:], text)
		return string(page[:])
	}, "the next user reads")
}

// A pool gives buffers to use again. Who takes one resets it, and puts it back
// only when nobody has it any more.
func Example_happensBefore_pool() {
	buffers := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	greet := func(name string) string {
		buffer := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buffer)
		buffer.Reset() // it may hold what another wrote
		fmt.Fprintf(buffer, "hello, %s", name)
		return buffer.String() // a copy: buffer.Bytes() would change under the caller
	}
	fmt.Println(greet("ann"))
	fmt.Println(greet("bob"))
	// Output:
	// hello, ann
	// hello, bob
}
