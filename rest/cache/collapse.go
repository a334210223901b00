package cache

import (
	"net/http"
	"time"
)

// outcome is what the first of several equal requests hands to the others.
type outcome struct {
	stored    *entry
	abandoned bool // its client left, which says nothing about the origin
}

// collapse is fetch for requests that may come at the same time: the first
// asks the origin, the others wait for it and use what it stored. Where it
// stored nothing that they may use, they ask on their own; where its client
// left, the next of them is the first (RFC 9111 §4).
func (c *Cache) collapse(req *http.Request, key string, stored *entry, asked directives) (*http.Response, error) {
	for {
		var resp *http.Response
		first := false
		done := c.misses.DoChan(key, func() (any, error) {
			var o outcome
			var err error
			first = true
			o.stored, resp, err = c.fetch(req, key, stored, asked)
			o.abandoned = req.Context().Err() != nil
			return o, err
		})
		select {
		case <-req.Context().Done():
			go func() {
				if <-done; resp != nil {
					resp.Body.Close()
				}
			}()
			return nil, req.Context().Err()
		case result := <-done:
			o := result.Val.(outcome)
			now := time.Now()
			switch {
			case first:
				return resp, result.Err
			case o.abandoned:
				continue
			case result.Err != nil:
				return nil, result.Err
			case o.stored != nil && o.stored.matches(req.Header) && o.stored.usable(asked, now):
				return o.stored.answer(req, now), nil
			}
			_, resp, err := c.fetch(req, key, stored, asked)
			return resp, err
		}
	}
}
