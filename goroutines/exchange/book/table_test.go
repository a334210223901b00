package book

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// colliding returns ids that have one head in a table of so many heads.
func colliding(of *table, count int) []uint64 {
	large := *of
	large.heads, large.shift = make([]uint32, 1<<12), 64-12
	want := large.head(0)
	ids := []uint64{0}
	for id := uint64(1); len(ids) < count; id++ {
		if large.head(id) == want {
			ids = append(ids, id)
		}
	}
	return ids
}

// The table finds what a map finds while orders come and go and it grows, and if all of
// them collide.
func TestTable(t *testing.T) {
	collide := newTable(0)
	sameHead := colliding(&collide, 200)
	for _, test := range []struct {
		name string
		id   func(r *rand.Rand) uint64
	}{
		{"one after another", func(r *rand.Rand) uint64 { return r.Uint64N(3000) }},
		{"any", func(r *rand.Rand) uint64 { return r.Uint64() &^ (math.MaxUint64 >> 8 &^ 0xff) }},
		{"highest and lowest", func(r *rand.Rand) uint64 { return r.Uint64N(200) - 100 }},
		{"multiples of 2^48", func(r *rand.Rand) uint64 { return r.Uint64N(1000) << 48 }},
		{"all with one head", func(r *rand.Rand) uint64 { return sameHead[r.IntN(len(sameHead))] }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			table := newTable(0)
			table.seed = collide.seed
			orders := make([]order, 1)
			var free []uint32
			want := map[uint64]uint32{}
			for i := range 10_000 {
				id := test.id(r)
				index, ok := want[id]
				require.Equal(t, index, find(table.head(id), id, orders), "find %d", id)
				switch {
				case !ok:
					if len(free) == 0 {
						orders = append(orders, order{})
						free = append(free, uint32(len(orders)-1))
					}
					index, free = free[len(free)-1], free[:len(free)-1]
					orders[index].id = id
					if table.put(table.head(id), index, &orders[index]) {
						table.grow(orders)
					}
					want[id] = index
				case i%5000 > 2000: // it grows for 2,000 steps, shrinks for 3,000, and so on
					table.remove(table.head(id), index, orders)
					free = append(free, index)
					delete(want, id)
				}
				require.Len(t, want, table.used)
				require.Len(t, table.heads, 1<<(64-table.shift), "heads, and how many hashes lead to")
				require.LessOrEqual(t, 4*table.used, len(table.heads), "orders, at a quarter of the heads")
				if i%1000 == 0 {
					for id, index := range want {
						require.Equal(t, index, find(table.head(id), id, orders), "find %d", id)
					}
				}
			}
		})
	}
}

// A table that is made for a number of orders is not full before it has more.
func TestTable_room(t *testing.T) {
	for _, room := range []int{0, 1, 4, 5, 100, 1024, 1025} {
		table := newTable(room)
		orders := make([]order, room+1)
		for index := uint32(1); int(index) <= room; index++ {
			orders[index].id = uint64(index)
			full := table.put(table.head(uint64(index)), index, &orders[index])
			require.False(t, full, "%d of %d orders", index, room)
		}
	}
}
