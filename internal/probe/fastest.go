package probe

import (
	"fmt"
	"math"
	"time"
)

// Fastest calls each of the functions in turn, for so many rounds, and returns
// for each the least time it returned. What disturbs the machine for a while so
// disturbs all of them, and what it did to one round counts for nothing.
func Fastest(rounds int, measure ...func() (time.Duration, error)) ([]time.Duration, error) {
	if rounds <= 0 {
		return nil, fmt.Errorf("fastest of %d rounds: the number must be 1 or more", rounds)
	}
	fastest := make([]time.Duration, len(measure))
	for i := range fastest {
		fastest[i] = math.MaxInt64
	}
	for range rounds {
		for i, f := range measure {
			took, err := f()
			if err != nil {
				return nil, err
			}
			fastest[i] = min(fastest[i], took)
		}
	}
	return fastest, nil
}
