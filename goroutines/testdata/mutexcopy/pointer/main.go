// Pointer counts with a mutex in a pointer receiver: all calls lock the one.
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

type counter struct {
	mu sync.Mutex
	n  *int
}

// add adds one, and calls meanwhile when it has read and not yet written.
func (c *counter) add(meanwhile func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	read := *c.n
	meanwhile()
	*c.n = read + 1
}

func main() {
	c := &counter{n: new(int)}
	if len(os.Args) > 1 {
		addTogether(c)
	} else {
		addMeanwhile(c)
	}
	fmt.Println(*c.n)
}

// addMeanwhile adds one while somebody adds one, if the mutex lets it.
func addMeanwhile(c *counter) {
	added := make(chan bool)
	c.add(func() {
		go func() {
			c.add(func() {})
			close(added)
		}()
		select {
		case <-added:
		case <-time.After(100 * time.Millisecond): // it waits for the mutex, as it should
		}
	})
	<-added
}

// addTogether lets two goroutines add a thousand each.
func addTogether(c *counter) {
	var adding sync.WaitGroup
	for range 2 {
		adding.Go(func() {
			for range 1000 {
				c.add(func() {})
			}
		})
	}
	adding.Wait()
}
