package microservices_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gonotes/internal/claim"
	"gonotes/microservices"
)

// siteViews are the views of the pages of some sites, by hour.
type siteViews struct{ sites, days int }

const pagesOfSite = 50

func (m siteViews) rows() int { return m.sites * m.days * 24 * pagesOfSite }

// each calls do for every row, by time, as they come.
func (m siteViews) each(do func(site, day, hour, page, views int) error) error {
	for day := range m.days {
		for hour := range 24 {
			for site := range m.sites {
				for page := range pagesOfSite {
					if err := do(site, day, hour, page, 1+(site+day+hour+page)%7); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// Two questions. Of the first, all rows are those of a site and a day: a partition.
const (
	ofPartition = "SELECT hour, page, views FROM views WHERE site = 3 AND day = 1"
	ofPage      = "SELECT site, views FROM views WHERE page = 7"
)

// newViews returns an embedded store with all rows, by this key.
func newViews(t *testing.T, m siteViews, key string) *sqlite3.Conn {
	t.Helper()
	conn, err := sqlite3.Open(filepath.Join(t.TempDir(), "views.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })
	require.NoError(t, conn.Exec("CREATE TABLE views (site INTEGER, day INTEGER, hour INTEGER, page INTEGER, views INTEGER, PRIMARY KEY ("+key+")) WITHOUT ROWID; BEGIN"))
	insert, _, err := conn.Prepare("INSERT INTO views VALUES (?, ?, ?, ?, ?)")
	require.NoError(t, err)
	require.NoError(t, m.each(func(site, day, hour, page, views int) error {
		for i, v := range []int{site, day, hour, page, views} {
			if err := insert.BindInt(i+1, v); err != nil {
				return err
			}
		}
		return insert.Exec()
	}))
	require.NoError(t, insert.Close())
	require.NoError(t, conn.Exec("COMMIT"))
	return conn
}

// The keys by which the same rows may be laid out.
const (
	siteFirst = "site, day, hour, page"
	timeFirst = "day, hour, site, page"
	pageFirst = "page, site, day, hour"
)

// answer returns how many rows the query finds.
func answer(conn *sqlite3.Conn, query string) (rows int, err error) {
	stmt, _, err := conn.Prepare(query)
	if err != nil {
		return 0, err
	}
	for stmt.Step() {
		for i := range stmt.ColumnCount() {
			stmt.ColumnInt64(i)
		}
		rows++
	}
	return rows, errors.Join(stmt.Err(), stmt.Close())
}

// reading is what a query reads.
type reading struct {
	pages int64 // that it read, when nothing was in memory
	all   int64 // pages of the table
	fill  int64 // pages that the rows of the answer fill
}

func (r reading) Figures() []claim.Figure {
	return []claim.Figure{{Name: "read", Value: float64(r.pages), Unit: "pages"}, {Name: "filled by the answer", Value: float64(r.fill), Unit: "pages"}}
}

// A query reads little if all its rows stand together, which the key of the table
// decides before the query comes.
func TestCassandraReads(t *testing.T) {
	proof := claim.Prove(t, microservices.CassandraReads, func(r reading) error {
		if r.pages > 2*r.fill+4 {
			return fmt.Errorf("%d of %d pages read for an answer that fills %d", r.pages, r.all, r.fill)
		}
		return nil
	})
	proof.Engine(sqliteVersion(t))
	m := siteViews{sites: 25, days: 3}
	bySite, byTime := newViews(t, m, siteFirst), newViews(t, m, timeFirst)
	proof.Holds("a site and a day, with the site first in the key", pagesRead(t, m, bySite, ofPartition))
	proof.Control("the same with the time first in the key", pagesRead(t, m, byTime, ofPartition), "pages read for an answer that fills")
	proof.Control("a page of all sites, which the key was not made for", pagesRead(t, m, bySite, ofPage), "pages read for an answer that fills")
}

func pagesRead(t *testing.T, m siteViews, conn *sqlite3.Conn, query string) (r reading) {
	t.Helper()
	ask := func(query string) int {
		rows, err := answer(conn, query)
		require.NoError(t, err)
		return rows
	}
	ask("SELECT 1 FROM views LIMIT 1") // so that the schema is known
	require.NoError(t, conn.ReleaseMemory())
	_, _, err := conn.Status(sqlite3.DBSTATUS_CACHE_MISS, true)
	require.NoError(t, err)
	rows := ask(query)
	r.pages, _, err = conn.Status(sqlite3.DBSTATUS_CACHE_MISS, false)
	require.NoError(t, err)
	stmt, _, err := conn.Prepare("PRAGMA page_count")
	require.NoError(t, err)
	require.True(t, stmt.Step())
	r.all = stmt.ColumnInt64(0)
	require.NoError(t, stmt.Close())
	r.fill = r.all * int64(rows) / int64(m.rows())
	return r
}

// asked is what can be asked, and says how many rows it found.
type asked interface {
	answer(query string) (rows int, err error)
}

// served is what has to answer the first question, and to refuse the second.
type served struct {
	asked
	rows int // of the first
}

// Cassandra answers what a table was made for, and refuses the rest.
func TestCassandraReads_cassandra(t *testing.T) {
	proof := claim.Prove(t, microservices.CassandraReads, func(s served) error {
		if rows, err := s.answer(ofPartition); err != nil || rows != s.rows {
			return fmt.Errorf("of a site and a day: %d rows, want %d, error %v", rows, s.rows, err)
		}
		rows, err := s.answer(ofPage)
		if refused := gocql.RequestError(nil); errors.As(err, &refused) && refused.Code() == gocql.ErrCodeInvalid {
			return nil
		}
		return fmt.Errorf("of a page: %d rows, error %v, want it refused with code 0x%x", rows, err, gocql.ErrCodeInvalid)
	})
	server := newCassandra(t, proof.NotRun)
	proof.Engine(server.version, sqliteVersion(t))
	m := siteViews{sites: 4, days: 2}
	const partition = 24 * pagesOfSite
	proof.Holds("Cassandra, with a partition of a site and a day", served{server.newViews(t, m, "(site, day), hour, page"), partition})
	proof.Control("Cassandra, with a partition of an hour", served{server.newViews(t, m, "(day, hour), site, page"), partition}, "of a site and a day: 0 rows, want 1200")
	proof.Control("SQLite", served{embeddedViews{newViews(t, m, siteFirst)}, partition}, fmt.Sprintf("of a page: %d rows, error <nil>", m.rows()/pagesOfSite))
}

// A node of Cassandra reads fewer partitions than the embedded store on the same
// machine, which needs no way over a network, if its table is laid out for them, too.
func TestCassandraReads_oneMachine(t *testing.T) {
	proof := claim.Prove(t, microservices.CassandraReads, func(d duel) error {
		if d.cassandra > d.sqlite {
			return fmt.Errorf("Cassandra reads %.0f rows/s, SQLite %.0f", d.cassandra, d.sqlite)
		}
		return nil
	})
	server := newCassandra(t, proof.NotRun)
	proof.Engine(server.version, sqliteVersion(t))
	m := siteViews{sites: 4, days: 2}
	views := server.newViews(t, m, "(site, day), hour, page")
	same := embeddedViews{newViews(t, m, siteFirst)}
	proof.Holds("partitions, one client", readers(t, 1, 200, views, same))
	proof.Holds("partitions, 8 clients", readers(t, 8, 400, views, same))
	large := siteViews{sites: 25, days: 8}
	proof.Control("partitions of a larger table, which in SQLite has the page first in its key", readers(t, 8, 40, views, embeddedViews{newViews(t, large, pageFirst)}), "Cassandra reads")
}

// readers lets clients ask for a partition, each again and again.
func readers(t *testing.T, clients, reads int, stores ...asked) duel {
	t.Helper()
	var took [2]time.Duration
	const rounds = 4 // by turns
	for range rounds {
		for i, store := range stores {
			began := time.Now()
			var group errgroup.Group
			for range clients {
				group.Go(func() error {
					for range reads / rounds / clients {
						if rows, err := store.answer(ofPartition); err != nil || rows != 24*pagesOfSite {
							return fmt.Errorf("%d rows, want %d, error %v", rows, 24*pagesOfSite, err)
						}
					}
					return nil
				})
			}
			require.NoError(t, group.Wait())
			took[i] += time.Since(began)
		}
	}
	n := float64(reads / rounds / clients * clients * rounds * 24 * pagesOfSite)
	return duel{n / took[0].Seconds(), n / took[1].Seconds()}
}

// embeddedViews is asked by one after the other.
type embeddedViews struct{ conn *sqlite3.Conn }

var embeddedTurn sync.Mutex

func (e embeddedViews) answer(query string) (int, error) {
	embeddedTurn.Lock()
	defer embeddedTurn.Unlock()
	return answer(e.conn, query)
}

// newViews fills a table with this key, of which the part in parentheses is that of a
// partition.
func (s cassandraServer) newViews(t *testing.T, m siteViews, key string) cassandraServer {
	t.Helper()
	require.NoError(t, s.Query("DROP TABLE IF EXISTS views").Exec())
	require.NoError(t, s.Query("CREATE TABLE views (site int, day int, hour int, page int, views int, PRIMARY KEY ("+key+"))").Exec())
	batch := s.Batch(gocql.UnloggedBatch)
	require.NoError(t, m.each(func(site, day, hour, page, views int) error {
		batch.Query("INSERT INTO views (site, day, hour, page, views) VALUES (?, ?, ?, ?, ?)", site, day, hour, page, views)
		if page < pagesOfSite-1 {
			return nil
		}
		full := batch // of one site and hour, so of one partition
		batch = s.Batch(gocql.UnloggedBatch)
		return full.Exec()
	}))
	return s
}

func (s cassandraServer) answer(query string) (rows int, err error) {
	iter := s.Query(query).Iter()
	values := make([]int, len(iter.Columns()))
	dest := make([]any, len(values))
	for i := range values {
		dest[i] = &values[i]
	}
	for iter.Scan(dest...) {
		rows++
	}
	return rows, iter.Close()
}
