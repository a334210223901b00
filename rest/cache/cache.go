// Package cache is a shared HTTP cache as an [http.RoundTripper]: inside
// [net/http/httputil.ReverseProxy] it is a caching gateway, inside
// [http.Client] the cache of a client.
//
// It stores complete 200 responses to GET that say for how long they are
// fresh or carry a validator, and answers GET and HEAD from them (RFC 9111).
// A stale response is validated with If-None-Match or If-Modified-Since; when
// the origin fails, it is used for as long as stale-if-error allows (RFC 5861
// §4). A successful unsafe request invalidates its URI (RFC 9111 §4.4).
// Requests with a Range or a condition of their own pass through. The answer
// to a request with Authorization is stored only where RFC 9111 §3.5 allows it.
//
// Source: https://www.rfc-editor.org/rfc/rfc9111
package cache

import (
	"bytes"
	"container/list"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Cache answers requests from stored responses where RFC 9111 allows it and
// passes every other request to its origin. It is safe for concurrent use.
type Cache struct {
	origin   http.RoundTripper
	capacity int

	mu     sync.Mutex
	size   int                        // bytes of all entries
	recent *list.List                 // of *entry, the most recently used first
	byURI  map[string][]*list.Element // the variants of one URI
}

// entry is a stored response. Its fields never change after it was stored:
// a validation puts a new entry in its place.
type entry struct {
	uri       string
	requested http.Header // the request's fields that Vary names
	header    http.Header
	body      []byte
	said      directives    // of header
	fresh     time.Duration // freshness lifetime of header
	age       time.Duration // corrected_initial_age, RFC 9111 §4.2.3
	received  time.Time
}

// New returns a cache before origin that keeps at most capacity bytes of
// bodies and header fields, dropping the least recently used first. It panics
// if capacity is not positive.
func New(origin http.RoundTripper, capacity int) *Cache {
	if capacity <= 0 {
		panic(fmt.Sprintf("cache: capacity %d, want at least 1 byte", capacity))
	}
	return &Cache{origin: origin, capacity: capacity, recent: list.New(), byURI: map[string][]*list.Element{}}
}

// RoundTrip answers req from the cache or from the origin. A response from
// the cache has an Age field (RFC 9111 §5.1). Errors are the origin's; a
// request that forbids the origin (only-if-cached) and finds nothing usable
// is answered with 504.
func (c *Cache) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return c.unsafe(req)
	}
	asked := parse(req.Header)
	if asked.has("no-store") || conditional(req.Header) {
		return c.origin.RoundTrip(req)
	}
	stored := c.lookup(req)
	if stored != nil && stored.usable(asked, time.Now()) {
		return stored.response(req), nil
	}
	if asked.has("only-if-cached") {
		return answer(req, http.StatusGatewayTimeout, http.Header{}, nil), nil
	}
	if req.Method == http.MethodHead {
		return c.origin.RoundTrip(req)
	}
	return c.fetch(req, stored)
}

func (c *Cache) unsafe(req *http.Request) (*http.Response, error) {
	resp, err := c.origin.RoundTrip(req)
	safe := req.Method == http.MethodOptions || req.Method == http.MethodTrace
	if err == nil && !safe && resp.StatusCode < 400 {
		c.forget(req.URL.String())
	}
	return resp, err
}

// fetch asks the origin, with the stored response's validators if there is
// one, and stores what may be stored.
func (c *Cache) fetch(req *http.Request, stored *entry) (*http.Response, error) {
	sent := req
	if stored != nil {
		sent = req.Clone(req.Context())
		copyField(sent.Header, "If-None-Match", stored.header.Get("ETag"))
		copyField(sent.Header, "If-Modified-Since", stored.header.Get("Last-Modified"))
	}
	asked := time.Now()
	resp, err := c.origin.RoundTrip(sent)
	now := time.Now()
	if stored != nil && (err != nil || resp.StatusCode >= 500) && stored.servesErrors(now) {
		if err == nil {
			resp.Body.Close()
		}
		return stored.response(req), nil
	}
	if err != nil {
		return nil, err
	}
	if stored != nil && resp.StatusCode == http.StatusNotModified {
		resp.Body.Close()
		fresh := stored.validated(resp.Header, asked, now)
		c.store(fresh)
		return fresh.response(req), nil
	}
	if !storable(req, resp, now) {
		return resp, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(c.capacity)+1))
	if err != nil || len(body) > c.capacity {
		// What was read goes to the client all the same, and the error after it.
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), after(resp.Body, err)), resp.Body}
		return resp, nil
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	c.store(received(req, resp.Header, body, asked, now))
	return resp, nil
}

func after(body io.Reader, err error) io.Reader {
	if err == nil {
		return body
	}
	return failing{err}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func copyField(header http.Header, name, value string) {
	if value != "" {
		header.Set(name, value)
	}
}

func answer(req *http.Request, status int, header http.Header, body []byte) *http.Response {
	resp := &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)), Request: req,
	}
	if req.Method == http.MethodHead {
		resp.Body = http.NoBody
	}
	return resp
}

// conditional reports whether the client itself asks for a part or brings
// its own validators: such a request is the origin's to answer.
func conditional(h http.Header) bool {
	return slices.ContainsFunc(
		[]string{"Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"},
		func(name string) bool { return h.Get(name) != "" })
}

// storable is RFC 9111 §3, for complete 200 responses to GET.
func storable(req *http.Request, resp *http.Response, now time.Time) bool {
	said := parse(resp.Header)
	if req.Method != http.MethodGet || resp.StatusCode != http.StatusOK || said.has("no-store") || said.has("private") {
		return false
	}
	if slices.Contains(members(resp.Header, "Vary"), "*") {
		return false
	}
	if req.Header.Get("Authorization") != "" && !said.has("public") && !said.has("s-maxage") && !said.has("must-revalidate") {
		return false // RFC 9111 §3.5
	}
	return lifetime(resp.Header, now) > 0 || resp.Header.Get("ETag") != "" || resp.Header.Get("Last-Modified") != ""
}

func received(req *http.Request, header http.Header, body []byte, asked, now time.Time) *entry {
	requested := http.Header{}
	for _, name := range members(header, "Vary") {
		requested[http.CanonicalHeaderKey(name)] = req.Header.Values(name)
	}
	return (&entry{uri: req.URL.String(), requested: requested, body: body}).with(header.Clone(), header, asked, now)
}

// with is the entry with these fields, of which the origin sent just now
// those in sent.
func (e *entry) with(header, sent http.Header, asked, now time.Time) *entry {
	changed := *e
	changed.header, changed.said, changed.fresh = header, parse(header), lifetime(header, now)
	changed.age, changed.received = initialAge(sent, asked, now), now
	return &changed
}

// initialAge is RFC 9111 §4.2.3.
func initialAge(header http.Header, asked, now time.Time) time.Duration {
	apparent := max(0, now.Sub(date(header, "Date", now)))
	said, _ := seconds(header.Get("Age"))
	return max(apparent, said+now.Sub(asked))
}

// validated is the entry after a 304, whose fields replace the stored ones
// (RFC 9111 §3.2).
func (e *entry) validated(header http.Header, asked, now time.Time) *entry {
	merged, sent := e.header.Clone(), header.Clone()
	sent.Del("Content-Length")
	maps.Copy(merged, sent)
	return e.with(merged, sent, asked, now)
}

func (e *entry) matches(req *http.Request) bool {
	for name, values := range e.requested {
		if !slices.Equal(values, req.Header.Values(name)) {
			return false
		}
	}
	return true
}

func (e *entry) ageAt(now time.Time) time.Duration { return e.age + now.Sub(e.received) }

func (e *entry) usable(asked directives, now time.Time) bool {
	if e.said.has("no-cache") || asked.has("no-cache") {
		return false
	}
	age := e.ageAt(now)
	if limit, ok := asked.seconds("max-age"); ok && age > limit {
		return false
	}
	if margin, ok := asked.seconds("min-fresh"); ok && e.fresh-age < margin {
		return false
	}
	if age < e.fresh {
		return true
	}
	if e.said.has("must-revalidate") || e.said.has("proxy-revalidate") || e.said.has("s-maxage") {
		return false
	}
	if !asked.has("max-stale") {
		return false
	}
	limit, ok := asked.seconds("max-stale")
	return asked["max-stale"] == "" || ok && age-e.fresh <= limit
}

func (e *entry) servesErrors(now time.Time) bool {
	limit, ok := e.said.seconds("stale-if-error")
	return ok && !e.said.has("no-cache") && !e.said.has("must-revalidate") && e.ageAt(now)-e.fresh <= limit
}

func (e *entry) response(req *http.Request) *http.Response {
	header := e.header.Clone()
	header.Set("Age", strconv.Itoa(int(e.ageAt(time.Now())/time.Second)))
	return answer(req, http.StatusOK, header, e.body)
}

func (e *entry) bytes() int {
	n := len(e.uri) + len(e.body)
	for name, values := range e.header {
		for _, value := range values {
			n += len(name) + len(value)
		}
	}
	return n
}

func (c *Cache) lookup(req *http.Request) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, element := range c.byURI[req.URL.String()] {
		if e := element.Value.(*entry); e.matches(req) {
			c.recent.MoveToFront(element)
			return e
		}
	}
	return nil
}

func (c *Cache) store(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, element := range slices.Clone(c.byURI[e.uri]) {
		old := element.Value.(*entry)
		if maps.EqualFunc(old.requested, e.requested, slices.Equal) {
			c.drop(element)
		}
	}
	c.byURI[e.uri] = append(c.byURI[e.uri], c.recent.PushFront(e))
	for c.size += e.bytes(); c.size > c.capacity; {
		c.drop(c.recent.Back())
	}
}

func (c *Cache) forget(uri string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, element := range slices.Clone(c.byURI[uri]) {
		c.drop(element)
	}
}

func (c *Cache) drop(element *list.Element) {
	e := c.recent.Remove(element).(*entry)
	c.size -= e.bytes()
	left := slices.DeleteFunc(c.byURI[e.uri], func(other *list.Element) bool { return other == element })
	if len(left) == 0 {
		delete(c.byURI, e.uri)
		return
	}
	c.byURI[e.uri] = left
}

// directives are those of Cache-Control, names in lower case (RFC 9111 §5.2).
type directives map[string]string

func parse(h http.Header) directives {
	said := directives{}
	for _, part := range members(h, "Cache-Control") {
		name, value, _ := strings.Cut(part, "=")
		said[strings.ToLower(strings.TrimSpace(name))] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	return said
}

func (d directives) has(name string) bool { _, ok := d[name]; return ok }

func (d directives) seconds(name string) (time.Duration, bool) { return seconds(d[name]) }

// seconds reads delta-seconds; more than 2³¹ counts as 2³¹ (RFC 9111 §1.2.2).
func seconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil && n == 0 {
		return 0, false
	}
	return time.Duration(min(n, 1<<31)) * time.Second, true
}

// lifetime is the freshness lifetime of RFC 9111 §4.2.1. There is no
// heuristic: what does not say how long it is fresh is validated each time. A
// response without Date counts as dated when it was received.
func lifetime(h http.Header, received time.Time) time.Duration {
	said := parse(h)
	for _, name := range []string{"s-maxage", "max-age"} {
		if said.has(name) {
			fresh, _ := said.seconds(name)
			return fresh
		}
	}
	if h.Get("Expires") == "" {
		return 0
	}
	written := date(h, "Date", received)
	return max(0, date(h, "Expires", written).Sub(written))
}

func date(h http.Header, name string, otherwise time.Time) time.Time {
	if t, err := http.ParseTime(h.Get(name)); err == nil {
		return t
	}
	return otherwise
}

// members is the members of a comma-separated field over all its lines.
func members(h http.Header, name string) []string {
	var found []string
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if part = strings.TrimSpace(part); part != "" {
				found = append(found, part)
			}
		}
	}
	return found
}
