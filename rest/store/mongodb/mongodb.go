// Package mongodb keeps the documents of package store in a database of MongoDB,
// or of another server that speaks its protocol and has transactions: a replica
// set, of one member at least, or a sharded cluster. A standalone server is
// refused. Any number of processes on any number of machines may use the same
// database; a document that was acknowledged is in the journals of a majority of
// the members.
//
// A process that was killed amid a change may hold others up that write the same
// document, or create another one below the same parent, until the server ends its
// transaction: after a minute by default (transactionLifetimeLimitSeconds).
//
// Reads go to the primary and see what a majority has. A primary that was cut off
// may answer reads from before that moment until it learns of it, some ten
// seconds later.
//
// The body of a document is kept as the text that came, since BSON has neither
// its spaces nor all of its numbers. Its members that are strings stand beside it
// as pairs of name and value, for queries.
//
// Sources: https://www.mongodb.com/docs/manual/core/transactions/,
// https://www.mongodb.com/docs/manual/core/read-isolation-consistency-recency/
package mongodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"gonotes/rest/store"
)

// DefaultDatabase is the database of a URI that names none.
const DefaultDatabase = "gonotes"

const (
	endTimeout = 2 * time.Second // to commit or abort a transaction after ctx has ended

	// Between two tries it waits a random part of firstWait, then of twice as much, and so on.
	firstWait = 5 * time.Millisecond
	lastWait  = 200 * time.Millisecond
)

// namespaceExists is the server's code for a collection that is there already.
const namespaceExists = 48

// Store is a [store.Store] in a database. Create and Delete are tried again until
// their context ends, while others are in their way or no server answers.
type Store struct {
	client          *mongo.Client
	documents, keys *mongo.Collection
}

// document is a [store.Document] as it is kept.
type document struct {
	ID      string     `bson:"_id"`
	Kind    store.Kind `bson:"kind"`
	Parent  string     `bson:"parent"`
	Unique  string     `bson:"unique"`
	Version int64      `bson:"version"`
	Created time.Time  `bson:"created"`
	Updated time.Time  `bson:"updated"`
	Body    string     `bson:"body"`
	Members []member   `bson:"members"`
}

// member is a member of the body that is a string. Names and values are both
// values here: as the name of a field, "a.b" or "$a" would mean something else.
type member struct {
	Name  string `bson:"name"`
	Value string `bson:"value"`
}

// key is a [store.Key] that was used.
type key struct {
	Name    string    `bson:"_id"`
	Hash    string    `bson:"hash"`
	Created time.Time `bson:"created"` // as the document's, for the index
	Made    document  `bson:"made"`
}

// Open connects to the servers of a connection string, as
// mongodb://host1,host2/database?replicaSet=name, and creates collections and
// indexes where they are missing. What the string says of read preference, read
// concern and write concern is not used. The context bounds Open, not the store;
// without a limit, Open gives up after serverSelectionTimeoutMS of the string, 30 s
// by default.
func Open(ctx context.Context, uri string) (*Store, error) {
	journal := true
	opts := options.Client().ApplyURI(uri).
		SetReadPreference(readpref.Primary()).
		SetReadConcern(readconcern.Majority()).
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journal})
	client, err := mongo.Connect(opts)
	if err != nil {
		return nil, fmt.Errorf("mongodb: open: %w", err)
	}
	name := databaseOf(uri)
	db := client.Database(name)
	s := &Store{client: client, documents: db.Collection("documents"), keys: db.Collection("keys")}
	if err := s.create(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("mongodb: open database %q at %s: %w", name, strings.Join(opts.Hosts, ","), err), s.Close())
	}
	return s, nil
}

// databaseOf returns the name in the path of a connection string, which the
// driver knows to be well formed but does not tell.
func databaseOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "?")
	_, path, _ := strings.Cut(rest, "/")
	if name, err := url.PathUnescape(path); err == nil && name != "" {
		return name
	}
	return DefaultDatabase
}

func (s *Store) create(ctx context.Context, db *mongo.Database) error {
	var hello struct {
		SetName string `bson:"setName"`
		Message string `bson:"msg"`
	}
	if err := db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return err
	}
	if hello.SetName == "" && hello.Message != "isdbgrid" {
		return errors.New("it is a standalone server, want a replica set or a sharded cluster, which have transactions")
	}
	// A transaction may not wait for a collection that another one creates.
	for _, c := range []*mongo.Collection{s.documents, s.keys} {
		err := db.CreateCollection(ctx, c.Name())
		if refused, ok := errors.AsType[mongo.ServerError](err); ok && refused.HasErrorCode(namespaceExists) {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if _, err := s.documents.Indexes().CreateMany(ctx, []mongo.IndexModel{
		{Keys: bson.D{{Key: "parent", Value: 1}, {Key: "kind", Value: 1}, {Key: "_id", Value: 1}}},
		{
			Keys: bson.D{{Key: "kind", Value: 1}, {Key: "unique", Value: 1}},
			Options: options.Index().SetUnique(true).
				SetPartialFilterExpression(bson.M{"unique": bson.M{"$gt": ""}}),
		},
	}); err != nil {
		return err
	}
	_, err := s.keys.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: bson.D{{Key: "created", Value: 1}}})
	return err
}

// Close closes the connections. The store must not be used afterwards.
func (s *Store) Close() error { return s.client.Disconnect(context.Background()) }

// Engine returns the name and version of the server, which need not be MongoDB.
func (s *Store) Engine(ctx context.Context) (string, error) {
	var info struct {
		Version        string   `bson:"version"`
		Secantus       string   `bson:"secantusVersion"`
		StorageEngines []string `bson:"storageEngines"` // told by mongod and mongos, not by those that imitate them
	}
	if err := s.client.Database("admin").RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&info); err != nil {
		return "", fmt.Errorf("mongodb: build info: %w", err)
	}
	switch {
	case info.Secantus != "":
		return "SecantusDB " + info.Secantus, nil
	case len(info.StorageEngines) > 0:
		return "MongoDB " + info.Version, nil
	}
	return "a server of MongoDB's protocol " + info.Version, nil
}

// change runs do in a transaction, and again where another one was in its way. All
// that do reads is of one instant, and what it writes is refused if another one
// wrote it since. The driver's WithTransaction does the same, but goes on for two
// minutes after ctx has ended.
func (s *Store) change(ctx context.Context, do func(context.Context) error) error {
	session, err := s.client.StartSession(options.Session().SetDefaultTransactionOptions(options.Transaction().SetReadConcern(readconcern.Snapshot())))
	if err != nil {
		return err
	}
	defer session.EndSession(ctx)
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := try(ctx, session, do)
		if err != nil && ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		if !labelled(err, "TransientTransactionError") {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(wait)):
		}
	}
}

// try runs do in one transaction. When ctx ends, the transaction ends with it; but
// once it is being committed there is no way back, and only endTimeout more.
func try(ctx context.Context, session *mongo.Session, do func(context.Context) error) error {
	if err := session.StartTransaction(); err != nil {
		return err
	}
	err := do(mongo.NewSessionContext(ctx, session))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
		defer cancel()
		session.AbortTransaction(ending) // if that fails, the server does it when the transaction's time is over
		return err
	}
	ending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(endTimeout, cancel) })()
	for {
		err := session.CommitTransaction(ending)
		if ending.Err() != nil || !labelled(err, "UnknownTransactionCommitResult") {
			return err
		}
	}
}

func labelled(err error, label string) bool {
	labels, ok := errors.AsType[mongo.LabeledError](err)
	return ok && labels.HasErrorLabel(label)
}

// Create is part of [store.Store].
func (s *Store) Create(ctx context.Context, doc store.Document, key store.Key) (store.Document, error) {
	doc.Version = 1
	made := kept(doc)
	err := s.forget(ctx, doc, key)
	if err == nil {
		err = s.change(ctx, func(ctx context.Context) (err error) {
			made, err = s.make(ctx, kept(doc), key)
			return err
		})
	}
	if err != nil {
		return store.Document{}, fmt.Errorf("mongodb: create %s %q: %w", doc.Kind, doc.ID, err)
	}
	return made.document(), nil
}

// forget removes the keys that are too old when doc is created. It is no part of
// the transaction, where it would be in the way of others that do the same.
func (s *Store) forget(ctx context.Context, doc store.Document, key store.Key) error {
	if key.Name == "" {
		return nil
	}
	_, err := s.keys.DeleteMany(ctx, bson.M{"created": bson.M{"$lt": doc.Created.Add(-store.KeyLife)}})
	return err
}

func (s *Store) make(ctx context.Context, doc document, used store.Key) (document, error) {
	if used.Name != "" {
		var old key
		switch err := s.keys.FindOne(ctx, bson.M{"_id": used.Name}).Decode(&old); {
		case errors.Is(err, mongo.ErrNoDocuments):
		case err != nil:
			return document{}, err
		case old.Hash != used.Hash:
			return document{}, store.ErrKey
		default:
			return old.Made, nil
		}
	}
	if err := s.refuse(ctx, store.ErrExists, bson.M{"_id": doc.ID}); err != nil {
		return document{}, err
	}
	if doc.Parent != "" {
		// Written, not only read: so this transaction and one that deletes the
		// parent cannot both succeed.
		result, err := s.documents.UpdateByID(ctx, doc.Parent, bson.M{"$inc": bson.M{"births": int64(1)}})
		if err != nil {
			return document{}, err
		}
		if result.MatchedCount == 0 {
			return document{}, store.ErrNoParent
		}
	}
	if _, err := s.documents.InsertOne(ctx, doc); err != nil {
		return document{}, unique(err)
	}
	if used.Name != "" {
		if _, err := s.keys.InsertOne(ctx, key{Name: used.Name, Hash: used.Hash, Created: doc.Created, Made: doc}); err != nil {
			return document{}, err
		}
	}
	return doc, nil
}

// refuse returns because if there is a document that the filter selects.
func (s *Store) refuse(ctx context.Context, because error, filter bson.M) error {
	err := s.documents.FindOne(ctx, filter, options.FindOne().SetProjection(bson.M{"_id": 1})).Err()
	switch {
	case err == nil:
		return because
	case errors.Is(err, mongo.ErrNoDocuments):
		return nil
	}
	return err
}

// unique tells of a unique value that another document has.
func unique(err error) error {
	if mongo.IsDuplicateKeyError(err) {
		return store.ErrUnique
	}
	return err
}

// Get is part of [store.Store].
func (s *Store) Get(ctx context.Context, kind store.Kind, id string) (store.Document, error) {
	doc, err := s.get(ctx, kind, id)
	if err != nil {
		return store.Document{}, fmt.Errorf("mongodb: get %s %q: %w", kind, id, err)
	}
	return doc.document(), nil
}

func (s *Store) get(ctx context.Context, kind store.Kind, id string) (doc document, err error) {
	err = s.documents.FindOne(ctx, bson.M{"_id": id, "kind": kind}).Decode(&doc)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = store.ErrNotFound
	}
	return doc, err
}

// Update is part of [store.Store]. If it fails for another reason than those, for
// lack of an answer or because ctx ended, the update may be done all the same.
func (s *Store) Update(ctx context.Context, doc store.Document) (store.Document, error) {
	updated, err := s.update(ctx, kept(doc))
	if err != nil {
		return store.Document{}, fmt.Errorf("mongodb: update %s %q: %w", doc.Kind, doc.ID, err)
	}
	return updated.document(), nil
}

func (s *Store) update(ctx context.Context, doc document) (document, error) {
	for { // until nobody else writes between reading and writing
		old, err := s.get(ctx, doc.Kind, doc.ID)
		if err != nil {
			return document{}, err
		}
		if old.Version != doc.Version {
			return document{}, store.ErrVersion
		}
		updated := old
		updated.Unique, updated.Version, updated.Updated = doc.Unique, old.Version+1, doc.Updated
		updated.Body, updated.Members = doc.Body, doc.Members
		result, err := s.documents.UpdateOne(ctx, bson.M{"_id": old.ID, "version": old.Version}, bson.M{"$set": bson.M{
			"unique": updated.Unique, "version": updated.Version, "updated": updated.Updated, "body": updated.Body, "members": updated.Members,
		}})
		if err != nil {
			return document{}, unique(err)
		}
		if result.MatchedCount == 1 {
			return updated, nil
		}
	}
}

// Delete is part of [store.Store].
func (s *Store) Delete(ctx context.Context, kind store.Kind, id string, version int64) error {
	err := s.change(ctx, func(ctx context.Context) error {
		old, err := s.get(ctx, kind, id)
		if err != nil {
			return err
		}
		if old.Version != version {
			return store.ErrVersion
		}
		if err := s.refuse(ctx, store.ErrChildren, bson.M{"parent": id}); err != nil {
			return err
		}
		_, err = s.documents.DeleteOne(ctx, bson.M{"_id": id})
		return err
	})
	if err != nil {
		return fmt.Errorf("mongodb: delete %s %q: %w", kind, id, err)
	}
	return nil
}

// List is part of [store.Store].
func (s *Store) List(ctx context.Context, query store.Query) ([]store.Document, error) {
	filter := bson.M{"parent": query.Parent, "kind": query.Kind, "_id": bson.M{"$gt": query.After}}
	if len(query.Where) > 0 {
		filter["members"] = bson.M{"$all": members(query.Where)}
	}
	var found []document
	cursor, err := s.documents.Find(ctx, filter, options.Find().SetSort(bson.M{"_id": 1}).SetLimit(int64(query.Limit)))
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("mongodb: list %s of %q: %w", query.Kind, query.Parent, err)
	}
	docs := make([]store.Document, len(found))
	for i, doc := range found {
		docs[i] = doc.document()
	}
	return docs, nil
}

// Ping is part of [store.Store].
func (s *Store) Ping(ctx context.Context) error {
	if err := s.client.Ping(ctx, nil); err != nil {
		return fmt.Errorf("mongodb: ping: %w", err)
	}
	return nil
}

// kept returns doc as it is kept.
func kept(doc store.Document) document {
	// What is no object has no members, and the store takes it as others do.
	var values map[string]json.RawMessage
	json.Unmarshal(doc.Body, &values)
	texts := map[string]string{}
	for name, value := range values {
		var text *string // nil for null
		if json.Unmarshal(value, &text) == nil && text != nil {
			texts[name] = *text
		}
	}
	return document{
		ID: doc.ID, Kind: doc.Kind, Parent: doc.Parent, Unique: doc.Unique, Version: doc.Version,
		Created: doc.Created, Updated: doc.Updated, Body: string(doc.Body), Members: members(texts),
	}
}

func members(texts map[string]string) []member {
	all := []member{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		all = append(all, member{name, texts[name]})
	}
	return all
}

func (d document) document() store.Document {
	return store.Document{
		Kind: d.Kind, ID: d.ID, Parent: d.Parent, Unique: d.Unique, Version: d.Version,
		Created: d.Created, Updated: d.Updated, Body: json.RawMessage(d.Body),
	}
}
