package closures

import "sync"

// Memoize returns f with a memory: f is called once for each key, however many
// ask and whenever they do. Who asks for a key that is being worked out waits
// for it; other keys do not wait. Nothing is ever forgotten.
//
// f may call the memoised function for another key, never for its own.
func Memoize[K comparable, V any](f func(K) V) func(K) V {
	var mu sync.Mutex
	futures := make(map[K]func() V)
	return func(key K) V {
		mu.Lock()
		future, ok := futures[key]
		if !ok {
			future = sync.OnceValue(func() V { return f(key) })
			futures[key] = future
		}
		mu.Unlock()
		return future()
	}
}
