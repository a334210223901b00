package plain

import (
	"context"
	"errors"
)

// race is what the sources of one First share.
type race[T any] struct {
	ctx      context.Context
	answers  chan T
	failures chan error
}

func (r race[T]) ask(source func(context.Context) (T, error)) {
	answer, err := source(r.ctx)
	if err != nil {
		r.failures <- err
		return
	}
	r.answers <- answer
}

// First asks every source at once, returns the first answer and cancels the
// others. When all fail it returns their errors joined.
func First[T any](ctx context.Context, sources ...func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Room for everyone, or the losers would wait for a reader for ever.
	shared := race[T]{ctx, make(chan T, len(sources)), make(chan error, len(sources))}
	for _, source := range sources {
		go shared.ask(source)
	}
	var none T
	failed := []error{errors.New("no source answered")}
	for range sources {
		select {
		case answer := <-shared.answers:
			return answer, nil
		case err := <-shared.failures:
			failed = append(failed, err)
		case <-ctx.Done():
			return none, context.Cause(ctx)
		}
	}
	return none, errors.Join(failed...)
}
