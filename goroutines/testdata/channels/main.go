// Channels hands numbers from one goroutine to another and adds them up, in the
// way that its argument names. Only the first way is safe.
package main

import (
	"fmt"
	"log"
	"os"
	"sync"
)

func main() {
	switch os.Args[1] {
	case "values":
		fmt.Println(values(1000))
	case "shared":
		fmt.Println(shared(1000))
	case "pointer":
		fmt.Println(pointer(1000))
	case "nobody":
		make(chan int) <- 1
	case "branch":
		fmt.Println(branch(len(os.Args) > 2))
	default:
		log.Fatalf("channels knows no way %q", os.Args[1])
	}
}

// values sends numbers: each belongs to the sender before and to the receiver
// after.
func values(n int) (sum int) {
	numbers := make(chan int)
	go func() {
		defer close(numbers)
		for i := range n {
			numbers <- i
		}
	}()
	for i := range numbers {
		sum += i
	}
	return sum
}

// shared adds up in a variable that both goroutines write.
func shared(n int) (sum int) {
	var adding sync.WaitGroup
	for range 2 {
		adding.Go(func() {
			for range n {
				sum++ // race: nothing orders the two
			}
		})
	}
	adding.Wait()
	return sum
}

// pointer sends the address of a variable and goes on writing it.
func pointer(n int) (sum int) {
	numbers := make(chan *int)
	go func() {
		defer close(numbers)
		var number int
		for i := range n {
			number = i // race: the receiver may be reading it
			numbers <- &number
		}
	}()
	for i := range numbers {
		sum += *i
	}
	return sum
}

// branch has a race in a branch that is not always taken.
func branch(taken bool) (sum int) {
	if taken {
		return shared(1000)
	}
	return values(1000)
}
