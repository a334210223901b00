// Pointer counts with a mutex in a pointer receiver: all calls lock the one.
package main

import (
	"fmt"
	"sync"

	"gonotes/goroutines/testdata/mutexcopy"
)

type counter struct {
	mu sync.Mutex
	n  *int
}

func (c *counter) add(meanwhile func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	read := *c.n
	meanwhile()
	*c.n = read + 1
}

func main() {
	c := &counter{n: new(int)}
	mutexcopy.Call(c.add)
	fmt.Println(*c.n)
}
