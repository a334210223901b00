package cache

import (
	"container/list"
	"maps"
	"net/http"
	"slices"
	"sync"
)

// store keeps entries up to a number of bytes.
type store struct {
	capacity int

	mu     sync.Mutex
	size   int                        // bytes of all entries
	recent *list.List                 // of *entry, the most recently used first
	byKey  map[string][]*list.Element // the variants under one key, the newest last

	fetches map[string]map[*fetching]bool // under way, by key
}

// fetching is one exchange with the origin. Where its key is invalidated
// meanwhile, the answer may be from before and is not stored.
type fetching struct {
	key         string
	invalidated bool
}

func newStore(capacity int) *store {
	return &store{
		capacity: capacity, recent: list.New(),
		byKey: map[string][]*list.Element{}, fetches: map[string]map[*fetching]bool{},
	}
}

// find is the newest entry that a request with these fields selects.
func (s *store) find(key string, h http.Header) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, element := range slices.Backward(s.byKey[key]) {
		if e := element.Value.(*entry); e.matches(h) {
			s.recent.MoveToFront(element)
			return e
		}
	}
	return nil
}

// begin is to be called before the origin is asked, end after put.
func (s *store) begin(key string) *fetching {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &fetching{key: key}
	if s.fetches[key] == nil {
		s.fetches[key] = map[*fetching]bool{}
	}
	s.fetches[key][f] = true
	return f
}

func (s *store) end(f *fetching) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.fetches[f.key], f)
	if len(s.fetches[f.key]) == 0 {
		delete(s.fetches, f.key)
	}
}

// put stores what f brought in place of the same variant.
func (s *store) put(e *entry, f *fetching) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.invalidated {
		return
	}
	for _, element := range slices.Clone(s.byKey[e.key]) {
		if maps.Equal(element.Value.(*entry).variant, e.variant) {
			s.remove(element)
		}
	}
	s.byKey[e.key] = append(s.byKey[e.key], s.recent.PushFront(e))
	for s.size += e.bytes(); s.size > s.capacity; {
		s.remove(s.recent.Back())
	}
}

// drop removes e if it is still stored.
func (s *store) drop(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, element := range slices.Clone(s.byKey[e.key]) {
		if element.Value == e {
			s.remove(element)
		}
	}
}

// invalidate removes all entries under key.
func (s *store) invalidate(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.fetches[key] {
		f.invalidated = true
	}
	for _, element := range slices.Clone(s.byKey[key]) {
		s.remove(element)
	}
}

func (s *store) remove(element *list.Element) {
	e := s.recent.Remove(element).(*entry)
	s.size -= e.bytes()
	left := slices.DeleteFunc(s.byKey[e.key], func(other *list.Element) bool { return other == element })
	if len(left) == 0 {
		delete(s.byKey, e.key)
		return
	}
	s.byKey[e.key] = left
}
