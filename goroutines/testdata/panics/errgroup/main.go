// Errgroup has a task that panics in a group, plain or with its panic recovered
// where it happens, as its argument says.
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"gonotes/goroutines"
)

func main() {
	defer func() {
		if value := recover(); value != nil {
			fmt.Println("main recovered:", value)
		}
	}()
	task := func() error { panic("lost in the group") }
	var group errgroup.Group
	switch os.Args[1] {
	case "plain":
		group.Go(task)
	case "recovered":
		group.Go(func() error { return <-goroutines.Recovered(task) })
	default:
		log.Fatalf("errgroup knows no way %q", os.Args[1])
	}
	fmt.Println("Wait returned:", group.Wait())
	// The group's deferred Done runs before the panic ends the process, so main may be
	// here first, and would end it with exit code 0.
	time.Sleep(time.Second)
}
