package goroutines_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"gonotes/goroutines"
)

// table is a map that goroutines share.
type table interface {
	get(key int) int
	set(key, value int)
}

type mutexTable struct {
	mu sync.Mutex
	m  map[int]int
}

func (t *mutexTable) get(key int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.m[key]
}

func (t *mutexTable) set(key, value int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.m[key] = value
}

type rwMutexTable struct {
	mu sync.RWMutex
	m  map[int]int
}

func (t *rwMutexTable) get(key int) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.m[key]
}

func (t *rwMutexTable) set(key, value int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.m[key] = value
}

type syncTable struct{ m sync.Map }

func (t *syncTable) get(key int) int {
	value, _ := t.m.Load(key)
	n, _ := value.(int)
	return n
}

func (t *syncTable) set(key, value int) { t.m.Store(key, value) }

// ownedTable is a map that one goroutine owns; the others ask it over a channel.
type ownedTable chan request

type request struct {
	key, value int
	answer     chan int // of a get; nil for a set
}

func (t ownedTable) serve() {
	m := map[int]int{}
	for r := range t {
		if r.answer == nil {
			m[r.key] = r.value
		} else {
			r.answer <- m[r.key]
		}
	}
}

func (t ownedTable) get(key int) int {
	answer := make(chan int, 1)
	t <- request{key: key, answer: answer}
	return <-answer
}

func (t ownedTable) set(key, value int) { t <- request{key: key, value: value} }

// read keeps what benchmarks read from being optimised away.
var read atomic.Int64

// A map that all Ps use, by the share of reads and by what guards it:
// go test -run '^$' -bench 'Channels_table' -count 10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkChannels_table(b *testing.B) {
	const keys = 1024
	for _, reads := range []int{50, 90, 99} {
		owned := make(ownedTable)
		var serving sync.WaitGroup
		serving.Go(owned.serve)
		for _, bench := range []struct {
			impl string
			table
		}{
			{"mutex", &mutexTable{m: map[int]int{}}},
			{"rwmutex", &rwMutexTable{m: map[int]int{}}},
			{"syncmap", &syncTable{}},
			{"channel", owned},
		} {
			for key := range keys {
				bench.set(key, key)
			}
			b.Run(fmt.Sprintf("reads=%d%%/impl=%s", reads, bench.impl), func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					sum := 0
					for i := 0; pb.Next(); i++ {
						if key := i * 7 % keys; i%100 < reads {
							sum += bench.get(key)
						} else {
							bench.set(key, i)
						}
					}
					read.Add(int64(sum))
				})
			})
		}
		close(owned)
		serving.Wait()
	}
}

// Asking for a value that is made once, after it was made:
// go test -run '^$' -bench 'HappensBefore_once' -count 10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkHappensBefore_once(b *testing.B) {
	const asked = 1000
	var (
		once    sync.Once
		text    int
		pointer atomic.Pointer[int]
		mu      sync.Mutex
		guarded *int
	)
	seven := 7
	onceValue := sync.OnceValue(func() int { return 7 })
	for _, bench := range []struct {
		impl string
		get  func() int
	}{
		{"once", func() int {
			once.Do(func() { text = 7 })
			return text
		}},
		{"oncevalue", onceValue},
		{"atomic", func() int {
			made := pointer.Load()
			if made == nil { // two may make it, and one of them stays
				pointer.CompareAndSwap(nil, &seven)
				made = pointer.Load()
			}
			return *made
		}},
		{"mutex", func() int {
			mu.Lock()
			defer mu.Unlock()
			if guarded == nil {
				guarded = &seven
			}
			return *guarded
		}},
	} {
		b.Run("impl="+bench.impl, func(b *testing.B) {
			sum := 0
			for b.Loop() {
				for range asked {
					sum += bench.get()
				}
			}
			read.Add(int64(sum))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/asked, "ns/get")
		})
	}
}

// scratch is where a buffer goes, so that it escapes as one handed to a writer does.
var scratch atomic.Pointer[[]byte]

// A buffer from a pool against a new one:
// go test -run '^$' -bench 'HappensBefore_pool' -count 10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkHappensBefore_pool(b *testing.B) {
	for _, size := range []int{64, 1024, 64 << 10} {
		pool := sync.Pool{New: func() any {
			buffer := make([]byte, size)
			return &buffer
		}}
		b.Run(fmt.Sprintf("bytes=%d/impl=pool", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buffer := pool.Get().(*[]byte)
				clear(*buffer)
				scratch.Store(buffer)
				pool.Put(buffer)
			}
		})
		b.Run(fmt.Sprintf("bytes=%d/impl=make", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buffer := make([]byte, size)
				scratch.Store(&buffer)
			}
		})
	}
}

// A thousand tasks, each of so many rounds of arithmetic, by who does them:
// go test -run '^$' -bench 'Multiplexed_workerPool' -count 10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkMultiplexed_workerPool(b *testing.B) {
	const tasks, limit = 1000, 8
	numbers := slices.Values(upTo(tasks))
	for _, rounds := range []int{1, 1000, 100_000} {
		task := func(_ context.Context, n int) error {
			for range rounds {
				n = n*31 + 7
			}
			if n == 0 {
				read.Add(1) // keeps the arithmetic
			}
			return nil
		}
		bySemaphore := func(ctx context.Context, limit int) error {
			var group errgroup.Group
			room := semaphore.NewWeighted(int64(limit))
			for n := range numbers {
				if err := room.Acquire(ctx, 1); err != nil {
					return err
				}
				group.Go(func() error {
					defer room.Release(1)
					return task(ctx, n)
				})
			}
			return group.Wait()
		}
		for _, bench := range []struct {
			impl string
			run  func(ctx context.Context) error
		}{
			{"inorder", func(ctx context.Context) error {
				for n := range numbers {
					if err := task(ctx, n); err != nil {
						return err
					}
				}
				return nil
			}},
			{"pool", func(ctx context.Context) error { return goroutines.Process(ctx, limit, numbers, task) }},
			{"pertask", func(ctx context.Context) error { return goroutinePerTask(ctx, limit, numbers, task) }},
			{"setlimit", func(ctx context.Context) error { return errgroupSetLimit(ctx, limit, numbers, task) }},
			{"semaphore", func(ctx context.Context) error { return bySemaphore(ctx, limit) }},
		} {
			b.Run(fmt.Sprintf("rounds=%d/impl=%s", rounds, bench.impl), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := bench.run(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tasks, "ns/task")
			})
		}
	}
}
