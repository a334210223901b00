package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Replicas says where the replicas of an API are and how to tell that one works.
type Replicas struct {
	// URLs are those of the replicas: scheme and host, nothing else.
	URLs []string
	// HealthPath is the path of a GET that a working replica answers with 2xx.
	HealthPath string
	// Interval is the time between two checks of one replica.
	Interval time.Duration
	// Timeout is how long the answer to a check may take.
	Timeout time.Duration
	// Transport reaches the replicas; nil is a new [Transport].
	Transport http.RoundTripper
	// Log is told when a replica stops or starts working; nil is slog.Default().
	Log *slog.Logger
}

// NoReplicaError says that no replica works.
type NoReplicaError struct {
	// RetryAfter is the time to the next health check, at most.
	RetryAfter time.Duration
}

func (e *NoReplicaError) Error() string {
	return fmt.Sprintf("gateway: no replica works, the next check is within %v", e.RetryAfter)
}

// Balancer is a RoundTripper that sends each request to the next replica, round
// robin, whoever the client is. A replica that fails a health check, or to which
// no connection can be made, is left out until it answers a check again. It is
// safe for concurrent use.
type Balancer struct {
	replicas  []*replica
	turn      atomic.Uint64
	path      string
	interval  time.Duration
	timeout   time.Duration
	transport http.RoundTripper
	log       *slog.Logger
	stop      context.CancelFunc
	checks    sync.WaitGroup
}

type replica struct {
	url  *url.URL
	down atomic.Bool
}

// Transport returns a transport for the way from a gateway to its API: it takes
// no proxy from the environment, asks for no compression that the client did not
// ask for, keeps as many idle connections as a gateway uses, and gives up a
// connection that is not made in 2 seconds.
func Transport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		DisableCompression:  true,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 100,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 2 * time.Second,
	}
}

// NewBalancer returns a balancer over the replicas and starts their health
// checks. Until its first check a replica counts as working. The error names the
// value of r that is wrong. Close ends the checks.
func NewBalancer(r Replicas) (*Balancer, error) {
	if len(r.URLs) == 0 {
		return nil, errors.New("gateway: Replicas.URLs is empty, want at least one URL")
	}
	b := &Balancer{path: r.HealthPath, interval: r.Interval, timeout: r.Timeout, transport: r.Transport, log: r.Log}
	for i, raw := range r.URLs {
		u, err := url.Parse(raw)
		switch {
		case err != nil:
			return nil, fmt.Errorf("gateway: Replicas.URLs[%d]: %w", i, err)
		case u.Scheme != "http" && u.Scheme != "https":
			return nil, fmt.Errorf("gateway: Replicas.URLs[%d] %q has the scheme %q, want http or https", i, raw, u.Scheme)
		case u.Hostname() == "":
			return nil, fmt.Errorf("gateway: Replicas.URLs[%d] %q has no host", i, raw)
		case *u != url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path} || u.Path != "" && u.Path != "/":
			return nil, fmt.Errorf("gateway: Replicas.URLs[%d] %q has more than scheme and host", i, raw)
		case slices.ContainsFunc(b.replicas, func(o *replica) bool { return o.url.Host == u.Host }):
			return nil, fmt.Errorf("gateway: Replicas.URLs[%d] %q is there twice", i, raw)
		}
		b.replicas = append(b.replicas, &replica{url: u})
	}
	if _, err := url.ParseRequestURI(r.HealthPath); err != nil || r.HealthPath[0] != '/' {
		return nil, fmt.Errorf("gateway: Replicas.HealthPath is %q, want a path that starts with /", r.HealthPath)
	}
	if r.Interval <= 0 {
		return nil, fmt.Errorf("gateway: Replicas.Interval is %v, want more than 0", r.Interval)
	}
	if r.Timeout <= 0 {
		return nil, fmt.Errorf("gateway: Replicas.Timeout is %v, want more than 0", r.Timeout)
	}
	if b.transport == nil {
		b.transport = Transport()
	}
	if b.log == nil {
		b.log = slog.Default()
	}
	var ctx context.Context
	ctx, b.stop = context.WithCancel(context.Background())
	for _, r := range b.replicas {
		b.checks.Go(func() { b.watch(ctx, r) })
	}
	return b, nil
}

// Close ends the health checks and the idle connections to the replicas. Requests
// under way are not disturbed.
func (b *Balancer) Close() {
	b.stop()
	b.checks.Wait()
	if t, ok := b.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// RoundTrip sends req to a replica. When the connection fails before the answer,
// req is sent to the next replica at once, if it may be sent again: it never left,
// or it is idempotent (RFC 9110 §9.2.2), and nothing of its body was read or it
// has GetBody. No replica is tried twice. If none is left, the error is a
// *NoReplicaError, or that of the last replica that was reached.
//
// Only a connection that cannot be made takes a replica out. One that breaks does
// not: else a request that crashes the API would take out all of them.
func (b *Balancer) RoundTrip(req *http.Request) (*http.Response, error) {
	var tried []*replica
	var reached error
	content := req.Body
	for {
		r := b.next(tried)
		if r == nil {
			if content != nil {
				content.Close()
			}
			if reached == nil {
				reached = &NoReplicaError{RetryAfter: b.interval}
			}
			return nil, reached
		}
		out, sent := address(req, r.url, content)
		resp, err := b.transport.RoundTrip(out)
		if err == nil || req.Context().Err() != nil {
			sent.release()
			return resp, err
		}
		if refused(err) {
			b.mark(r, err)
		} else if reached = err; !idempotent(req) {
			sent.release()
			return nil, err
		}
		var ok bool
		if content, ok = sent.again(req); !ok {
			sent.release()
			return nil, err
		}
		tried = append(tried, r)
	}
}

// next returns the replica whose turn it is among those that work and were not
// tried, or nil.
func (b *Balancer) next(tried []*replica) *replica {
	var few [8]*replica // spares an allocation
	ready := few[:0]
	for _, r := range b.replicas {
		if !r.down.Load() && !slices.Contains(tried, r) {
			ready = append(ready, r)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	return ready[(b.turn.Add(1)-1)%uint64(len(ready))]
}

// watch checks r every interval until ctx ends.
func (b *Balancer) watch(ctx context.Context, r *replica) {
	tick := time.NewTicker(b.interval)
	defer tick.Stop()
	for {
		if err := b.check(ctx, r); ctx.Err() == nil {
			b.mark(r, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// check returns nil if r answers the health path with 2xx in time.
func (b *Balancer) check(ctx context.Context, r *replica) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url.Scheme+"://"+r.url.Host+b.path, nil)
	if err != nil {
		return err
	}
	resp, err := b.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 64<<10); err != nil && err != io.EOF { // read to the end, a connection is kept
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("gateway: %s answered the health check with %s, want 2xx", r.url.Host, resp.Status)
	}
	return nil
}

// mark notes that r does not work, because of err, or works again.
func (b *Balancer) mark(r *replica, err error) {
	down := err != nil
	if !r.down.CompareAndSwap(!down, down) {
		return
	}
	if down {
		b.log.Warn("replica is down", "replica", r.url.Host, "error", err)
	} else {
		b.log.Info("replica is up", "replica", r.url.Host)
	}
}

// address returns a copy of req that goes to the replica at u with the given
// content. Its Host stays the one the client named.
func address(req *http.Request, u *url.URL, content io.ReadCloser) (*http.Request, *body) {
	out := req.WithContext(req.Context())
	target := *req.URL
	target.Scheme, target.Host = u.Scheme, u.Host
	out.URL = &target
	if out.Host == "" {
		out.Host = req.URL.Host
	}
	if content == nil || content == http.NoBody {
		return out, nil
	}
	sent := newBody(content)
	out.Body = sent
	return out, sent
}

// refused reports whether no connection could be made, so that nothing was sent.
func refused(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
