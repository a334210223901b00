package cache

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// validation is req with the stored validators in place of the client's own,
// which the cache answers itself (RFC 9111 §4.3.1); req itself if there are
// none.
func (e *entry) validation(req *http.Request) *http.Request {
	etag, modified := e.header.Get("Etag"), e.header.Get("Last-Modified")
	if etag == "" && modified == "" {
		return req
	}
	sent := req.Clone(req.Context())
	for name, value := range map[string]string{"If-None-Match": etag, "If-Modified-Since": modified} {
		sent.Header.Del(name)
		if value != "" {
			sent.Header.Set(name, value)
		}
	}
	return sent
}

// answer is what the stored response gives for req: itself, 304 to a
// condition that fails, 206 or 416 to a range.
func (e *entry) answer(req *http.Request, now time.Time) *http.Response {
	header := e.header.Clone()
	header.Set("Age", strconv.Itoa(int(e.ageAt(now)/time.Second)))
	if e.status != http.StatusOK {
		return answer(req, e.status, header, e.body)
	}
	if e.unmodified(req.Header) {
		for _, name := range []string{"Content-Encoding", "Content-Length", "Content-Type"} {
			header.Del(name)
		}
		return answer(req, http.StatusNotModified, header, nil)
	}
	if req.Method == http.MethodGet && e.rangeApplies(req.Header) {
		if partial := e.partial(req, header); partial != nil {
			return partial
		}
	}
	return answer(req, e.status, header, e.body)
}

// unmodified reports whether the client has the stored representation (RFC
// 9110 §13.1.2, §13.1.3; RFC 9111 §4.3.2).
func (e *entry) unmodified(h http.Header) bool {
	if len(h.Values("If-None-Match")) > 0 {
		known := members(h, "If-None-Match")
		stored := e.header.Get("Etag")
		return slices.Equal(known, []string{"*"}) || stored != "" && slices.ContainsFunc(known, func(tag string) bool {
			return strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(stored, "W/")
		})
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	if err != nil {
		return false
	}
	modified := date(e.header, "Last-Modified", date(e.header, "Date", e.received))
	return !modified.After(since)
}
