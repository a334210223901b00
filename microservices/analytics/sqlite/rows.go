package sqlite

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// together is how many rows one statement inserts. Each costs about half of what it
// costs alone; more do not make it less.
const together = 50

// An inserter is one INSERT, for as many rows as there are.
type inserter struct{ many, one *sqlite3.Stmt }

// inserter prepares the INSERT that begins so, for rows of some columns, and ends so.
func (c connection) inserter(begins string, columns int, ends string) (in inserter, err error) {
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + ")"
	if in.one, err = c.prepared(begins + " VALUES " + row + " " + ends); err != nil {
		return in, err
	}
	in.many, err = c.prepared(begins + " VALUES " + strings.Join(slices.Repeat([]string{row}, together), ",") + " " + ends)
	return in, err
}

// insert inserts the rows, which bind binds column by column. It calls returned for
// each row that the statement returns, with those that it was asked to insert.
func insert[R any](in inserter, rows []R, bind func(*binding, *R), returned func([]R, *sqlite3.Stmt)) error {
	for len(rows) > 0 {
		stmt, n := in.one, 1
		if len(rows) >= together {
			stmt, n = in.many, together
		}
		b := binding{stmt: stmt}
		for i := range rows[:n] {
			bind(&b, &rows[i])
		}
		if err := b.run(func() { returned(rows[:n], stmt) }); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// A binding gives a statement its values, one after the other, and keeps the first
// error.
type binding struct {
	stmt *sqlite3.Stmt
	last int
	err  error
}

func with(stmt *sqlite3.Stmt) *binding { return &binding{stmt: stmt} }

func (b *binding) ints(values ...int64) *binding {
	for _, v := range values {
		b.last++
		if err := b.stmt.BindInt64(b.last, v); err != nil && b.err == nil {
			b.err = err
		}
	}
	return b
}

func (b *binding) blob(v []byte) *binding {
	b.last++
	if err := b.stmt.BindBlob(b.last, v); err != nil && b.err == nil {
		b.err = err
	}
	return b
}

func (b *binding) text(v string) *binding {
	b.last++
	if err := b.stmt.BindText(b.last, v); err != nil && b.err == nil {
		b.err = err
	}
	return b
}

// run calls each for each row that the statement returns.
func (b *binding) run(each func()) error {
	if b.err != nil {
		return b.err
	}
	for b.stmt.Step() {
		each()
	}
	return cmp.Or(b.stmt.Err(), b.stmt.Reset()) // in this order: Reset forgets that it was interrupted
}
