package main

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"sync"
	"time"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// progress tells how far a run is: on a terminal in one line that it writes
// again and again, elsewhere in one line per package that ended.
type progress struct {
	interrupted func() bool
	out         io.Writer
	terminal    bool
	started     time.Time
	linked      map[string]bool // tests and examples of the selected claims
	done        chan struct{}
	ended       sync.WaitGroup

	mu      sync.Mutex
	counts  map[string]int // tests and examples that ended, by package
	current string         // "" while packages are built
}

func newProgress(ctx context.Context, out io.Writer, claims []ledger.Claim, selected func(ledger.Claim) bool) *progress {
	p := &progress{
		interrupted: func() bool { return ctx.Err() != nil },
		out:         out,
		terminal:    width(out) > 0,
		started:     time.Now(),
		linked:      map[string]bool{},
		done:        make(chan struct{}),
		counts:      map[string]int{},
	}
	for _, c := range claims {
		if selected(c) {
			for _, f := range slices.Concat(c.Tests, c.Examples) {
				p.linked[f.Package+"."+f.Name] = true
			}
		}
	}
	if p.terminal {
		p.ended.Go(p.redraw)
	} else {
		fmt.Fprintln(out, "proving with", count(len(p.linked), "test and example", "tests and examples"))
	}
	return p
}

// watch returns what takes the events of the run, and shows them on the way.
func (p *progress) watch(run *ledger.Run) func(ledger.Event) {
	return func(e ledger.Event) {
		run.Add(e)
		p.mu.Lock()
		defer p.mu.Unlock()
		top := p.linked[e.Package+"."+e.Test]
		switch {
		case e.Action == "run" && top:
			p.current = path.Base(e.Package) + " " + e.Test
		case e.Action == "attr" && e.Key == claim.AttrStage:
			p.current = path.Base(e.Package) + " " + e.Test + ": " + e.Value
			if !p.terminal && !p.interrupted() {
				fmt.Fprintln(p.out, p.current)
			}
		case slices.Contains([]string{"pass", "fail", "skip"}, e.Action) && top:
			p.counts[e.Package]++
		case slices.Contains([]string{"pass", "fail"}, e.Action) && e.Test == "" && !p.terminal && !p.interrupted():
			fmt.Fprintf(p.out, "%s: %s, %s, %.1f s\n", e.Package, e.Action, count(p.counts[e.Package], "test and example", "tests and examples"), time.Since(p.started).Seconds())
		}
	}
}

func (p *progress) redraw() {
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-p.done:
			fmt.Fprint(p.out, "\r\x1b[K")
			return
		case <-ticks.C:
			p.mu.Lock()
			what, ended := p.current, 0
			for _, n := range p.counts {
				ended += n
			}
			if what == "" {
				what = "building"
			}
			line := fmt.Sprintf("%d of %d  %.1f s  %s", ended, len(p.linked), time.Since(p.started).Seconds(), what)
			p.mu.Unlock()
			fmt.Fprint(p.out, "\r\x1b[K"+cut(line, width(p.out)-1))
		}
	}
}

func (p *progress) stop() {
	close(p.done)
	p.ended.Wait()
}
