package collector

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"gonotes/microservices/bus"
	"gonotes/microservices/event"
	"gonotes/microservices/service"
	"gonotes/microservices/sites"
	"gonotes/microservices/telemetry"
)

// Command runs the service until ctx ends.
func Command(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := flag.NewFlagSet("collector", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8102", "`address` to listen on")
	brokers := flags.String("brokers", os.Getenv(bus.BrokersEnv), "`addresses` of the bus, separated by commas")
	path := flags.String("secret", "secret", "`file` with the secret that keys the hashes of visitors, made if there is none")
	if err := service.Parse(flags, args); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stderr, nil)).With("service", "collector")
	watch, err := telemetry.New(ctx, "collector")
	if err != nil {
		return err
	}
	defer watch.Close()
	secret, err := secretIn(*path)
	if err != nil {
		return err
	}
	client, err := Connect(bus.Brokers(*brokers))
	if err != nil {
		return err
	}
	defer client.Close()
	directory := sites.NewDirectory()
	c, err := New(client, directory, secret, watch, log)
	if err != nil {
		return fmt.Errorf("file %q: %w", *path, err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := bus.Create(ctx, client, event.Topics...); err != nil {
			if ctx.Err() != nil { // it was asked to end before a broker answered
				return nil
			}
			return err
		}
		return directory.Run(ctx, bus.Brokers(*brokers), log)
	})
	g.Go(func() error {
		return service.Serve(ctx, *addr, c, func(ctx context.Context) error {
			if !directory.Ready() {
				return errors.New("the sites are not known yet")
			}
			return client.Ping(ctx)
		}, watch, log)
	})
	return g.Wait()
}

// Connect returns a client of the bus with the settings that the collector needs. Each
// record waits up to 5 ms for others, since a batch costs the bus hardly more than a
// record.
func Connect(brokers []string) (*kgo.Client, error) {
	return bus.Connect(brokers,
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(1<<20), // never reached: the collector bounds what is under way
	)
}

// secretIn returns the secret in a file, which it makes if there is none. Of several
// processes that make it at once, all get the same.
func secretIn(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	// It is whole and on the disk before it has its name.
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	secret = make([]byte, minSecret)
	rand.Read(secret)
	_, err = file.Write(secret)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}
