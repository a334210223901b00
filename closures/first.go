package closures

import (
	"context"
	"errors"
)

// First asks every source at once, returns the first answer and cancels the
// context of the others without waiting for them. When all fail it returns
// their errors joined.
func First[T any](ctx context.Context, sources ...func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Room for everyone, or the losers would wait for a reader for ever.
	answers := make(chan T, len(sources))
	failures := make(chan error, len(sources))
	for _, source := range sources {
		go func() {
			answer, err := source(ctx)
			if err != nil {
				failures <- err
				return
			}
			answers <- answer
		}()
	}
	var none T
	failed := []error{errors.New("no source answered")}
	for range sources {
		select {
		case answer := <-answers:
			return answer, nil
		case err := <-failures:
			failed = append(failed, err)
		case <-ctx.Done():
			return none, context.Cause(ctx)
		}
	}
	return none, errors.Join(failed...)
}
