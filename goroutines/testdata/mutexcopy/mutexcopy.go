// Package mutexcopy calls the add of a counter, which is to hold a mutex, from
// two places at once.
package mutexcopy

import (
	"os"
	"sync"
	"time"
)

// Call calls add as the program's argument says: two goroutines together, or
// without an argument once while somebody adds. Add adds one, and calls
// meanwhile when it has read and not yet written.
func Call(add func(meanwhile func())) {
	if len(os.Args) > 1 {
		together(add)
	} else {
		meanwhile(add)
	}
}

// meanwhile adds one while somebody adds one, if the mutex lets it.
func meanwhile(add func(func())) {
	added := make(chan bool)
	add(func() {
		go func() {
			add(func() {})
			close(added)
		}()
		select {
		case <-added:
		case <-time.After(100 * time.Millisecond): // it waits for the mutex, as it should
		}
	})
	<-added
}

// together lets two goroutines add a thousand each.
func together(add func(func())) {
	var adding sync.WaitGroup
	for range 2 {
		adding.Go(func() {
			for range 1000 {
				add(func() {})
			}
		})
	}
	adding.Wait()
}
