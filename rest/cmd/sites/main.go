// Command sites serves the configuration API of the analytics platform on one
// SQLite file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"gonotes/rest/api"
	"gonotes/rest/store/sqlite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sites:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It says on stdout where, and logs to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("sites", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	path := flags.String("db", "sites.db", "`file` of the database, created if there is none")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("argument %q, want none", flags.Arg(0))
	}
	store, err := sqlite.Open(*path)
	if err != nil {
		return err
	}
	defer store.Close()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, `serving %s at http://%s, until Ctrl-C

  curl -i http://%[2]s/                 the entry point; follow its links
  curl -i http://%[2]s/accounts -H 'Content-Type: application/json' -d '{"name":"Ann","plan":"free"}'
  http://%[2]s/openapi.yaml             the contract
`, *path, l.Addr())
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	return api.Serve(ctx, l, api.New(store, log), log)
}
