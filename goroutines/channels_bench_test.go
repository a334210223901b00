package goroutines_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// One value from one goroutine to another, by the size of the buffer:
// go test -run '^$' -bench 'Channels_buffered' -count 10 ./goroutines | go tool benchstat -
func BenchmarkChannels_buffered(b *testing.B) {
	for _, size := range []int{0, 1, 16, 128, 1024} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			values, sum := make(chan int, size), make(chan int)
			go func() {
				total := 0
				for value := range values {
					total += value
				}
				sum <- total
			}()
			for b.Loop() {
				values <- 1
			}
			close(values)
			if got := <-sum; got != b.N {
				b.Errorf("received %d values, want %d", got, b.N)
			}
		})
	}
}

// Adding one to a counter that goroutines share, by what guards it:
// go test -run '^$' -bench 'Channels_share' -count 10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkChannels_share(b *testing.B) {
	for _, goroutines := range slices.Compact([]int{1, runtime.GOMAXPROCS(0)}) {
		for _, bench := range []struct {
			impl    string
			counter func() (add func(), total func() int)
		}{
			{"channel", byChannel},
			{"mutex", byMutex},
			{"rwmutex", byRWMutex},
			{"atomic", byAtomic},
		} {
			b.Run(fmt.Sprintf("goroutines=%d/impl=%s", goroutines, bench.impl), func(b *testing.B) {
				b.ReportAllocs()
				add, total := bench.counter()
				if goroutines == 1 {
					for b.Loop() {
						add()
					}
				} else {
					b.RunParallel(func(loop *testing.PB) {
						for loop.Next() {
							add()
						}
					})
				}
				if got := total(); got != b.N {
					b.Errorf("counted %d, want %d", got, b.N)
				}
			})
		}
	}
}

// byChannel is a counter that one goroutine owns; the others send to it.
func byChannel() (add func(), total func() int) {
	additions, sum := make(chan int), make(chan int)
	go func() {
		count := 0
		for n := range additions {
			count += n
		}
		sum <- count
	}()
	return func() { additions <- 1 }, func() int { close(additions); return <-sum }
}

func byMutex() (add func(), total func() int) {
	var mu sync.Mutex
	count := 0
	return func() {
		mu.Lock()
		count++
		mu.Unlock()
	}, func() int { return count }
}

func byRWMutex() (add func(), total func() int) {
	var mu sync.RWMutex
	count := 0
	return func() {
		mu.Lock()
		count++
		mu.Unlock()
	}, func() int { return count }
}

func byAtomic() (add func(), total func() int) {
	var count atomic.Int64
	return func() { count.Add(1) }, func() int { return int(count.Load()) }
}
