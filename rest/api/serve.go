package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Grace is how long requests under way may take to end when the server stops.
const Grace = 10 * time.Second

// Serve serves h on l until ctx ends, then stops taking requests, waits for
// those under way for at most Grace, and returns nil. A client has 5 seconds to
// send the header of a request, at most 16 KiB of it, and 10 for all of it.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    12 << 10, // net/http allows 4 KiB more
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), Grace)
		defer cancel()
		err := server.Shutdown(grace)
		if err != nil {
			server.Close()
		}
		stopped <- err
	})()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
