// Package storetest tells whether a [store.Store] keeps its contract: what
// the documentation of its methods says, one subtest for each sentence.
package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/store"
)

// Contract fails where the store that open returns breaks the contract of
// [store.Store]. Each subtest opens one, which must be empty. The open function
// closes what it opened in a cleanup.
func Contract(t *testing.T, open func(t *testing.T) store.Store) {
	for _, part := range []struct {
		name    string
		clauses []clause
	}{
		{"Create", create},
		{"Key", keys},
		{"Get", get},
		{"Update", update},
		{"Delete", del},
		{"List", list},
		{"Document", document},
		{"Store", whole},
	} {
		t.Run(part.name, func(t *testing.T) { each(t, part.clauses, open) })
	}
	t.Run("concurrent", func(t *testing.T) { Concurrent(t, open) })
	t.Run("model", func(t *testing.T) { agreesWithModel(t, open) })
}

// Concurrent is the part of [Contract] that is about calls at the same time.
func Concurrent(t *testing.T, open func(t *testing.T) store.Store) { each(t, concurrent, open) }

func each(t *testing.T, clauses []clause, open func(t *testing.T) store.Store) {
	for _, clause := range clauses {
		t.Run(clause.says, func(t *testing.T) { clause.check(t, open(t)) })
	}
}

type clause struct {
	says  string
	check func(t *testing.T, s store.Store)
}

// Kinds of the documents below. A site belongs to an account.
const (
	account store.Kind = "account"
	site    store.Kind = "site"
)

var start = time.Date(2026, 3, 1, 9, 30, 0, 123_000_000, time.UTC)

// doc returns a document to be created.
func doc(kind store.Kind, id, parent string) store.Document {
	return store.Document{
		Kind: kind, ID: id, Parent: parent, Created: start, Updated: start, Body: json.RawMessage(`{"name":"` + id + `"}`),
	}
}

// named returns a document whose unique value is name.
func named(kind store.Kind, id, name string) store.Document {
	d := doc(kind, id, "")
	d.Unique = name
	return d
}

func mustCreate(t *testing.T, s store.Store, doc store.Document) store.Document {
	t.Helper()
	made, err := s.Create(t.Context(), doc, store.Key{})
	require.NoError(t, err, "create %s", doc.ID)
	return made
}

func mustUpdate(t *testing.T, s store.Store, doc store.Document) store.Document {
	t.Helper()
	updated, err := s.Update(t.Context(), doc)
	require.NoError(t, err, "update %s", doc.ID)
	return updated
}

func mustDelete(t *testing.T, s store.Store, doc store.Document) {
	t.Helper()
	require.NoError(t, s.Delete(t.Context(), doc.Kind, doc.ID, doc.Version), "delete %s", doc.ID)
}

// assertHas fails unless the store holds exactly this version of the document.
func assertHas(t *testing.T, s store.Store, want store.Document) {
	t.Helper()
	got, err := s.Get(t.Context(), want.Kind, want.ID)
	assert.NoError(t, err, "get %s", want.ID)
	assert.Equal(t, want, got)
}

func assertHasNot(t *testing.T, s store.Store, kind store.Kind, id string) {
	t.Helper()
	got, err := s.Get(t.Context(), kind, id)
	assert.ErrorIs(t, err, store.ErrNotFound, "get %s", id)
	assert.Zero(t, got, "document that came with the error")
}

// ids returns the IDs that a query finds.
func ids(t *testing.T, s store.Store, query store.Query) []string {
	t.Helper()
	found, err := s.List(t.Context(), query)
	require.NoError(t, err, "list %+v", query)
	ids := []string{}
	for _, doc := range found {
		ids = append(ids, doc.ID)
	}
	return ids
}

var create = []clause{
	{"adds a document with version 1", func(t *testing.T, s store.Store) {
		d := named(account, "1", "ann")
		d.Version = 7
		made := mustCreate(t, s, d)
		d.Version = 1
		assert.Equal(t, d, made)
		assertHas(t, s, d)
	}},
	{"adds a document to its parent", func(t *testing.T, s store.Store) {
		mustCreate(t, s, doc(account, "1", ""))
		made := mustCreate(t, s, doc(site, "2", "1"))
		assert.Equal(t, "1", made.Parent)
		assertHas(t, s, made)
	}},
	{"fails with ErrNoParent and changes nothing", func(t *testing.T, s store.Store) {
		d := named(site, "2", "name")
		d.Parent = "1"
		_, err := s.Create(t.Context(), d, store.Key{Name: "key", Hash: "hash"})
		assert.ErrorIs(t, err, store.ErrNoParent)
		assertHasNot(t, s, site, "2")
		mustCreate(t, s, doc(account, "1", ""))
		_, err = s.Create(t.Context(), d, store.Key{Name: "key", Hash: "other"})
		assert.NoError(t, err, "the failure used the key or the unique value up")
	}},
	{"fails with ErrNoParent if the parent would be itself", func(t *testing.T, s store.Store) {
		_, err := s.Create(t.Context(), doc(site, "1", "1"), store.Key{})
		assert.ErrorIs(t, err, store.ErrNoParent)
	}},
	{"fails with ErrNoParent if the parent was deleted", func(t *testing.T, s store.Store) {
		mustDelete(t, s, mustCreate(t, s, doc(account, "1", "")))
		_, err := s.Create(t.Context(), doc(site, "2", "1"), store.Key{})
		assert.ErrorIs(t, err, store.ErrNoParent)
	}},
	{"fails with ErrUnique and changes nothing", func(t *testing.T, s store.Store) {
		first := mustCreate(t, s, named(account, "1", "ann"))
		got, err := s.Create(t.Context(), named(account, "2", "ann"), store.Key{Name: "key", Hash: "hash"})
		assert.ErrorIs(t, err, store.ErrUnique)
		assert.Zero(t, got)
		assertHas(t, s, first)
		assertHasNot(t, s, account, "2")
		_, err = s.Create(t.Context(), named(account, "3", "bob"), store.Key{Name: "key", Hash: "other"})
		assert.NoError(t, err, "the failure used the key up")
	}},
	{"compares unique values within a kind", func(t *testing.T, s store.Store) {
		mustCreate(t, s, named(account, "1", "ann"))
		mustCreate(t, s, named(site, "2", "ann"))
	}},
	{"compares unique values exactly", func(t *testing.T, s store.Store) {
		for i, name := range []string{"ann", "Ann", "ann ", "änn", "a\u0308nn"} {
			mustCreate(t, s, named(account, fmt.Sprint(i), name))
		}
	}},
	{"lets any number of documents have no unique value", func(t *testing.T, s store.Store) {
		mustCreate(t, s, doc(account, "1", ""))
		mustCreate(t, s, doc(account, "2", ""))
	}},
	{"looks at the ID, then the parent, then the unique value", func(t *testing.T, s store.Store) {
		mustCreate(t, s, named(site, "1", "name"))
		d := named(site, "1", "name")
		d.Parent = "0"
		_, err := s.Create(t.Context(), d, store.Key{})
		assert.ErrorIs(t, err, store.ErrExists)
		d.ID = "2"
		_, err = s.Create(t.Context(), d, store.Key{})
		assert.ErrorIs(t, err, store.ErrNoParent)
	}},
	{"fails with ErrExists for the ID of any kind and changes nothing", func(t *testing.T, s store.Store) {
		first := mustCreate(t, s, doc(account, "1", ""))
		for _, kind := range []store.Kind{account, site} {
			again := named(kind, "1", "ann")
			again.Body = json.RawMessage(`{}`)
			got, err := s.Create(t.Context(), again, store.Key{Name: "key", Hash: "hash"})
			assert.ErrorIs(t, err, store.ErrExists)
			assert.Zero(t, got)
			assertHas(t, s, first)
			_, err = s.Create(t.Context(), named(kind, "2-"+string(kind), "ann"), store.Key{Name: "key of " + string(kind), Hash: "hash"})
			assert.NoError(t, err, "the failure used the unique value up")
		}
		_, err := s.Create(t.Context(), doc(account, "3", ""), store.Key{Name: "key", Hash: "other"})
		assert.NoError(t, err, "the failure used the key up")
	}},
}

var keys = []clause{
	{"makes a second Create return the document as it was first made", func(t *testing.T, s store.Store) {
		key := store.Key{Name: "key", Hash: "hash"}
		first, err := s.Create(t.Context(), named(account, "1", "ann"), key)
		require.NoError(t, err)
		again := func(when string) {
			got, err := s.Create(t.Context(), named(account, "2", "bob"), key)
			assert.NoError(t, err, when)
			assert.Equal(t, first, got, when)
			assertHasNot(t, s, account, "2")
		}
		again("at once")
		second := first
		second.Unique, second.Updated, second.Body = "cid", start.Add(time.Second), json.RawMessage(`{"name":"cid"}`)
		second = mustUpdate(t, s, second)
		again("after an update")
		assertHas(t, s, second)
		mustDelete(t, s, second)
		again("after it was deleted")
		assertHasNot(t, s, account, "1")
	}},
	{"gives ErrKey for another hash", func(t *testing.T, s store.Store) {
		_, err := s.Create(t.Context(), doc(account, "1", ""), store.Key{Name: "key", Hash: "hash"})
		require.NoError(t, err)
		got, err := s.Create(t.Context(), doc(account, "2", ""), store.Key{Name: "key", Hash: "Hash"})
		assert.ErrorIs(t, err, store.ErrKey)
		assert.Zero(t, got)
		assertHasNot(t, s, account, "2")
	}},
	{"does not hold for another name", func(t *testing.T, s store.Store) {
		for i, name := range []string{"key", "Key", "key ", "k%y"} {
			id := fmt.Sprint(i)
			made, err := s.Create(t.Context(), doc(account, id, ""), store.Key{Name: name, Hash: "hash"})
			assert.NoError(t, err)
			assert.Equal(t, id, made.ID)
		}
	}},
	{"of zero does nothing", func(t *testing.T, s store.Store) {
		for _, id := range []string{"1", "2"} {
			assert.Equal(t, id, mustCreate(t, s, doc(account, id, "")).ID)
		}
	}},
	{"is looked at before the parent and the unique value", func(t *testing.T, s store.Store) {
		key := store.Key{Name: "key", Hash: "hash"}
		parent := mustCreate(t, s, doc(account, "1", ""))
		d := named(site, "2", "name")
		d.Parent = "1"
		first, err := s.Create(t.Context(), d, key)
		require.NoError(t, err)
		got, err := s.Create(t.Context(), d, key)
		assert.NoError(t, err, "the unique value is its own")
		assert.Equal(t, first, got)
		mustDelete(t, s, first)
		mustDelete(t, s, parent)
		got, err = s.Create(t.Context(), d, key)
		assert.NoError(t, err, "the parent was deleted")
		assert.Equal(t, first, got)
		_, err = s.Create(t.Context(), d, store.Key{Name: "key", Hash: "other"})
		assert.ErrorIs(t, err, store.ErrKey)
	}},
	{"is remembered for KeyLife and then forgotten", func(t *testing.T, s store.Store) {
		key := store.Key{Name: "key", Hash: "hash"}
		first, err := s.Create(t.Context(), doc(account, "1", ""), key)
		require.NoError(t, err)
		later := doc(account, "2", "")
		later.Created = start.Add(store.KeyLife)
		got, err := s.Create(t.Context(), later, key)
		assert.NoError(t, err)
		assert.Equal(t, first, got, "after KeyLife")
		later.Created = later.Created.Add(time.Millisecond)
		got, err = s.Create(t.Context(), later, store.Key{Name: "key", Hash: "other"})
		assert.NoError(t, err)
		assert.Equal(t, "2", got.ID, "a millisecond more")
		later.ID, later.Created = "3", later.Created.Add(store.KeyLife)
		got, err = s.Create(t.Context(), later, store.Key{Name: "key", Hash: "other"})
		assert.NoError(t, err)
		assert.Equal(t, "2", got.ID, "the life of the key that was used again")
	}},
}

var get = []clause{
	{"returns the current version", func(t *testing.T, s store.Store) {
		d := mustCreate(t, s, doc(account, "1", ""))
		for range 3 {
			d.Body = fmt.Appendf(nil, `{"version":%d}`, d.Version+1)
			d = mustUpdate(t, s, d)
			assertHas(t, s, d)
		}
		assert.EqualValues(t, 4, d.Version)
	}},
	{"returns ErrNotFound", func(t *testing.T, s store.Store) {
		assertHasNot(t, s, account, "1")
		d := mustCreate(t, s, doc(account, "1", ""))
		assertHasNot(t, s, account, "")
		assertHasNot(t, s, account, "11")
		assertHasNot(t, s, account, "%")
		mustDelete(t, s, d)
		assertHasNot(t, s, account, "1")
	}},
	{"returns ErrNotFound for another kind", func(t *testing.T, s store.Store) {
		mustCreate(t, s, doc(account, "1", ""))
		assertHasNot(t, s, site, "1")
	}},
}

var update = []clause{
	{"replaces Body, Unique and Updated and nothing else", func(t *testing.T, s store.Store) {
		mustCreate(t, s, doc(account, "0", ""))
		old := named(site, "1", "ann")
		old.Parent = "0"
		want := mustCreate(t, s, old)
		sent := store.Document{
			Kind: site, ID: "1", Parent: "other", Unique: "bob", Version: 1,
			Created: start.Add(time.Hour), Updated: start.Add(time.Minute), Body: json.RawMessage(`{"x":[1,2]}`),
		}
		got := mustUpdate(t, s, sent)
		want.Body, want.Unique, want.Updated, want.Version = sent.Body, sent.Unique, sent.Updated, 2
		assert.Equal(t, want, got)
		assertHas(t, s, want)
		assert.Equal(t, []string{"1"}, ids(t, s, store.Query{Kind: site, Parent: "0", Limit: 9}))
	}},
	{"fails with ErrNotFound", func(t *testing.T, s store.Store) {
		d := mustCreate(t, s, doc(account, "1", ""))
		other := d
		other.Kind = site
		_, err := s.Update(t.Context(), other)
		assert.ErrorIs(t, err, store.ErrNotFound, "another kind")
		mustDelete(t, s, d)
		got, err := s.Update(t.Context(), d)
		assert.ErrorIs(t, err, store.ErrNotFound, "deleted")
		assert.Zero(t, got)
	}},
	{"fails with ErrVersion and changes nothing", func(t *testing.T, s store.Store) {
		d := mustUpdate(t, s, mustCreate(t, s, doc(account, "1", "")))
		for _, version := range []int64{-1, 0, 1, 3} {
			other := d
			other.Version, other.Body = version, json.RawMessage(`{}`)
			got, err := s.Update(t.Context(), other)
			assert.ErrorIs(t, err, store.ErrVersion, "version %d", version)
			assert.Zero(t, got)
			assertHas(t, s, d)
		}
	}},
	{"fails with ErrUnique and changes nothing", func(t *testing.T, s store.Store) {
		ann, bob := mustCreate(t, s, named(account, "1", "ann")), mustCreate(t, s, named(account, "2", "bob"))
		other := bob
		other.Unique, other.Body = "ann", json.RawMessage(`{}`)
		got, err := s.Update(t.Context(), other)
		assert.ErrorIs(t, err, store.ErrUnique)
		assert.Zero(t, got)
		assertHas(t, s, ann)
		assertHas(t, s, bob)
	}},
	{"lets a document keep its unique value", func(t *testing.T, s store.Store) {
		d := mustCreate(t, s, named(account, "1", "ann"))
		d = mustUpdate(t, s, d)
		_, err := s.Create(t.Context(), named(account, "2", "ann"), store.Key{})
		assert.ErrorIs(t, err, store.ErrUnique, "after an update that kept it")
		assert.Equal(t, "ann", d.Unique)
	}},
	{"frees the unique value that it replaces", func(t *testing.T, s store.Store) {
		d := mustCreate(t, s, named(account, "1", "ann"))
		d.Unique = "bob"
		d = mustUpdate(t, s, d)
		mustCreate(t, s, named(account, "2", "ann"))
		_, err := s.Create(t.Context(), named(account, "3", "bob"), store.Key{})
		assert.ErrorIs(t, err, store.ErrUnique)
		d.Unique = ""
		mustUpdate(t, s, d)
		mustCreate(t, s, named(account, "3", "bob"))
	}},
	{"looks at the kind, then the version, then the unique value", func(t *testing.T, s store.Store) {
		mustCreate(t, s, named(account, "1", "ann"))
		mustCreate(t, s, named(site, "3", "ann"))
		other := mustCreate(t, s, named(account, "2", "bob"))
		other.Unique, other.Version = "ann", 9
		_, err := s.Update(t.Context(), other)
		assert.ErrorIs(t, err, store.ErrVersion)
		other.Kind = site
		_, err = s.Update(t.Context(), other)
		assert.ErrorIs(t, err, store.ErrNotFound)
	}},
}

var del = []clause{
	{"removes the document", func(t *testing.T, s store.Store) {
		d := mustCreate(t, s, doc(account, "1", ""))
		other := mustCreate(t, s, doc(account, "2", ""))
		mustDelete(t, s, d)
		assertHasNot(t, s, account, "1")
		assertHas(t, s, other)
		assert.Equal(t, []string{"2"}, ids(t, s, store.Query{Kind: account, Limit: 9}))
	}},
	{"frees the unique value", func(t *testing.T, s store.Store) {
		mustDelete(t, s, mustCreate(t, s, named(account, "1", "ann")))
		mustCreate(t, s, named(account, "2", "ann"))
	}},
	{"fails with ErrNotFound", func(t *testing.T, s store.Store) {
		assert.ErrorIs(t, s.Delete(t.Context(), account, "1", 1), store.ErrNotFound)
		d := mustCreate(t, s, doc(account, "1", ""))
		assert.ErrorIs(t, s.Delete(t.Context(), site, "1", 1), store.ErrNotFound, "another kind")
		assertHas(t, s, d)
		mustDelete(t, s, d)
		assert.ErrorIs(t, s.Delete(t.Context(), account, "1", 1), store.ErrNotFound, "a second time")
	}},
	{"fails with ErrVersion", func(t *testing.T, s store.Store) {
		d := mustUpdate(t, s, mustCreate(t, s, doc(account, "1", "")))
		for _, version := range []int64{-1, 0, 1, 3} {
			assert.ErrorIs(t, s.Delete(t.Context(), account, "1", version), store.ErrVersion, "version %d", version)
		}
		assertHas(t, s, d)
	}},
	{"fails with ErrChildren until the last child was deleted", func(t *testing.T, s store.Store) {
		parent := mustCreate(t, s, doc(account, "1", ""))
		for _, id := range []string{"2", "3"} {
			mustCreate(t, s, doc(site, id, "1"))
		}
		for _, id := range []string{"2", "3"} {
			assert.ErrorIs(t, s.Delete(t.Context(), account, "1", 1), store.ErrChildren)
			assertHas(t, s, parent)
			assert.NoError(t, s.Delete(t.Context(), site, id, 1))
		}
		mustDelete(t, s, parent)
	}},
	{"looks at the kind, then the version, then the children", func(t *testing.T, s store.Store) {
		mustCreate(t, s, doc(account, "1", ""))
		mustCreate(t, s, doc(site, "2", "1"))
		assert.ErrorIs(t, s.Delete(t.Context(), account, "1", 2), store.ErrVersion)
		assert.ErrorIs(t, s.Delete(t.Context(), site, "1", 2), store.ErrNotFound)
	}},
}

var list = []clause{
	{"selects one kind and one parent", func(t *testing.T, s store.Store) {
		mustCreate(t, s, doc(account, "1", ""))
		mustCreate(t, s, doc(account, "2", ""))
		mustCreate(t, s, doc(site, "3", "1"))
		mustCreate(t, s, doc(site, "4", "2"))
		mustCreate(t, s, doc(site, "5", ""))
		mustCreate(t, s, doc("user", "6", "1"))
		for _, test := range []struct {
			kind   store.Kind
			parent string
			want   []string
		}{
			{account, "", []string{"1", "2"}},
			{site, "1", []string{"3"}},
			{site, "2", []string{"4"}},
			{site, "", []string{"5"}},
			{"user", "1", []string{"6"}},
			{"user", "", []string{}},
			{account, "1", []string{}},
			{site, "9", []string{}},
		} {
			assert.Equal(t, test.want, ids(t, s, store.Query{Kind: test.kind, Parent: test.parent, Limit: 9}), "%s of %q", test.kind, test.parent)
		}
	}},
	{"returns whole documents", func(t *testing.T, s store.Store) {
		mustCreate(t, s, doc(account, "1", ""))
		var want []store.Document
		for _, id := range []string{"2", "3"} {
			d := named(site, id, id)
			d.Parent = "1"
			want = append(want, mustUpdate(t, s, mustCreate(t, s, d)))
		}
		got, err := s.List(t.Context(), store.Query{Kind: site, Parent: "1", Limit: 9})
		assert.NoError(t, err)
		assert.Equal(t, want, got)
	}},
	{"is in the order of the IDs as bytes", func(t *testing.T, s store.Store) {
		want := []string{"-", "0", "10", "9", "A", "B", "_", "a", "aa", "b", "z", "é", "ü", "日", "😀"}
		for _, i := range []int{7, 0, 14, 3, 11, 1, 13, 2, 9, 5, 12, 4, 8, 10, 6} {
			mustCreate(t, s, doc(account, want[i], ""))
		}
		assert.Equal(t, want, ids(t, s, store.Query{Kind: account, Limit: 99}))
	}},
	{"returns at most Limit documents, after After", func(t *testing.T, s store.Store) {
		all := []string{"10", "20", "30", "40", "50"}
		for _, id := range all {
			mustCreate(t, s, doc(account, id, ""))
		}
		for limit := 1; limit <= 6; limit++ {
			for after := range 6 {
				query := store.Query{Kind: account, Limit: limit}
				if after > 0 {
					query.After = all[after-1]
				}
				want := all[after:min(after+limit, 5)]
				assert.Equal(t, want, ids(t, s, query), "%+v", query)
			}
		}
		assert.Equal(t, []string{"30"}, ids(t, s, store.Query{Kind: account, After: "25", Limit: 1}), "an ID that was never used")
		assert.NoError(t, s.Delete(t.Context(), account, "30", 1))
		assert.Equal(t, []string{"40"}, ids(t, s, store.Query{Kind: account, After: "30", Limit: 1}), "the ID of a deleted document")
	}},
	{"counts the documents that Where selects", func(t *testing.T, s store.Store) {
		for i := range 9 {
			d := doc(account, fmt.Sprint(i), "")
			d.Body = fmt.Appendf(nil, `{"third":"%d"}`, i%3)
			mustCreate(t, s, d)
		}
		query := store.Query{Kind: account, Where: map[string]string{"third": "1"}, Limit: 2}
		assert.Equal(t, []string{"1", "4"}, ids(t, s, query))
		query.After = "4"
		assert.Equal(t, []string{"7"}, ids(t, s, query))
	}},
	{"compares every member of Where", func(t *testing.T, s store.Store) {
		for i, body := range []string{
			`{"a":"x","b":"y"}`, `{"a":"x","b":"z"}`, `{"b":"y","a":"x","c":"w"}`, `{"a":"x"}`, `{"b":"y"}`, `{}`, `{"d":{"a":"x","b":"y"}}`,
		} {
			d := doc(account, fmt.Sprint(i), "")
			d.Body = json.RawMessage(body)
			mustCreate(t, s, d)
		}
		for _, test := range []struct {
			where map[string]string
			want  []string
		}{
			{nil, []string{"0", "1", "2", "3", "4", "5", "6"}},
			{map[string]string{}, []string{"0", "1", "2", "3", "4", "5", "6"}},
			{map[string]string{"a": "x"}, []string{"0", "1", "2", "3"}},
			{map[string]string{"a": "x", "b": "y"}, []string{"0", "2"}},
			{map[string]string{"a": "x", "b": "y", "c": "w"}, []string{"2"}},
			{map[string]string{"a": "y"}, []string{}},
			{map[string]string{"A": "x"}, []string{}},
			{map[string]string{"a": "X"}, []string{}},
			{map[string]string{"none": ""}, []string{}},
			{map[string]string{"d.a": "x"}, []string{}},
			{map[string]string{"": "x"}, []string{}},
		} {
			assert.Equal(t, test.want, ids(t, s, store.Query{Kind: account, Where: test.where, Limit: 9}), "%v", test.where)
		}
	}},
	{"compares names and values of Where exactly", func(t *testing.T, s store.Store) {
		for i, text := range difficult {
			for j, member := range []map[string]string{{"plain": text}, {text: "plain"}, {text: text}} {
				d := doc(account, fmt.Sprintf("%02d-%d", i, j), "")
				var err error
				d.Body, err = json.Marshal(member)
				require.NoError(t, err)
				mustCreate(t, s, d)
			}
		}
		for i, text := range difficult {
			for j, where := range []map[string]string{{"plain": text}, {text: "plain"}, {text: text}} {
				want := []string{fmt.Sprintf("%02d-%d", i, j)}
				assert.Equal(t, want, ids(t, s, store.Query{Kind: account, Where: where, Limit: 99}), "%q", where)
			}
		}
	}},
	{"reads the escapes of JSON before it compares", func(t *testing.T, s store.Store) {
		d := doc(account, "1", "")
		d.Body = json.RawMessage(`{"\u006e\u0061me":"\u00e9 \/ \ud83d\ude00 \" \\ \n"}`)
		mustCreate(t, s, d)
		where := map[string]string{"name": "é / 😀 \" \\ \n"}
		assert.Equal(t, []string{"1"}, ids(t, s, store.Query{Kind: account, Where: where, Limit: 9}))
	}},
	{"never selects a member that is not a string", func(t *testing.T, s store.Store) {
		values := []string{"1", "1.5", "true", "false", "null", `{"x":1}`, `["a"]`, `[]`}
		for i, value := range values {
			d := doc(account, fmt.Sprint(i), "")
			d.Body = json.RawMessage(`{"a":` + value + `}`)
			mustCreate(t, s, d)
		}
		for _, value := range append(values, "", "0", "<nil>", "a") {
			assert.Empty(t, ids(t, s, store.Query{Kind: account, Where: map[string]string{"a": value}, Limit: 99}), "%q", value)
		}
	}},
}

// difficult are texts that a careless query takes for something else.
var difficult = []string{
	"'", `"`, `\`, "`", "%", "_", "?", "$", "*", ";", ".", "[0]", "#", "--", "/*", ":a", "@a", "?1",
	"' OR '1'='1", `" OR ""="`, `a"b`, `a"."b`, "a.b", "$.a", `\u0061`, `\"`, "\n", "\t", " ", "a ", " a",
	"é", "e\u0301", "日本", "😀", "1", "1.0", "true", "null", "NULL", "{}", "'); DROP TABLE documents; --",
}

var document = []clause{
	{"keeps its body byte for byte", func(t *testing.T, s store.Store) {
		for i, body := range []string{
			`{}`, " {\n\t\"b\" : 1,\r\n\"a\":[ ] }\n", `{"n":1.0,"m":1e400,"k":12345678901234567890,"z":-0}`, `{"html":"<&>","u":"\u0041\/","s":"日😀"}`,
		} {
			d := doc(account, fmt.Sprint(i), "")
			d.Body = json.RawMessage(body)
			made := mustCreate(t, s, d)
			assert.Equal(t, body, string(made.Body), "Create")
			assertHas(t, s, made)
			found, err := s.List(t.Context(), store.Query{Kind: account, After: fmt.Sprint(i - 1), Limit: 1})
			assert.NoError(t, err)
			assert.Equal(t, []store.Document{made}, found)
			d = made
			d.Body = json.RawMessage(body + "\n")
			assert.Equal(t, body+"\n", string(mustUpdate(t, s, d).Body), "Update")
		}
	}},
	{"does not share its body with the caller", func(t *testing.T, s store.Store) {
		const body = `{"name":"1"}`
		key := store.Key{Name: "key", Hash: "hash"}
		scribble := func(doc store.Document, err error) {
			assert.NoError(t, err)
			assert.Equal(t, body, string(doc.Body))
			for i := range doc.Body {
				doc.Body[i] = '#'
			}
		}
		d := doc(account, "1", "")
		made, err := s.Create(t.Context(), d, key)
		scribble(d, nil)
		scribble(made, err)
		scribble(s.Create(t.Context(), d, key))
		scribble(s.Create(t.Context(), d, key))
		scribble(s.Get(t.Context(), account, "1"))
		for range 2 {
			found, err := s.List(t.Context(), store.Query{Kind: account, Limit: 1})
			require.Len(t, found, 1)
			scribble(found[0], err)
		}
		made.Body = json.RawMessage(body)
		updated, err := s.Update(t.Context(), made)
		scribble(made, nil)
		scribble(updated, err)
		scribble(s.Get(t.Context(), account, "1"))
	}},
	{"keeps its times in UTC to the millisecond", func(t *testing.T, s store.Store) {
		for i, at := range []time.Time{
			start, time.Date(1969, 12, 31, 23, 59, 59, 999_000_000, time.UTC), time.Date(2262, 4, 12, 0, 0, 0, 1_000_000, time.UTC), {},
		} {
			d := doc(account, fmt.Sprint(i), "")
			d.Created, d.Updated = at, at.Add(time.Millisecond)
			made := mustCreate(t, s, d)
			assert.Equal(t, at, made.Created)
			assertHas(t, s, made)
			made.Updated = at.Add(time.Second)
			updated := mustUpdate(t, s, made)
			assert.Equal(t, at, updated.Created)
			assert.Equal(t, at.Add(time.Second), updated.Updated)
			assertHas(t, s, updated)
		}
	}},
	{"keeps texts that a careless query takes for something else", func(t *testing.T, s store.Store) {
		for i, text := range difficult {
			d := named(store.Kind(text), text, text)
			made, err := s.Create(t.Context(), d, store.Key{Name: text, Hash: text})
			require.NoError(t, err)
			assertHas(t, s, made)
			child := mustCreate(t, s, doc(site, fmt.Sprint("child", i), text))
			assert.Equal(t, []string{child.ID}, ids(t, s, store.Query{Kind: site, Parent: text, Limit: 9}))
		}
	}},
}

var whole = []clause{
	{"answers a Ping", func(t *testing.T, s store.Store) {
		assert.NoError(t, s.Ping(t.Context()))
	}},
	{"keeps the bodies of 1 MB", func(t *testing.T, s store.Store) {
		d := doc(account, "1", "")
		d.Body = fmt.Appendf(nil, `{"name":"%01048576d"}`, 0)
		assertHas(t, s, mustCreate(t, s, d))
	}},
	{"does all or nothing when the context is done before", func(t *testing.T, s store.Store) {
		done, cancel := context.WithCancel(t.Context())
		cancel()
		// did reports whether the store did what it was asked for. It may
		// do so and not look at the context, but not fail otherwise.
		did := func(err error) bool {
			if err != nil {
				assert.ErrorIs(t, err, context.Canceled)
			}
			return err == nil
		}
		d, key := named(account, "1", "ann"), store.Key{Name: "key", Hash: "hash"}
		if _, err := s.Create(done, d, key); !did(err) {
			assertHasNot(t, s, account, "1")
			_, err := s.Create(t.Context(), d, store.Key{Name: "key", Hash: "other"})
			require.NoError(t, err, "the failure used the key or the unique value up")
		}
		d, err := s.Get(t.Context(), account, "1")
		require.NoError(t, err)
		d.Body = json.RawMessage(`{}`)
		if updated, err := s.Update(done, d); did(err) {
			d = updated
		} else {
			d.Body = json.RawMessage(`{"name":"1"}`)
		}
		assertHas(t, s, d)
		_, err = s.Get(done, account, "1")
		did(err)
		_, err = s.List(done, store.Query{Kind: account, Limit: 1})
		did(err)
		did(s.Ping(done))
		if did(s.Delete(done, account, "1", d.Version)) {
			assertHasNot(t, s, account, "1")
		} else {
			assertHas(t, s, d)
		}
	}},
}
