// Command exchange is a door to an exchange: one trades in it from a terminal, replays
// files of commands through it and generates such files.
//
//	go run ./goroutines/exchange/cmd/exchange -h
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr))
}

const usage = `usage: exchange COMMAND [FLAGS] [ARGUMENTS]

  trade [-data DIR]              trade from the terminal, in lines as below, until quit; with -data the
                                 books are kept in a directory, else they end with the command
  replay [-reports] FILE         carry out a file of such lines, or - for stdin, as fast as it goes,
                                 and print the books at the end, with -reports each report, too;
                                 lines with book and orders do nothing there
  generate [-seed 1] [-commands 100000] [-depth 1000] WORKLOAD
                                 write such a file, which fills the book with so many orders first;
                                 without WORKLOAD, list the workloads

A session of two owners, 7 and 8; "go doc gonotes/goroutines/exchange/protocol" tells all lines:

  symbol ACME tick 0.01 lot 1              # prices in cents, quantities in ones
  sell 100 ACME @ 10.25 id 1 by 7          # 100 for sale, at 10.25 or more
  buy 40 ACME market id 2 by 8             # 40 at any price
  buy 50 ACME @ 10.20 id 3 by 8 day        # until the day ends; or ioc, fok, post
  sell 60 ACME market id 4 by 7 stop 9.90  # once a trade is at 9.90 or below
  sell 90 ACME @ 10.30 id 5 by 7 show 10   # of which 10 are seen at a time
  replace 1 ACME 80 @ 10.30 by 7
  reduce 1 ACME 20 by 7
  cancel 3 ACME by 8
  endday ACME
  book ACME
  orders ACME by 7
`

// errUsage is a mistake in how the command was called.
type errUsage string

func (e errUsage) Error() string { return string(e) + "; exchange -h tells how" }

// outputError says that nobody can be told anything any more.
type outputError struct{ error }

func (e outputError) Unwrap() error { return e.error }

// errWrongLines says that some lines were told to be wrong already.
var errWrongLines = errors.New("some lines were wrong")

// exit returns the exit code of an error, and tells it.
func exit(err error, stderr io.Writer) int {
	var wrong errUsage
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "exchange: interrupted")
		return 130
	}
	fmt.Fprintln(stderr, "exchange:", err)
	if errors.As(err, &wrong) {
		return 2
	}
	return 1
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage("no command, want trade, replay or generate")
	}
	switch args[0] {
	case "trade":
		return trade(ctx, args[1:], stdin, stdout, stderr)
	case "replay":
		return replay(ctx, args[1:], stdin, stdout, stderr)
	case "generate":
		return generate(ctx, args[1:], stdout, stderr)
	case "-h", "-help", "--help", "help":
		_, err := io.WriteString(stdout, usage)
		return err
	}
	return errUsage(fmt.Sprintf("unknown command %q, want trade, replay or generate", args[0]))
}

// parse reads the flags of a command and returns its arguments; done says that it was
// asked for help.
func parse(flags *flag.FlagSet, args []string, stdout io.Writer) (rest []string, done bool, err error) {
	flags.SetOutput(io.Discard)
	err = flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(stdout, usage)
		return nil, true, err
	}
	if err != nil {
		return nil, false, errUsage(flags.Name() + ": " + err.Error())
	}
	for _, arg := range flags.Args() {
		if strings.HasPrefix(arg, "-") && arg != "-" && !slices.Contains(args, "--") {
			return nil, false, errUsage(fmt.Sprintf("%s: flag %s behind an argument, want it before", flags.Name(), arg))
		}
	}
	return flags.Args(), false, nil
}
