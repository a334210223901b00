package insights

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"

	"golang.org/x/sync/errgroup"

	"gonotes/microservices/bus"
	"gonotes/microservices/event"
	"gonotes/microservices/service"
	"gonotes/microservices/sites"
	"gonotes/microservices/telemetry"
)

// Command runs the service until ctx ends.
func Command(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := flag.NewFlagSet("insights", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8104", "`address` to listen on")
	brokers := flags.String("brokers", os.Getenv(bus.BrokersEnv), "`addresses` of the bus, separated by commas")
	if err := service.Parse(flags, args); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stderr, nil)).With("service", "insights")
	watch, err := telemetry.New(ctx, "insights")
	if err != nil {
		return err
	}
	defer watch.Close()
	directory, numbers := sites.NewDirectory(), New()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return directory.Run(ctx, bus.Brokers(*brokers), log) })
	g.Go(func() error { return numbers.Run(ctx, bus.Brokers(*brokers), event.TopicActivity.Name, log) })
	g.Go(func() error {
		return service.Serve(ctx, *addr, NewAPI(numbers, directory), func(context.Context) error {
			if !directory.Ready() || !numbers.Ready() {
				return errors.New("the bus is not read to its end yet")
			}
			return nil
		}, watch, log)
	})
	return g.Wait()
}
