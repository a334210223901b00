package closures

import (
	"context"
	"time"
)

// policy is how Retry tries. Its zero values are of use, and the defaults are
// others: that is what options are for.
type policy struct {
	attempts int
	pause    time.Duration
}

// An Option changes one setting of [Retry]. It is a closure that carries the
// new value.
type Option func(*policy)

// Attempts sets how often to try: three times unless told.
func Attempts(n int) Option {
	return func(p *policy) { p.attempts = n }
}

// Pause sets the time between two attempts: 100 ms unless told.
func Pause(d time.Duration) Option {
	return func(p *policy) { p.pause = d }
}

// Retry calls f until it succeeds, the attempts are used up or the context
// ends, and returns the error of the last call. f is called at least once.
func Retry(ctx context.Context, f func(context.Context) error, options ...Option) error {
	p := policy{attempts: 3, pause: 100 * time.Millisecond}
	for _, option := range options {
		option(&p)
	}
	for attempt := 1; ; attempt++ {
		err := f(ctx)
		if err == nil || attempt >= p.attempts {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(p.pause):
		}
	}
}
