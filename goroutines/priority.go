package goroutines

// Preferred receives from first if it has something, and otherwise from
// whichever of the two has something sooner. A select alone would take a random
// one of two that are ready. It reports false when the channel it took is closed.
func Preferred[T any](first, second <-chan T) (value T, open bool) {
	select {
	case value, open = <-first:
		return value, open
	default:
	}
	select {
	case value, open = <-first:
	case value, open = <-second:
	}
	return value, open
}
