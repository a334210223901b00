package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/rest/store"
	"gonotes/rest/store/sqlite"
)

// What the store takes of each request: go test -run='^$' -bench=. ./rest/store
func BenchmarkStore(b *testing.B) {
	doc := store.Document{Kind: "site", Created: time.UnixMilli(0).UTC(), Updated: time.UnixMilli(0).UTC(), Body: []byte(`{"name":"a site","status":"active"}`)}
	for _, op := range []struct {
		name string
		do   func(b *testing.B, s store.Store, i int) error
	}{
		{"create", func(b *testing.B, s store.Store, i int) error {
			doc := doc
			doc.ID = fmt.Sprintf("new%09d", i)
			_, err := s.Create(b.Context(), doc, store.Key{})
			return err
		}},
		{"get", func(b *testing.B, s store.Store, i int) error {
			_, err := s.Get(b.Context(), doc.Kind, fmt.Sprintf("%03d", i%100))
			return err
		}},
		{"update", func(b *testing.B, s store.Store, i int) error {
			doc := doc
			doc.ID, doc.Version = "000", int64(i+1)
			_, err := s.Update(b.Context(), doc)
			return err
		}},
		{"list20", func(b *testing.B, s store.Store, _ int) error {
			_, err := s.List(b.Context(), store.Query{Kind: doc.Kind, After: "050", Limit: 20})
			return err
		}},
	} {
		for _, impl := range []struct {
			name string
			open func(b *testing.B) store.Store
		}{
			{"memory", func(*testing.B) store.Store { return store.NewMemory() }},
			{"sqlite", func(b *testing.B) store.Store {
				s, err := sqlite.Open(filepath.Join(b.TempDir(), "bench.db"))
				require.NoError(b, err)
				b.Cleanup(func() { s.Close() })
				return s
			}},
		} {
			b.Run("op="+op.name+"/impl="+impl.name, func(b *testing.B) {
				s := impl.open(b)
				for i := range 100 {
					doc := doc
					doc.ID = fmt.Sprintf("%03d", i)
					_, err := s.Create(b.Context(), doc, store.Key{})
					require.NoError(b, err)
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if err := op.do(b, s, i); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
