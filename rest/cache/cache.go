package cache

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// A Cache answers requests from stored responses where RFC 9111 allows it and
// passes every other request to its origin. It is safe for concurrent use.
type Cache struct {
	origin http.RoundTripper
	store  *store
	misses singleflight.Group

	background background
}

// New returns a cache before origin that keeps at most capacity bytes: URIs,
// fields, content and about 0.5 KiB of bookkeeping for each response. It drops
// the least recently used first. It panics if capacity is not positive.
func New(origin http.RoundTripper, capacity int) *Cache {
	if capacity <= 0 {
		panic(fmt.Sprintf("cache: capacity %d, want at least 1 byte", capacity))
	}
	return &Cache{origin: origin, store: newStore(capacity), background: newBackground()}
}

// Close ends the validations that run in the background and waits for them.
// The cache can still be used; what stale-while-revalidate would allow is then
// validated before it is used.
func (c *Cache) Close() { c.background.close() }

// RoundTrip answers req from the cache or from the origin. A response from
// the cache has an Age field (RFC 9111 §5.1). Errors are the origin's, or that
// of the request's context; a request that forbids the origin (only-if-cached)
// and finds nothing usable is answered with 504.
func (c *Cache) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return c.pass(req)
	}
	asked := parse(req.Header, "Cache-Control")
	if forOrigin(req) || asked.has("no-store") {
		return c.origin.RoundTrip(req)
	}
	key, now := keyOf(req), time.Now()
	stored := c.store.find(key, req.Header)
	if stored != nil {
		if stored.usable(asked, now) {
			return stored.answer(req, now), nil
		}
		if window := stored.usableMeanwhile(asked, now); window > 0 && c.refresh(req, key, stored, window) {
			return stored.answer(req, now), nil
		}
	}
	switch {
	case asked.has("only-if-cached"):
		return answer(req, http.StatusGatewayTimeout, http.Header{}, nil), nil
	case req.Method == http.MethodHead:
		return c.head(req, key, stored, asked)
	case req.Header.Get("Authorization") != "" || req.Header.Get("Range") != "":
		_, resp, err := c.fetch(req, key, stored, asked)
		return resp, err
	}
	return c.collapse(req, key, stored, asked)
}

// forOrigin reports whether only the origin may answer, or its answer is not
// an ordinary response.
func forOrigin(req *http.Request) bool {
	h := req.Header
	return req.Body != nil && req.Body != http.NoBody ||
		h.Get("If-Match") != "" || h.Get("If-Unmodified-Since") != "" || h.Get("Upgrade") != ""
}

// fetch asks the origin, with the stored response's validators if there is
// one. The entry is what was stored, nil if nothing was; the response answers
// req in either case.
func (c *Cache) fetch(req *http.Request, key string, stored *entry, asked directives) (*entry, *http.Response, error) {
	f := c.store.begin(key)
	defer c.store.end(f)
	sent := req
	if stored != nil {
		sent = stored.validation(req)
	}
	began := time.Now()
	resp, err := c.origin.RoundTrip(sent)
	now := time.Now()
	if stored != nil && failed(resp, err) && stored.coversError(asked, now) && req.Context().Err() == nil {
		if err == nil {
			resp.Body.Close()
		}
		return nil, stored.answer(req, now), nil
	}
	if err != nil {
		return nil, nil, err
	}
	if stored != nil && sent != req && resp.StatusCode == http.StatusNotModified {
		resp.Body.Close()
		e := stored.updated(resp.Header, began, now)
		c.store.put(e, f)
		return e, e.answer(req, now), nil
	}
	e := c.keep(req, resp, f, began, now)
	if stored != nil && e == nil && resp.StatusCode < 500 && resp.StatusCode != http.StatusNotModified {
		c.store.drop(stored) // the origin has something else now, which may not be stored
	}
	return e, resp, nil
}

// keep stores resp if it may be stored. The body of resp can be read whole
// in either case.
func (c *Cache) keep(req *http.Request, resp *http.Response, f *fetching, began, now time.Time) *entry {
	e := received(req, resp, f.key, began, now)
	if e == nil || resp.ContentLength > int64(c.store.capacity) {
		return nil
	}
	body, whole := readUpTo(resp, c.store.capacity)
	if !whole {
		return nil
	}
	e.body = body
	c.store.put(e, f)
	return e
}

// head passes a HEAD request on. Its answer says whether the stored response
// to GET is still the current one (RFC 9111 §4.3.5).
func (c *Cache) head(req *http.Request, key string, stored *entry, asked directives) (*http.Response, error) {
	f := c.store.begin(key)
	defer c.store.end(f)
	began := time.Now()
	resp, err := c.origin.RoundTrip(req)
	now := time.Now()
	switch {
	case stored == nil:
	case failed(resp, err) && stored.coversError(asked, now) && req.Context().Err() == nil:
		if err == nil {
			resp.Body.Close()
		}
		return stored.answer(req, now), nil
	case err == nil && resp.StatusCode == stored.status && stored.describedBy(resp):
		c.store.put(stored.updated(resp.Header, began, now), f)
	case err == nil && resp.StatusCode == http.StatusOK:
		c.store.drop(stored)
	}
	return resp, err
}

// failed reports an error that stale-if-error covers (RFC 5861 §4).
func failed(resp *http.Response, err error) bool {
	if err != nil {
		return true
	}
	switch resp.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// refresh begins to validate stored in the background, unless that is under
// way. It reports whether the stored response may be used meanwhile.
func (c *Cache) refresh(req *http.Request, key string, stored *entry, window time.Duration) bool {
	return c.background.begin(key, window, func(ctx context.Context) {
		get := req.Clone(ctx)
		get.Method = http.MethodGet
		for _, name := range []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since"} {
			get.Header.Del(name)
		}
		if _, resp, err := c.fetch(get, key, stored, nil); err == nil {
			resp.Body.Close()
		}
	})
}

// background runs at most one task for a key at a time, none after close.
type background struct {
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu      sync.Mutex
	running map[string]bool
}

func newBackground() background {
	ctx, cancel := context.WithCancel(context.Background())
	return background{ctx: ctx, cancel: cancel, running: map[string]bool{}}
}

func (b *background) begin(key string, limit time.Duration, task func(context.Context)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		return false
	}
	if b.running[key] {
		return true
	}
	b.running[key] = true
	b.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(b.ctx, limit)
		defer cancel()
		task(ctx)
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.running, key)
	})
	return true
}

func (b *background) close() {
	b.mu.Lock()
	b.cancel()
	b.mu.Unlock()
	b.tasks.Wait()
}

// readUpTo reads the body of resp if it is whole and has at most limit bytes.
// The body of resp then begins anew; otherwise it goes on after what was read.
func readUpTo(resp *http.Response, limit int) ([]byte, bool) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	whole := err == nil && len(body) <= limit && (resp.ContentLength < 0 || resp.ContentLength == int64(len(body)))
	resp.Body = replay(body, resp.Body, err, whole)
	return body, whole
}
