package load

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"gonotes/microservices/service"
)

// Command plays a day on a platform, with progress, and compares the numbers of the
// platform with its own tally.
func Command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	config := flags.String("config", "http://127.0.0.1:8101", "`URL` of the service config")
	collector := flags.String("collector", "http://127.0.0.1:8102", "`URL` of the collector")
	aggregator := flags.String("aggregator", "http://127.0.0.1:8103", "`URL` of the aggregator")
	insights := flags.String("insights", "http://127.0.0.1:8104", "`URL` of insights")
	seed := flags.Uint64("seed", 1, "`number` that decides the day: the same one again moves no number of the platform")
	events := flags.Int("events", 100_000, "`events` of the day")
	rate := flags.Int("rate", 5_000, "`events` a second")
	batch := flags.Int("batch", 1, "`events` of a request")
	clients := flags.Int("clients", 128, "`requests` at once")
	people := flags.Int("people", 20_000, "`visitors` who may come")
	if err := service.Parse(flags, args); err != nil {
		return err
	}
	for name, value := range map[string]int{"events": *events, "rate": *rate, "batch": *batch, "clients": *clients, "people": *people} {
		if value < 1 {
			return fmt.Errorf("-%s is %d, want at least 1", name, value)
		}
	}
	var sites []string
	for i := range 5 {
		sites = append(sites, fmt.Sprintf("load-%d-%d.example", *seed, i))
	}
	if err := Register(ctx, *config, *collector, sites); err != nil {
		return err
	}
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	day := Day{Seed: *seed, Start: start, Sites: sites, People: *people, Pages: 500, Events: *events}
	player := Player{Collector: *collector, Rate: *rate, Batch: *batch, Clients: *clients, Tally: NewTally(), Patience: time.Minute}
	progress, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for begin := time.Now(); ; {
			select {
			case <-progress.Done():
				return
			case <-time.After(time.Second):
				now := player.Progress()
				fmt.Fprintf(stderr, "%4.0f s  %d of %d sent, %d acknowledged, %d requests sent again\n",
					time.Since(begin).Seconds(), now.Sent, *events, now.Acknowledged, now.Again)
			}
		}
	}()
	begin := time.Now()
	played := player.Play(ctx, day.All())
	seconds := time.Since(begin).Seconds()
	stop()
	done := player.Progress()
	fmt.Fprintf(stdout, "%d events acknowledged in %.1f s, %.0f a second; %d requests sent again\n", done.Acknowledged, seconds, float64(done.Acknowledged)/seconds, done.Again)
	if played != nil {
		return played
	}
	difference, err := player.Tally.Settle(ctx, *aggregator, *insights, time.Minute)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "lost %d, counted twice %d\n", difference.Lost, difference.Twice)
	if difference.First != nil {
		return errors.Join(errors.New("the platform and the tally differ"), difference.First)
	}
	return nil
}
