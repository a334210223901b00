package plain

import "sync"

// Memo is a function with a memory: it is called once for each key.
type Memo[K comparable, V any] struct {
	f       func(K) V
	mu      sync.Mutex
	futures map[K]func() V
}

// NewMemo returns f with a memory.
func NewMemo[K comparable, V any](f func(K) V) *Memo[K, V] {
	return &Memo[K, V]{f: f, futures: make(map[K]func() V)}
}

type memoTask[K comparable, V any] struct {
	f   func(K) V
	key K
}

func (t memoTask[K, V]) run() V { return t.f(t.key) }

// Get returns f of key, working it out at most once.
func (m *Memo[K, V]) Get(key K) V {
	m.mu.Lock()
	future, ok := m.futures[key]
	if !ok {
		future = sync.OnceValue(memoTask[K, V]{m.f, key}.run)
		m.futures[key] = future
	}
	m.mu.Unlock()
	return future()
}
