package closures_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/closures"
	"gonotes/closures/plain"
	"gonotes/internal/claim"
)

// calculations are the files that hold each calculation, here with closures
// and in the folder plain without.
var calculations = []struct{ name, file string }{
	{"fan-out and fan-in", "fanout.go"},
	{"first answer wins", "first.go"},
	{"parallel map", "parallelmap.go"},
	{"future", "future.go"},
	{"memoised futures", "memoize.go"},
}

// form is the size of one way of writing a calculation.
type form struct {
	nodes    int // of the syntax tree
	names    int // functions, methods, types and package variables declared
	lines    int // as gofmt sets them, comments and empty ones left out
	literals int // function literals
}

func (f form) plus(g form) form {
	return form{f.nodes + g.nodes, f.names + g.names, f.lines + g.lines, f.literals + g.literals}
}

// twins are two forms of one calculation.
type twins struct{ closures, plain form }

// Figures are the form with closures as a share of its twin.
func (w twins) Figures() []claim.Figure {
	share := func(closures, plain int) float64 { return math.Round(100 * float64(closures) / float64(plain)) }
	return []claim.Figure{
		{Value: share(w.closures.nodes, w.plain.nodes), Unit: "% of nodes"},
		{Value: share(w.closures.names, w.plain.names), Unit: "% of names"},
		{Value: share(w.closures.lines, w.plain.lines), Unit: "% of lines"},
	}
}

// smaller is the proxy: the form with closures is smaller in every respect than
// a twin that has none.
func smaller(w twins) error {
	var found []string
	if w.plain.literals > 0 {
		found = append(found, fmt.Sprintf("the twin is not without closures: it has %d function literals", w.plain.literals))
	}
	for _, test := range []struct {
		what            string
		closures, plain int
	}{
		{"AST nodes", w.closures.nodes, w.plain.nodes},
		{"named declarations", w.closures.names, w.plain.names},
		{"lines", w.closures.lines, w.plain.lines},
	} {
		if test.closures >= test.plain {
			found = append(found, fmt.Sprintf("no fewer %s: %d with closures, %d without", test.what, test.closures, test.plain))
		}
	}
	if found == nil {
		return nil
	}
	return errors.New(strings.Join(found, "; "))
}

// formOf measures the declarations of a file, or of those only that are named.
func formOf(t *testing.T, file string, names ...string) form {
	t.Helper()
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution) // no ParseComments: they are left out
	require.NoError(t, err)
	var total form
	found := 0
	for _, decl := range tree.Decls {
		if names == nil || slices.Contains(names, nameOf(decl)) {
			total = total.plus(sizeOf(t, files, decl))
			found++
		}
	}
	if names != nil {
		require.Len(t, names, found, "declarations of %v found in %s", names, file)
	}
	return total
}

func nameOf(decl ast.Decl) string {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return decl.Name.Name
	case *ast.GenDecl:
		if spec, ok := decl.Specs[0].(*ast.ValueSpec); ok {
			return spec.Names[0].Name
		}
	}
	return ""
}

func sizeOf(t *testing.T, files *token.FileSet, decl ast.Decl) (size form) {
	t.Helper()
	if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.IMPORT {
		return form{}
	}
	ast.Inspect(decl, func(node ast.Node) bool {
		if node == nil {
			return false
		}
		size.nodes++
		switch node.(type) {
		case *ast.FuncDecl, *ast.TypeSpec:
			size.names++
		case *ast.FuncLit:
			size.literals++
		}
		return true
	})
	if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.VAR {
		size.names += len(gen.Specs)
	}
	var text bytes.Buffer
	require.NoError(t, printer.Fprint(&text, files, decl))
	for line := range strings.Lines(text.String()) {
		if strings.TrimSpace(line) != "" {
			size.lines++
		}
	}
	return size
}

// Five concurrent calculations need fewer nodes, names and lines with closures
// than with structs and methods; with nothing to capture they need no fewer.
func TestConcurrent(t *testing.T) {
	var all twins
	each := make(map[string]twins)
	for _, calculation := range calculations {
		pair := twins{formOf(t, calculation.file), formOf(t, "plain/"+calculation.file)}
		require.Positive(t, pair.closures.literals, "%s is written with closures", calculation.file)
		all = twins{all.closures.plus(pair.closures), all.plain.plus(pair.plain)}
		each[calculation.name] = pair
	}
	local := func(closures, plain []string) twins {
		return twins{formOf(t, "concurrent_test.go", closures...), formOf(t, "concurrent_test.go", plain...)}
	}

	proof := claim.Prove(t, closures.Concurrent, smaller)
	proof.Holds("five calculations", all)
	for _, calculation := range calculations {
		proof.Holds(calculation.name, each[calculation.name])
	}
	nothing := local([]string{"upperByLiteral"}, []string{"upperByName"})
	proof.Control("nothing to capture, and the step has a name", nothing, "no fewer AST nodes")
	for _, test := range []struct {
		what            string
		closures, plain []string
		because         string
	}{
		{"nothing to capture, the step used twice", []string{"labelsByLiteral"}, []string{"label", "labelsByName"}, "no fewer AST nodes"},
		{"a local helper against its lines repeated", []string{"totalsByClosure"}, []string{"totalsRepeated"}, "no fewer named declarations"},
		{"nothing to capture, the step a function of one line", []string{"doublesByLiteral"}, []string{"double", "doublesByName"}, "no fewer lines"},
		{"a twin whose step is a literal with a name", []string{"triplesByLiteral"}, []string{"triple", "triplesByName"}, "not without closures"},
	} {
		pair := local(test.closures, test.plain)
		proof.Control(test.what, pair, test.because)
		assert.NotContains(t, smaller(pair).Error(), "; ", "%s is refused for one reason alone", test.what)
	}
	proof.Figure("five calculations with closures", float64(all.closures.nodes), "AST nodes")
	proof.Figure("five calculations without", float64(all.plain.nodes), "AST nodes")

	assert.Equal(t, 3, strings.Count(smaller(nothing).Error(), "no fewer"), "with nothing to capture every measure refuses")
}

// multiplier is what a closure over rate would be, written out.
type multiplier struct{ rate int }

func (m multiplier) times(n int) int { return m.rate * n }

// A calculation is shorter with closures and the same without them.
func Example_concurrent() {
	rate := 3

	withClosure := closures.ParallelMap([]int{1, 2, 3}, func(n int) int { return rate * n })
	withMethod := plain.ParallelMap([]int{1, 2, 3}, multiplier{rate}.times)

	fmt.Println("with a closure:", withClosure)
	fmt.Println("with a method: ", withMethod)
	// Output:
	// with a closure: [3 6 9]
	// with a method:  [3 6 9]
}

func upperByLiteral(words []string) []string {
	return closures.ParallelMap(words, func(word string) string { return strings.ToUpper(word) })
}

func upperByName(words []string) []string {
	return closures.ParallelMap(words, strings.ToUpper)
}

func labelsByLiteral(names, places []string) (a, b []string) {
	return closures.ParallelMap(names, func(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }), closures.ParallelMap(places, func(s string) string { return strings.ToUpper(strings.TrimSpace(s)) })
}

func label(s string) string {
	return strings.ToUpper(strings.TrimSpace(s))
}

func labelsByName(names, places []string) (a, b []string) {
	return closures.ParallelMap(names, label), closures.ParallelMap(places, label)
}

func totalsByClosure(rate int, a, b, c, d []int) [4]int {
	total := func(prices []int) (sum int) {
		for _, price := range prices {
			sum += rate * price
		}
		return sum
	}
	return [4]int{total(a), total(b), total(c), total(d)}
}

func totalsRepeated(rate int, a, b, c, d []int) (totals [4]int) {
	for _, price := range a {
		totals[0] += rate * price
	}
	for _, price := range b {
		totals[1] += rate * price
	}
	for _, price := range c {
		totals[2] += rate * price
	}
	for _, price := range d {
		totals[3] += rate * price
	}
	return totals
}

func doublesByLiteral(numbers []int) []int {
	return closures.ParallelMap(numbers, func(n int) int { return 2 * n })
}

func double(n int) int { return 2 * n }

func doublesByName(numbers []int) []int { return closures.ParallelMap(numbers, double) }

func triplesByLiteral(numbers []int) []int {
	return closures.ParallelMap(numbers, func(n int) int { return 3 * n })
}

var triple = func(n int) int { return 3 * n }

func triplesByName(numbers []int) []int {
	return closures.ParallelMap(numbers, triple)
}
