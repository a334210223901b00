// Package source asks Go's own parser and type checker about Go source, so
// that "does not compile" is something a test can prove.
package source

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
)

// Check parses and type-checks one file that imports nothing. It returns nil
// for a file that compiles, otherwise every error that the compiler's front
// end finds in it, joined, each with file, line and column.
func Check(src string) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "source.go", src, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	var found []error
	config := types.Config{Error: func(err error) { found = append(found, err) }}
	// The error that Check returns is the first of those that Error was told.
	_, _ = config.Check("source", files, []*ast.File{file}, nil)
	return errors.Join(found...)
}
