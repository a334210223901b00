package collector

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"net/netip"
	"sync"
	"time"

	"gonotes/microservices/event"
)

// persons tells visitors apart without keeping who they are.
type persons struct {
	secret []byte

	mu     sync.Mutex
	months map[int]*sync.Pool // of *hasher keyed for the month
}

// hasher is a keyed hash with room for what goes in and comes out.
type hasher struct {
	hash.Hash
	in, out []byte
}

// maxAgent is how many bytes of a User-Agent tell browsers apart.
const maxAgent = 200

// of returns who visited in the month of t: by the name that the client gave the
// visitor, or else by address and browser.
func (p *persons) of(t time.Time, visitor string, addr netip.Addr, agent string) (person event.Person) {
	pool := p.month(t.Year()*12 + int(t.Month()) - 1)
	h := pool.Get().(*hasher)
	defer pool.Put(h)
	h.Reset()
	if visitor != "" {
		h.in = append(append(h.in[:0], 'v'), visitor...)
	} else {
		a := addr.As16()
		h.in = append(append(append(h.in[:0], 'a'), a[:]...), agent[:min(len(agent), maxAgent)]...)
	}
	h.Write(h.in)
	h.out = h.Sum(h.out[:0])
	copy(person[:], h.out)
	return person
}

// month returns the hashers of a month, whose key is a hash of it by the secret.
func (p *persons) month(month int) *sync.Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	pool, ok := p.months[month]
	if !ok {
		h := hmac.New(sha256.New, p.secret)
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(month)))
		key := h.Sum(nil)
		pool = &sync.Pool{New: func() any { return &hasher{Hash: hmac.New(sha256.New, key)} }}
		p.months[month] = pool
	}
	return pool
}
