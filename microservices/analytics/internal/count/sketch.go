package count

import (
	"fmt"
	"math"

	"github.com/axiomhq/hyperloglog"

	"gonotes/microservices/analytics"
	"gonotes/microservices/event"
)

// precision of the sketches: they have 2 to this power registers, of a byte, and are
// smaller while they hold few persons.
const precision = 14

// StandardError of a sketch's estimate, as a share of it.
//
// Source: Flajolet, Fusy, Gandouet, Meunier, HyperLogLog (2007)
var StandardError = 1.04 / math.Sqrt(1<<precision)

// A Sketch estimates how many persons were added to it. To add one again changes
// nothing.
type Sketch struct{ *hyperloglog.Sketch }

// NewSketch returns an empty one.
func NewSketch() Sketch { return Sketch{hyperloglog.New14()} }

// Read returns the sketch that was written as data, an empty one for none.
func Read(data []byte) (Sketch, error) {
	s := NewSketch()
	if len(data) == 0 {
		return s, nil
	}
	if err := s.UnmarshalBinary(data); err != nil {
		return s, fmt.Errorf("sketch of %d bytes: %w", len(data), err)
	}
	return s, nil
}

// Add adds a person.
func (s Sketch) Add(p event.Person) { s.Insert(p[:]) }

// Visitors returns the estimate. An empty sketch is exact.
func (s Sketch) Visitors() analytics.Visitors {
	v := analytics.Visitors{Count: int64(s.Estimate()), Error: StandardError}
	if v.Count == 0 {
		v.Error = 0
	}
	return v
}
