package gateway

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"gonotes/microservices/bus"
	"gonotes/microservices/service"
	"gonotes/microservices/sites"
	"gonotes/microservices/telemetry"
	layers "gonotes/rest/gateway"
)

// Command runs the service until ctx ends.
func Command(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8100", "`address` to listen on")
	brokers := flags.String("brokers", os.Getenv(bus.BrokersEnv), "`addresses` of the bus, separated by commas")
	config := flags.String("config", "http://127.0.0.1:8101", "`URLs` of the replicas of config, separated by commas")
	collector := flags.String("collector", "http://127.0.0.1:8102", "`URLs` of those of the collector")
	aggregator := flags.String("aggregator", "http://127.0.0.1:8103", "`URLs` of those of the aggregator")
	insights := flags.String("insights", "http://127.0.0.1:8104", "`URLs` of those of insights")
	path := flags.String("tokens", "tokens", "`file` with a line \"who token\" for each that may come in, made with one for admin if there is none")
	rate := flags.Float64("rate", 200, "`requests` a second that each token may send, and each address without one")
	eventRate := flags.Float64("event-rate", 2000, "`requests` a second with events that each address may send")
	timeout := flags.Duration("timeout", 6*time.Second, "how `long` a service may take to answer; the services themselves give up after 5 s, with a reason")
	if err := service.Parse(flags, args); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stderr, nil)).With("service", "gateway")
	watch, err := telemetry.New(ctx, "gateway")
	if err != nil {
		return err
	}
	defer watch.Close()
	tokens, err := TokensIn(*path)
	if err != nil {
		return err
	}
	directory := sites.NewDirectory()
	gateway, err := New(Options{
		Config: bus.Brokers(*config), Collector: bus.Brokers(*collector), Aggregator: bus.Brokers(*aggregator), Insights: bus.Brokers(*insights),
		Tokens: tokens, Sites: directory, Rate: *rate, EventRate: *eventRate, Timeout: *timeout, Transport: watch.Transport(layers.Transport()), Watch: watch, Log: log,
	})
	if err != nil {
		return err
	}
	defer gateway.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return directory.Run(ctx, bus.Brokers(*brokers), log) })
	g.Go(func() error {
		return service.Serve(ctx, *addr, gateway, func(context.Context) error {
			if !directory.Ready() {
				return errors.New("the sites are not known yet")
			}
			return nil
		}, nil, log)
	})
	return g.Wait()
}
