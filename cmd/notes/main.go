// Notes proves the claims of the notes and shows what it found.
//
//	notes verify [-complete] [-stdin] [-tasks N] [-timeout 5m] [ID or TOPIC ...]
//	notes show ID
//	notes break ID
//	notes quiz [ID or TOPIC ...]
//	notes bench [-full] [-from FILE] [-o FOLDER]
//	notes report
//	notes docs
//
// Verify runs the proofs with go test, prints the ledger and writes it to
// report/ledger.json. Show tells all that the last ledger holds of one claim.
// Break hands the controls of a claim to its proofs as if they were subjects,
// so that one sees the tests go red. Quiz asks what an interviewer asks.
// Bench compares what goroutines, threads and the tasks of other runtimes cost
// on this machine, and draws it. Report writes the notes as one page for a browser.
// Docs writes NOTES.md and the tables of README.md
// from the sources.
//
// The exit code is 0 when all is well, 1 when a claim is not proved, 2 for a
// command line that makes no sense, and 130 after Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/agnivade/levenshtein"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, ".", os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

const usage = `usage: notes COMMAND [ARGUMENTS]

  verify [ID or TOPIC ...]  prove the claims, print the ledger, write report/ledger.json
  show ID                   tell all that the last ledger holds of a claim
  break ID                  hand the controls in as subjects, and see the proofs fail
  quiz [ID or TOPIC ...]    ask what an interviewer asks, wrong ones again
  bench                     compare the costs of goroutines, threads and other tasks here
  report                    write the notes as a book, one page for a browser
  docs                      write NOTES.md from the sources

An ID is "runes/byte-char", a TOPIC "runes". "notes verify -h" lists its flags.
`

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usageError is a command line that makes no sense.
type usageError string

func (e usageError) Error() string { return string(e) }

// errFailed ends a command that has already said what is wrong.
var errFailed = errors.New("not all is well")

// app is what a command needs of the world.
type app struct {
	root           string // of the module
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// run is the program, from the folder dir; it returns the exit code.
func run(ctx context.Context, dir string, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := command(ctx, dir, args, getenv, stdin, stdout, stderr)
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &wrong):
		fmt.Fprintln(stderr, "notes:", wrong)
		return exitUsage
	}
	fmt.Fprintln(stderr, "notes:", err)
	return exitFailed
}

func command(ctx context.Context, dir string, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return usageError("no command; one of verify, show, break, quiz, bench, report, docs is wanted (notes help tells more)")
	}
	name, args := args[0], args[1:]
	commands := map[string]func(context.Context, *app, []string) error{"verify": verify, "show": show, "break": breakClaim, "quiz": quiz, "bench": benchmark, "report": report, "docs": docs}
	switch name {
	case "help", "-h", "-help", "--help":
		return flag.ErrHelp
	}
	do, found := commands[name]
	if !found {
		return usageError(fmt.Sprintf("unknown command %q; one of verify, show, break, quiz, bench, report, docs is wanted", name))
	}
	root, err := moduleRoot(dir)
	if err != nil {
		return err
	}
	return do(ctx, &app{root, getenv, stdin, stdout, stderr}, args)
}

// moduleRoot is the nearest folder at or above dir that holds go.mod.
func moduleRoot(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod in %s or above; run inside the repository", start)
		}
	}
}

// declared reads the claims of the module and what is wrong with them.
func (a *app) declared() ([]ledger.Claim, []claim.Mistake) {
	return ledger.Declared(os.DirFS(a.root))
}

// parse reads the flags of a command and returns its arguments.
func parse(flags *flag.FlagSet, args []string) ([]string, error) {
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, usageError(flags.Name() + ": " + err.Error())
	}
	for _, arg := range flags.Args() {
		if strings.HasPrefix(arg, "-") {
			return nil, usageError(fmt.Sprintf("%s: flag %s stands after an id; flags come first", flags.Name(), arg))
		}
	}
	return flags.Args(), nil
}

// one finds the claim that the only argument of a command names.
func (a *app) one(name string, args []string) (ledger.Claim, error) {
	args, err := parse(flag.NewFlagSet(name, flag.ContinueOnError), args)
	if err != nil {
		return ledger.Claim{}, err
	}
	if len(args) != 1 {
		return ledger.Claim{}, usageError(fmt.Sprintf("%s takes one id, got %d; such as notes %s runes/byte-char", name, len(args), name))
	}
	claims, mistakes := a.declared()
	for _, c := range claims {
		if string(c.ID) == args[0] {
			return c, nil
		}
	}
	return ledger.Claim{}, unknown(claims, mistakes, args[0], false)
}

// selection finds the claims that the arguments name by id or topic; without
// arguments, all.
func selection(claims []ledger.Claim, mistakes []claim.Mistake, args []string) (func(ledger.Claim) bool, error) {
	wanted := map[string]bool{}
	for _, arg := range args {
		wanted[arg] = true
		known := false
		for _, c := range claims {
			known = known || string(c.ID) == arg || c.ID.Topic() == arg
		}
		if !known {
			return nil, unknown(claims, mistakes, arg, true)
		}
	}
	return func(c ledger.Claim) bool {
		return len(args) == 0 || wanted[string(c.ID)] || wanted[c.ID.Topic()]
	}, nil
}

// unknown is the error for a word that names no claim. It tells of a mistake
// in the sources that may be why, or else the nearest word that does.
func unknown(claims []ledger.Claim, mistakes []claim.Mistake, word string, topics bool) error {
	topic := claim.ID(word).Topic()
	for _, mistake := range mistakes {
		if path.Base(path.Dir(mistake.File)) == topic {
			return usageError(fmt.Sprintf("unknown claim %q; perhaps because of %v", word, mistake))
		}
	}
	nearest, distance := "", len(word)/2+1
	consider := func(candidate string) {
		if d := levenshtein.ComputeDistance(word, candidate); d < distance {
			nearest, distance = candidate, d
		}
	}
	for _, c := range claims {
		if !topics && c.ID.Topic() == word {
			return usageError(fmt.Sprintf("%s is a topic; one of its claims is wanted, such as %s", word, c.ID))
		}
		consider(string(c.ID))
		if topics {
			consider(c.ID.Topic())
		}
	}
	if nearest == "" {
		return usageError(fmt.Sprintf("unknown claim %q; %s lists them", word, notesFile))
	}
	return usageError(fmt.Sprintf("unknown claim %q; did you mean %q?", word, nearest))
}
