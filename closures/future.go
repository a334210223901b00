package closures

// Future starts f in a goroutine of its own and returns a function that waits
// for the answer. It may be called from anywhere, any number of times.
func Future[T any](f func() T) func() T {
	var answer T
	done := make(chan struct{})
	go func() {
		defer close(done)
		answer = f()
	}()
	return func() T {
		<-done
		return answer
	}
}
