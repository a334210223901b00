package cache

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is a stored response. Its fields never change after it was stored:
// a validation puts a new entry in its place.
type entry struct {
	key      string
	variant  map[string]string // the request's values of the fields in Vary
	status   int
	header   http.Header
	body     []byte
	said     directives    // of header
	fresh    time.Duration // freshness lifetime of header
	age      time.Duration // corrected_initial_age, RFC 9111 §4.2.3
	received time.Time
}

// bookkeeping is about what the maps and the list take for an entry.
const bookkeeping = 512

func (e *entry) bytes() int {
	n := bookkeeping + len(e.key) + len(e.body)
	for name, values := range e.header {
		for _, value := range values {
			n += len(name) + len(value)
		}
	}
	for name, value := range e.variant {
		n += len(name) + len(value)
	}
	return n
}

// received is the entry for a response, still without content; nil if it may
// not be stored (RFC 9111 §3).
func received(req *http.Request, resp *http.Response, key string, began, now time.Time) *entry {
	header := resp.Header
	said, _ := policy(header)
	fresh, explicit := lifetime(resp.StatusCode, header, now)
	vary := members(header, "Vary")
	understood := heuristic[resp.StatusCode]
	switch {
	case resp.StatusCode < 200, resp.StatusCode == http.StatusPartialContent, resp.StatusCode == http.StatusNotModified:
		return nil
	case said.has("must-understand") && !understood:
		return nil
	case said.has("no-store") && !said.has("must-understand"): // RFC 9111 §5.2.2.3
		return nil
	case said.whole("private"), slices.Contains(vary, "*"):
		return nil
	case req.Header.Get("Authorization") != "" && !said.has("public") && !said.has("s-maxage") && !said.has("must-revalidate"):
		return nil // RFC 9111 §3.5
	case !explicit && !understood && !said.has("public"):
		return nil
	case fresh == 0 && header.Get("ETag") == "" && header.Get("Last-Modified") == "":
		return nil // it could never be used
	}
	stored := storedFields(header, said)
	if stored.Get("Date") == "" {
		stored.Set("Date", now.UTC().Format(http.TimeFormat)) // RFC 9110 §6.6.1
	}
	variant := map[string]string{}
	for _, name := range vary {
		name = http.CanonicalHeaderKey(name)
		variant[name] = normalised(req.Header, name)
	}
	return (&entry{key: key, variant: variant, status: resp.StatusCode}).with(stored, header, began, now)
}

// with is the entry with these fields, of which the origin sent just now
// those in sent.
func (e *entry) with(header, sent http.Header, began, now time.Time) *entry {
	changed := *e
	changed.header = header
	changed.said, _ = policy(header)
	changed.fresh, _ = lifetime(e.status, header, now)
	if _, ok := age(sent); !ok {
		changed.fresh = 0
	}
	changed.age, changed.received = initialAge(sent, began, now), now
	return &changed
}

// hop are the fields for one connection and for proxies (RFC 9111 §3.1).
var hop = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// storedFields is a copy without the fields that may not be stored: those of
// one hop, those that Connection names, and those that no-cache and private
// name. Age is computed for each answer.
func storedFields(h http.Header, said directives) http.Header {
	kept := h.Clone()
	named := members(h, "Connection")
	for _, value := range slices.Concat(said["no-cache"], said["private"]) {
		named = append(named, strings.Split(value, ",")...)
	}
	for _, name := range slices.Concat(hop, named, []string{"Age"}) {
		kept.Del(strings.TrimSpace(name))
	}
	return kept
}

// updated is the entry after a 304 or a 200 to HEAD, whose fields replace the
// stored ones (RFC 9111 §3.2), except those that describe the stored bytes.
func (e *entry) updated(h http.Header, began, now time.Time) *entry {
	said, _ := policy(h)
	sent := storedFields(h, said)
	for _, name := range []string{"Content-Encoding", "Content-Length", "Content-Md5", "Content-Range", "Etag"} {
		sent.Del(name)
	}
	merged := e.header.Clone()
	maps.Copy(merged, sent)
	return e.with(merged, h, began, now)
}

// describedBy reports whether a response to HEAD is about the stored
// representation.
func (e *entry) describedBy(resp *http.Response) bool {
	same := func(name, stored string) bool {
		value := resp.Header.Get(name)
		return value == "" || value == stored
	}
	return same("Etag", e.header.Get("Etag")) && same("Last-Modified", e.header.Get("Last-Modified")) &&
		same("Content-Length", strconv.Itoa(len(e.body)))
}

// replay is a body that gives what was read of rest, then the error or the
// remainder.
func replay(read []byte, rest io.ReadCloser, err error, whole bool) io.ReadCloser {
	if whole {
		rest.Close()
		return io.NopCloser(bytes.NewReader(read))
	}
	var after io.Reader = rest
	if err != nil {
		after = failing{err}
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), after), rest}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// answer is a response made here.
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

// keyOf is the cache key of a request to GET the same target (RFC 9111 §2):
// its URI, and the host that it names if that is another one.
func keyOf(req *http.Request) string {
	key := strings.ToLower(req.URL.Scheme+"://"+req.URL.Host) + req.URL.RequestURI()
	if req.Host != "" && !strings.EqualFold(req.Host, req.URL.Host) {
		key += " " + strings.ToLower(req.Host)
	}
	return key
}

// sameOrigin is a request for the URI that a field of resp refers to, nil if
// that is at another origin (RFC 9111 §4.4).
func sameOrigin(req *http.Request, reference string) *http.Request {
	target := *req.URL
	if req.Host != "" {
		target.Host = req.Host
	}
	ref, err := url.Parse(reference)
	if err != nil {
		return nil
	}
	found := target.ResolveReference(ref)
	if found.Scheme != target.Scheme || !strings.EqualFold(found.Host, target.Host) {
		return nil
	}
	found.Host = req.URL.Host
	return &http.Request{URL: found, Host: req.Host}
}
