package config

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"os"

	"golang.org/x/sync/errgroup"

	"gonotes/microservices/bus"
	"gonotes/microservices/event"
	"gonotes/microservices/service"
	"gonotes/microservices/telemetry"
	"gonotes/rest/api"
	"gonotes/rest/store"
	"gonotes/rest/store/mongodb"
	"gonotes/rest/store/sqlite"
)

// Command runs the service until ctx ends.
func Command(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := flag.NewFlagSet("config", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8101", "`address` to listen on")
	brokers := flags.String("brokers", os.Getenv(bus.BrokersEnv), "`addresses` of the bus, separated by commas")
	uri := flags.String("mongodb", os.Getenv("MONGODB_URI"), "connection `string` of MongoDB; without it the documents are in a file")
	path := flags.String("db", "config.db", "`file` of the documents, made if there is none; no other process opens it")
	if err := service.Parse(flags, args); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stderr, nil)).With("service", "config")
	watch, err := telemetry.New(ctx, "config")
	if err != nil {
		return err
	}
	defer watch.Close()
	var documents interface {
		store.Store
		Close() error
	}
	if *uri != "" {
		documents, err = mongodb.Open(ctx, *uri)
	} else {
		documents, err = sqlite.Open(*path)
	}
	if err != nil {
		return err
	}
	defer documents.Close()
	client, err := bus.Connect(bus.Brokers(*brokers))
	if err != nil {
		return err
	}
	defer client.Close()
	publisher := NewPublisher(documents, log)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := bus.Create(ctx, client, event.Topics...); err != nil {
			return err
		}
		return publisher.Run(ctx, client, bus.Brokers(*brokers))
	})
	g.Go(func() error {
		return service.Serve(ctx, *addr, api.New(publisher, log), documents.Ping, watch, log)
	})
	return g.Wait()
}
