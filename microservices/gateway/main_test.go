package gateway_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/internal/memnet"
	"gonotes/microservices/gateway"
	"gonotes/microservices/sites"
	layers "gonotes/rest/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// The tokens of these tests.
var (
	annsToken = strings.Repeat("a", 40)
	bobsToken = strings.Repeat("b", 40)
)

const domain = "a.example"

// door is a gateway before services that a test brings.
type door struct {
	*gateway.Gateway
	t       testing.TB
	network memnet.Network
	servers map[string]*http.Server

	mu       sync.Mutex
	seen     []*http.Request // by the services, health checks apart
	handlers map[string]http.Handler
	notReady map[string]bool
}

// newDoor starts a gateway and, at config, collector, aggregator, insights and more, what
// answers with the name of the service. change may be nil. It works in a bubble, where stop
// must be called before its end.
func newDoor(t testing.TB, change func(*gateway.Options), more ...string) *door {
	t.Helper()
	d := &door{t: t, servers: map[string]*http.Server{}, handlers: map[string]http.Handler{}, notReady: map[string]bool{}}
	for _, name := range append([]string{"config", "collector", "aggregator", "insights"}, more...) {
		d.serve(name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name) }))
		d.start(name)
	}
	transport := layers.Transport()
	transport.DialContext = d.network.Dial
	tokens, err := gateway.ParseTokens("ann " + annsToken + "\nbob " + bobsToken)
	require.NoError(t, err)
	options := gateway.Options{
		Config: []string{"http://config"}, Collector: []string{"http://collector"}, Aggregator: []string{"http://aggregator"}, Insights: []string{"http://insights"},
		Tokens: tokens, Sites: sites.Of(sites.Site{ID: "site-1", Account: "account-1", Domain: domain}),
		Rate: 1000, EventRate: 1000, Timeout: 3 * time.Second, Transport: transport, Log: quiet,
	}
	if change != nil {
		change(&options)
	}
	d.Gateway, err = gateway.New(options)
	require.NoError(t, err)
	return d
}

// serve puts a handler in the place of a service.
func (d *door) serve(name string, h http.Handler) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handlers[name] = h
}

// start starts the server of a service.
func (d *door) start(name string) {
	d.servers[name] = d.network.Serve(name, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		h := d.handlers[name]
		switch {
		case r.URL.Path != "/ready":
			d.seen = append(d.seen, r)
		case d.notReady[name]:
			h = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		default:
			h = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		}
		d.mu.Unlock()
		h.ServeHTTP(w, r)
	})})
}

func (d *door) setReady(name string, ready bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notReady[name] = !ready
}

// kill closes a service and its connections.
func (d *door) kill(name string) { d.servers[name].Close() }

func (d *door) stop() {
	d.Close()
	for _, server := range d.servers {
		server.Close()
	}
}

// last returns the last request that a service saw, or nil.
func (d *door) last() *http.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.seen) == 0 {
		return nil
	}
	return d.seen[len(d.seen)-1]
}

// times returns how many requests the services saw.
func (d *door) times() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.seen)
}

// request makes one with fields given as name, value, name, value.
func request(method, target, content string, fields ...string) *http.Request {
	var body io.Reader
	if content != "" {
		body = strings.NewReader(content)
	}
	r := httptest.NewRequest(method, target, body)
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	return r
}

// as returns the field with a token.
func as(token string) []string { return []string{"Authorization", "Bearer " + token} }

// send returns the answer to a request.
func (d *door) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// get asks as Ann.
func (d *door) get(target string, fields ...string) *httptest.ResponseRecorder {
	return d.send(request(http.MethodGet, target, "", append(as(annsToken), fields...)...))
}
