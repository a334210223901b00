package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/api"
)

func counted(name string) string { return fmt.Sprintf(`{"name":%q,"plan":"team"}`, name) }

// Of 8 writers that each add 1 to the number in a name, 25 times, and try again
// at 412, none loses what it was told is done. Versions grow by one each.
func TestLostUpdate_ifMatch(t *testing.T) {
	const writers, times = 8, 25
	for _, method := range []string{http.MethodPut, http.MethodPatch} {
		t.Run(method, func(t *testing.T) {
			c := newClient(t)
			path := c.create("/accounts", counted("0"))
			var mu sync.Mutex
			done := map[string]string{} // the name that each version has
			increment := func() {
				for {
					old := c.get(path)
					n, err := strconv.Atoi(of[api.Account](t, old).Name)
					if !assert.NoError(t, err) {
						return
					}
					name := strconv.Itoa(n + 1)
					body := counted(name)
					if method == http.MethodPatch {
						body = fmt.Sprintf(`{"name":%q}`, name)
					}
					got := c.send(method, path, body, "If-Match: "+old.header.Get("ETag"))
					if got.status == http.StatusPreconditionFailed {
						continue
					}
					assert.Equal(t, http.StatusOK, got.status, got.body)
					mu.Lock()
					done[got.header.Get("ETag")] = of[api.Account](t, got).Name
					mu.Unlock()
					return
				}
			}
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for range times {
						increment()
					}
				})
			}
			wg.Wait()
			want := map[string]string{}
			for n := 1; n <= writers*times; n++ {
				want[fmt.Sprintf(`"%d-json"`, n+1)] = strconv.Itoa(n)
			}
			assert.Equal(t, want, done)
			assert.Equal(t, strconv.Itoa(writers*times), of[api.Account](t, c.get(path)).Name)
		})
	}
}

// With "*" a writer says that it wants no such thing: of two that read the same
// version, the second overwrites the first, and both were told that it is done.
func TestLostUpdate_any(t *testing.T) {
	c := newClient(t)
	path := c.create("/accounts", counted("0"))
	for range 2 { // both have read 0
		require.Equal(t, http.StatusOK, c.send(http.MethodPut, path, counted("1"), "If-Match: *").status)
	}
	got := c.get(path)
	assert.Equal(t, "1", of[api.Account](t, got).Name)
	assert.Equal(t, `"3-json"`, got.header.Get("ETag"))
}

// With "*" a change is made of whichever version there is when it is written: one
// that comes between its read and its write is neither an error nor lost by a patch.
func TestLostUpdate_between(t *testing.T) {
	for _, test := range []struct {
		method, in string
		want       int
	}{
		{http.MethodPatch, `{"name":"Summer"}`, http.StatusOK},
		{http.MethodDelete, "", http.StatusNoContent},
	} {
		t.Run(test.method, func(t *testing.T) {
			w := newWorld(t)
			path := "/campaigns/" + w.ids["campaign"]
			other := &client{newContract(t, newAPI(w.store.Store)), nil}
			calls := 0
			w.store.fail = func(context.Context) error {
				if calls++; calls == 2 { // the first was the read
					assert.Equal(t, http.StatusOK, other.send(http.MethodPatch, path, `{"medium":"social"}`, "If-Match: *").status)
				}
				return nil
			}
			got := w.send(test.method, path, test.in, "If-Match: *")
			assert.Equal(t, test.want, got.status, got.body)
			if test.method == http.MethodPatch {
				assert.Equal(t, `"3-json"`, got.header.Get("ETag"))
				assert.Contains(t, got.body, `"name":"Summer"`)
				assert.Contains(t, got.body, `"medium":"social"`)
			}
		})
	}
}
