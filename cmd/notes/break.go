package main

import (
	"context"
	"fmt"
	"strings"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// breakClaim runs the proofs of a claim with their controls judged as if they
// were subjects. All is well when every proof goes red at every control.
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
	show := func(e ledger.Event) {
		text := strings.TrimSpace(e.Output)
		switch {
		case strings.Contains(text, claim.HandedIn):
			turned++
			p.told(bold+";"+red, "red", e.Test, text)
		case strings.Contains(text, claim.PassedAsSubject):
			stayed++
			p.told(green, "green", e.Test, text)
		case strings.Contains(text, "not run: "):
			p.told(yellow, "not run", e.Test, text)
		}
	}
	goArgs := append([]string{"test", "-json", "-count=1", "-run=" + runPattern(names)}, packages...)
	if err := a.test(ctx, goArgs, []string{claim.BreakEnv + "=" + string(c.ID)}, show); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Canceled
	}
	p.line()
	p.line(fmt.Sprintf("%s turned red, %d stayed green", count(turned, "control", "controls"), stayed))
	if stayed > 0 || turned == 0 {
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
