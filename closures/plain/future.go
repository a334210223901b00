package plain

// Future is an answer that is being worked out.
type Future[T any] struct {
	f      func() T
	answer T
	done   chan struct{}
}

// NewFuture starts f in a goroutine of its own.
func NewFuture[T any](f func() T) *Future[T] {
	future := &Future[T]{f: f, done: make(chan struct{})}
	go future.run()
	return future
}

func (f *Future[T]) run() {
	defer close(f.done)
	f.answer = f.f()
}

// Wait returns the answer once it is there.
func (f *Future[T]) Wait() T {
	<-f.done
	return f.answer
}
