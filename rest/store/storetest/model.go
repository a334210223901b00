package storetest

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/store"
)

var (
	modelSeeds = flag.Uint64("storetest.seeds", 3, "runs against the model, each with its own seed")
	modelSteps = flag.Int("storetest.steps", 400, "operations of each run against the model")
)

// A model is a store that is written so that it is easily seen to be right.
type model struct {
	docs []store.Document
	keys []keyed
}

type keyed struct {
	store.Key
	doc store.Document
}

func (m *model) create(doc store.Document, key store.Key) (store.Document, error) {
	m.keys = slices.DeleteFunc(m.keys, func(old keyed) bool { return doc.Created.Sub(old.doc.Created) > store.KeyLife })
	for _, old := range m.keys {
		if old.Name == key.Name && old.Hash != key.Hash {
			return store.Document{}, store.ErrKey
		} else if old.Name == key.Name {
			return old.doc, nil
		}
	}
	if slices.ContainsFunc(m.docs, func(d store.Document) bool { return d.ID == doc.ID }) {
		return store.Document{}, store.ErrExists
	}
	if doc.Parent != "" && !slices.ContainsFunc(m.docs, func(d store.Document) bool { return d.ID == doc.Parent }) {
		return store.Document{}, store.ErrNoParent
	}
	if m.taken(doc) {
		return store.Document{}, store.ErrUnique
	}
	doc.Version = 1
	m.docs = append(m.docs, doc)
	if key.Name != "" {
		m.keys = append(m.keys, keyed{key, doc})
	}
	return doc, nil
}

func (m *model) taken(doc store.Document) bool {
	return slices.ContainsFunc(m.docs, func(d store.Document) bool {
		return d.Kind == doc.Kind && d.Unique == doc.Unique && d.Unique != "" && d.ID != doc.ID
	})
}

func (m *model) find(kind store.Kind, id string) int {
	return slices.IndexFunc(m.docs, func(d store.Document) bool { return d.Kind == kind && d.ID == id })
}

func (m *model) get(kind store.Kind, id string) (store.Document, error) {
	i := m.find(kind, id)
	if i < 0 {
		return store.Document{}, store.ErrNotFound
	}
	return m.docs[i], nil
}

func (m *model) update(doc store.Document) (store.Document, error) {
	i := m.find(doc.Kind, doc.ID)
	switch {
	case i < 0:
		return store.Document{}, store.ErrNotFound
	case m.docs[i].Version != doc.Version:
		return store.Document{}, store.ErrVersion
	case m.taken(doc):
		return store.Document{}, store.ErrUnique
	}
	old := &m.docs[i]
	old.Body, old.Unique, old.Updated, old.Version = doc.Body, doc.Unique, doc.Updated, old.Version+1
	return *old, nil
}

func (m *model) delete(kind store.Kind, id string, version int64) error {
	i := m.find(kind, id)
	switch {
	case i < 0:
		return store.ErrNotFound
	case m.docs[i].Version != version:
		return store.ErrVersion
	case slices.ContainsFunc(m.docs, func(d store.Document) bool { return d.Parent == id }):
		return store.ErrChildren
	}
	m.docs = slices.Delete(m.docs, i, i+1)
	return nil
}

func (m *model) list(query store.Query) []store.Document {
	slices.SortFunc(m.docs, func(a, b store.Document) int { return cmp.Compare(a.ID, b.ID) })
	var found []store.Document
	for _, doc := range m.docs {
		var body map[string]any
		if err := json.Unmarshal(doc.Body, &body); err != nil {
			panic(err) // made by this file
		}
		selected := doc.Kind == query.Kind && doc.Parent == query.Parent && doc.ID > query.After
		for name, value := range query.Where {
			selected = selected && body[name] == value
		}
		if selected && len(found) < query.Limit {
			found = append(found, doc)
		}
	}
	return found
}

// agreesWithModel does the same random operations on the store and on the
// model. Every result and every error must agree.
func agreesWithModel(t *testing.T, open func(t *testing.T) store.Store) {
	for seed := range *modelSeeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			walk(t, open(t), rand.New(rand.NewPCG(seed, 0)), *modelSteps)
		})
	}
}

func walk(t *testing.T, s store.Store, random *rand.Rand, steps int) {
	var m model
	now, last := start, 0
	kinds := []store.Kind{account, site, "user"}
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	// some is mostly a document that there is, and otherwise one that was deleted or never there.
	some := func() (store.Kind, string) {
		if len(m.docs) > 0 && random.IntN(4) > 0 {
			doc := m.docs[random.IntN(len(m.docs))]
			return doc.Kind, doc.ID
		}
		return kinds[random.IntN(len(kinds))], fmt.Sprintf("%04d", random.IntN(last+2))
	}
	body := func() json.RawMessage {
		return json.RawMessage(`{` + pick(`"a":"x"`, `"a":"y"`, `"a":1`, `"b":"x"`) + `,` + pick(`"c":"x"`, `"c":null`, `"d":"é\""`) + `}`)
	}
	outcomes := map[string]int{}
	for step := range steps {
		now = now.Add(time.Duration(random.Int64N(int64(2 * time.Hour))).Truncate(time.Millisecond))
		kind, id := some()
		_, other := some()
		var what string
		var got, want any
		var gotErr, wantErr error
		switch random.IntN(8) {
		case 0, 1, 2:
			last++
			fresh := fmt.Sprintf("%04d", last)
			doc := store.Document{
				Kind: kind, ID: pick(fresh, fresh, fresh, fresh, fresh, id), Parent: pick("", other, other), Unique: pick("", "ann", "bob", "cid"),
				Created: now, Updated: now, Body: body(),
			}
			key := store.Key{Name: pick("", "", "k1", "k2", "k3"), Hash: pick("h1", "h1", "h2")}
			what = fmt.Sprintf("create %+v %+v", doc, key)
			got, gotErr = s.Create(t.Context(), doc, key)
			want, wantErr = m.create(doc, key)
		case 3, 4:
			doc, err := m.get(kind, id)
			if err != nil {
				doc = store.Document{Kind: kind, ID: id}
			}
			doc.Version -= int64(random.IntN(4) / 3)
			doc.Unique, doc.Updated, doc.Body = pick("", "ann", "bob", doc.Unique), now, body()
			what = fmt.Sprintf("update %+v", doc)
			got, gotErr = s.Update(t.Context(), doc)
			want, wantErr = m.update(doc)
		case 5:
			doc, _ := m.get(kind, id)
			version := doc.Version - int64(random.IntN(4)/3)
			what = fmt.Sprintf("delete %s %s %d", kind, id, version)
			gotErr = s.Delete(t.Context(), kind, id, version)
			wantErr = m.delete(kind, id, version)
		case 6:
			what = fmt.Sprintf("get %s %s", kind, id)
			got, gotErr = s.Get(t.Context(), kind, id)
			want, wantErr = m.get(kind, id)
		case 7:
			query := store.Query{Kind: kind, Parent: pick("", other), After: pick("", id), Limit: 1 + random.IntN(5)}
			if random.IntN(2) == 0 {
				query.Where = map[string]string{pick("a", "b", "c", "d"): pick("x", "y", "1", `é"`)}
			}
			what = fmt.Sprintf("list %+v", query)
			got, gotErr = s.List(t.Context(), query)
			if found := m.list(query); found == nil {
				assert.Empty(t, got, what)
				got, want = nil, nil
			} else {
				want = found
			}
		}
		if wantErr == nil {
			require.NoError(t, gotErr, "step %d: %s", step, what)
		} else {
			require.ErrorIs(t, gotErr, wantErr, "step %d: %s", step, what)
		}
		require.Equal(t, want, got, "step %d: %s", step, what)
		operation, _, _ := strings.Cut(what, " ")
		outcomes[fmt.Sprint(operation, " ", wantErr)]++
	}
	for _, doc := range m.docs {
		assertHas(t, s, doc)
		query := store.Query{Kind: doc.Kind, Parent: doc.Parent, Limit: steps}
		got, err := s.List(t.Context(), query)
		require.NoError(t, err)
		require.Equal(t, m.list(query), got, "%+v", query)
	}
	for operation, errs := range map[string][]error{
		"create": {nil, store.ErrExists, store.ErrNoParent, store.ErrUnique, store.ErrKey},
		"update": {nil, store.ErrNotFound, store.ErrVersion, store.ErrUnique},
		"delete": {nil, store.ErrNotFound, store.ErrVersion, store.ErrChildren},
		"get":    {nil, store.ErrNotFound},
	} {
		for _, err := range errs {
			outcome := fmt.Sprint(operation, " ", err)
			require.NotZero(t, outcomes[outcome], "the walk never came to %q: %v", outcome, outcomes)
		}
	}
}
