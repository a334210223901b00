package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The median is the middle of the rounds, and the mean of the two in the middle
// of an even number of them.
func TestSpread(t *testing.T) {
	for _, test := range []struct {
		in   []float64
		want Spread
	}{
		{nil, Spread{}},
		{[]float64{7}, Spread{7, 7, 7, 1}},
		{[]float64{9, 1, 2}, Spread{2, 1, 9, 3}},
		{[]float64{4, 1, 9, 2}, Spread{3, 1, 9, 4}},
		{[]float64{5, 5, 5, 100, 0}, Spread{5, 0, 100, 5}},
	} {
		in := append([]float64(nil), test.in...)
		assert.Equal(t, test.want, spread(test.in))
		assert.Equal(t, in, test.in, "it is not sorted in place")
	}
}

// Numbers are written with three digits and for people.
func TestNumbers(t *testing.T) {
	for in, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567.8: "1,234,568", -45000: "-45,000", -0.2: "0"} {
		assert.Equal(t, want, thousands(in))
	}
	for in, want := range map[float64]string{0: "0 ns", 0.123: "0.123 ns", 0.99999: "1.00 ns", 5.704: "5.70 ns", 9.999: "10.0 ns", 42.06: "42.1 ns", 99.96: "100 ns", 999.4: "999 ns", 999.6: "1.00 µs", 1524: "1.52 µs", 3.2e9: "3.20 s", 7.2e12: "7,200 s"} {
		assert.Equal(t, want, timeOf(in), in)
	}
	assert.Equal(t, "2.75 kB", bytesOf(2752))
}

// Names are taken apart by their keys.
func TestPart(t *testing.T) {
	p := point{kind: "Go goroutine", tasks: 100}
	assert.Equal(t, "BenchmarkPark/tasks=100/kind=Go-goroutine", p.name())
	assert.Equal(t, "100", part(p.name(), "tasks"))
	assert.Equal(t, "Go-goroutine", part(p.name(), "kind"))
	assert.Empty(t, part(p.name(), "cpus"))
	assert.Equal(t, "BenchmarkRoundTrip/cpus=any/kind=C-pthread", point{kind: "C pthread", cpus: onAnyCPU}.name())
}

// Every kind has its traits, and every size of the plans is for one of them.
func TestTraits(t *testing.T) {
	for _, kind := range Full().Kinds {
		trait, found := traits[kind]
		assert.True(t, found, kind)
		assert.NotEmpty(t, trait.wakes, kind)
		assert.Positive(t, trait.trips/4, kind)
		assert.Positive(t, trait.colour.A, kind)
		assert.False(t, trait.pins && !kind.Thread(), kind)
	}
	assert.Subset(t, Full().Kinds, Quick().Kinds)
}
