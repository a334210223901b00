package closures_test

import (
	"fmt"
	"runtime"
	"testing"

	"gonotes/closures"
	"gonotes/internal/claim"
)

const (
	mebibyte = 1 << 20
	kept     = 32 // closures
)

// heapOf is what the closures that f makes keep alive.
func heapOf(f func() func() int) claim.Figure {
	before := heapInUse()
	made := make([]func() int, kept)
	for i := range made {
		made[i] = f()
	}
	after := heapInUse()
	runtime.KeepAlive(made)
	return claim.Figure{Name: "heap kept by 32 closures", Value: after - before, Unit: "B"}
}

func heapInUse() float64 {
	runtime.GC()
	runtime.GC() // the second frees what the first found dead
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

func load() []byte { return make([]byte, mebibyte) }

func keepsAll() func() int {
	data := load()
	return func() int { return len(data) }
}

func keepsLength() func() int {
	data := load()
	length := len(data)
	return func() int { return length }
}

func keepsNil() func() int {
	data := load()
	length := func() int { return len(data) }
	data = nil
	return length
}

// keepsSibling drops the closure that captured the data and keeps another.
func keepsSibling() func() int {
	data := load()
	first := func() byte { return data[0] }
	length := int(first()) + len(data)
	return func() int { return length }
}

func keepsField() func() int {
	page := struct {
		body   []byte
		number int
	}{load(), 7}
	return func() int { return page.number }
}

// A closure keeps everything alive that it captured, also where it needs only a part.
func TestLocalFunctions_heap(t *testing.T) {
	proof := claim.Prove(t, closures.LocalFunctions, func(heap claim.Figure) error {
		if heap.Value < 0.9*kept*mebibyte {
			return fmt.Errorf("%.1f MiB are kept of %d MiB: the data is gone", heap.Value/mebibyte, kept)
		}
		return nil
	})
	proof.Holds("captures 1 MiB each, for its length", heapOf(keepsAll))
	proof.Holds("captures a struct that holds 1 MiB, for its number", heapOf(keepsField))
	proof.Control("captures the length alone", heapOf(keepsLength), "the data is gone")
	proof.Control("the variable that it captured was set to nil", heapOf(keepsNil), "the data is gone")
	proof.Control("another closure captured the data, and is gone", heapOf(keepsSibling), "the data is gone")
}

// A closure that captures data for its length keeps all of the data alive.
func Example_localFunctions_heap() {
	theData := heapOf(func() func() int {
		data := make([]byte, mebibyte)
		return func() int { return len(data) }
	})
	itsLength := heapOf(func() func() int {
		data := make([]byte, mebibyte)
		length := len(data)
		return func() int { return length }
	})
	fmt.Println("captures the data:   over 30 MiB kept:", theData.Value > 30*mebibyte)
	fmt.Println("captures its length: over 30 MiB kept:", itsLength.Value > 30*mebibyte)
	// Output:
	// captures the data:   over 30 MiB kept: true
	// captures its length: over 30 MiB kept: false
}
