package cache

import "net/http"

// Size is what the store counts, what its entries add up to, and how many
// they are.
func (c *Cache) Size() (counted, sum, entries int) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	for _, elements := range c.store.byKey {
		for _, element := range elements {
			sum += element.Value.(*entry).bytes()
			entries++
		}
	}
	if entries != c.store.recent.Len() {
		panic("cache: the list and the map hold different entries")
	}
	return c.store.size, sum, entries
}

// Fetching is how many exchanges with the origin are under way.
func (c *Cache) Fetching() int {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	n := 0
	for _, fetches := range c.store.fetches {
		n += max(1, len(fetches)) // none must not stay
	}
	return n
}

// Directives is parse for one field line.
func Directives(line string) map[string][]string {
	return parse(http.Header{"Cache-Control": {line}}, "Cache-Control")
}
