// Before counts the goroutine before it starts.
package main

import (
	"fmt"
	"sync"
)

func main() {
	var group sync.WaitGroup
	group.Go(func() { fmt.Println("worked") })
	group.Wait()
}
