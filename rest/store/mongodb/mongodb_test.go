package mongodb_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/store"
	"gonotes/rest/store/mongodb"
	"gonotes/rest/store/mongodb/mongodbtest"
	"gonotes/rest/store/storetest"
)

// server returns the connection string of the server for tests.
func server(t *testing.T) string {
	t.Helper()
	uri := os.Getenv(mongodbtest.Env)
	if uri == "" {
		t.Skip("address: " + mongodbtest.Env + " is not set")
	}
	return uri
}

func open(t *testing.T, uri string) *mongodb.Store {
	t.Helper()
	s, err := mongodb.Open(t.Context(), uri)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestStore_contract(t *testing.T) {
	uri := server(t)
	storetest.Contract(t, func(t *testing.T) store.Store { return open(t, mongodbtest.Fresh(t, uri)) })
}

// byTurns asks two stores on one database, as two processes do.
type byTurns struct {
	store.Store // the first
	second      store.Store
	turn        atomic.Uint64
}

func (b *byTurns) pick() store.Store {
	if b.turn.Add(1)%2 == 0 {
		return b.second
	}
	return b.Store
}

func (b *byTurns) Create(ctx context.Context, doc store.Document, key store.Key) (store.Document, error) {
	return b.pick().Create(ctx, doc, key)
}

func (b *byTurns) Get(ctx context.Context, kind store.Kind, id string) (store.Document, error) {
	return b.pick().Get(ctx, kind, id)
}

func (b *byTurns) Update(ctx context.Context, doc store.Document) (store.Document, error) {
	return b.pick().Update(ctx, doc)
}

func (b *byTurns) List(ctx context.Context, query store.Query) ([]store.Document, error) {
	return b.pick().List(ctx, query)
}

func (b *byTurns) Delete(ctx context.Context, kind store.Kind, id string, version int64) error {
	return b.pick().Delete(ctx, kind, id, version)
}

// Two stores on one database keep the contract together.
func TestStore_shared(t *testing.T) {
	uri := server(t)
	storetest.Concurrent(t, func(t *testing.T) store.Store {
		fresh := mongodbtest.Fresh(t, uri)
		return &byTurns{Store: open(t, fresh), second: open(t, fresh)}
	})
}

// Creations at the same time that all forget the same old keys succeed.
func TestStore_forgetAtOnce(t *testing.T) {
	s := open(t, mongodbtest.Fresh(t, server(t)))
	now := time.UnixMilli(1000).UTC()
	const writers = 8
	create := func(round int, name string) {
		var all sync.WaitGroup
		for i := range writers {
			doc := store.Document{Kind: "account", ID: fmt.Sprint(round, "-", i), Created: now, Updated: now, Body: []byte(`{}`)}
			all.Go(func() {
				made, err := s.Create(t.Context(), doc, store.Key{Name: fmt.Sprint(name, i), Hash: fmt.Sprint(round)})
				if assert.NoError(t, err) {
					assert.Equal(t, doc.ID, made.ID)
				}
			})
		}
		all.Wait()
	}
	for round := range 5 {
		create(round, "key")
		now = now.Add(store.KeyLife + time.Millisecond)
	}
}

// Stores that open a new database at the same time make its indexes once.
func TestOpen_atOnce(t *testing.T) {
	uri := server(t)
	for range 5 {
		fresh := mongodbtest.Fresh(t, uri)
		begin := make(chan struct{})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				<-begin
				s, err := mongodb.Open(t.Context(), fresh)
				if assert.NoError(t, err) {
					assert.NoError(t, s.Close())
				}
			})
		}
		close(begin)
		all.Wait()
	}
}

// A database that is opened again has what was written, and its keys.
func TestOpen_again(t *testing.T) {
	uri := mongodbtest.Fresh(t, server(t))
	doc := store.Document{Kind: "account", ID: "1", Unique: "a", Created: time.UnixMilli(5).UTC(), Updated: time.UnixMilli(6).UTC(), Body: []byte(`{}`)}
	key := store.Key{Name: "k", Hash: "h"}
	want, err := open(t, uri).Create(t.Context(), doc, key)
	require.NoError(t, err)
	second := open(t, uri)
	got, err := second.Get(t.Context(), "account", "1")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	doc.ID = "2"
	got, err = second.Create(t.Context(), doc, key)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}
