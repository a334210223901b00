// Package sqlite keeps the numbers of package analytics in one SQLite file, of which
// it is the only user.
//
// A batch is one transaction, the position included, so a kill at any instant leaves
// all of it or nothing. A power cut may take the last batches (write-ahead log,
// synchronous=NORMAL) and the position with them: they are applied again from the
// bus, where the records are.
//
// Rows stand by time and then by site: what is written at one time stands on few
// pages, however many sites there are, and a query reads one run of rows for each
// day or hour of its span.
//
// Source: https://www.sqlite.org/wal.html
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// version of the schema, in the file's user_version.
const version = 1

const (
	readers = 4 // queries at the same time; more wait

	// closing is how long to wait for a process that was killed to be gone.
	closing = time.Second
)

// The columns hours and start are a period: its length, and when it starts in hours
// since 1970.
const schema = `
CREATE TABLE names ( -- of sites, pages and hosts, which are numbers elsewhere
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE positions (
	partition INTEGER PRIMARY KEY,
	next      INTEGER NOT NULL
) STRICT;
CREATE TABLE ids ( -- of all records; those that sort by time stand together
	id   BLOB    NOT NULL,
	site INTEGER NOT NULL,
	PRIMARY KEY (id, site)
) STRICT, WITHOUT ROWID;
CREATE TABLE persons (
	start  INTEGER NOT NULL, -- of an hour
	site   INTEGER NOT NULL,
	person BLOB    NOT NULL,
	PRIMARY KEY (start, site, person)
) STRICT, WITHOUT ROWID;
CREATE TABLE hours (
	start    INTEGER NOT NULL,
	site     INTEGER NOT NULL,
	views    INTEGER NOT NULL,
	likes    INTEGER NOT NULL,
	bots     INTEGER NOT NULL,
	visitors INTEGER NOT NULL,
	PRIMARY KEY (start, site)
) STRICT, WITHOUT ROWID;
CREATE TABLE pages (
	hours INTEGER NOT NULL,
	start INTEGER NOT NULL,
	site  INTEGER NOT NULL,
	path  INTEGER NOT NULL,
	views INTEGER NOT NULL,
	likes INTEGER NOT NULL,
	PRIMARY KEY (hours, start, site, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE referrers (
	hours INTEGER NOT NULL,
	start INTEGER NOT NULL,
	site  INTEGER NOT NULL,
	host  INTEGER NOT NULL,
	views INTEGER NOT NULL,
	PRIMARY KEY (hours, start, site, host)
) STRICT, WITHOUT ROWID;
CREATE TABLE sketches (
	hours  INTEGER NOT NULL,
	start  INTEGER NOT NULL,
	site   INTEGER NOT NULL,
	sketch BLOB    NOT NULL,
	PRIMARY KEY (hours, start, site)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
`

// Store is an [analytics.Store] in a file.
type Store struct {
	lock   *sqlite3.Conn
	writer pool[*writer]
	reader pool[*reader]
}

// Open opens the file at path, which is created if there is none. It refuses a file
// that another process has open, and one that is no SQLite database, or another
// program's, or a newer version's, and leaves it as it was.
func Open(path string) (*Store, error) {
	s := &Store{writer: newPool[*writer](1), reader: newPool[*reader](readers)}
	if err := s.open(path); err != nil {
		return nil, fmt.Errorf("sqlite: open %q: %w", path, errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(path string) (err error) {
	// The lock is one on a file beside, which the system takes off when the
	// process ends: with one on the file itself its own readers would be shut out.
	if s.lock, err = connect(path+".lock", fmt.Sprintf("busy_timeout(%d)", closing.Milliseconds())); err != nil {
		return err
	}
	if err := s.lock.Exec("BEGIN EXCLUSIVE"); errors.Is(err, sqlite3.BUSY) {
		return errors.New("another process has it open")
	} else if err != nil {
		return err
	}
	conn, err := connect(path, "synchronous(normal)", "cache_size(-65536)", "wal_autocheckpoint(4096)")
	if err != nil {
		return err
	}
	w := &writer{connection: connection{conn}}
	s.writer.add(w)
	if err := create(conn); err != nil {
		return err
	}
	// It is kept in the file, so not before the file is known to be ours.
	if mode, err := text(conn, "PRAGMA journal_mode = wal"); err != nil {
		return err
	} else if mode != "wal" {
		return fmt.Errorf("its journal mode is %q, want wal, which needs a file on this machine", mode)
	}
	if err := w.prepare(); err != nil {
		return err
	}
	for range readers {
		conn, err := connect(path, "query_only(on)", "cache_size(-16384)")
		if err != nil {
			return err
		}
		r := &reader{connection: connection{conn}}
		s.reader.add(r)
		if err := r.prepare(); err != nil {
			return err
		}
	}
	return nil
}

func connect(path string, pragmas ...string) (*sqlite3.Conn, error) {
	name := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return sqlite3.Open(name.String())
}

func create(conn *sqlite3.Conn) (err error) {
	tx, err := conn.BeginImmediate()
	if err != nil {
		return err
	}
	defer tx.End(&err)
	found, err := text(conn, "PRAGMA user_version")
	switch {
	case err != nil:
		return err
	case found == fmt.Sprint(version):
		return nil
	case found != "0":
		return fmt.Errorf("its schema has version %s, this program knows %d", found, version)
	}
	tables, err := text(conn, "SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	if tables != "0" {
		return errors.New("it has tables of another program")
	}
	return conn.Exec(schema)
}

// text returns the first column of the first row of the query.
func text(conn *sqlite3.Conn, query string) (string, error) {
	stmt, _, err := conn.Prepare(query)
	if err != nil {
		return "", err
	}
	var found string
	if stmt.Step() {
		found = stmt.ColumnText(0)
	}
	return found, errors.Join(stmt.Err(), stmt.Close())
}

// Close closes the file, when what is being done is done. The store must not be used
// afterwards.
func (s *Store) Close() error {
	err := errors.Join(s.reader.close(), s.writer.close()) // who closes last, and can write, tidies the log away
	return errors.Join(err, s.lock.Close())
}

// Ping is part of [analytics.Store].
func (s *Store) Ping(ctx context.Context) error {
	return s.reader.use(ctx, func(r *reader) error {
		_, err := text(r.Conn, "SELECT 1")
		return err
	})
}
