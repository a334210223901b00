package closures

import "iter"

// Fibonacci yields 0, 1, 1, 2, 3, 5, ... up to the last that fits. Its state is
// in variables of the iterator function, so every range starts anew.
func Fibonacci() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		a, b := uint64(0), uint64(1)
		for a <= b {
			if !yield(a) {
				return
			}
			a, b = b, a+b
		}
		yield(a)
	}
}

// Take yields the first n values of seq, a generator that captures another.
func Take[T any](n int, seq iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		if n <= 0 {
			return
		}
		taken := 0
		for value := range seq {
			taken++
			if !yield(value) || taken == n {
				return
			}
		}
	}
}
