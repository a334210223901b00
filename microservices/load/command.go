package load

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"gonotes/microservices/service"
)

// Command plays yesterday on a platform, with progress, and compares the numbers of the
// platform with its own tally. The day has sites of its own, so nothing else is in their
// numbers. It fails if a number differs, or if the day is not played to its end.
func Command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	config := flags.String("config", "http://127.0.0.1:8101", "`URL` of the service config")
	collector := flags.String("collector", "http://127.0.0.1:8102", "`URL` of the collector")
	aggregator := flags.String("aggregator", "http://127.0.0.1:8103", "`URL` of the aggregator")
	insights := flags.String("insights", "http://127.0.0.1:8104", "`URL` of insights")
	seed := flags.Uint64("seed", 1, "`number` that decides the visits: the same command again, on the same day, moves no number of the platform")
	events := flags.Int("events", 100_000, "`events` of the day")
	rate := flags.Int("rate", 5_000, "`events` a second")
	batch := flags.Int("batch", 1, "`events` of a request")
	clients := flags.Int("clients", 128, "`requests` at once")
	people := flags.Int("people", 20_000, "`visitors` who may come")
	patience := flags.Duration("patience", time.Minute, "`time` that an event is sent again until it is acknowledged, and that numbers may be late")
	if err := service.Parse(flags, args); err != nil {
		return err
	}
	for _, number := range []struct {
		name  string
		value int
	}{{"events", *events}, {"rate", *rate}, {"batch", *batch}, {"clients", *clients}, {"people", *people}} {
		if number.value < 1 {
			return fmt.Errorf("-%s is %d, want at least 1", number.name, number.value)
		}
	}
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	var sites []string
	for i := range 5 {
		sites = append(sites, fmt.Sprintf("load-%s-%d-%d-%d-%d.example", start.Format("20060102"), *seed, *events, *people, i))
	}
	if err := Register(ctx, *config, *collector, sites); err != nil {
		return fmt.Errorf("register the sites: %w", err)
	}
	day := Day{Seed: *seed, Start: start, Sites: sites, People: *people, Pages: 500, Events: *events}
	player := Player{Collector: *collector, Rate: *rate, Batch: *batch, Clients: *clients, Tally: NewTally(), Patience: *patience}
	begin := time.Now()
	err := play(ctx, &player, day, stderr)
	seconds := time.Since(begin).Seconds()
	done := player.Progress()
	fmt.Fprintf(stdout, "%d events acknowledged in %.1f s, %.0f a second; %d requests sent again\n", done.Acknowledged, seconds, float64(done.Acknowledged)/seconds, done.Again)
	if err != nil {
		return fmt.Errorf("the day is not played to its end: %w", err)
	}
	fmt.Fprintln(stderr, "comparing the numbers of the platform with the tally, for", *patience, "at most")
	difference, err := player.Tally.Settle(ctx, *aggregator, *insights, *patience)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	fmt.Fprintf(stdout, "lost %d, counted twice %d\n", difference.Lost, difference.Twice)
	if difference.First != nil {
		return fmt.Errorf("the platform and the tally differ: %w", difference.First)
	}
	return nil
}

// play plays the day, and tells each second how far it is.
func play(ctx context.Context, player *Player, day Day, stderr io.Writer) error {
	begin := time.Now()
	played := make(chan error, 1)
	go func() { played <- player.Play(ctx, day.All()) }()
	for second := time.Tick(time.Second); ; {
		select {
		case err := <-played:
			return err
		case <-second:
			now := player.Progress()
			fmt.Fprintf(stderr, "%4.0f s  %d of %d sent, %d acknowledged, %d requests sent again\n",
				time.Since(begin).Seconds(), now.Sent, day.Events, now.Acknowledged, now.Again)
		}
	}
}
