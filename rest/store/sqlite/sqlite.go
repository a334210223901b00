// Package sqlite keeps the documents of package store in one SQLite file. Any
// number of processes on one machine may use the same file; a document that was
// acknowledged survives kill -9, and a power cut where the disk keeps what it
// was told to flush (write-ahead log, synchronous=FULL).
//
// Source: https://www.sqlite.org/wal.html
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
	_ "github.com/ncruces/go-sqlite3/driver" // registers "sqlite3"

	"gonotes/rest/store"
)

// version of the schema, in the file's user_version.
const version = 1

// busyTimeout is how long to wait for another process that writes.
const busyTimeout = 5 * time.Second

const schema = `
CREATE TABLE documents (
	id      TEXT PRIMARY KEY,
	kind    TEXT NOT NULL,
	parent  TEXT NOT NULL,
	uniq    TEXT NOT NULL,
	version INTEGER NOT NULL,
	created INTEGER NOT NULL, -- ms since 1970
	updated INTEGER NOT NULL,
	body    TEXT NOT NULL
) STRICT;
CREATE INDEX documents_parent ON documents (parent, kind, id);
CREATE UNIQUE INDEX documents_uniq ON documents (kind, uniq) WHERE uniq <> '';
CREATE TABLE keys (
	name    TEXT PRIMARY KEY,
	hash    TEXT NOT NULL,
	id      TEXT NOT NULL,
	kind    TEXT NOT NULL,
	parent  TEXT NOT NULL,
	uniq    TEXT NOT NULL,
	version INTEGER NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	body    TEXT NOT NULL
) STRICT;
CREATE INDEX keys_created ON keys (created);
PRAGMA user_version = 1;
`

// columns are those of a document, in the order of scan.
const columns = "kind, id, parent, uniq, version, created, updated, body"

// Store is a [store.Store] in a file.
type Store struct {
	read, write *sql.DB
	byID        *sql.Stmt // of Get, which would else take most of its time to be prepared; closed with read
}

// Open opens the file at path, which is created if there is none. It refuses a
// file that is no SQLite database, or another program's, or a newer version's,
// and leaves it as it was.
func Open(path string) (*Store, error) {
	s := &Store{}
	if err := s.open(context.Background(), path); err != nil {
		s.Close()
		return nil, fmt.Errorf("sqlite: open %q: %w", path, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) (err error) {
	// One connection writes, so that writers of this process queue here and
	// not in the busy timeout.
	if s.write, err = pool(path, 1, "synchronous(full)"); err != nil {
		return err
	}
	if err := s.create(ctx); err != nil {
		return err
	}
	// It is kept in the file, so not before the file is known to be ours.
	if err := s.writeAhead(ctx); err != nil {
		return err
	}
	if s.read, err = pool(path, 8, "query_only(on)"); err != nil {
		return err
	}
	s.byID, err = s.read.PrepareContext(ctx, byID)
	return err
}

// writeAhead turns the write-ahead log on. SQLite waits for other connections
// everywhere but here, so this waits itself.
func (s *Store) writeAhead(ctx context.Context) error {
	var mode string
	for wait := time.Millisecond; ; wait *= 2 {
		err := s.write.QueryRowContext(ctx, "PRAGMA journal_mode = wal").Scan(&mode)
		switch {
		case errors.Is(err, sqlite3.BUSY) && wait < busyTimeout/2:
			time.Sleep(wait)
		case err == nil && mode != "wal":
			return fmt.Errorf("its journal mode is %q, want wal, which needs a file on this machine", mode)
		default:
			return err
		}
	}
}

func pool(path string, conns int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_pragma": append([]string{fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}, pragmas...)}
	name := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite3", name.String())
	if err == nil {
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
	}
	return db, err
}

func (s *Store) create(ctx context.Context) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		var found int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&found); err != nil {
			return err
		}
		switch found {
		case 0:
			if err := refuse(ctx, tx, errors.New("it has tables of another program"), "SELECT 1 FROM sqlite_schema"); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, schema)
			return err
		case version:
			return nil
		}
		return fmt.Errorf("its schema has version %d, this program knows %d", found, version)
	})
}

// Close closes the file. The store must not be used afterwards.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} { // who closes last, and can write, tidies the log away
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// change runs do in one transaction, which holds the write lock from its start.
func (s *Store) change(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer tx.Rollback() // does nothing after a commit
	if err := do(tx); err != nil {
		return interrupted(ctx, err)
	}
	return interrupted(ctx, tx.Commit())
}

// interrupted says why a query was interrupted, or a transaction ended by
// database/sql, which their errors do not.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, sqlite3.INTERRUPT) || errors.Is(err, sql.ErrTxDone)) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// Create is part of [store.Store].
func (s *Store) Create(ctx context.Context, doc store.Document, key store.Key) (made store.Document, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		made, err = create(ctx, tx, doc, key)
		return err
	})
	if err != nil {
		return store.Document{}, err
	}
	return made, nil
}

func create(ctx context.Context, tx *sql.Tx, doc store.Document, key store.Key) (store.Document, error) {
	if key.Name != "" {
		if _, err := tx.ExecContext(ctx, "DELETE FROM keys WHERE created < ?", doc.Created.Add(-store.KeyLife).UnixMilli()); err != nil {
			return doc, err
		}
		var hash string
		old, err := scan(tx.QueryRowContext(ctx, "SELECT "+columns+", hash FROM keys WHERE name = ?", key.Name), &hash)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return doc, err
		case hash != key.Hash:
			return doc, store.ErrKey
		default:
			return old, nil
		}
	}
	for _, rule := range []struct {
		err    error
		wrong  string // selects a row where the rule is broken
		values []any
	}{
		{store.ErrExists, "SELECT 1 FROM documents WHERE id = ?", []any{doc.ID}},
		{store.ErrNoParent, "SELECT 1 WHERE ?1 <> '' AND NOT EXISTS (SELECT 1 FROM documents WHERE id = ?1)", []any{doc.Parent}},
		{store.ErrUnique, taken, []any{doc.Kind, doc.Unique, doc.ID}},
	} {
		if err := refuse(ctx, tx, rule.err, rule.wrong, rule.values...); err != nil {
			return doc, err
		}
	}
	doc.Version = 1
	doc.Body = append([]byte{}, doc.Body...)
	values := []any{doc.Kind, doc.ID, doc.Parent, doc.Unique, doc.Version, doc.Created.UnixMilli(), doc.Updated.UnixMilli(), string(doc.Body)}
	_, err := tx.ExecContext(ctx, "INSERT INTO documents ("+columns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values...)
	if err == nil && key.Name != "" {
		_, err = tx.ExecContext(ctx, "INSERT INTO keys ("+columns+", name, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", append(values, key.Name, key.Hash)...)
	}
	return doc, err
}

// taken selects another document of the kind with the unique value.
const taken = "SELECT 1 FROM documents WHERE kind = ? AND uniq = ? AND uniq <> '' AND id <> ?"

// refuse returns because if the query finds anything.
func refuse(ctx context.Context, tx *sql.Tx, because error, query string, values ...any) error {
	var one int
	err := tx.QueryRowContext(ctx, query, values...).Scan(&one)
	switch {
	case err == nil:
		return because
	case errors.Is(err, sql.ErrNoRows):
		return nil
	}
	return err
}

func scan(row interface{ Scan(...any) error }, more ...any) (doc store.Document, err error) {
	var created, updated int64
	var body string
	err = row.Scan(append([]any{&doc.Kind, &doc.ID, &doc.Parent, &doc.Unique, &doc.Version, &created, &updated, &body}, more...)...)
	if err != nil {
		return store.Document{}, err
	}
	doc.Created, doc.Updated, doc.Body = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC(), []byte(body)
	return doc, nil
}

// Get is part of [store.Store].
func (s *Store) Get(ctx context.Context, kind store.Kind, id string) (store.Document, error) {
	doc, err := one(s.byID.QueryRowContext(ctx, id, kind))
	return doc, interrupted(ctx, err)
}

const byID = "SELECT " + columns + " FROM documents WHERE id = ? AND kind = ?"

// one reads the document that byID selected.
func one(row *sql.Row) (store.Document, error) {
	doc, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		err = store.ErrNotFound
	}
	return doc, err
}

// Update is part of [store.Store].
func (s *Store) Update(ctx context.Context, doc store.Document) (updated store.Document, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		old, err := one(tx.QueryRowContext(ctx, byID, doc.ID, doc.Kind))
		if err != nil {
			return err
		}
		if old.Version != doc.Version {
			return store.ErrVersion
		}
		if err := refuse(ctx, tx, store.ErrUnique, taken, doc.Kind, doc.Unique, doc.ID); err != nil {
			return err
		}
		updated = old
		updated.Unique, updated.Version, updated.Updated = doc.Unique, old.Version+1, doc.Updated
		updated.Body = append([]byte{}, doc.Body...)
		_, err = tx.ExecContext(ctx, "UPDATE documents SET uniq = ?, version = ?, updated = ?, body = ? WHERE id = ?",
			updated.Unique, updated.Version, updated.Updated.UnixMilli(), string(updated.Body), updated.ID)
		return err
	})
	if err != nil {
		return store.Document{}, err
	}
	return updated, nil
}

// Delete is part of [store.Store].
func (s *Store) Delete(ctx context.Context, kind store.Kind, id string, version int64) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		old, err := one(tx.QueryRowContext(ctx, byID, id, kind))
		if err != nil {
			return err
		}
		if old.Version != version {
			return store.ErrVersion
		}
		if err := refuse(ctx, tx, store.ErrChildren, "SELECT 1 FROM documents WHERE parent = ?", id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM documents WHERE id = ?", id)
		return err
	})
}

// List is part of [store.Store].
func (s *Store) List(ctx context.Context, query store.Query) ([]store.Document, error) {
	var text strings.Builder
	text.WriteString("SELECT " + columns + " FROM documents WHERE parent = ? AND kind = ? AND id > ?")
	values := []any{query.Parent, query.Kind, query.After}
	for name, value := range query.Where {
		text.WriteString(" AND EXISTS (SELECT 1 FROM json_each(body) WHERE key = ? AND type = 'text' AND atom = ?)")
		values = append(values, name, value)
	}
	text.WriteString(" ORDER BY id LIMIT ?")
	rows, err := s.read.QueryContext(ctx, text.String(), append(values, query.Limit)...)
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	defer rows.Close()
	var found []store.Document
	for rows.Next() {
		doc, err := scan(rows)
		if err != nil {
			return nil, interrupted(ctx, err)
		}
		found = append(found, doc)
	}
	return found, interrupted(ctx, rows.Err())
}

// Ping is part of [store.Store].
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return interrupted(ctx, s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}
