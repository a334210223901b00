package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/api"
	"gonotes/rest/store"
)

// A request has the id that the client sent, if it can stand in a log, else a new one.
func TestLog_requestID(t *testing.T) {
	c := newClient(t)
	for _, test := range []struct {
		name, in string
		want     bool // whether it is kept
	}{
		{"UUID", "4f7c1f0e-8f8e-4a44-9d3f-0d6c1d2a7c11", true},
		{"all that may be", "aZ09._-", true},
		{"longest", strings.Repeat("a", 64), true},
		{"too long", strings.Repeat("a", 65), false},
		{"empty", "", false},
		{"blank", "a b", false},
		{"line feed", "a\nb", false},
		{"quotes", `a"b`, false},
		{"not ASCII", "é", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := c.get("/health", "X-Request-Id: "+test.in).header.Get("X-Request-Id")
			if test.want {
				assert.Equal(t, test.in, got)
			} else {
				assert.NoError(t, uuid.Validate(got))
			}
		})
	}
	assert.NotEqual(t, c.get("/health").header.Get("X-Request-Id"), c.get("/health").header.Get("X-Request-Id"))
}

// Each request is one record.
func TestLog_record(t *testing.T) {
	var log records
	c := &client{newContract(t, api.New(store.NewMemory(), log.logger())), nil}
	path := c.create("/accounts", account)
	log.read(t)
	for _, test := range []struct {
		method, in, route string
		want              int
	}{
		{"GET", "/", "GET /{$}", 200},
		{"GET", "/accounts?limit=3", "GET /accounts", 200},
		{"GET", path, "GET /accounts/{account}", 200},
		{"HEAD", path, "GET /accounts/{account}", 200},
		{"GET", "/accounts?x=1", "GET /accounts", 400},
		{"DELETE", path, "DELETE /accounts/{account}", 428},
		{"OPTIONS", path, "/accounts/{account}", 204},
		{"POST", path, "/accounts/{account}", 405},
		{"GET", "/none", "/", 404},
		{"GET", "//accounts", "", 404},
		{"GET", "/acc%0aounts", "/", 404},
	} {
		t.Run(test.method+" "+test.in, func(t *testing.T) {
			r := request(t, test.method, test.in, "", "X-Request-Id: r-1")
			got := c.do(r)
			all := log.read(t)
			require.Len(t, all, 1)
			assert.Equal(t, test.want, got.status)
			assert.GreaterOrEqual(t, all[0]["seconds"], 0.0)
			delete(all[0], "seconds")
			delete(all[0], "time")
			if r.Method != http.MethodHead {
				assert.EqualValues(t, len(got.body), all[0]["bytes"])
			}
			delete(all[0], "bytes")
			assert.Equal(t, map[string]any{
				"level": "INFO", "msg": "request", "request_id": "r-1", "method": test.method, "path": r.URL.Path,
				"route": test.route, "status": float64(test.want),
			}, all[0])
		})
	}
}

// What the client is not told of a failure is in the log under the request's id.
func TestLog_failures(t *testing.T) {
	for _, test := range []struct {
		name   string
		in     func(context.Context) error
		record map[string]any
	}{
		{"error", func(context.Context) error { return errors.New("secret 1") }, map[string]any{"level": "ERROR", "msg": "failed", "error": "secret 1"}},
		{"panic", func(context.Context) error { panic("secret 2") }, map[string]any{"level": "ERROR", "msg": "panic", "cause": "secret 2"}},
	} {
		for _, r := range []struct{ method, in, body string }{
			{"GET", "/accounts", ""}, {"GET", "/accounts/1", ""}, {"POST", "/accounts", account}, {"PUT", "/accounts/1", account}, {"DELETE", "/accounts/1", ""},
		} {
			t.Run(test.name+"/"+r.method+" "+r.in, func(t *testing.T) {
				var log records
				s := &sick{store.NewMemory(), test.in}
				c := &client{newContract(t, api.New(s, log.logger())), s}
				got := c.send(r.method, r.in, r.body, "X-Request-Id: r-1", "If-Match: *")
				assert.Equal(t, http.StatusInternalServerError, got.status)
				assert.NotContains(t, got.body, "secret")
				all := log.read(t)
				require.GreaterOrEqual(t, len(all), 2)
				for name, want := range test.record {
					assert.Equal(t, want, all[0][name], name)
				}
				assert.Equal(t, "r-1", all[0]["request_id"])
				last := all[len(all)-1]
				assert.Equal(t, "request", last["msg"])
				assert.Equal(t, 500.0, last["status"])
				s.fail = well
				assert.Equal(t, http.StatusOK, c.get("/accounts").status, "the API goes on")
			})
		}
	}
}

// A client that leaves is no failure of the service.
func TestLog_clientLeaves(t *testing.T) {
	var log records
	s := &sick{store.NewMemory(), hang}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	api.New(s, log.logger()).ServeHTTP(httptest.NewRecorder(), request(t, http.MethodGet, "/accounts", "").WithContext(ctx))
	all := log.read(t)
	require.Len(t, all, 1)
	assert.Equal(t, "INFO", all[0]["level"])
}

// broken panics at the first write of content.
type broken struct{ *httptest.ResponseRecorder }

func (broken) Write([]byte) (int, error) { panic("the connection is gone") }

// After the first byte nothing can be told: the answer is cut off, and both are logged.
func TestLog_panicAfterHeader(t *testing.T) {
	var log records
	w := broken{httptest.NewRecorder()}
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		api.New(store.NewMemory(), log.logger()).ServeHTTP(w, request(t, http.MethodGet, "/", ""))
	})
	all := log.read(t)
	require.Len(t, all, 2)
	assert.Equal(t, "panic", all[0]["msg"])
	assert.Equal(t, "request", all[1]["msg"])
}

// Readiness follows the store, health does not.
func TestLog_ready(t *testing.T) {
	var log records
	s := &sick{store.NewMemory(), func(context.Context) error { return errors.New("secret") }}
	c := &client{newContract(t, api.New(s, log.logger())), s}
	assert.Equal(t, http.StatusOK, c.get("/health").status)
	log.read(t)
	got := c.get("/ready")
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Equal(t, "1", got.header.Get("Retry-After"))
	assert.NotContains(t, got.body, "secret")
	assert.Equal(t, "secret", log.read(t)[0]["error"])
	s.fail = well
	assert.Equal(t, http.StatusOK, c.get("/ready").status)
}
