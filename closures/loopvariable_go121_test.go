//go:build go1.21

// The constraint above makes Go 1.21 the language version of this file: its
// loops share one variable among their iterations.

package closures_test

import "fmt"

func forLoop121() readings {
	start, from := make(chan struct{}), []chan reading(nil)
	for i := 0; i < 3; i++ {
		answer := make(chan reading, 1)
		go func() { <-start; answer <- reading{i, &i} }()
		from = append(from, answer)
	}
	return answers(start, from)
}

func rangeLoop121() readings {
	start, from := make(chan struct{}), []chan reading(nil)
	for _, i := range []int{0, 1, 2} {
		answer := make(chan reading, 1)
		go func() { <-start; answer <- reading{i, &i} }()
		from = append(from, answer)
	}
	return answers(start, from)
}

func forLoopCopied121() readings {
	start, from := make(chan struct{}), []chan reading(nil)
	for i := 0; i < 3; i++ {
		i := i // the subject of the test
		answer := make(chan reading, 1)
		go func() { <-start; answer <- reading{i, &i} }()
		from = append(from, answer)
	}
	return answers(start, from)
}

// forLoopAwaited121 reads 0, 1 and 2, as the sharing cannot be seen when one
// goroutine runs at a time.
func forLoopAwaited121() (rs readings) {
	for i := 0; i < 3; i++ {
		answer := make(chan reading)
		go func() { answer <- reading{i, &i} }()
		rs = append(rs, <-answer)
	}
	return rs
}

func captureInLoop121() {
	for i := range inLoop {
		inLoop[i] = func() int { return i }
	}
}

// Before Go 1.22, and in this file, goroutines started in a loop share its variable.
func Example_loopVariable_before() {
	start := make(chan struct{})
	var answers []chan int
	for i := 0; i < 3; i++ {
		answer := make(chan int)
		go func() { <-start; answer <- i }()
		answers = append(answers, answer)
	}
	close(start) // now that the loop is over
	fmt.Println("before Go 1.22:", <-answers[0], <-answers[1], <-answers[2])
	// Output:
	// before Go 1.22: 3 3 3
}

// Before Go 1.22 the cure was a copy for each iteration, which is no longer needed.
func Example_loopVariable_cure() {
	start := make(chan struct{})
	var answers []chan int
	for i := 0; i < 3; i++ {
		i := i // another variable in each iteration
		answer := make(chan int)
		go func() { <-start; answer <- i }()
		answers = append(answers, answer)
	}
	close(start)
	fmt.Println("copied:", <-answers[0], <-answers[1], <-answers[2])
	// Output:
	// copied: 0 1 2
}
