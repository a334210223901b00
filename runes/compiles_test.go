package runes_test

import (
	"errors"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"strings"

	"gonotes/internal/source"
)

// refused makes the check that source does not compile, for the reason given.
func refused(reason string) func(src string) error {
	return func(src string) error {
		switch err := source.Check(src); {
		case err == nil:
			return errors.New("compiles")
		case !strings.Contains(err.Error(), reason):
			return fmt.Errorf("does not compile, but for another reason: %w", err)
		}
		return nil
	}
}

// inFunc makes a source file of statements.
func inFunc(body string) string {
	return "package p\n\nfunc f() {\n" + body + "\n}\n"
}

// valueOf is the value that Go's own type checker gives a string literal.
func valueOf(literal string) (string, error) {
	found, err := types.Eval(token.NewFileSet(), nil, token.NoPos, literal)
	if err != nil {
		return "", fmt.Errorf("does not compile: %w", err)
	}
	return constant.StringVal(found.Value), nil
}
