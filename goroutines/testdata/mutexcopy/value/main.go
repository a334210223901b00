// Value counts with a mutex in a value receiver: each call locks a copy.
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

func (c counter) add(meanwhile func()) { // wrong: c.mu is a copy, and not locked
	c.mu.Lock()
	defer c.mu.Unlock()
	read := *c.n
	meanwhile()
	*c.n = read + 1
}

func main() {
	c := counter{n: new(int)}
	mutexcopy.Call(c.add)
	fmt.Println(*c.n)
}
