package cache

import "net/http"

// pass sends a request that is neither GET nor HEAD to the origin. If it is
// unsafe and did not fail, what is stored for its URI is not used again, nor
// for those that Location and Content-Location name (RFC 9111 §4.4). A broken
// connection says nothing: then the URI is invalidated too.
func (c *Cache) pass(req *http.Request) (*http.Response, error) {
	resp, err := c.origin.RoundTrip(req)
	if req.Method == http.MethodOptions || req.Method == http.MethodTrace || err == nil && resp.StatusCode >= 400 {
		return resp, err
	}
	c.forget(keyOf(req))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"Location", "Content-Location"} {
		if target := sameOrigin(req, resp.Header.Get(name)); target != nil {
			c.forget(keyOf(target))
		}
	}
	return resp, nil
}

func (c *Cache) forget(key string) {
	c.store.invalidate(key)
	c.misses.Forget(key) // a request from now on may not share an answer from before
}
