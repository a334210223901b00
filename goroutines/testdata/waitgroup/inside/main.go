// Inside counts a goroutine only when it runs, so Wait may find nobody to wait
// for. Vet reports it.
package main

import (
	"fmt"
	"sync"
)

func main() {
	var group sync.WaitGroup
	go func() {
		group.Add(1) // wrong: too late
		defer group.Done()
		fmt.Println("worked")
	}()
	group.Wait()
}
