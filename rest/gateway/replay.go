package gateway

import (
	"io"
	"net/http"
	"sync"
)

// idempotent reports whether req may be sent twice: by its method (RFC 9110
// §9.2.2), or since an Idempotency-Key lets the API recognise it.
func idempotent(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return req.Header.Get("Idempotency-Key") != ""
}

// body is the body of one attempt to send a request. As long as nothing of it
// was read, closing it leaves the content open for the next attempt. A nil *body
// is that of a request without content.
type body struct {
	content io.ReadCloser
	settled chan struct{} // closed at the first Read or Close

	mu                     sync.Mutex
	read, closed, released bool
}

func newBody(content io.ReadCloser) *body {
	return &body{content: content, settled: make(chan struct{})}
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return 0, http.ErrBodyReadAfterClose
	}
	b.settle()
	b.read = true
	b.mu.Unlock()
	return b.content.Read(p)
}

func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settle()
	b.closed = true
	if !b.read && !b.released {
		return nil
	}
	return b.content.Close()
}

func (b *body) settle() {
	if !b.read && !b.closed {
		close(b.settled)
	}
}

// release says that there is no further attempt: the content is closed with the
// body.
func (b *body) release() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.released = true
	if b.closed && !b.read {
		b.content.Close()
	}
}

// again returns the content for the next attempt, and whether there can be one.
// A transport may go on to read or close a body after it has returned, so it
// waits for either.
func (b *body) again(req *http.Request) (io.ReadCloser, bool) {
	if b == nil {
		return req.Body, true
	}
	select {
	case <-b.settled:
	case <-req.Context().Done():
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.read {
		return b.content, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	content, err := req.GetBody()
	return content, err == nil
}
