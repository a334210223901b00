package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// breakClaim runs the proofs of a claim with their controls judged as if they
// were subjects. All is well when every test that proves was not run for want
// of something, or went red at each control that it reached, one at least.
func breakClaim(ctx context.Context, a *app, args []string) error {
	c, err := a.one("break", args)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	var packages []string
	for _, f := range c.Tests {
		if f.Proves {
			names[f.Name] = true
			packages = append(packages, f.Package)
		}
	}
	p := newPage(a)
	p.line(p.paint(bold, string(c.ID)), "  the controls of its proofs are handed in as subjects; each must turn its test red")
	p.line()
	turned, stayed := 0, 0
	var run ledger.Run
	show := func(e ledger.Event) {
		run.Add(e)
		text := strings.TrimSpace(e.Output)
		top, _, _ := strings.Cut(e.Test, "/")
		switch {
		case strings.Contains(text, claim.HandedIn):
			turned++
			delete(names, top)
			p.told(bold+";"+red, "red", e.Test, text)
		case strings.Contains(text, claim.PassedAsSubject):
			stayed++
			delete(names, top)
			p.told(green, "green", e.Test, text)
		case strings.Contains(text, "not run: "):
			delete(names, top)
			p.told(yellow, "not run", e.Test, text)
		}
	}
	goArgs := append([]string{"test", "-json", "-count=1", "-timeout=2m", "-run=" + runPattern(names)}, packages...)
	err = a.test(ctx, goArgs, []string{claim.BreakEnv + "=" + string(c.ID)}, show)
	switch {
	case ctx.Err() != nil:
		return context.Canceled
	case err != nil:
		return err
	}
	for _, pkg := range packages {
		if broken := run.BuildError(pkg); broken != "" {
			return fmt.Errorf("%s does not compile: %s", pkg, broken)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		p.line(p.paint(bold+";"+red, "missing"), "  ", name, " reached no control; go test -v shows why")
	}
	p.line()
	p.line(fmt.Sprintf("%s turned red, %d stayed green", count(turned, "control", "controls"), stayed))
	if stayed > 0 || turned == 0 || len(names) > 0 {
		return errFailed
	}
	return nil
}

// told prints what a test said of one control.
func (p page) told(colour, how, test, text string) {
	_, text, _ = strings.Cut(text, ": ") // without file and line
	p.line(p.paint(colour, pad(how, 7)), "  ", test)
	for _, line := range wrap(text, p.width-9) {
		p.line(strings.Repeat(" ", 9), line)
	}
}
