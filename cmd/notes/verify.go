package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// ledgerFile is where verify writes, relative to the module's root.
const ledgerFile = "report/ledger.json"

// verify proves the selected claims, prints the ledger and writes it.
func verify(ctx context.Context, a *app, args []string) error {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	complete := flags.Bool("complete", false, "fail on what is not run, too, unless this platform cannot run it or it waits for the address of a server")
	stdin := flags.Bool("stdin", false, "read the events of go test -json from standard input instead of running it")
	tasks := flags.String("tasks", "1000000", "how many goroutines the largest experiments hold at once, or max for as many as memory allows")
	timeout := flags.Duration("timeout", 5*time.Minute, "how long the tests of one package may take")
	args, err := parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(a.stdout, "usage: notes verify [FLAGS] [ID or TOPIC ...]")
		flags.SetOutput(a.stdout)
		flags.PrintDefaults()
		return nil
	}
	if err != nil {
		return err
	}
	if *timeout <= 0 {
		return usageError(fmt.Sprintf("verify: -timeout is %v; it must be more than 0", *timeout))
	}
	if n, err := strconv.Atoi(*tasks); *tasks != "max" && (err != nil || n < 1) {
		return usageError(fmt.Sprintf("verify: -tasks is %q; it must be a number more than 0, or max", *tasks))
	}
	claims, mistakes := a.declared()
	selected, err := selection(claims, mistakes, args)
	if err != nil {
		return err
	}
	start := time.Now()
	run := &ledger.Run{}
	progress := newProgress(ctx, a.stderr, claims, selected)
	if *stdin {
		err = readEvents(ctx, a.stdin, progress.watch(run))
		if err == nil && run.Empty() {
			progress.stop()
			return errors.New("no event on standard input; pipe go test -json into this command")
		}
	} else {
		err = a.test(ctx, testArgs(claims, selected, *timeout), []string{claim.TasksEnv + "=" + *tasks}, progress.watch(run))
	}
	progress.stop()
	settled, strays := ledger.Settle(claims, selected, run)
	if ctx.Err() != nil {
		a.interrupted(settled)
		return context.Canceled
	}
	if err != nil {
		mistakes = append(mistakes, claim.Mistake{File: "go test", What: err.Error(), Do: "run again to the end"})
	}
	settled.Machine, settled.Go = machine(), a.goVersion(ctx)
	settled.Date, settled.Seconds = start.UTC().Truncate(time.Second), time.Since(start).Seconds()
	mistakes = append(mistakes, strays...)

	if err := a.write(settled); err != nil {
		return err
	}
	newPage(a).ledger(settled, mistakes)
	if len(mistakes) > 0 || settled.Counts[string(ledger.Failed)] > 0 {
		return errFailed
	}
	if missing := notRun(settled); *complete && len(missing) > 0 {
		fmt.Fprintf(a.stderr, "notes: -complete, but not run: %s\n", strings.Join(missing, ", "))
		return errFailed
	}
	return nil
}

// notRun lists the claims that were not run, and those of which a proof lacked
// what this machine could have.
func notRun(l ledger.Ledger) []string {
	var ids []string
	for _, entry := range l.Claims {
		lacks := func(p ledger.Proof) bool {
			return p.Status == ledger.NotRun && !strings.HasPrefix(p.Reason, "platform: ") && !strings.HasPrefix(p.Reason, "address: ")
		}
		if entry.Status == ledger.NotRun || slices.ContainsFunc(entry.Proofs, lacks) {
			ids = append(ids, string(entry.ID))
		}
	}
	return ids
}

// interrupted says which claims the run did not reach.
func (a *app) interrupted(l ledger.Ledger) {
	var left []string
	for _, entry := range l.Claims {
		if entry.Status != ledger.Proved {
			left = append(left, string(entry.ID))
		}
	}
	fmt.Fprintf(a.stderr, "notes: interrupted; %d of %d claims were proved, %s is left as it was; not run to the end:\n", len(l.Claims)-len(left), len(l.Claims), ledgerFile)
	if len(left) == len(l.Claims) {
		left = []string{"all of them"}
	}
	for _, id := range left {
		fmt.Fprintln(a.stderr, "  ", id)
	}
}

// testArgs are the arguments of go that run what is linked to the selected
// claims: whole packages, unless other claims live in them too. The order of the
// tests is that of the files, which tells what a test that hangs or exits kept
// from running.
func testArgs(claims []ledger.Claim, selected func(ledger.Claim) bool, timeout time.Duration) []string {
	var chosen []ledger.Claim
	names := map[string]bool{}
	for _, c := range claims {
		if selected(c) {
			chosen = append(chosen, c)
			for _, f := range slices.Concat(c.Tests, c.Examples) {
				names[f.Name] = true
			}
		}
	}
	args := []string{"test", "-json", "-count=1", "-shuffle=off", "-timeout=" + timeout.String()}
	packages := ledger.Packages(chosen)
	whole := !slices.ContainsFunc(claims, func(c ledger.Claim) bool {
		return !selected(c) && slices.ContainsFunc(slices.Concat(c.Tests, c.Examples), func(f ledger.Func) bool { return slices.Contains(packages, f.Package) })
	})
	if !whole {
		args = append(args, "-run="+runPattern(names))
	}
	return append(args, packages...)
}

// runPattern selects exactly the functions of these names.
func runPattern(names map[string]bool) string {
	var quoted []string
	for name := range names {
		quoted = append(quoted, regexp.QuoteMeta(name))
	}
	slices.Sort(quoted)
	return "^(" + strings.Join(quoted, "|") + ")$"
}

// test runs go with the arguments, and extra variables in its environment, in
// the module's root, and hands on its events. Cancelling ctx ends it and
// everything it started. A test that fails is no error, a go command that
// cannot do its work is.
func (a *app) test(ctx context.Context, args, env []string, add func(ledger.Event)) error {
	var stderr bytes.Buffer
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = a.root
	command.Env = append(os.Environ(), env...)
	command.Stderr = &stderr
	endWithGroup(command)
	events, out := io.Pipe()
	command.Stdout = out
	ended := make(chan error, 1)
	go func() {
		err := command.Run()
		killGroup(command)
		out.Close()
		ended <- err
	}()
	readErr := ledger.Read(events, add)
	// Whatever could not be read must not block the writer.
	_, _ = io.Copy(io.Discard, events)
	err := <-ended
	var failed *exec.ExitError
	switch {
	case readErr != nil:
		return readErr
	case errors.As(err, &failed) && failed.ExitCode() == 1:
		// A test failed, and the events say which; with nothing but words on
		// standard error, the command itself did.
		if said := words(stderr.String()); said != "" {
			return errors.New(said)
		}
		return nil
	case err != nil:
		return errors.New(strings.TrimSuffix(fmt.Sprintf("%v: %s", err, words(stderr.String())), ": "))
	}
	return nil
}

var download = regexp.MustCompile(`(?m)^go: downloading .*\n?`)

// words is what go wrote to standard error, without its news of downloads.
func words(stderr string) string {
	return strings.TrimSpace(download.ReplaceAllString(stderr, ""))
}

// readEvents hands on the events of r until its end or until ctx is cancelled.
func readEvents(ctx context.Context, r io.Reader, add func(ledger.Event)) error {
	// A read cannot be cancelled: on Ctrl-C the reader is left behind, and the
	// events it still finds go nowhere.
	events, done := make(chan ledger.Event), make(chan error, 1)
	go func() {
		done <- ledger.Read(r, func(e ledger.Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
	}()
	for {
		select {
		case e := <-events:
			add(e)
		case err := <-done:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// goVersion is the version of the toolchain that go runs in the module.
func (a *app) goVersion(ctx context.Context) string {
	command := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	command.Dir = a.root
	output, err := command.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(output))
}

func (a *app) write(l ledger.Ledger) error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(a.root, filepath.FromSlash(ledgerFile))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// read returns the ledger in the file name, relative to the module's root.
func (a *app) read(name string) (ledger.Ledger, error) {
	var l ledger.Ledger
	text, err := os.ReadFile(filepath.Join(a.root, filepath.FromSlash(name)))
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return l, fmt.Errorf("%s is no ledger: %w; make verify writes a new one", name, err)
	}
	return l, nil
}

// mainFigure is the first figure of a claim's first proof that has one.
func mainFigure(e ledger.Entry) (claim.Figure, bool) {
	for _, p := range e.Proofs {
		if len(p.Figures) > 0 {
			return p.Figures[0], true
		}
	}
	return claim.Figure{}, false
}

// inOrder sorts claims for reading: failed first, then by verdict, the
// refuted ones before those that hold.
func inOrder(entries []ledger.Entry) []ledger.Entry {
	rank := func(e ledger.Entry) int {
		if e.Status == ledger.Failed {
			return -1
		}
		return slices.Index(claim.Verdicts, e.Verdict)
	}
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b ledger.Entry) int { return cmp.Compare(rank(a), rank(b)) })
	return sorted
}
