package microservices_test

import (
	"fmt"

	"github.com/ncruces/go-sqlite3"
)

// A table is made for a query: what the query gives comes first in the key, so all rows
// of the answer stand together. Another question is a search through everything, which
// Cassandra refuses, until it has a table of its own.
func Example_cassandraReads() {
	conn, err := sqlite3.Open(":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	err = conn.Exec(`
		CREATE TABLE pages_by_day (site, day, path, views, PRIMARY KEY (site, day, path)) WITHOUT ROWID;
		CREATE TABLE days_by_page (site, path, day, views, PRIMARY KEY (site, path, day)) WITHOUT ROWID`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, query := range []struct{ asks, text string }{
		{"pages of a day", "SELECT path, views FROM pages_by_day WHERE site = 'a' AND day = '2026-03-14'"},
		{"days of a page", "SELECT day, views FROM pages_by_day WHERE path = '/'"},
		{"days of a page", "SELECT day, views FROM days_by_page WHERE site = 'a' AND path = '/'"},
	} {
		plan, _, err := conn.Prepare("EXPLAIN QUERY PLAN " + query.text)
		if err != nil {
			fmt.Println(err)
			return
		}
		for plan.Step() {
			fmt.Printf("%s: %s\n", query.asks, plan.ColumnText(3))
		}
		plan.Close()
	}
	// Output:
	// pages of a day: SEARCH pages_by_day USING PRIMARY KEY (site=? AND day=?)
	// days of a page: SCAN pages_by_day
	// days of a page: SEARCH days_by_page USING PRIMARY KEY (site=? AND path=?)
}
