package gateway

import (
	"container/list"
	"fmt"
	"hash/maphash"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"gonotes/rest/problem"
)

// Limit is what each client may send.
type Limit struct {
	// Rate is in requests per second.
	Rate float64
	// Burst is how many requests may come at once after a silence.
	Burst int
	// Clients is how many clients are remembered. When there are more, the one
	// that was silent longest is forgotten: it starts anew when it comes again.
	Clients int
	// Key tells clients apart; nil is [ClientKey].
	Key func(*http.Request) string
}

// RateLimit keeps a bucket of tokens for each client. It is safe for concurrent
// use.
type RateLimit struct {
	limit Limit
	seed  maphash.Seed

	mu      sync.Mutex
	recent  *list.List               // of *bucket, the client that came last first
	buckets map[uint64]*list.Element // by hash of the key, so that long keys take no memory
}

type bucket struct {
	client uint64
	tokens *rate.Limiter
}

// NewRateLimit returns a rate limit under which nobody has sent anything yet. The
// error names the value of l that is wrong.
func NewRateLimit(l Limit) (*RateLimit, error) {
	switch {
	case !(l.Rate > 0) || math.IsInf(l.Rate, 1): // NaN is not above 0
		return nil, fmt.Errorf("gateway: Limit.Rate is %v, want a finite number above 0", l.Rate)
	case l.Burst < 1:
		return nil, fmt.Errorf("gateway: Limit.Burst is %d, want at least 1", l.Burst)
	case l.Clients < 1:
		return nil, fmt.Errorf("gateway: Limit.Clients is %d, want at least 1", l.Clients)
	}
	if l.Key == nil {
		l.Key = ClientKey
	}
	return &RateLimit{limit: l, seed: maphash.MakeSeed(), recent: list.New(), buckets: map[uint64]*list.Element{}}, nil
}

// Limit returns a handler that passes to next what is within the limit. The rest
// is answered with a problem: 429 (RFC 6585 §4), and in Retry-After the seconds,
// rounded up, after which the next request of this client is within it.
func (l *RateLimit) Limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait, ok := l.take(l.limit.Key(r)); !ok {
			problem.RetryAfter(w, wait)
			problem.Write(w, http.StatusTooManyRequests, "This client sends more requests than it may.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// take takes a token of the client, or says how long it takes until there is one.
func (l *RateLimit) take(key string) (wait time.Duration, ok bool) {
	client := maphash.String(l.seed, key)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	b := l.bucket(client)
	if b.tokens.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - b.tokens.TokensAt(now)
	return time.Duration(missing / l.limit.Rate * float64(time.Second)), false
}

func (l *RateLimit) bucket(client uint64) *bucket {
	if known, ok := l.buckets[client]; ok {
		l.recent.MoveToFront(known)
		return known.Value.(*bucket)
	}
	if len(l.buckets) == l.limit.Clients {
		oldest := l.recent.Remove(l.recent.Back()).(*bucket)
		delete(l.buckets, oldest.client)
	}
	b := &bucket{client: client, tokens: rate.NewLimiter(rate.Limit(l.limit.Rate), l.limit.Burst)}
	l.buckets[client] = l.recent.PushFront(b)
	return b
}

// ClientKey is the address of the peer, of IPv6 the first 64 bits: one client has
// as many addresses under these as it likes (RFC 4291 §2.5.1).
func ClientKey(r *http.Request) string {
	addr, ok := peer(r)
	if !ok {
		return r.RemoteAddr
	}
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().String()
	}
	return addr.String()
}
