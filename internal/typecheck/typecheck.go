// Typecheck tells whether the module and its tests compile on other platforms. It checks
// the types of all packages from their sources and compiles none of them, which takes a
// tenth of the processor time of go vet with an empty build cache.
//
// Usage: typecheck GOOS/GOARCH...
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "typecheck:", err)
		os.Exit(1)
	}
}

func run(platforms []string) error {
	if len(platforms) == 0 {
		return errors.New("no platform, want GOOS/GOARCH of one or more")
	}
	for _, platform := range platforms {
		if err := check(platform, "./..."); err != nil {
			return err
		}
	}
	return nil
}

// check returns what is wrong with packages, with their tests and all that they import,
// on a platform.
func check(platform, pattern string) error {
	goos, goarch, found := strings.Cut(platform, "/")
	if !found {
		return fmt.Errorf("platform %q, want GOOS/GOARCH", platform)
	}
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax,
		Env:   append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch),
		Tests: true,
	}, pattern)
	if err != nil {
		return fmt.Errorf("%s: %w", platform, err)
	}
	var wrong error
	packages.Visit(loaded, nil, func(p *packages.Package) {
		for _, err := range p.Errors {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %w", platform, err))
		}
	})
	return wrong
}
