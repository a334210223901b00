package cache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/cache"
)

func textResponse(req *http.Request, body string, fields ...string) (*http.Response, error) {
	header := http.Header{"Cache-Control": {"max-age=60"}}
	for i := 0; i < len(fields); i += 2 {
		header.Set(fields[i], fields[i+1])
	}
	return &http.Response{
		StatusCode: 200, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Header: header, Request: req,
	}, nil
}

// slow is an origin that takes a second for each answer, which is its number.
type slow struct {
	asked  atomic.Int64
	fields []string
	err    error
}

func (s *slow) RoundTrip(req *http.Request) (*http.Response, error) {
	n := s.asked.Add(1)
	select {
	case <-time.After(time.Second):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if s.err != nil {
		return nil, s.err
	}
	return textResponse(req, fmt.Sprint(n), s.fields...)
}

// text is the body, or the error.
func text(c *cache.Cache, req *http.Request) string {
	resp, err := c.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// crowd sends n requests at the same time, changed by each, and counts equal
// answers.
func crowd(c *cache.Cache, n int, change func(int, *http.Request)) map[string]int {
	answers := make(chan string, n)
	for i := range n {
		req := newRequest("/")
		if change != nil {
			change(i, req)
		}
		go func() { answers <- text(c, req) }()
		synctest.Wait() // the first comes first
	}
	counts := map[string]int{}
	for range n {
		counts[<-answers]++
	}
	return counts
}

// Requests for one URI that miss at the same time cause one request to the
// origin, unless its answer may not be shared.
func TestCollapse(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		change func(int, *http.Request)
		asked  int64
		took   time.Duration
	}{
		{"stored", nil, nil, 1, time.Second},
		{"private", []string{"Cache-Control", "private"}, nil, 10, 2 * time.Second},
		{"no-store", []string{"Cache-Control", "no-store"}, nil, 10, 2 * time.Second},
		{"to be validated each time", []string{"Cache-Control", "no-cache", "Etag", `"a"`}, nil, 10, 2 * time.Second},
		{"stale at once", []string{"Cache-Control", "max-age=0", "Etag", `"a"`}, nil, 10, 2 * time.Second},
		{"another variant", []string{"Vary", "X"}, func(i int, req *http.Request) { req.Header.Set("X", fmt.Sprint(i)) }, 10, 2 * time.Second},
		{"the clients forbid it", nil, func(_ int, req *http.Request) { req.Header.Set("Cache-Control", "no-cache") }, 10, 2 * time.Second},
		{"a range", nil, func(i int, req *http.Request) { req.Header.Set("Range", fmt.Sprintf("bytes=%d-", i)) }, 10, time.Second},
		{"authorized", []string{"Cache-Control", "public, max-age=60"}, func(i int, req *http.Request) { req.Header.Set("Authorization", fmt.Sprint(i)) }, 10, time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &slow{fields: test.fields}
				c := cache.New(o, 1<<20)
				began := time.Now()
				answers := crowd(c, 10, test.change)
				assert.Equal(t, test.asked, o.asked.Load())
				assert.Len(t, answers, int(test.asked))
				assert.Equal(t, test.took, time.Since(began))
			})
		})
	}
}

// A broken origin breaks all that wait, and is asked once.
func TestCollapse_error(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &slow{err: errors.New("origin is down")}
		assert.Equal(t, map[string]int{"origin is down": 10}, crowd(cache.New(o, 1<<20), 10, nil))
		assert.EqualValues(t, 1, o.asked.Load())
	})
}

// A client that leaves takes nothing from the others: the next of them asks.
func TestCollapse_leaderLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &slow{}
		c := cache.New(o, 1<<20)
		began := time.Now()
		answers := crowd(c, 10, func(i int, req *http.Request) {
			if i == 0 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
				context.AfterFunc(ctx, cancel)
				*req = *req.WithContext(ctx)
			}
		})
		assert.Equal(t, map[string]int{"context deadline exceeded": 1, "2": 9}, answers)
		assert.Equal(t, time.Second+time.Second/2, time.Since(began))
	})
}

// A client that waits and leaves does so at once, and alone.
func TestCollapse_followerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &slow{}
		c := cache.New(o, 1<<20)
		answers := crowd(c, 10, func(i int, req *http.Request) {
			if i == 5 {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				*req = *req.WithContext(ctx)
			}
		})
		assert.Equal(t, map[string]int{"context canceled": 1, "1": 9}, answers)
		assert.EqualValues(t, 1, o.asked.Load())
	})
}

// An answer that comes after its client left is closed.
func TestCollapse_closesBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := &closes{Reader: strings.NewReader("late")}
		c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return &http.Response{StatusCode: 200, ContentLength: 4, Body: body, Header: http.Header{}, Request: req}, nil
		}), 1<<20)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		assert.Equal(t, "context deadline exceeded", text(c, newRequest("/").WithContext(ctx)))
		time.Sleep(time.Second)
		synctest.Wait()
		assert.True(t, body.closed)
	})
}

// A stale response is validated once for all that ask at the same time.
func TestCollapse_validation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &slow{fields: []string{"Etag", `"a"`}}
		c := cache.New(roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := o.RoundTrip(req)
			if req.Header.Get("If-None-Match") != "" {
				resp.StatusCode = http.StatusNotModified
			}
			return resp, err
		}), 1<<20)
		assert.Equal(t, "1", get(t, c, "/"))
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"1": 10}, crowd(c, 10, nil))
		assert.EqualValues(t, 2, o.asked.Load())
	})
}
