package microservices_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/microservices"
	"gonotes/microservices/sitedoc"
	"gonotes/rest/store"
	"gonotes/rest/store/mongodb"
	"gonotes/rest/store/mongodb/mongodbtest"
	"gonotes/rest/store/sqlite"
)

// shape is what the program of one generation writes of a new site, and the site
// that it means, as today's program knows it.
type shape struct {
	body   string // as a document
	insert string // as a row of a table with the columns of that generation
	means  sitedoc.Site
}

var shapes = []shape{
	{
		`{"name":"A","status":"active","domain":"a.example"}`,
		`INSERT INTO sites (id, name, status, domain) VALUES (?, 'A', 'active', 'a.example')`,
		sitedoc.Site{Name: "A", Status: "active", Hosts: []sitedoc.Host{{Name: "a.example", Primary: true}}, Timezone: "UTC"},
	},
	{
		`{"v":2,"name":"B","status":"active","domains":["b.example","www.b.example"]}`,
		`INSERT INTO sites (id, name, status, domains) VALUES (?, 'B', 'active', '["b.example","www.b.example"]')`,
		sitedoc.Site{Name: "B", Status: "active", Hosts: []sitedoc.Host{{Name: "b.example", Primary: true}, {Name: "www.b.example"}}, Timezone: "UTC"},
	},
	{
		`{"v":3,"name":"C","status":"active","hosts":[{"name":"c.example","primary":true}],"timezone":"Europe/Berlin"}`,
		`INSERT INTO sites (id, name, status, hosts, timezone) VALUES (?, 'C', 'active', '[{"name":"c.example","primary":true}]', 'Europe/Berlin')`,
		sitedoc.Site{Name: "C", Status: "active", Hosts: []sitedoc.Host{{Name: "c.example", Primary: true}}, Timezone: "Europe/Berlin"},
	},
}

// collection is where sites are kept, and today's program, which uses it.
type collection struct {
	create func(id string, shape shape) error // by the program of its generation
	body   func(id string) ([]byte, error)
	decode func(body []byte) (sitedoc.Site, error)
	change func(id string, change func(*sitedoc.Site) error) error
	tries  *atomic.Int64 // of changes
}

// atOnce is how many change one document at the same time.
const atOnce = 8

// Programs of three generations write into one collection, which nobody migrates.
// Today's program reads all of it, and what it changes has today's shape and every
// change. Old programs that still run go on to write what they know.
func TestMongoDBSchema(t *testing.T) {
	proof := claim.Prove(t, microservices.MongoDBSchema, evolves)
	open := func(t *testing.T) store.Store {
		s, err := sqlite.Open(filepath.Join(t.TempDir(), "documents.db"))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		return s
	}
	proof.Engine(sqliteVersion(t))
	proveSchema(t, proof, open)
}

func TestMongoDBSchema_server(t *testing.T) {
	proof := claim.Prove(t, microservices.MongoDBSchema, evolves)
	uri := os.Getenv(mongodbtest.Env)
	if uri == "" {
		proof.NotRun("address: " + mongodbtest.Env + " is not set")
	}
	open := func(t *testing.T) *mongodb.Store {
		s, err := mongodb.Open(t.Context(), mongodbtest.Fresh(t, uri))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		return s
	}
	engine, err := open(t).Engine(t.Context())
	require.NoError(t, err)
	proof.Engine(engine)
	proveSchema(t, proof, func(t *testing.T) store.Store { return open(t) })
}

func proveSchema(t *testing.T, proof *claim.Proof[collection], open func(*testing.T) store.Store) {
	all := documents(t, open(t))
	proof.Holds("documents, and a reader of every shape", all)
	proof.Figure(fmt.Sprintf("%d changes, %d at once to each document, all kept: tries", len(shapes)*atOnce, atOnce), float64(all.tries.Load()), "tries")
	proof.Control("a reader of today's shape only", todayOnly(documents(t, open(t))), `"domain":"a.example"} is read as {Name:A Status:active Hosts:[] Timezone:}`)
	proof.Control("changes that do not compare the version", documents(t, lastWins{open(t)}), fmt.Sprintf("%d of %d changes are lost", atOnce-1, atOnce))
	proof.Control("changes that keep to the shape of yesterday", documents(t, yesterday{open(t)}), "changed and still of generation 2")
	proof.Control("a table with the columns of the first generation", rows(t, "id, name, status, domain"), "generation 2: sqlite3: SQL logic error: table sites has no column named domains")
	proof.Control("the table when it was migrated to those of the last", rows(t, "id, name, status, hosts, timezone"), "generation 1: sqlite3: SQL logic error: table sites has no column named domain")
}

func evolves(c collection) error {
	create := func(round string) error {
		for i, shape := range shapes {
			if err := c.create(fmt.Sprintf("%s-%d", round, i+1), shape); err != nil {
				return fmt.Errorf("generation %d: %w", i+1, err)
			}
		}
		for i, shape := range shapes {
			body, err := c.body(fmt.Sprintf("%s-%d", round, i+1))
			if err != nil {
				return err
			}
			got, err := c.decode(body)
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(got, shape.means) {
				return fmt.Errorf("%s is read as %+v, want %+v", body, got, shape.means)
			}
		}
		return nil
	}
	if err := create("first"); err != nil {
		return err
	}
	for i, shape := range shapes {
		if err := changed(c, fmt.Sprintf("first-%d", i+1), shape.means); err != nil {
			return err
		}
	}
	return create("second")
}

// changed lets some add a host each to a site, all at once, and looks at what became
// of the document.
func changed(c collection, id string, before sitedoc.Site) error {
	errs := make([]error, atOnce)
	var read, done sync.WaitGroup
	read.Add(atOnce)
	want := []sitedoc.Host{}
	for i := range atOnce {
		host := sitedoc.Host{Name: fmt.Sprintf("host%d.example", i)}
		want = append(want, host)
		done.Go(func() {
			hasRead := sync.OnceFunc(read.Done)
			defer hasRead()
			errs[i] = c.change(id, func(s *sitedoc.Site) error {
				c.tries.Add(1)
				hasRead()
				read.Wait() // nobody writes before all have read
				s.Hosts = append(s.Hosts, host)
				return nil
			})
		})
	}
	done.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	body, err := c.body(id)
	if err != nil {
		return err
	}
	after, err := c.decode(body)
	if err != nil {
		return err
	}
	lost := 0
	for _, host := range append(before.Hosts, want...) {
		if !slices.Contains(after.Hosts, host) {
			lost++
		}
	}
	if lost > 0 {
		return fmt.Errorf("%d of %d changes are lost", lost, atOnce)
	}
	generation, err := sitedoc.Generation(body)
	if err == nil && generation != sitedoc.Today {
		err = fmt.Errorf("changed and still of generation %d", generation)
	}
	return err
}

// documents keeps sites in a document store.
func documents(t *testing.T, s store.Store) collection {
	return collection{
		create: func(id string, shape shape) error {
			now := time.UnixMilli(0).UTC()
			_, err := s.Create(t.Context(), store.Document{Kind: sitedoc.Kind, ID: id, Created: now, Updated: now, Body: []byte(shape.body)}, store.Key{})
			return err
		},
		body: func(id string) ([]byte, error) {
			doc, err := s.Get(t.Context(), sitedoc.Kind, id)
			return doc.Body, err
		},
		decode: sitedoc.Decode,
		change: func(id string, change func(*sitedoc.Site) error) error {
			_, err := sitedoc.Change(t.Context(), s, id, change)
			return err
		},
		tries: new(atomic.Int64),
	}
}

// todayOnly is a twin whose program takes every document for one of today.
func todayOnly(c collection) collection {
	c.decode = func(body []byte) (site sitedoc.Site, err error) {
		return site, json.Unmarshal(body, &site)
	}
	return c
}

// lastWins is a twin of a store that writes over what others wrote in between.
type lastWins struct{ store.Store }

func (s lastWins) Update(ctx context.Context, doc store.Document) (store.Document, error) {
	for {
		current, err := s.Get(ctx, doc.Kind, doc.ID)
		if err != nil {
			return store.Document{}, err
		}
		doc.Version = current.Version
		if updated, err := s.Store.Update(ctx, doc); !errors.Is(err, store.ErrVersion) {
			return updated, err
		}
	}
}

// yesterday is a twin of a store that gets what the second generation wrote, which has
// room for all but a time zone.
type yesterday struct{ store.Store }

func (s yesterday) Update(ctx context.Context, doc store.Document) (store.Document, error) {
	site, err := sitedoc.Decode(doc.Body)
	if err != nil {
		return store.Document{}, err
	}
	domains := []string{}
	for _, host := range site.Hosts {
		domains = append(domains, host.Name)
	}
	if doc.Body, err = json.Marshal(map[string]any{"v": 2, "name": site.Name, "status": site.Status, "domains": domains}); err != nil {
		return store.Document{}, err
	}
	return s.Store.Update(ctx, doc)
}

// rows keeps sites in a table that has these columns, and no others until a migration.
func rows(t *testing.T, columns string) collection {
	db := table(t, columns)
	return collection{create: func(id string, shape shape) error {
		_, err := db.ExecContext(t.Context(), shape.insert, id)
		return err
	}}
}

func table(t *testing.T, columns string) *sql.DB {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(t.TempDir(), "table.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	_, err = db.ExecContext(t.Context(), "CREATE TABLE sites ("+columns+")")
	require.NoError(t, err)
	return db
}
