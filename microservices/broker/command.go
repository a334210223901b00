package broker

import (
	"context"
	"flag"
	"io"
	"log/slog"

	"gonotes/microservices/service"
)

// Command runs a broker until ctx ends.
func Command(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := flag.NewFlagSet("bus", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8105", "`address` to listen on")
	dir := flags.String("dir", "bus", "`folder` of the records, made if there is none")
	sync := flags.Bool("sync", false, "flush each batch before it is acknowledged, so that a power cut loses none")
	if err := service.Parse(flags, args); err != nil {
		return err
	}
	broker, err := Open(*dir, *addr, *sync)
	if err != nil {
		return err
	}
	slog.New(slog.NewJSONHandler(stderr, nil)).Info("serving", "service", "bus", "addr", broker.Addrs()[0])
	<-ctx.Done()
	return broker.Close()
}
