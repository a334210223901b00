package book

import (
	"math/bits"
	"math/rand/v2"
)

// A table finds an order by its id: a hash table of chains that go through the orders
// themselves, at most a quarter as many as there are heads. Each table has its own seed,
// so that nobody can choose ids that collide; what the book does never depends on it.
type table struct {
	heads []uint32
	shift uint64 // from a hash to its head
	used  int
	seed  uint64
}

func newTable(orders int) table {
	size := bits.Len(uint(max(4*orders-1, 15)))
	return table{heads: make([]uint32, 1<<size), shift: uint64(64 - size), seed: rand.Uint64()}
}

// head returns where the chain of an id begins.
func (t *table) head(id uint64) *uint32 {
	x := (id ^ t.seed) * 0x9e3779b97f4a7c15
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return &t.heads[x>>(t.shift&63)]
}

// find returns the order in the chain that has the id, or 0.
func find(head *uint32, id uint64, orders []order) uint32 {
	index := *head
	for index != 0 && orders[index].id != id {
		index = orders[index].chain
	}
	return index
}

// put an order first in its chain, which does not have its id. If the table is full
// then, it has to grow.
func (t *table) put(head *uint32, index uint32, o *order) (full bool) {
	o.chain, *head = *head, index
	t.used++
	return 4*t.used > len(t.heads)
}

// remove an order from its chain.
func (t *table) remove(head *uint32, index uint32, orders []order) {
	t.used--
	if *head == index {
		*head = orders[index].chain
		return
	}
	before := *head
	for orders[before].chain != index {
		before = orders[before].chain
	}
	orders[before].chain = orders[index].chain
}

// grow doubles the number of heads.
func (t *table) grow(orders []order) {
	old := t.heads
	t.heads = make([]uint32, 2*len(old))
	t.shift--
	for _, index := range old {
		for index != 0 {
			o := &orders[index]
			next := o.chain
			head := t.head(o.id)
			o.chain, *head = *head, index
			index = next
		}
	}
}
