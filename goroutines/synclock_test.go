package goroutines_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// An RWMutex lets many readers in together, and a Mutex one; and a writer is
// alone with both.
func TestHappensBefore_rwMutex(t *testing.T) {
	type in struct{ readers, besideWriter int }
	locked := func(tryRead func() bool, doneReading func(), write, doneWriting func()) in {
		enter := func() (count int) {
			for range 10 {
				if tryRead() {
					count++
				}
			}
			for range count {
				doneReading()
			}
			return count
		}
		readers := enter()
		write()
		defer doneWriting()
		return in{readers, enter()}
	}
	proof := claim.Prove(t, goroutines.HappensBefore, func(i in) error {
		if i.readers < 10 {
			return fmt.Errorf("%d of 10 readers together", i.readers)
		}
		if i.besideWriter > 0 {
			return fmt.Errorf("%d readers beside a writer", i.besideWriter)
		}
		return nil
	})
	var rw sync.RWMutex
	var mutex sync.Mutex
	proof.Holds("an RWMutex", locked(rw.TryRLock, rw.RUnlock, rw.Lock, rw.Unlock))
	proof.Control("a Mutex", locked(mutex.TryLock, mutex.Unlock, mutex.Lock, mutex.Unlock), "1 of 10 readers together")
	proof.Control("an RWMutex that the writer locks to read", locked(rw.TryRLock, rw.RUnlock, rw.RLock, rw.RUnlock), "10 readers beside a writer")
}

// A function in a Once runs once whatever comes of it: after a panic too, which
// OnceFunc repeats to every caller and Once.Do only to the first.
func TestHappensBefore_once(t *testing.T) {
	calls := func(once func(f func()) func()) error {
		runs, panics := 0, 0
		do := once(func() {
			runs++
			panic("no tea")
		})
		for range 3 {
			func() {
				defer func() {
					if recover() != nil {
						panics++
					}
				}()
				do()
			}()
		}
		if runs != 1 {
			return fmt.Errorf("ran %d times", runs)
		}
		if panics != 3 {
			return fmt.Errorf("%d of 3 callers learn that it failed", panics)
		}
		return nil
	}
	proof := claim.Prove(t, goroutines.HappensBefore, calls)
	proof.Holds("OnceFunc", sync.OnceFunc)
	proof.Control("Once.Do", func(f func()) func() {
		var once sync.Once
		return func() { once.Do(f) }
	}, "1 of 3 callers learn that it failed")
	proof.Control("a flag set after the work", func(f func()) func() {
		done := false
		return func() {
			if !done {
				f()
				done = true
			}
		}
	}, "ran 3 times")
}

// OnceValues makes a value when somebody first asks, and gives it to all; an
// error stays, too.
func Example_happensBefore_once() {
	made := 0
	connect := sync.OnceValues(func() (string, error) {
		made++
		return "", errors.New("no server")
	})
	var callers sync.WaitGroup
	for range 10 {
		callers.Go(func() { _, _ = connect() })
	}
	callers.Wait()
	_, err := connect()
	fmt.Println("made: ", made)
	fmt.Println("error:", err)
	// Output:
	// made:  1
	// error: no server
}
