package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/store"
)

const (
	writers = 8
	rounds  = 10 // of each writer
)

// together runs f(0) to f(n-1) at once and waits for them.
func together(n int, f func(i int)) {
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	all.Wait()
}

var concurrent = []clause{
	{"updates lose none and succeed as often as the version grew", func(t *testing.T, s store.Store) {
		counter := doc(account, "1", "")
		counter.Body = json.RawMessage(`{"count":0}`)
		mustCreate(t, s, counter)
		var refused atomic.Int64
		together(writers, func(int) {
			for range rounds {
				for { // until this writer's addition is done
					err := increment(t.Context(), s)
					if err == nil {
						break
					}
					if !assert.ErrorIs(t, err, store.ErrVersion) {
						return
					}
					refused.Add(1)
				}
			}
		})
		got, err := s.Get(t.Context(), account, "1")
		require.NoError(t, err)
		assert.JSONEq(t, fmt.Sprintf(`{"count":%d}`, writers*rounds), string(got.Body))
		assert.EqualValues(t, 1+writers*rounds, got.Version)
		t.Logf("%d updates done, %d refused", writers*rounds, refused.Load())
	}},
	{"updates of one version succeed once", func(t *testing.T, s store.Store) {
		d := mustCreate(t, s, doc(account, "1", ""))
		for range rounds {
			var done atomic.Int64
			together(writers, func(i int) {
				mine := d
				mine.Body = fmt.Appendf(nil, `{"by":%d}`, i)
				switch _, err := s.Update(t.Context(), mine); {
				case err == nil:
					done.Add(1)
				default:
					assert.ErrorIs(t, err, store.ErrVersion)
				}
			})
			assert.EqualValues(t, 1, done.Load())
			var err error
			d, err = s.Get(t.Context(), account, "1")
			require.NoError(t, err)
		}
	}},
	{"creates with one key make one document", func(t *testing.T, s store.Store) {
		for round := range rounds {
			key := store.Key{Name: fmt.Sprint("key", round), Hash: "hash"}
			made := make([]store.Document, writers)
			together(writers, func(i int) {
				var err error
				made[i], err = s.Create(t.Context(), doc(account, fmt.Sprintf("%02d-%d", round, i), ""), key)
				assert.NoError(t, err)
			})
			for i := range made {
				assert.Equal(t, made[0], made[i])
			}
		}
		assert.Len(t, ids(t, s, store.Query{Kind: account, Limit: 999}), rounds)
	}},
	{"creates with one unique value succeed once", func(t *testing.T, s store.Store) {
		for round := range rounds {
			var done atomic.Int64
			together(writers, func(i int) {
				_, err := s.Create(t.Context(), named(account, fmt.Sprintf("%02d-%d", round, i), fmt.Sprint(round)), store.Key{})
				if err == nil {
					done.Add(1)
				} else {
					assert.ErrorIs(t, err, store.ErrUnique)
				}
			})
			assert.EqualValues(t, 1, done.Load())
		}
		assert.Len(t, ids(t, s, store.Query{Kind: account, Limit: 999}), rounds)
	}},
	{"deletion and creation of a child leave no orphan", func(t *testing.T, s store.Store) {
		for round := range rounds {
			parent := mustCreate(t, s, doc(account, fmt.Sprintf("%02d", round), ""))
			var deleted, created error
			together(2, func(i int) {
				if i == 0 {
					deleted = s.Delete(t.Context(), account, parent.ID, 1)
				} else {
					_, created = s.Create(t.Context(), doc(site, parent.ID+"-child", parent.ID), store.Key{})
				}
			})
			if deleted == nil {
				assert.ErrorIs(t, created, store.ErrNoParent)
				assertHasNot(t, s, account, parent.ID)
				assertHasNot(t, s, site, parent.ID+"-child")
			} else {
				assert.ErrorIs(t, deleted, store.ErrChildren)
				assert.NoError(t, created)
				assertHas(t, s, parent)
				assert.Equal(t, []string{parent.ID + "-child"}, ids(t, s, store.Query{Kind: site, Parent: parent.ID, Limit: 9}))
			}
		}
	}},
	{"reads see a write that was reported and none that goes back", func(t *testing.T, s store.Store) {
		d := mustCreate(t, s, doc(account, "1", ""))
		var reported atomic.Int64
		reported.Store(1)
		together(4, func(i int) {
			if i == 0 {
				defer reported.Store(-1)
				for range writers * rounds {
					updated, err := s.Update(t.Context(), d)
					if !assert.NoError(t, err) {
						return
					}
					d = updated
					reported.Store(d.Version)
				}
				return
			}
			for least := reported.Load(); least >= 0; least = reported.Load() {
				got, err := s.Get(t.Context(), account, "1")
				found, listErr := s.List(t.Context(), store.Query{Kind: account, Limit: 1})
				if !assert.NoError(t, err) || !assert.NoError(t, listErr) || !assert.Len(t, found, 1) ||
					!assert.GreaterOrEqual(t, got.Version, least) || !assert.GreaterOrEqual(t, found[0].Version, got.Version) {
					return
				}
			}
		})
	}},
	{"cancellation leaves all of a write or nothing", func(t *testing.T, s store.Store) {
		random := rand.New(rand.NewPCG(1, 0))
		began := time.Now()
		mustCreate(t, s, doc(account, "0", ""))
		one := time.Since(began) // about as long as a Create takes
		cancelled := 0
		for round := range writers * rounds {
			id := fmt.Sprintf("%03d", round)
			d, key := named(site, id, id), store.Key{Name: id, Hash: "hash"}
			d.Parent = "0"
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.Int64N(int64(one)*2+1)))
			_, err := s.Create(ctx, d, key)
			cancel()
			if err == nil {
				assertHas(t, s, mustReplay(t, s, d, key))
				continue
			}
			cancelled++
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assertHasNot(t, s, site, id)
			d.ID += "-again"
			assert.Equal(t, d.ID, mustReplay(t, s, d, key).ID, "a key without its document")
		}
		assert.Len(t, ids(t, s, store.Query{Kind: site, Parent: "0", Limit: 999}), writers*rounds)
		t.Logf("%d of %d were cancelled", cancelled, writers*rounds)
	}},
}

func mustReplay(t *testing.T, s store.Store, doc store.Document, key store.Key) store.Document {
	t.Helper()
	made, err := s.Create(t.Context(), doc, key)
	require.NoError(t, err)
	return made
}

// increment adds one to the count of account 1.
func increment(ctx context.Context, s store.Store) error {
	d, err := s.Get(ctx, account, "1")
	if err != nil {
		return err
	}
	var body struct {
		Count int `json:"count"`
	}
	if err := json.Unmarshal(d.Body, &body); err != nil {
		return err
	}
	body.Count++
	if d.Body, err = json.Marshal(body); err != nil {
		return err
	}
	updated, err := s.Update(ctx, d)
	if err == nil && updated.Version != d.Version+1 {
		return errors.New("the version did not grow by one")
	}
	return err
}
