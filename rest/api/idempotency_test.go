package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/api"
)

// The same request under one key creates once and is answered the same.
func TestIdempotency_again(t *testing.T) {
	c := newClient(t)
	first := c.send(http.MethodPost, "/accounts", account, "Idempotency-Key: k")
	assert.Equal(t, http.StatusCreated, first.status)
	for _, test := range []struct{ name, in, format string }{
		{"equal", account, "application/json"},
		{"members in another order", `{"plan":"team", "name":"Acme"}`, "application/json"},
		{"XML", "<account><name>Acme</name><plan>team</plan></account>", "application/xml"},
	} {
		got := c.send(http.MethodPost, "/accounts", test.in, "Idempotency-Key: k", "Content-Type: "+test.format)
		assert.Equal(t, first.status, got.status, test.name)
		assert.Equal(t, first.body, got.body, test.name)
		assert.Equal(t, first.header.Get("Location"), got.header.Get("Location"), test.name)
	}
	assert.Len(t, of[api.AccountPage](t, c.get("/accounts")).Items, 1)
}

// It is answered the same also when what it created was changed or deleted since.
func TestIdempotency_later(t *testing.T) {
	c := newClient(t)
	first := c.send(http.MethodPost, "/accounts", account, "Idempotency-Key: k")
	path := first.header.Get("Location")
	c.send(http.MethodPatch, path, `{"name":"Other"}`, "If-Match: *")
	assert.Equal(t, first.body, c.send(http.MethodPost, "/accounts", account, "Idempotency-Key: k").body)
	c.send(http.MethodDelete, path, "", "If-Match: *")
	assert.Equal(t, first.body, c.send(http.MethodPost, "/accounts", account, "Idempotency-Key: k").body)
	assert.Empty(t, of[api.AccountPage](t, c.get("/accounts")).Items)
}

// A unique value is no obstacle to its own request.
func TestIdempotency_unique(t *testing.T) {
	w := newWorld(t)
	users := "/accounts/" + w.ids["account"] + "/users"
	first := w.send(http.MethodPost, users, user("new@example.org"), "Idempotency-Key: k")
	assert.Equal(t, first, withID(w.send(http.MethodPost, users, user("new@example.org"), "Idempotency-Key: k"), first))
	refused(t, w.send(http.MethodPost, users, user("new@example.org")), http.StatusConflict, "#/email: another user has it")
}

// withID is an answer with the request id of another one.
func withID(a, other answer) answer {
	a.header.Set("X-Request-Id", other.header.Get("X-Request-Id"))
	return a
}

// A key is one of a path: another request with it is refused there, and is
// another key elsewhere.
func TestIdempotency_other(t *testing.T) {
	w := newWorld(t)
	first := "/accounts/" + w.ids["account"] + "/users"
	second := "/accounts/" + w.ids["empty account"] + "/users"
	assert.Equal(t, http.StatusCreated, w.send(http.MethodPost, first, user("a@new.example"), "Idempotency-Key: k").status)
	refused(t, w.send(http.MethodPost, first, user("b@new.example"), "Idempotency-Key: k"), http.StatusUnprocessableEntity,
		"Idempotency-Key: a key names one request; another one needs another key")
	assert.Equal(t, http.StatusCreated, w.send(http.MethodPost, second, user("b@new.example"), "Idempotency-Key: k").status)
	assert.Equal(t, http.StatusCreated, w.send(http.MethodPost, first, user("c@new.example"), "Idempotency-Key: K").status)
}

// A request that failed leaves the key as it was.
func TestIdempotency_failed(t *testing.T) {
	c := newClient(t)
	assert.Equal(t, http.StatusUnprocessableEntity, c.send(http.MethodPost, "/accounts", `{}`, "Idempotency-Key: k").status)
	assert.Equal(t, http.StatusCreated, c.send(http.MethodPost, "/accounts", account, "Idempotency-Key: k").status)
}

// A key is of 1 to 100 visible ASCII characters and comes once.
func TestIdempotency_malformed(t *testing.T) {
	c := newClient(t)
	for _, test := range []struct {
		name string
		in   []string
		want []string
	}{
		{"longest", []string{strings.Repeat("k", 100)}, nil},
		{"too long", []string{strings.Repeat("k", 101)}, []string{`Idempotency-Key: "` + strings.Repeat("k", 100) + `...": maximum string length is 100`}},
		{"empty", []string{""}, []string{`Idempotency-Key: "": minimum string length is 1`}},
		{"blank", []string{"a b"}, []string{`Idempotency-Key: "a b": string doesn't match the regular expression "^[\x21-\x7e]*$"`}},
		{"not ASCII", []string{"é"}, []string{`Idempotency-Key: "\u00e9": string doesn't match the regular expression "^[\x21-\x7e]*$"`}},
		{"two", []string{"a", "b"}, []string{"Idempotency-Key: given 2 times, want once"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var fields []string
			for _, key := range test.in {
				fields = append(fields, "Idempotency-Key: "+key)
			}
			got := c.send(http.MethodPost, "/accounts", account, fields...)
			if test.want == nil {
				assert.Equal(t, http.StatusCreated, got.status, got.body)
			} else {
				refused(t, got, http.StatusBadRequest, test.want...)
			}
		})
	}
}

// Of requests at once, one creates, and all get its answer.
func TestIdempotency_concurrent(t *testing.T) {
	c := newClient(t)
	var answers [8]answer
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = c.send(http.MethodPost, "/accounts", account, "Idempotency-Key: k") })
	}
	wg.Wait()
	for _, got := range answers {
		assert.Equal(t, answers[0].body, got.body)
	}
	assert.Len(t, of[api.AccountPage](t, c.get("/accounts")).Items, 1)
}
