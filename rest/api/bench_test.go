package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gonotes/rest/api"
	"gonotes/rest/store"
)

// bare does what the API does with the store and nothing else: what is left of it
// without contract.
func bare(s store.Store) http.Handler {
	write := func(w http.ResponseWriter, status int, v any, err error) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		content, _ := json.Marshal(v) // documents always encode
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write(content)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /accounts", func(w http.ResponseWriter, r *http.Request) {
		docs, err := s.List(r.Context(), store.Query{Kind: "account", Limit: 21})
		write(w, http.StatusOK, docs, err)
	})
	mux.HandleFunc("GET /accounts/{id}", func(w http.ResponseWriter, r *http.Request) {
		doc, err := s.Get(r.Context(), "account", r.PathValue("id"))
		write(w, http.StatusOK, doc, err)
	})
	mux.HandleFunc("POST /accounts", func(w http.ResponseWriter, r *http.Request) {
		doc := store.Document{Kind: "account", ID: uuid.Must(uuid.NewV7()).String(), Created: time.Now().UTC()}
		err := json.NewDecoder(r.Body).Decode(&doc.Body)
		if err == nil {
			doc, err = s.Create(r.Context(), doc, store.Key{})
		}
		write(w, http.StatusCreated, doc, err)
	})
	return mux
}

// twenty is a store with 20 accounts, and the path of one.
func twenty(b *testing.B) (store.Store, string) {
	s := store.NewMemory()
	path := ""
	for range 20 {
		w := httptest.NewRecorder()
		api.New(s, quiet).ServeHTTP(w, request(b, http.MethodPost, "/accounts", account))
		if path = w.Header().Get("Location"); path == "" {
			b.Fatal(w.Body)
		}
	}
	return s, path
}

// measure sends the same request again and again.
func measure(b *testing.B, h http.Handler, r *http.Request, body string, want int) {
	b.ReportAllocs()
	for b.Loop() {
		again := *r
		again.Body = http.NoBody
		if body != "" {
			again.Body = readCloser{strings.NewReader(body)}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, &again)
		if w.Code != want {
			b.Fatalf("status %d, want %d: %s", w.Code, want, w.Body)
		}
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// What the contract costs: negotiation, validation, links, ETags, limits, a log
// record that is thrown away.
//
//	go test -run='^$' -bench=Overhead -count=10 ./rest/api | benchstat -col /impl -
func BenchmarkOverhead(b *testing.B) {
	for _, test := range []struct {
		op, method, body string
		want             int
	}{
		{"get", http.MethodGet, "", http.StatusOK},
		{"create", http.MethodPost, account, http.StatusCreated},
		{"list", http.MethodGet, "", http.StatusOK},
	} {
		for _, impl := range []struct {
			name string
			of   func(store.Store) http.Handler
		}{{"bare", bare}, {"api", newAPI}} {
			b.Run(fmt.Sprintf("op=%s/impl=%s", test.op, impl.name), func(b *testing.B) {
				s, target := twenty(b)
				if test.op != "get" {
					target = "/accounts"
				}
				measure(b, impl.of(s), request(b, test.method, target, test.body), test.body, test.want)
			})
		}
	}
}

// What the formats cost, for an item and a page of 20.
//
//	go test -run='^$' -bench=Formats -count=10 ./rest/api | benchstat -col /format -
func BenchmarkFormats(b *testing.B) {
	for _, what := range []string{"item", "page"} {
		for _, format := range []string{"json", "xml"} {
			b.Run(fmt.Sprintf("of=%s/format=%s", what, format), func(b *testing.B) {
				s, target := twenty(b)
				if what == "page" {
					target = "/accounts"
				}
				measure(b, newAPI(s), request(b, http.MethodGet, target, "", "Accept: application/"+format), "", http.StatusOK)
			})
		}
	}
}
