package closures_test

import (
	"fmt"
	"testing"

	"gonotes/closures"
	"gonotes/closures/plain"
)

// adder is a closure over an int written out, as a method and as an interface.
type adder struct{ n int }

func (a adder) add(x int) int { return x + a.n }

type operation interface{ add(x int) int }

// handler holds its behaviour in a func field.
type handler struct{ add func(x int) int }

// What the benchmarks make goes here, so that it escapes and is called indirectly.
var (
	function  func(x int) int
	field     handler
	abstract  operation
	inLoop    []func() int
	capturing func() byte
	boxed     any
)

// Making a closure: go test -run '^$' -bench 'LocalFunctions_create' -count 10 ./closures | go tool benchstat -col /impl -
func BenchmarkLocalFunctions_create(b *testing.B) {
	for _, bench := range []struct {
		impl string
		make func(n int)
	}{
		{"none", func(int) { function = func(x int) int { return x + 1 } }},
		{"value", func(n int) { function = func(x int) int { return x + n } }},
		{"reference", func(n int) { function = func(x int) int { n++; return x + n } }},
		{"methodvalue", func(n int) { function = adder{n}.add }},
		{"funcfield", func(n int) { field = handler{add: func(x int) int { return x + n }} }},
		{"interface", func(n int) { abstract = adder{n} }},
	} {
		b.Run("impl="+bench.impl, func(b *testing.B) {
			b.ReportAllocs()
			for n := 1000; b.Loop(); n++ {
				bench.make(n)
			}
		})
	}
}

// Calling one: go test -run '^$' -bench 'LocalFunctions_call' -count 10 ./closures | go tool benchstat -col /impl -
func BenchmarkLocalFunctions_call(b *testing.B) {
	const calls = 1000
	n, by := total+1, total+1
	overValue := func(x int) int { return x + n }
	field, abstract = handler{overValue}, adder{n}
	through := func(f func(x int) int) func(x int) int {
		return func(x int) int {
			function = f
			for range calls {
				x = function(x)
			}
			return x
		}
	}
	for _, bench := range []struct {
		impl string
		call func(x int) int
	}{
		{"none", through(func(x int) int { return x + 1 })},
		{"value", through(overValue)},
		{"reference", through(func(x int) int { by++; return x + by })},
		{"methodvalue", through(adder{n}.add)},
		{"funcfield", func(x int) int {
			for range calls {
				x = field.add(x)
			}
			return x
		}},
		{"interface", func(x int) int {
			for range calls {
				x = abstract.add(x)
			}
			return x
		}},
	} {
		b.Run("impl="+bench.impl, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				total = bench.call(0)
			}
			perElement(b, calls, "ns/call")
		})
	}
}

// Capturing more: up to 128 bytes by value, above it by reference; an interface
// always holds a copy:
// go test -run '^$' -bench 'LocalFunctions_size' -count 10 ./closures | go tool benchstat -col /impl -
func BenchmarkLocalFunctions_size(b *testing.B) {
	// Not generic: a closure in a generic function also captures its type arguments.
	for _, bench := range []struct {
		bytes             int
		closure, abstract func()
	}{
		{8, func() { data := [8]byte{byte(total)}; capturing = func() byte { return data[0] } }, func() { boxed = [8]byte{byte(total)} }},
		{128, func() { data := [128]byte{byte(total)}; capturing = func() byte { return data[0] } }, func() { boxed = [128]byte{byte(total)} }},
		{129, func() { data := [129]byte{byte(total)}; capturing = func() byte { return data[0] } }, func() { boxed = [129]byte{byte(total)} }},
		{1024, func() { data := [1024]byte{byte(total)}; capturing = func() byte { return data[0] } }, func() { boxed = [1024]byte{byte(total)} }},
	} {
		for _, form := range []struct {
			impl string
			make func()
		}{{"closure", bench.closure}, {"interface", bench.abstract}} {
			b.Run(fmt.Sprintf("bytes=%d/impl=%s", bench.bytes, form.impl), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					form.make()
				}
			})
		}
	}
}

// Parallel map: go test -run '^$' -bench 'Concurrent_map' -count 10 ./closures | go tool benchstat -col /impl -
func BenchmarkConcurrent_map(b *testing.B) {
	for _, n := range []int{10, 1000} {
		items, rate := upTo(n), total+3
		b.Run(fmt.Sprintf("n=%d/impl=closures", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				closures.ParallelMap(items, func(x int) int { return rate * x })
			}
			perElement(b, n, "ns/item")
		})
		b.Run(fmt.Sprintf("n=%d/impl=methods", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plain.ParallelMap(items, multiplier{rate}.times)
			}
			perElement(b, n, "ns/item")
		})
	}
}

// An answer that is remembered: go test -run '^$' -bench 'Concurrent_memoized' -count 10 ./closures | go tool benchstat -col /impl -
func BenchmarkConcurrent_memoized(b *testing.B) {
	for _, bench := range []struct {
		impl   string
		square func(int) int
	}{
		{"closures", closures.Memoize(func(n int) int { return n * n })},
		{"methods", plain.NewMemo(func(n int) int { return n * n }).Get},
	} {
		b.Run("impl="+bench.impl, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				total = bench.square(7)
			}
		})
	}
}

// A variable for each iteration against one for all, as of Go 1.21:
// go test -run '^$' -bench 'LoopVariable' -count 10 ./closures | go tool benchstat -col /impl -
func BenchmarkLoopVariable(b *testing.B) {
	const n = 100
	inLoop = make([]func() int, n)
	for _, bench := range []struct {
		impl string
		run  func()
	}{
		{"periteration", captureInLoop},
		{"shared", captureInLoop121},
	} {
		b.Run(fmt.Sprintf("n=%d/impl=%s", n, bench.impl), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bench.run()
			}
			perElement(b, n, "ns/iteration")
		})
	}
}

func captureInLoop() {
	for i := range inLoop {
		inLoop[i] = func() int { return i }
	}
}

func perElement(b *testing.B, n int, unit string) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), unit)
}
