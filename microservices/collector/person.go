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
	months map[int]*sync.Pool // of hash.Hash keyed for the month
}

// of returns who visited in the month of t: by the name that the client gave the
// visitor, or else by address and browser.
func (p *persons) of(t time.Time, visitor string, addr netip.Addr, agent string) (person event.Person) {
	pool := p.month(t.Year()*12 + int(t.Month()) - 1)
	h := pool.Get().(hash.Hash)
	defer pool.Put(h)
	h.Reset()
	var buf [256]byte
	in := buf[:0]
	if visitor != "" {
		in = append(append(in, 'v'), visitor...)
	} else {
		a := addr.As16()
		in = append(append(append(in, 'a'), a[:]...), agent[:min(len(agent), 200)]...)
	}
	h.Write(in)
	var sum [sha256.Size]byte
	copy(person[:], h.Sum(sum[:0]))
	return person
}

func (p *persons) month(month int) *sync.Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	pool, ok := p.months[month]
	if !ok {
		key := hmac.New(sha256.New, p.secret)
		key.Write(binary.BigEndian.AppendUint64(nil, uint64(month)))
		of := key.Sum(nil)
		pool = &sync.Pool{New: func() any { return hmac.New(sha256.New, of) }}
		p.months[month] = pool
	}
	return pool
}
