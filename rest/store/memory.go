package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
)

// Memory is a Store that lasts as long as its process.
type Memory struct {
	mu       sync.Mutex
	docs     map[string]Document
	unique   map[unique]string // to the ID
	children map[string]int    // of an ID
	keys     map[string]created
	oldest   []string // names of keys
}

type unique struct {
	kind  Kind
	value string
}

type created struct {
	hash string
	doc  Document
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		docs: map[string]Document{}, unique: map[unique]string{}, children: map[string]int{}, keys: map[string]created{},
	}
}

// Create is part of [Store].
func (m *Memory) Create(_ context.Context, doc Document, key Key) (Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.oldest) > 0 && doc.Created.Sub(m.keys[m.oldest[0]].doc.Created) > KeyLife {
		delete(m.keys, m.oldest[0])
		m.oldest = m.oldest[1:]
	}
	if old, used := m.keys[key.Name]; used {
		if old.hash != key.Hash {
			return Document{}, ErrKey
		}
		return old.doc.clone(), nil
	}
	if _, ok := m.docs[doc.ID]; ok {
		return Document{}, ErrExists
	}
	if _, ok := m.docs[doc.Parent]; !ok && doc.Parent != "" {
		return Document{}, ErrNoParent
	}
	if m.taken(doc) {
		return Document{}, ErrUnique
	}
	doc.Version = 1
	doc = doc.clone()
	m.docs[doc.ID] = doc
	m.unique[unique{doc.Kind, doc.Unique}] = doc.ID
	m.children[doc.Parent]++
	if key.Name != "" {
		m.keys[key.Name] = created{key.Hash, doc}
		m.oldest = append(m.oldest, key.Name)
	}
	return doc.clone(), nil
}

// taken reports whether another document of the kind has doc's unique value.
func (m *Memory) taken(doc Document) bool {
	id, ok := m.unique[unique{doc.Kind, doc.Unique}]
	return ok && doc.Unique != "" && id != doc.ID
}

// Get is part of [Store].
func (m *Memory) Get(_ context.Context, kind Kind, id string) (Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	doc, err := m.get(kind, id)
	return doc.clone(), err
}

func (m *Memory) get(kind Kind, id string) (Document, error) {
	doc, ok := m.docs[id]
	if !ok || doc.Kind != kind {
		return Document{}, ErrNotFound
	}
	return doc, nil
}

// Update is part of [Store].
func (m *Memory) Update(_ context.Context, doc Document) (Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, err := m.get(doc.Kind, doc.ID)
	switch {
	case err != nil:
		return Document{}, err
	case old.Version != doc.Version:
		return Document{}, ErrVersion
	case m.taken(doc):
		return Document{}, ErrUnique
	}
	delete(m.unique, unique{old.Kind, old.Unique})
	m.unique[unique{doc.Kind, doc.Unique}] = doc.ID
	old.Body, old.Unique, old.Updated = slices.Clone(doc.Body), doc.Unique, doc.Updated
	old.Version++
	m.docs[old.ID] = old
	return old.clone(), nil
}

// Delete is part of [Store].
func (m *Memory) Delete(_ context.Context, kind Kind, id string, version int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, err := m.get(kind, id)
	switch {
	case err != nil:
		return err
	case old.Version != version:
		return ErrVersion
	case m.children[id] > 0:
		return ErrChildren
	}
	delete(m.docs, id)
	delete(m.children, id)
	delete(m.unique, unique{kind, old.Unique})
	m.children[old.Parent]--
	return nil
}

// List is part of [Store].
func (m *Memory) List(_ context.Context, query Query) ([]Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Document
	for _, doc := range m.docs {
		if doc.Kind == query.Kind && doc.Parent == query.Parent && doc.ID > query.After && contains(doc.Body, query.Where) {
			found = append(found, doc.clone())
		}
	}
	slices.SortFunc(found, func(a, b Document) int { return cmp.Compare(a.ID, b.ID) })
	return found[:min(len(found), query.Limit)], nil
}

func contains(body json.RawMessage, where map[string]string) bool {
	if len(where) == 0 {
		return true
	}
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return false
	}
	for name, want := range where {
		if members[name] != want {
			return false
		}
	}
	return true
}

// clone keeps the body of a stored document out of the hands of callers.
func (d Document) clone() Document {
	d.Body = slices.Clone(d.Body)
	return d
}

// Ping is part of [Store].
func (m *Memory) Ping(context.Context) error { return nil }
