package closures_test

import (
	"fmt"
	"slices"
	"testing"

	"gonotes/closures"
	"gonotes/internal/claim"
)

// reading is what a goroutine read: a value, and from which variable.
type reading struct {
	value    int
	variable *int
}

// readings are those of the goroutines that one loop started, in its order.
type readings []reading

func (rs readings) values() (values []int) {
	for _, r := range rs {
		values = append(values, r.value)
	}
	return values
}

func (rs readings) variables() int {
	variables := make(map[*int]bool)
	for _, r := range rs {
		variables[r.variable] = true
	}
	return len(variables)
}

func (rs readings) Figures() []claim.Figure {
	return []claim.Figure{{Name: "variables of 3 iterations", Value: float64(rs.variables()), Unit: "variables"}}
}

// answers receives from every goroutine of a loop once all are started.
func answers(start chan<- struct{}, from []chan reading) (rs readings) {
	close(start)
	for _, answer := range from {
		rs = append(rs, <-answer)
	}
	return rs
}

// Each goroutine started in a loop has the variable of its own iteration; before
// Go 1.22, and in files that ask for it, they shared one.
func TestLoopVariable(t *testing.T) {
	proof := claim.Prove(t, closures.LoopVariable, func(rs readings) error {
		if values := rs.values(); !slices.Equal(values, []int{0, 1, 2}) {
			return fmt.Errorf("the goroutines read %v, want [0 1 2]", values)
		}
		if variables := rs.variables(); variables != 3 {
			return fmt.Errorf("the goroutines read %d variable, want 3", variables)
		}
		return nil
	})
	proof.Holds("a for loop", forLoop())
	proof.Holds("a range over a slice", rangeLoop())
	proof.Holds("a range over an int", rangeIntLoop())
	proof.Holds("a range over a function", rangeFuncLoop())
	proof.Holds("a for loop as of Go 1.21, with i := i", forLoopCopied121())
	proof.Control("a for loop as of Go 1.21", forLoop121(), "read [3 3 3]")
	proof.Control("a range over a slice as of Go 1.21", rangeLoop121(), "read [2 2 2]")
	proof.Control("a for loop as of Go 1.21 that waits for each goroutine", forLoopAwaited121(), "read 1 variable")
	proof.Control("a variable declared before the loop", variableBefore(), "read [3 3 3]")
	proof.Control("a body that changes its variable after the goroutine was started", changedInBody(), "read [1 3 5]")
}

func forLoop() readings {
	start, from := make(chan struct{}), []chan reading(nil)
	for i := 0; i < 3; i++ {
		answer := make(chan reading, 1)
		go func() { <-start; answer <- reading{i, &i} }()
		from = append(from, answer)
	}
	return answers(start, from)
}

func rangeLoop() readings {
	start, from := make(chan struct{}), []chan reading(nil)
	for _, i := range []int{0, 1, 2} {
		answer := make(chan reading, 1)
		go func() { <-start; answer <- reading{i, &i} }()
		from = append(from, answer)
	}
	return answers(start, from)
}

func rangeIntLoop() readings {
	start, from := make(chan struct{}), []chan reading(nil)
	for i := range 3 {
		answer := make(chan reading, 1)
		go func() { <-start; answer <- reading{i, &i} }()
		from = append(from, answer)
	}
	return answers(start, from)
}

func rangeFuncLoop() readings {
	start, from := make(chan struct{}), []chan reading(nil)
	for i := range slices.Values([]int{0, 1, 2}) {
		answer := make(chan reading, 1)
		go func() { <-start; answer <- reading{i, &i} }()
		from = append(from, answer)
	}
	return answers(start, from)
}

func variableBefore() readings {
	start, from := make(chan struct{}), []chan reading(nil)
	var i int
	for i = 0; i < 3; i++ {
		answer := make(chan reading, 1)
		go func() { <-start; answer <- reading{i, &i} }()
		from = append(from, answer)
	}
	return answers(start, from)
}

// changedInBody counts in twos: the next iteration's variable begins as a copy
// of this one's, and the goroutine reads this one.
func changedInBody() readings {
	start, from := make(chan struct{}), []chan reading(nil)
	for i := 0; i < 6; i++ {
		answer := make(chan reading, 1)
		go func() { <-start; answer <- reading{i, &i} }()
		from = append(from, answer)
		i++
	}
	return answers(start, from)
}

// Goroutines started in a loop each see the variable of their own iteration.
func Example_loopVariable() {
	start := make(chan struct{})
	var answers []chan int
	for i := range 3 {
		answer := make(chan int)
		go func() { <-start; answer <- i }()
		answers = append(answers, answer)
	}
	close(start) // now that the loop is over
	fmt.Println("since Go 1.22:", <-answers[0], <-answers[1], <-answers[2])
	// Output:
	// since Go 1.22: 0 1 2
}

// A variable of the iteration may still change under the closure that captured it.
func Example_loopVariable_body() {
	var show []func()
	for i := 0; i < 6; i++ {
		show = append(show, func() { fmt.Print(" ", i) })
		i++ // seen by the closure, and the next iteration goes on from it
	}
	fmt.Print("counting in twos:")
	for _, f := range show {
		f()
	}
	// Output:
	// counting in twos: 1 3 5
}
