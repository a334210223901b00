package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/rest/api"
	"gonotes/rest/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// sick is a store whose methods fail first, if fail has an error.
type sick struct {
	store.Store
	fail func(context.Context) error
}

func (s *sick) Create(ctx context.Context, doc store.Document, key store.Key) (store.Document, error) {
	if err := s.fail(ctx); err != nil {
		return store.Document{}, err
	}
	return s.Store.Create(ctx, doc, key)
}

func (s *sick) Get(ctx context.Context, kind store.Kind, id string) (store.Document, error) {
	if err := s.fail(ctx); err != nil {
		return store.Document{}, err
	}
	return s.Store.Get(ctx, kind, id)
}

func (s *sick) Update(ctx context.Context, doc store.Document) (store.Document, error) {
	if err := s.fail(ctx); err != nil {
		return store.Document{}, err
	}
	return s.Store.Update(ctx, doc)
}

func (s *sick) Delete(ctx context.Context, kind store.Kind, id string, version int64) error {
	if err := s.fail(ctx); err != nil {
		return err
	}
	return s.Store.Delete(ctx, kind, id, version)
}

func (s *sick) List(ctx context.Context, query store.Query) ([]store.Document, error) {
	if err := s.fail(ctx); err != nil {
		return nil, err
	}
	return s.Store.List(ctx, query)
}

func (s *sick) Ping(ctx context.Context) error {
	if err := s.fail(ctx); err != nil {
		return err
	}
	return s.Store.Ping(ctx)
}

func well(context.Context) error { return nil }

func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// client sends requests to an API whose every answer is held against the contract.
type client struct {
	*contract
	store *sick
}

func newClient(t testing.TB) *client {
	s := &sick{store.NewMemory(), well}
	return &client{newContract(t, api.New(s, quiet)), s}
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// request is one with the fields "Name: value". The content is of the type that
// the method needs, unless a field says another.
func request(t testing.TB, method, target, body string, fields ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	switch method {
	case http.MethodPost, http.MethodPut:
		r.Header.Set("Content-Type", "application/json")
	case http.MethodPatch:
		r.Header.Set("Content-Type", "application/merge-patch+json")
	}
	for _, field := range fields {
		name, value, found := strings.Cut(field, ": ")
		require.True(t, found, "field %q, want \"Name: value\"", field)
		if name == "Content-Type" {
			r.Header.Del(name)
		}
		r.Header.Add(name, value)
	}
	return r
}

func (c *client) do(r *http.Request) answer {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func (c *client) send(method, target, body string, fields ...string) answer {
	c.t.Helper()
	return c.do(request(c.t, method, target, body, fields...))
}

func (c *client) get(target string, fields ...string) answer {
	c.t.Helper()
	return c.send(http.MethodGet, target, "", fields...)
}

// create returns the path of what it created.
func (c *client) create(collection, body string) string {
	c.t.Helper()
	got := c.send(http.MethodPost, collection, body)
	require.Equal(c.t, http.StatusCreated, got.status, got.body)
	return got.header.Get("Location")
}

// of is the answer's content as a value of a model.
func of[V any](t testing.TB, a answer) V {
	t.Helper()
	var v V
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&v), a.body)
	return v
}

// refused asserts a status with these entries of errors, each as "place: detail".
func refused(t testing.TB, a answer, status int, want ...string) {
	t.Helper()
	if !assert.Equal(t, status, a.status, a.body) {
		return
	}
	var got []string
	for _, e := range of[api.Problem](t, a).Errors {
		got = append(got, e.Pointer+e.Parameter+e.Header+": "+e.Detail)
	}
	assert.Equal(t, want, got)
}

const account = `{"name":"Acme","plan":"team"}`

func user(email string) string {
	return fmt.Sprintf(`{"name":"Ann","email":%q,"role":"owner"}`, email)
}

func site(domain string) string {
	return fmt.Sprintf(`{"domain":%q,"name":"Shop","status":"active"}`, domain)
}

const campaign = `{"name":"Spring","medium":"email","starts":"2026-03-01T00:00:00Z"}`

// records is where a log goes whose records are read back.
type records struct{ bytes.Buffer }

func (b *records) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// read returns the records so far and forgets them.
func (b *records) read(t testing.TB) []map[string]any {
	t.Helper()
	var all []map[string]any
	d := json.NewDecoder(&b.Buffer)
	for {
		var one map[string]any
		err := d.Decode(&one)
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		all = append(all, one)
	}
}

// quoted is a text in JSON.
func quoted(text string) string {
	encoded, _ := json.Marshal(text) // a text always encodes
	return string(encoded)
}
