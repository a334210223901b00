// Package service is what all services of the platform share, and no more: how one
// listens, says that it lives and is ready, and ends.
package service

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"gonotes/microservices/telemetry"
	"gonotes/rest/api"
	"gonotes/rest/problem"
)

// Main is the main function of a command: it runs until an interrupt.
func Main(name string, run func(ctx context.Context, args []string, stdout, stderr io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	Tune()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Tune lets the heap grow to five times what is live before it is collected, and to 1
// GiB in all: a service keeps little and makes much garbage, so collecting it more often
// would cost more time than memory is worth. GOGC and GOMEMLIMIT say otherwise.
func Tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(1 << 30)
	}
}

// Parse parses the flags of a command that takes no other arguments.
func Parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("argument %q, want none", flags.Arg(0))
	}
	return nil
}

// readyTimeout is less than whoever asks waits: what hangs is not ready.
const readyTimeout = 3 * time.Second

// Serve serves h on addr until ctx ends, and besides:
//
//	GET /health       204 while the process lives
//	GET /ready        204 when ready returns nil within 3 s, else 503 with the reason
//	GET /metrics      and
//	GET /traces/{id}  what watch knows; nil does not watch
func Serve(ctx context.Context, addr string, h http.Handler, ready func(context.Context) error, watch *telemetry.Telemetry, log *slog.Logger) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	if watch != nil {
		h = watch.Handler(h)
	}
	mux.Handle("/", h)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := ready(ctx); err != nil {
			problem.Write(w, http.StatusServiceUnavailable, "Not ready: "+err.Error()+".")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	log.Info("serving", "addr", l.Addr().String())
	return api.Serve(ctx, l, mux, log)
}
