package api_test

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/api"
)

// statusLine begins every answer. No content has it at the begin of a line.
var statusLine = regexp.MustCompile(`(?m)^HTTP/1\.[01] ((\d{3}).*)\r$`)

// onlyNetHTTP is what net/http says, before the API sees a request, to versions
// and transfer codings that it does not have.
var onlyNetHTTP = map[string]bool{
	"501 Not Implemented": true,
	"505 HTTP Version Not Supported: unsupported protocol version": true,
}

// exchange writes raw bytes to a connection and returns all that comes back until
// the server closes it, which the idle timeout makes certain.
func exchange(t *testing.T, s *server, raw string) string {
	t.Helper()
	conn := s.dial(t)
	var writer sync.WaitGroup
	defer writer.Wait()
	defer conn.Close()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(2*time.Minute)))
	writer.Go(func() { io.WriteString(conn, raw) })
	got, err := io.ReadAll(conn)
	assert.NoError(t, err, "no end after %q", raw)
	return string(got)
}

// statuses returns the status lines of an exchange, whose 5xx are of net/http.
func statuses(t *testing.T, raw, got string) []string {
	t.Helper()
	var found []string
	for _, line := range statusLine.FindAllStringSubmatch(got, -1) {
		if line[2] >= "500" {
			assert.True(t, onlyNetHTTP[line[1]], "%q is answered with %q", raw, line[1])
		}
		found = append(found, line[1])
	}
	return found
}

// generator makes requests that are wrong in some way, or not.
type generator struct {
	*rand.Rand
	ids []string
}

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g generator) junk() string {
	b := make([]byte, g.IntN(40))
	for i := range b {
		b[i] = byte(g.IntN(256))
	}
	return string(b)
}

func (g generator) method() string {
	if g.chance(10) {
		return g.pick("TRACE", "CONNECT", "PRI", "get", "", "G T", "G\x00T", strings.Repeat("M", 300), g.junk())
	}
	return g.pick("GET", "HEAD", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}

func (g generator) target() string {
	id := g.pick(g.ids...)
	if g.chance(20) {
		id = g.pick("none", "%00", "%zz", "..", "", "%2F", "\xff", strings.Repeat("i", 2000))
	}
	path := g.pick("/", "/accounts", "/accounts", "/accounts/"+id, "/accounts/"+id+"/users", "/users/"+id, "/accounts/"+id+"/sites",
		"/sites/"+id, "/sites/"+id+"/campaigns", "/campaigns/"+id, "/sites/"+id+"/tracker.js", "/health", "/ready")
	if g.chance(10) {
		path = g.pick("/openapi.yaml", "*", "", "//", "/accounts/", "/accounts/../ready", "http://api.example/accounts", "http://api.example", "http://", "api.example:443", "/a b", g.junk())
	}
	if g.chance(20) {
		path += "?" + g.pick("limit=1", "limit=-1", "limit=1e9", "limit", "cursor="+g.pick("YQ", "!", "%ff", strings.Repeat("A", 200)), "plan=team", "plan=%ff", "name=%00",
			"x=1", "&&&", "=", "%", ";", "limit=1&limit=1", strings.Repeat("a&", 500), g.junk())
	}
	return path
}

func (g generator) field() string {
	if g.chance(10) {
		return g.pick("Content-Length: 5\r\nContent-Length: 6", "Transfer-Encoding : chunked", "Host: other.example", "No colon", ": no name", " folded: 1",
			"Content-Length: "+g.pick("0", "1", "10", "-1", "+5", "0x10", "99999999999999999999", "1000000", "10, 10", ""),
			"Transfer-Encoding: "+g.pick("chunked", "gzip", "chunked, chunked", "identity", "chunked\r\nTransfer-Encoding: chunked", ""),
			"Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA", "X: "+strings.Repeat("x", 20000), "X: "+g.junk(), g.junk())
	}
	return g.pick(
		"Accept: "+g.pick("application/json", "application/xml", "*/*;q=0", "image/png", ";;;", "application/xml;q=", "\xff"),
		"Content-Type: "+g.pick("application/json", "application/xml", "application/merge-patch+json", "text/plain", "application/json; charset=latin1", "/"),
		"If-Match: "+g.pick("*", `"1-json"`, `W/"1-json"`, `"`, "", strings.Repeat(`"x",`, 500)), "If-None-Match: "+g.pick("*", `"1-xml"`, `"`, ","),
		"Idempotency-Key: "+g.pick("k", "", strings.Repeat("k", 200), "é"), "X-Request-Id: "+g.pick("1", strings.Repeat("r", 100), "a b"),
		"Content-Encoding: gzip", "Expect: "+g.pick("100-continue", "200-ok"), "Connection: "+g.pick("close", "keep-alive"), "Range: bytes=0-1", "Trailer: X")
}

func (g generator) content() string {
	valid := g.pick(account, user("x@example.org"), site("x.example"), campaign, "<account><name>A</name><plan>team</plan></account>", `{"name":"B"}`, `{"name":null}`)
	if g.chance(60) {
		return valid
	}
	return g.pick(valid[:len(valid)/2], valid+valid, "", "[]", "null", "\ufeff"+valid, deep(api.MaxDepth+1), strings.Repeat("[", 70000), strings.Repeat("<a>", 1000),
		`<!DOCTYPE a [<!ENTITY x "x">]><account>&x;</account>`, strings.Repeat(" ", api.MaxContent+1), g.junk())
}

// request is raw bytes: a request whose parts may not fit, of which some bytes may
// be others.
func (g generator) request() string {
	end := "\r\n"
	if g.chance(3) {
		end = g.pick("\n", "\r")
	}
	version := "HTTP/1.1"
	if g.chance(5) {
		version = g.pick("HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/9.9", "HTTP/1", "http/1.1", "", g.junk())
	}
	method := g.method()
	var head strings.Builder
	head.WriteString(method + " " + g.target() + " " + version + end)
	if g.chance(97) {
		head.WriteString("Host: api.example" + end)
	}
	if g.chance(70) {
		head.WriteString("If-Match: " + g.pick("*", `"7-json"`) + end + "Content-Type: ")
		if method == "PATCH" {
			head.WriteString("application/merge-patch+json" + end)
		} else {
			head.WriteString("application/json" + end)
		}
	}
	for range g.IntN(4) {
		head.WriteString(g.field() + end)
	}
	content := ""
	if g.chance(60) {
		content = g.content()
		switch g.IntN(5) {
		case 0: // nothing says that there is content
		case 1: // a length that may be wrong
			head.WriteString(fmt.Sprintf("Content-Length: %d%s", len(content)+g.IntN(7)-3, end))
		case 2, 3:
			head.WriteString(fmt.Sprintf("Content-Length: %d%s", len(content), end))
		case 4:
			head.WriteString("Transfer-Encoding: chunked" + end)
			content = fmt.Sprintf("%x\r\n%s\r\n%s", len(content)+g.IntN(3)-1, content, g.pick("0\r\n\r\n", "0\r\nX: 1\r\n\r\n", "-1\r\n", "fffffffffffffffff\r\n", "", "zz\r\n"))
		}
	}
	raw := []byte(head.String() + end + content)
	if g.chance(15) {
		for range 1 + g.IntN(5) {
			i := g.IntN(len(raw))
			switch g.IntN(3) {
			case 0:
				raw[i] = byte(g.IntN(256))
			case 1:
				raw = slices.Delete(raw, i, min(i+1+g.IntN(3), len(raw)-1))
			case 2:
				raw = slices.Insert(raw, i, byte(g.IntN(256)))
			}
		}
	}
	return string(raw)
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// Of 10,000 malformed requests none makes the service fail or hang or keep
// memory, each answer of the API is one of the contract, and a good request gets
// its answer afterwards.
func TestMalformed(t *testing.T) {
	const requests, mayGrow = 10_000, 8 << 20
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := serve(t, w)
		defer s.close()
		g := generator{rand.New(rand.NewPCG(1, 2)), slices.Sorted(maps.Values(w.ids))}
		for range 100 { // fills what is made once
			exchange(t, s, g.request())
		}
		before := heap()
		seen := map[string]int{}
		for range requests {
			raw := g.request()
			for _, status := range statuses(t, raw, exchange(t, s, raw)) {
				seen[status]++
			}
			if t.Failed() {
				return
			}
		}
		for _, status := range append(slices.Collect(maps.Keys(onlyNetHTTP)), "200 OK", "201 Created", "204 No Content", "304 Not Modified", "400 Bad Request",
			"404 Not Found", "405 Method Not Allowed", "406 Not Acceptable", "408 Request Timeout", "409 Conflict", "412 Precondition Failed", "413 Request Entity Too Large",
			"415 Unsupported Media Type", "422 Unprocessable Entity", "428 Precondition Required", "431 Request Header Fields Too Large") {
			assert.Positive(t, seen[status], "no answer is %s: the requests are too few of a kind", status)
		}
		assert.Less(t, heap(), before+mayGrow)
		t.Log(seen)
		got := exchange(t, s, "GET /health HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n")
		assert.Contains(t, got, "HTTP/1.1 200 OK")
	})
}

// Whatever bytes come, an answer is one of the contract or of net/http.
func FuzzRequest(f *testing.F) {
	g := generator{rand.New(rand.NewPCG(3, 4)), []string{"none"}}
	for range 100 {
		f.Add(g.request())
	}
	f.Add("POST /accounts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	f.Add("GET * HTTP/1.1\r\nHost: a\r\n\r\n")
	f.Fuzz(func(t *testing.T, raw string) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, newClient(t))
			defer s.close()
			statuses(t, raw, exchange(t, s, raw))
		})
	})
}
