package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gonotes/internal/claim"
)

// Func is a test, fuzz target, example or benchmark that is linked to a claim.
type Func struct {
	Package string // import path
	Name    string
	File    string // slash-separated, relative to the module's root
	Line    int
	Proves  bool   // it calls claim.Prove
	Source  string // of an example: its body
	Output  string // of an example: what it must print
}

// Claim is a declaration with all that is linked to it.
type Claim struct {
	claim.Declaration
	Package    string // import path
	File       string // where it is declared, relative to the module's root
	Tests      []Func // tests and fuzz targets
	Examples   []Func
	Benchmarks []Func
}

// Packages lists the import paths that hold tests or examples of the claims.
func Packages(claims []Claim) []string {
	found := map[string]bool{}
	for _, c := range claims {
		for _, f := range slices.Concat(c.Tests, c.Examples) {
			found[f.Package] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Declared reads the claims of the module whose root is fsys, in the order of
// their files, and what is linked to them, for the platform this runs on. It
// skips folders named testdata, report, and those that start with a dot. The
// mistakes are everything that keeps a claim from being declared once, linked
// and proved.
func Declared(fsys fs.FS) ([]Claim, []claim.Mistake) {
	gomod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, []claim.Mistake{{File: "go.mod", What: err.Error(), Do: "run from the module's root"}}
	}
	module := regexp.MustCompile(`(?m)^module (\S+)`).FindSubmatch(gomod)
	if module == nil {
		return nil, []claim.Mistake{{File: "go.mod", What: "names no module", Do: "add a module line"}}
	}
	return declared(fsys, string(module[1]))
}

// declared is Declared for a tree whose root has the import path root.
func declared(fsys fs.FS, root string) ([]Claim, []claim.Mistake) {
	r := &reader{fsys: fsys, root: root, files: token.NewFileSet(), unread: map[string]bool{}}
	if err := fs.WalkDir(fsys, ".", r.visit); err != nil {
		r.mistake(".", 0, err.Error(), "make the tree readable")
	}
	r.link()
	slices.SortStableFunc(r.mistakes, func(a, b claim.Mistake) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return r.claims, r.mistakes
}

type reader struct {
	fsys     fs.FS
	root     string
	files    *token.FileSet
	sources  []*source
	claims   []Claim
	mistakes []claim.Mistake
	unread   map[string]bool // packages of which a file or a declaration is refused, so that what seems missing may be there
}

// source is one parsed file of the module.
type source struct {
	file string // path
	pkg  string // import path
	ast  *ast.File
}

func (r *reader) mistake(file string, line int, what, do string) {
	r.mistakes = append(r.mistakes, claim.Mistake{File: file, Line: line, What: what, Do: do})
}

func (r *reader) visit(file string, entry fs.DirEntry, err error) error {
	switch {
	case err != nil:
		return err
	case entry.IsDir():
		if name := entry.Name(); file != "." && (name == "testdata" || name == "report" || strings.HasPrefix(name, ".")) {
			return fs.SkipDir
		}
		return nil
	case path.Ext(file) != ".go" || !r.builtHere(file):
		return nil
	}
	src, err := fs.ReadFile(r.fsys, file)
	if err != nil {
		return err
	}
	pkg := path.Join(r.root, path.Dir(file))
	parsed, err := parser.ParseFile(r.files, file, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		r.mistake(file, 0, "does not parse: "+err.Error(), "mend the syntax")
		r.unread[pkg] = true
		return nil
	}
	s := &source{file: file, pkg: pkg, ast: parsed}
	r.sources = append(r.sources, s)
	declarations, mistakes := claim.FromAST(r.files, file, parsed)
	r.mistakes = append(r.mistakes, mistakes...)
	r.unread[pkg] = r.unread[pkg] || len(mistakes) > 0
	for _, d := range declarations {
		if path.Base(file) != "claims.go" {
			r.mistake(file, d.Line, fmt.Sprintf("claim %s is declared outside claims.go", d.ID), "move it to claims.go of its package")
		}
		if i := r.indexOf(d.ID); i >= 0 {
			r.mistake(file, d.Line, fmt.Sprintf("claim %s is declared twice, first in %s:%d", d.ID, r.claims[i].File, r.claims[i].Line), "keep one of the two")
			continue
		}
		r.claims = append(r.claims, Claim{Declaration: d, Package: pkg, File: file})
	}
	return nil
}

// builtHere tells whether the build constraints of a file select it. A file
// that cannot be read is selected, so that reading it says why.
func (r *reader) builtHere(file string) bool {
	context := build.Default
	context.JoinPath = path.Join
	context.OpenFile = func(name string) (io.ReadCloser, error) { return r.fsys.Open(name) }
	selected, err := context.MatchFile(path.Dir(file), path.Base(file))
	return selected || err != nil
}

func (r *reader) indexOf(id claim.ID) int {
	return slices.IndexFunc(r.claims, func(c Claim) bool { return c.ID == id })
}

// inPackage is the index of the claim that pkg declares under a name that
// equals identifier but for case, or -1.
func (r *reader) inPackage(pkg, identifier string) int {
	return slices.IndexFunc(r.claims, func(c Claim) bool {
		return c.Package == pkg && strings.EqualFold(c.Identifier, identifier)
	})
}

func (r *reader) declaresClaims(pkg string) bool {
	return slices.ContainsFunc(r.claims, func(c Claim) bool { return c.Package == pkg })
}

func (r *reader) link() {
	for _, s := range r.sources {
		if !strings.HasSuffix(s.file, "_test.go") {
			continue
		}
		examples := r.examples(s)
		for _, decl := range s.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv != nil {
				continue
			}
			kind, rest := kindOf(fn.Name.Name)
			if kind == "" || fn.Name.Name == "TestMain" {
				continue
			}
			r.linkFunc(s, fn, kind, rest, examples[fn.Name.Name])
		}
	}
	for _, c := range r.claims {
		if !r.unread[c.Package] && !slices.ContainsFunc(c.Tests, func(f Func) bool { return f.Proves }) {
			r.mistake(c.File, c.Line, fmt.Sprintf("claim %s has no proof", c.ID), fmt.Sprintf("write Test%s in its package, and call claim.Prove in it", c.Identifier))
		}
	}
}

// kindOf splits a function's name as package testing does: TestX is a test,
// Testify is none.
func kindOf(name string) (kind, rest string) {
	for _, kind := range []string{"Test", "Fuzz", "Benchmark", "Example"} {
		rest, found := strings.CutPrefix(name, kind)
		if first, _ := utf8.DecodeRuneInString(rest); found && !unicode.IsLower(first) {
			return kind, rest
		}
	}
	return "", ""
}

// linkFunc links one function to its claim, or says why it cannot.
func (r *reader) linkFunc(s *source, fn *ast.FuncDecl, kind, rest string, example Func) {
	name, line := fn.Name.Name, r.line(fn.Pos())
	proved := r.provedBy(s, fn)

	byName := -1
	if kind == "Example" {
		// ExampleX is an example of the function X, Example_x one of the package.
		if rest, found := strings.CutPrefix(rest, "_"); found {
			byName = r.inPackage(s.pkg, upTo(rest, "_"))
		}
	} else {
		byName = r.inPackage(s.pkg, upTo(rest, "_"))
	}
	index := byName
	if id, found := r.directive(s, fn); found {
		index = r.indexOf(id)
		switch {
		case index < 0:
			r.mistake(s.file, line, fmt.Sprintf("%s links to %s, which nobody declares", name, id), "mend the id in its //claim: line")
			return
		case byName >= 0 && byName != index:
			r.mistake(s.file, line, fmt.Sprintf("the name %s links to %s, its //claim: line to %s", name, r.claims[byName].ID, id), "keep one of the two")
			return
		}
	}
	if index < 0 {
		switch {
		case r.unread[s.pkg]:
		case len(proved) > 0:
			r.mistake(s.file, line, fmt.Sprintf("%s calls claim.Prove, but nothing links it to a claim", name), "name it after the claim, or end its comment with //claim:ID")
		case r.declaresClaims(s.pkg):
			r.mistake(s.file, line, fmt.Sprintf("the name %s links to no claim of its package", name), "name it after a claim, or end its comment with //claim:ID")
		}
		return
	}

	linked := &r.claims[index]
	for _, id := range proved {
		switch {
		case id == "":
		case r.indexOf(id) < 0:
			r.mistake(s.file, line, fmt.Sprintf("%s proves %s, which nobody declares", name, id), "declare it in claims.go, or mend the id")
		case id != linked.ID:
			r.mistake(s.file, line, fmt.Sprintf("%s is linked to %s and proves %s", name, linked.ID, id), "rename it, or prove the claim that it is linked to")
		}
	}
	f := Func{Package: s.pkg, Name: name, File: s.file, Line: line, Proves: len(proved) > 0, Source: example.Source, Output: example.Output}
	switch kind {
	case "Benchmark":
		linked.Benchmarks = append(linked.Benchmarks, f)
	case "Example":
		linked.Examples = append(linked.Examples, f)
	default:
		linked.Tests = append(linked.Tests, f)
	}
}

func upTo(s, separator string) string {
	before, _, _ := strings.Cut(s, separator)
	return before
}

func (r *reader) line(pos token.Pos) int { return r.files.Position(pos).Line }

// directive finds the id in the //claim:ID line of a function's comment.
func (r *reader) directive(s *source, fn *ast.FuncDecl) (claim.ID, bool) {
	if fn.Doc == nil {
		return "", false
	}
	for i, comment := range fn.Doc.List {
		directive, ok := ast.ParseDirective(comment.Slash, comment.Text)
		if !ok || directive.Tool != "claim" {
			continue
		}
		if i != len(fn.Doc.List)-1 {
			r.mistake(s.file, r.line(comment.Slash), fmt.Sprintf("the //claim: line of %s is not the last of its comment", fn.Name.Name), "move it to the end")
		}
		return claim.ID(directive.Name), true
	}
	return "", false
}

// provedBy lists the ids that calls of claim.Prove in fn name: "" stands for
// one that only the run can tell.
func (r *reader) provedBy(s *source, fn *ast.FuncDecl) []claim.ID {
	var ids []claim.ID
	ast.Inspect(fn, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok || len(call.Args) != 3 {
			return true
		}
		callee := call.Fun
		if index, ok := callee.(*ast.IndexExpr); ok {
			callee = index.X
		}
		selector, ok := callee.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != "Prove" {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); !ok || pkg.Name != "claim" {
			return true
		}
		ids = append(ids, r.idOf(s, call.Args[1]))
		return true
	})
	return ids
}

// idOf is the id that an argument of claim.Prove stands for.
func (r *reader) idOf(s *source, argument ast.Expr) claim.ID {
	switch argument := argument.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(argument.Value); err == nil {
			return claim.ID(text)
		}
	case *ast.Ident:
		for _, c := range r.claims {
			if c.Package == s.pkg && c.Identifier == argument.Name {
				return c.ID
			}
		}
	case *ast.SelectorExpr:
		pkg, _ := argument.X.(*ast.Ident)
		for _, c := range r.claims {
			if pkg != nil && path.Base(c.Package) == pkg.Name && c.Identifier == argument.Sel.Name {
				return c.ID
			}
		}
	}
	return ""
}

// examples reads the examples of a file, by function name, and refuses those
// that have no output, since go test compiles them and never runs them.
func (r *reader) examples(s *source) map[string]Func {
	found := map[string]Func{}
	for _, example := range doc.Examples(s.ast) {
		name := "Example" + example.Name
		if example.Output == "" && !example.EmptyOutput {
			r.mistake(s.file, r.line(example.Code.Pos()), name+" has no // Output: comment, so it never runs", "add what it prints")
			continue
		}
		found[name] = Func{Source: r.body(example), Output: example.Output}
	}
	return found
}

var outputComment = regexp.MustCompile(`(?is)\n?[ \t]*//[ \t]*(unordered )?output:.*$`)

// body prints the code of an example as one would type it.
func (r *reader) body(example *doc.Example) string {
	var text bytes.Buffer
	code := &printer.CommentedNode{Node: example.Code, Comments: example.Comments}
	if err := format.Node(&text, r.files, code); err != nil {
		return ""
	}
	body := strings.TrimSpace(text.String())
	if _, ok := example.Code.(*ast.BlockStmt); ok {
		body = strings.TrimSuffix(strings.TrimPrefix(body, "{"), "}")
		body = strings.ReplaceAll(body, "\n\t", "\n")
	}
	return strings.TrimSpace(outputComment.ReplaceAllString(body, ""))
}
