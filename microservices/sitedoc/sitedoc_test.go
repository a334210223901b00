package sitedoc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/sitedoc"
	"gonotes/rest/api"
	"gonotes/rest/store"
)

func TestDecode(t *testing.T) {
	for _, test := range []struct {
		body string
		want sitedoc.Site
	}{
		{`{"name":"A","status":"active","domain":"a.example"}`,
			sitedoc.Site{Name: "A", Status: "active", Hosts: []sitedoc.Host{{Name: "a.example", Primary: true}}, Timezone: "UTC"}},
		{`{"v":2,"name":"B","status":"paused","domains":["b.example","www.b.example"]}`,
			sitedoc.Site{Name: "B", Status: "paused", Hosts: []sitedoc.Host{{Name: "b.example", Primary: true}, {Name: "www.b.example"}}, Timezone: "UTC"}},
		{`{"v":3,"name":"C","status":"active","hosts":[{"name":"c.example"},{"name":"d.example","primary":true}],"timezone":"Europe/Berlin"}`,
			sitedoc.Site{Name: "C", Status: "active", Hosts: []sitedoc.Host{{Name: "c.example"}, {Name: "d.example", Primary: true}}, Timezone: "Europe/Berlin"}},
	} {
		got, err := sitedoc.Decode([]byte(test.body))
		require.NoError(t, err, test.body)
		assert.Equal(t, test.want, got)
		// What Encode writes is of today's generation and means the same.
		body, err := got.Encode()
		require.NoError(t, err)
		generation, err := sitedoc.Generation(body)
		require.NoError(t, err)
		assert.Equal(t, sitedoc.Today, generation)
		again, err := sitedoc.Decode(body)
		require.NoError(t, err)
		assert.Equal(t, test.want, again)
	}
}

// What cannot be read as a whole is refused, and not read in part.
func TestDecode_refused(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{`{"v":4,"name":"A"}`, "a document of generation 4: this program reads 1 to 3"},
		{`{"v":-1,"name":"A"}`, "a document of generation -1: this program reads 1 to 3"},
		{`{"domain":"a.example","timezone":"UTC"}`, `unknown object member name "timezone"`},
		{`{"v":2,"domains":["a.example"],"hosts":[]}`, `unknown object member name "hosts"`},
		{`{"v":3,"hosts":[{"name":"a.example","primary":true,"port":80}]}`, `unknown object member name "port"`},
		{`{"v":1.5}`, "json: "},
		{`{"v":3`, "unexpected EOF"},
		{`{}`, "generation 1: a host has no name"},
		{`{"v":2,"domains":[]}`, "generation 2: 0 of its 0 hosts are primary, want 1"},
		{`{"v":3,"hosts":[{"name":"a","primary":true},{"name":"b","primary":true}]}`, "generation 3: 2 of its 2 hosts are primary, want 1"},
	} {
		got, err := sitedoc.Decode([]byte(test.body))
		assert.ErrorContains(t, err, test.want, test.body)
		assert.Zero(t, got)
	}
}

// The first generation is what the API writes.
func TestDecode_api(t *testing.T) {
	documents := store.NewMemory()
	sites := api.New(documents, slog.New(slog.DiscardHandler))
	post := func(path, body string) string {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		sites.ServeHTTP(w, r)
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
		location := w.Result().Header.Get("Location")
		return location[strings.LastIndex(location, "/")+1:]
	}
	account := post("/accounts", `{"name":"Ann","plan":"free"}`)
	id := post("/accounts/"+account+"/sites", `{"domain":"a.example","name":"A","status":"active"}`)
	doc, err := documents.Get(t.Context(), sitedoc.Kind, id)
	require.NoError(t, err)
	got, err := sitedoc.Decode(doc.Body)
	require.NoError(t, err)
	assert.Equal(t, sitedoc.Site{Name: "A", Status: "active", Hosts: []sitedoc.Host{{Name: "a.example", Primary: true}}, Timezone: "UTC"}, got)
}

// interrupted is a store in which somebody else writes before each of the first updates.
type interrupted struct {
	store.Store
	times int
}

func (s *interrupted) Update(ctx context.Context, doc store.Document) (store.Document, error) {
	if s.times > 0 {
		s.times--
		if _, err := s.Store.Update(ctx, doc); err != nil {
			return store.Document{}, err
		}
	}
	return s.Store.Update(ctx, doc)
}

func TestChange(t *testing.T) {
	documents := &interrupted{Store: store.NewMemory()}
	first, err := documents.Create(t.Context(), store.Document{Kind: sitedoc.Kind, ID: "1", Unique: "a.example", Created: time.UnixMilli(0).UTC(), Updated: time.UnixMilli(0).UTC(),
		Body: []byte(`{"name":"A","status":"active","domain":"a.example"}`)}, store.Key{})
	require.NoError(t, err)
	tries := 0
	count := func(s *sitedoc.Site) error {
		tries++
		s.Name += fmt.Sprint(tries)
		return nil
	}
	documents.times = 2
	got, err := sitedoc.Change(t.Context(), documents, "1", count)
	require.NoError(t, err)
	assert.Equal(t, 3, tries)
	assert.Equal(t, "A123", got.Name)
	doc, err := documents.Get(t.Context(), sitedoc.Kind, "1")
	require.NoError(t, err)
	assert.EqualValues(t, 4, doc.Version)
	assert.Equal(t, first.Unique, doc.Unique)
	assert.JSONEq(t, `{"v":3,"name":"A123","status":"active","hosts":[{"name":"a.example","primary":true}],"timezone":"UTC"}`, string(doc.Body))

	// What fails changes nothing.
	for _, test := range []struct {
		id     string
		change func(*sitedoc.Site) error
		want   string
	}{
		{"2", count, store.ErrNotFound.Error()},
		{"1", func(*sitedoc.Site) error { return io.ErrUnexpectedEOF }, io.ErrUnexpectedEOF.Error()},
		{"1", func(s *sitedoc.Site) error { s.Hosts = nil; return nil }, "site 1: sitedoc: 0 of its 0 hosts are primary, want 1"},
	} {
		_, err := sitedoc.Change(t.Context(), documents, test.id, test.change)
		assert.ErrorContains(t, err, test.want)
	}
	after, err := documents.Get(t.Context(), sitedoc.Kind, "1")
	require.NoError(t, err)
	assert.Equal(t, doc, after)
	_, err = documents.Create(t.Context(), store.Document{Kind: sitedoc.Kind, ID: "3", Body: []byte(`{"v":4}`)}, store.Key{})
	require.NoError(t, err)
	_, err = sitedoc.Change(t.Context(), documents, "3", count)
	assert.ErrorContains(t, err, "site 3: sitedoc: a document of generation 4")
	failing := errors.New("the disk is full")
	_, err = sitedoc.Change(t.Context(), broken{documents, failing}, "1", count)
	assert.ErrorIs(t, err, failing)
}

// broken is a store that cannot write.
type broken struct {
	store.Store
	err error
}

func (s broken) Update(context.Context, store.Document) (store.Document, error) {
	return store.Document{}, s.err
}
