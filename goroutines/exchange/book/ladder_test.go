package book

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// spreads are ways in which prices lie, from dense to as far apart as can be.
var spreads = []struct {
	name string
	key  func(r *rand.Rand) uint64
}{
	{"dense", func(r *rand.Rand) uint64 { return 1<<63 + r.Uint64N(300) }},
	{"across 0", func(r *rand.Rand) uint64 { return uint64(r.Int64N(300)-150) ^ flipUp }},
	{"lowest and highest", func(r *rand.Rand) uint64 { return r.Uint64N(300) - 150 }},
	{"far apart", func(r *rand.Rand) uint64 { return r.Uint64() }},
	{"one in each 64, all remembered in one place", func(r *rand.Rand) uint64 { return r.Uint64N(100) * 64 * 512 }},
	{"around each power of 2", func(r *rand.Rand) uint64 { return uint64(1)<<r.IntN(64) + r.Uint64N(3) - 1 }},
	{"crowds far apart", func(r *rand.Rand) uint64 { return r.Uint64N(8)<<61 + r.Uint64N(8)<<40 + r.Uint64N(100) }},
	{"a few", func(r *rand.Rand) uint64 {
		return []uint64{0, 1, 63, 64, 1 << 63, math.MaxUint64 - 64, math.MaxUint64}[r.IntN(7)]
	}},
}

// requireLadder fails if the ladder does not hold the keys, which are sorted, and those
// alone, or holds nodes that it does not need.
func requireLadder(t *testing.T, l *ladder, keys []uint64) {
	t.Helper()
	var walked []uint64
	for at := l.best; at != 0; at = l.next(at) {
		walked = append(walked, l.levels[at].key)
	}
	require.Equal(t, keys, walked, "from the best level on")
	for _, key := range keys {
		require.Equal(t, key, l.levels[l.find(key)].key, "find")
		for _, near := range []uint64{key - 1, key + 1, key ^ 1<<63, key + 64} {
			if _, ok := slices.BinarySearch(keys, near); !ok {
				require.Zero(t, l.find(near), "find %#x, which is not there", near)
			}
		}
	}

	nodes := 0
	var walk func(at, parent uint32)
	walk = func(at, parent uint32) {
		if at&isNode == 0 {
			require.Equal(t, parent, l.levels[at].parent, "parent of level %d", at)
			return
		}
		at &^= isNode
		n := &l.nodes[at]
		require.Equal(t, parent, n.parent, "parent of node %d", at)
		nodes++
		bitmap, children := uint64(0), 0
		for slot, child := range n.children {
			if child == 0 {
				continue
			}
			bitmap |= 1 << slot
			children++
			walk(child, at)
		}
		require.Equal(t, bitmap, n.bitmap, "bitmap of node %d", at)
		require.Greater(t, children, 1, "children of node %d, which is no fork", at)
	}
	walk(l.root, 0)
	for at := l.freeNode; at != 0; at = l.nodes[at].parent {
		nodes++
	}
	require.Equal(t, len(l.nodes)-1, nodes, "nodes in the tree and free ones")
}

// The ladder has the levels that a sorted slice has, wherever prices lie and in whatever
// order they come and go.
func TestLadder(t *testing.T) {
	for _, spread := range spreads {
		t.Run(spread.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			l := newLadder(flipUp, 0)
			var keys []uint64
			for i := range 6000 {
				key := spread.key(r)
				at, found := slices.BinarySearch(keys, key)
				// It grows for 500 steps, shrinks for 500, and so on.
				switch grows := i/500%2 == 0; {
				case !found && (grows || r.IntN(4) == 0):
					keys = slices.Insert(keys, at, key)
					l.at(key)
				case found:
					require.Equal(t, l.find(key), l.at(key), "at, of a level that is there")
				}
				if len(keys) > 0 && (i/500%2 == 1 || r.IntN(4) == 0) {
					gone := []int{0, len(keys) - 1, r.IntN(len(keys))}[r.IntN(3)]
					l.remove(l.find(keys[gone]))
					keys = slices.Delete(keys, gone, gone+1)
				}
				if i%200 == 0 {
					if len(keys) == 0 {
						keys = nil
					}
					requireLadder(t, &l, keys)
				}
				if len(keys) > 0 {
					require.Equal(t, keys[0], l.levels[l.best].key, "best")
				} else {
					require.Zero(t, l.best, "best of none")
				}
			}
		})
	}
}

// A ladder that is filled and emptied again and again needs no more room than at first,
// and when it is empty, nothing of it is in use.
func TestLadder_reuses(t *testing.T) {
	for _, spread := range spreads {
		t.Run(spread.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			var keys []uint64
			for range 1000 {
				keys = append(keys, spread.key(r))
			}
			slices.Sort(keys)
			keys = slices.Compact(keys)
			l := newLadder(flipUp, 0)
			levels, nodes := 0, 0
			for round := range 10 {
				r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
				for _, key := range keys {
					l.at(key)
				}
				r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
				for _, key := range keys {
					l.remove(l.find(key))
				}
				requireLadder(t, &l, nil)
				require.Zero(t, l.root)
				if round == 0 {
					levels, nodes = len(l.levels), len(l.nodes)
				}
				require.Len(t, l.levels, levels, "round %d", round)
				require.Len(t, l.nodes, nodes, "round %d", round)
			}
			require.Len(t, keys, levels-1, "a level for each key")
			require.LessOrEqual(t, nodes, levels, "fewer forks than levels")
		})
	}
}

// Bids are matched from the highest price on and asks from the lowest, be they below 0
// or not.
func TestLadder_prices(t *testing.T) {
	prices := []int64{math.MinInt64, math.MinInt64 + 1, -65, -64, -1, 0, 1, 63, 64, math.MaxInt64 - 1, math.MaxInt64}
	for _, test := range []struct {
		name string
		flip uint64
		want func([]int64)
	}{
		{"asks", flipUp, func([]int64) {}},
		{"bids", flipDown, slices.Reverse[[]int64]},
	} {
		l := newLadder(test.flip, 0)
		for i := range prices {
			l.at(l.key(prices[i*7%len(prices)])) // in no order
		}
		want := slices.Clone(prices)
		test.want(want)
		var got []int64
		for at := l.best; at != 0; at = l.next(at) {
			got = append(got, l.price(l.levels[at].key))
		}
		require.Equal(t, want, got, test.name)
	}
}
