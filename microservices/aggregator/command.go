package aggregator

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"

	"golang.org/x/sync/errgroup"

	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/cassandra"
	"gonotes/microservices/analytics/sqlite"
	"gonotes/microservices/bus"
	"gonotes/microservices/service"
	"gonotes/microservices/sites"
	"gonotes/microservices/telemetry"
)

// Command runs the service until ctx ends.
func Command(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := flag.NewFlagSet("aggregator", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8103", "`address` to listen on")
	brokers := flags.String("brokers", os.Getenv(bus.BrokersEnv), "`addresses` of the bus, separated by commas")
	hosts := flags.String("cassandra", os.Getenv("CASSANDRA_HOSTS"), "`hosts` of Cassandra, separated by commas; without them the numbers are in a file")
	keyspace := flags.String("keyspace", "gonotes", "`name` of the keyspace in Cassandra, made if there is none")
	path := flags.String("db", "analytics.db", "`file` of the numbers, made if there is none; no other process opens it")
	if err := service.Parse(flags, args); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stderr, nil)).With("service", "aggregator")
	watch, err := telemetry.New(ctx, "aggregator")
	if err != nil {
		return err
	}
	defer watch.Close()
	var store interface {
		analytics.Store
		Close() error
	}
	if *hosts != "" {
		store, err = cassandra.Open(ctx, bus.Brokers(*hosts), *keyspace)
	} else {
		store, err = sqlite.Open(*path)
	}
	if err != nil {
		return err
	}
	defer store.Close()
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	directory := sites.NewDirectory()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return directory.Run(ctx, bus.Brokers(*brokers), log) })
	g.Go(func() error { return Run(ctx, bus.Brokers(*brokers), host+" "+*addr, store, watch, log) })
	g.Go(func() error {
		return service.Serve(ctx, *addr, NewAPI(store, directory, log), func(ctx context.Context) error {
			if !directory.Ready() {
				return errors.New("the sites are not known yet")
			}
			return store.Ping(ctx)
		}, watch, log)
	})
	return g.Wait()
}
