package book

import "math/bits"

// A ladder holds the price levels of one side in the order in which they are matched,
// in a 64-way tree of bitmaps over their keys, the lowest first. A node has two children
// or more, so a level is a few steps away, be prices dense or far apart, and no price is
// out of reach. Index 0 means none, everywhere.
type ladder struct {
	best   uint32 // the level with the lowest key
	root   uint32 // as a child
	flip   uint64 // turns a price into a key and back
	levels []level
	nodes  []node

	freeLevel uint32 // linked by head
	freeNode  uint32 // linked by parent

	// nearby remembers nodes by the lowest bits of what 64 keys have in common; one that
	// left its place has another prefix.
	nearby [512]uint32
}

// A level is the queue of the orders at one price, the oldest first.
type level struct {
	key        uint64
	open       int64 // lots displayed
	head, tail uint32
	parent     uint32
	orders     uint32
	touched    uint64 // in which round of Changes it changed first
}

// A node covers the keys with key>>shift>>6 == prefix. A child is a level, or, with the
// bit isNode, a node; where shift is 0 all are levels.
type node struct {
	bitmap   uint64 // of the children that are there
	prefix   uint64
	parent   uint32
	shift    uint8
	children [64]uint32
}

const isNode = 1 << 31

// The keys of asks rise with the price, those of bids fall, and the sign of the price
// must not count as the highest bit.
const (
	flipUp   = 1 << 63
	flipDown = 1<<63 - 1
	noPrefix = ^uint64(0) // no key has so many bits left of its lowest six
)

func newLadder(flip uint64, levels int) ladder {
	l := ladder{flip: flip, levels: make([]level, 1, 1+levels), nodes: make([]node, 1, 1+levels/16)}
	l.nodes[0].prefix = noPrefix
	return l
}

func (l *ladder) key(price int64) uint64 { return uint64(price) ^ l.flip }

func (l *ladder) price(key uint64) int64 { return int64(key ^ l.flip) }

// find returns the level with the key, or 0.
func (l *ladder) find(key uint64) uint32 {
	if at, _ := l.descend(key); at&isNode == 0 && l.levels[at].key == key {
		return at
	}
	return 0
}

// descend returns the child where the way to the key ends, and its parent: the level with
// the key, one that covers other keys, or none.
func (l *ladder) descend(key uint64) (at, parent uint32) {
	at = l.root
	for at&isNode != 0 {
		n := &l.nodes[at&^isNode]
		if key>>n.shift>>6 != n.prefix {
			break
		}
		parent, at = at&^isNode, n.children[n.slot(key)]
	}
	return at, parent
}

// at returns the level with the key, and makes it if need be.
func (l *ladder) at(key uint64) uint32 {
	near := &l.nearby[key>>6%uint64(len(l.nearby))]
	parent := *near
	if n := &l.nodes[parent]; n.prefix != key>>6 || n.shift != 0 {
		var found uint32
		found, parent = l.place(key)
		if l.nodes[parent].shift == 0 {
			*near = parent
		}
		if found != 0 {
			return found
		}
	} else if found := n.children[key&63]; found != 0 {
		return found
	}
	made := l.freeLevel
	if made != 0 {
		l.freeLevel = l.levels[made].head
	} else {
		made = uint32(len(l.levels))
		l.levels = append(l.levels, level{})
	}
	l.levels[made] = level{key: key, parent: parent}
	if parent == 0 {
		l.root = made
	} else {
		l.nodes[parent].put(key, made)
	}
	if l.best == 0 || key < l.levels[l.best].key {
		l.best = made
	}
	return made
}

// place returns the level with the key, or 0, and the node that is or will be its parent.
func (l *ladder) place(key uint64) (found, parent uint32) {
	at, parent := l.descend(key)
	switch {
	case at == 0:
		return 0, parent
	case at&isNode == 0 && l.levels[at].key == key:
		return at, parent
	}
	return 0, l.fork(at, parent, key)
}

// fork makes the node for a key and a child that does not cover it, between that and its
// parent.
func (l *ladder) fork(child, parent uint32, key uint64) uint32 {
	var other uint64
	if child&isNode != 0 {
		n := &l.nodes[child&^isNode]
		other = n.prefix << 6 << n.shift
	} else {
		other = l.levels[child].key
	}
	made := l.freeNode
	if made != 0 {
		l.freeNode = l.nodes[made].parent
	} else {
		made = uint32(len(l.nodes))
		l.nodes = append(l.nodes, node{})
	}
	n := &l.nodes[made] // which has no children, be it new or used
	n.shift = uint8((bits.Len64(key^other) - 1) / 6 * 6)
	n.prefix = key >> n.shift >> 6
	l.hang(made|isNode, parent, key)
	l.hang(child, made, other)
	return made
}

// hang makes a child that covers the key one of the parent, or the root.
func (l *ladder) hang(child, parent uint32, key uint64) {
	if child&isNode != 0 {
		l.nodes[child&^isNode].parent = parent
	} else {
		l.levels[child].parent = parent
	}
	if parent == 0 {
		l.root = child
	} else {
		l.nodes[parent].put(key, child)
	}
}

// slot of the child that covers a key which the node covers.
func (n *node) slot(key uint64) uint64 { return key >> (n.shift & 63) & 63 }

func (n *node) put(key uint64, child uint32) {
	slot := n.slot(key)
	n.children[slot] = child
	n.bitmap |= 1 << slot
}

// remove a level without orders.
func (l *ladder) remove(gone uint32) {
	key, parent := l.levels[gone].key, l.levels[gone].parent
	l.levels[gone].head, l.freeLevel = l.freeLevel, gone
	if parent == 0 {
		l.root, l.best = 0, 0
		return
	}
	n := &l.nodes[parent]
	slot := n.slot(key)
	n.children[slot] = 0
	n.bitmap &^= 1 << slot
	if gone == l.best {
		l.best = l.lowest(n.children[bits.TrailingZeros64(n.bitmap)])
	}
	if n.bitmap&(n.bitmap-1) == 0 {
		l.prune(parent)
	}
}

// prune takes a node out that has but one child left, which takes its place.
func (l *ladder) prune(gone uint32) {
	n := &l.nodes[gone]
	slot := bits.TrailingZeros64(n.bitmap)
	only := n.children[slot]
	l.hang(only, n.parent, n.prefix<<6<<n.shift)
	n.children[slot], n.bitmap, n.prefix = 0, 0, noPrefix
	n.parent, l.freeNode = l.freeNode, gone
}

// lowest returns the level with the lowest key at or below a child.
func (l *ladder) lowest(at uint32) uint32 {
	for at&isNode != 0 {
		n := &l.nodes[at&^isNode]
		at = n.children[bits.TrailingZeros64(n.bitmap)]
	}
	return at
}

// next returns the level behind one, or 0.
func (l *ladder) next(this uint32) uint32 {
	key := l.levels[this].key
	for at := l.levels[this].parent; at != 0; at = l.nodes[at].parent {
		n := &l.nodes[at]
		slot := n.slot(key)
		if higher := n.bitmap &^ (2<<slot - 1); higher != 0 {
			return l.lowest(n.children[bits.TrailingZeros64(higher)])
		}
	}
	return 0
}
