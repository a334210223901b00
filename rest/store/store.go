// Package store keeps the configuration documents of the API. A [Store] is
// what the API needs of a database and no more: documents in a hierarchy,
// versions that are compared before a write, pages in order of creation.
//
// [Memory] is one; package sqlite is another. Both pass the same contract,
// [gonotes/rest/store/storetest].
package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// A Kind is what a document describes: "account", "user", "site", "campaign".
type Kind string

// A Document is one version of a resource.
type Document struct {
	Kind    Kind
	ID      string          // unique, of all kinds; those made later compare greater
	Parent  string          // the ID of the document that owns this one, empty for none
	Unique  string          // what no other document of this kind may have, empty for none
	Version int64           // 1 when created, one more at each update
	Created time.Time       // in UTC, to the millisecond
	Updated time.Time       // likewise
	Body    json.RawMessage // a JSON object
}

// A Key makes the creation of a document idempotent: a second Create with the
// same name returns what the first one made. The zero Key does nothing.
type Key struct {
	Name string
	Hash string // of the request, so that a key cannot be used for another one
}

// KeyLife is how long a store remembers a key, at least.
const KeyLife = 24 * time.Hour

// A Query selects documents of one kind, in the order of their IDs.
type Query struct {
	Kind   Kind
	Parent string
	Where  map[string]string // members of Body that are strings, by name
	After  string            // the ID before the first of the page
	Limit  int               // at least 1
}

// Errors of a store. What else it returns is a failure of the store itself.
var (
	ErrNotFound = errors.New("no such document")
	ErrExists   = errors.New("a document with this ID exists")
	ErrNoParent = errors.New("no such parent")
	ErrVersion  = errors.New("the document has another version")
	ErrUnique   = errors.New("another document has this unique value")
	ErrChildren = errors.New("other documents belong to this one")
	ErrKey      = errors.New("the key was used for another request")
)

// A Store keeps documents. It is safe for concurrent use, by as many processes
// as share it: each method happens at one instant, and what it reported as
// done stays done when the process is killed, if the store keeps files.
type Store interface {
	// Create adds a document with Version 1. If the key was used before, it
	// returns the document as it was first made and changes nothing, or
	// ErrKey if the hash differs. Otherwise it fails with ErrExists,
	// ErrNoParent or ErrUnique.
	Create(ctx context.Context, doc Document, key Key) (Document, error)

	// Get returns the current version, or ErrNotFound.
	Get(ctx context.Context, kind Kind, id string) (Document, error)

	// Update replaces the Body, Unique and Updated of the document with the
	// Kind, ID and Version of doc, and returns it with its new version. It
	// fails with ErrNotFound, ErrVersion or ErrUnique.
	Update(ctx context.Context, doc Document) (Document, error)

	// Delete removes the document if it has this version and no other belongs
	// to it. It fails with ErrNotFound, ErrVersion or ErrChildren.
	Delete(ctx context.Context, kind Kind, id string, version int64) error

	// List returns at most query.Limit documents.
	List(ctx context.Context, query Query) ([]Document, error)

	// Ping reports whether the store can answer.
	Ping(ctx context.Context) error
}
