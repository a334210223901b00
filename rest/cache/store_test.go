package cache_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/cache"
)

func TestNew_capacity(t *testing.T) {
	assert.PanicsWithValue(t, "cache: capacity 0, want at least 1 byte", func() { cache.New(nil, 0) })
}

// After any sequence of requests the size is the sum of what is stored, and
// within the capacity. The seed is in the message of a failure.
func TestStore_bounded(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		capacity := 1000 + random.IntN(20_000)
		o := &origin{handler: func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Cache-Control", []string{"max-age=60", "max-age=0", "no-store", "private"}[random.IntN(4)])
			if random.IntN(2) == 0 {
				w.Header().Set("Vary", "X")
			}
			w.Header().Set("ETag", fmt.Sprintf(`"%d"`, random.IntN(2)))
			if req.Header.Get("If-None-Match") != "" && random.IntN(2) == 0 {
				w.Header().Set("Y", strings.Repeat("y", random.IntN(500)))
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprint(w, strings.Repeat("b", random.IntN(3000)))
		}}
		c := cache.New(o, capacity)
		most := 0
		for step := range 500 {
			method := []string{"GET", "GET", "GET", "GET", "HEAD", "PUT"}[random.IntN(6)]
			path := "/" + strings.Repeat("p", random.IntN(10))
			ask(t, c, method, path, "X", strings.Repeat("x", random.IntN(3)*100))
			counted, sum, entries := c.Size()
			require.Equal(t, sum, counted, "seed %d, step %d", seed, step)
			require.LessOrEqual(t, counted, capacity, "seed %d, step %d", seed, step)
			most = max(most, entries)
		}
		assert.Greater(t, most, 1, "seed %d stored something", seed)
	}
}

// What is stored counts with its URI, the selecting fields and some
// bookkeeping, so that many small responses are bounded as well.
func TestStore_counts(t *testing.T) {
	const long = 3000
	tests := []struct {
		name   string
		path   string
		fields []string
	}{
		{"URI", "/" + strings.Repeat("u", long), nil},
		{"Vary", "/", []string{"X", strings.Repeat("x", long)}},
	}
	for _, test := range tests {
		c := cache.New(numbered("Cache-Control", "max-age=60", "Vary", "X"), 1<<20)
		get(t, c, "/")
		small, _, _ := c.Size()
		assert.GreaterOrEqual(t, small, 512)
		get(t, c, test.path, test.fields...)
		both, _, _ := c.Size()
		assert.GreaterOrEqual(t, both, 2*small+long-10, test.name)
	}
}

// A variant is stored once, however often it is replaced or validated.
func TestStore_replaces(t *testing.T) {
	c := cache.New(numbered("Cache-Control", "max-age=0", "ETag", `"a"`), 1<<20)
	for range 5 {
		get(t, c, "/")
	}
	_, _, entries := c.Size()
	assert.Equal(t, 1, entries)
}

// Many goroutines read many URIs while each is written: whoever reads after a
// write never sees what was before it.
func TestStore_concurrent(t *testing.T) {
	const uris = 8
	var values [uris]atomic.Int64
	c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
		var i int
		fmt.Sscanf(req.URL.Path, "/%d", &i)
		if req.Method == http.MethodPut {
			values[i].Add(1)
			return textResponse(req, "")
		}
		return textResponse(req, fmt.Sprint(values[i].Load()), "Vary", "X")
	}), 20_000)
	defer c.Close()
	var written [uris]atomic.Int64
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			for range 500 {
				i := random.IntN(uris)
				req := newRequest(fmt.Sprintf("/%d", i))
				if random.IntN(10) == 0 {
					req.Method = http.MethodPut
					// Writers of one URI are told apart by nobody: only the first count is safe.
					before := values[i].Load()
					text(c, req)
					for old := written[i].Load(); old < before+1 && !written[i].CompareAndSwap(old, before+1); old = written[i].Load() {
					}
					continue
				}
				req.Header.Set("X", fmt.Sprint(random.IntN(2)))
				least := written[i].Load()
				var seen int64
				_, err := fmt.Sscan(text(c, req), &seen)
				if assert.NoError(t, err) {
					assert.GreaterOrEqual(t, seen, least, "URI %d: an answer from before a write", i)
				}
			}
		})
	}
	group.Wait()
	counted, sum, _ := c.Size()
	assert.Equal(t, sum, counted)
	assert.Zero(t, c.Fetching())
}
