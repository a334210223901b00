// Package platform runs all services of the platform on one machine: in one process,
// or each as its own, which it starts again when it dies.
package platform

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gonotes/microservices/aggregator"
	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/collector"
	"gonotes/microservices/config"
	"gonotes/microservices/gateway"
	"gonotes/microservices/insights"
	"gonotes/microservices/service"
)

// command is the main function of a service.
type command func(ctx context.Context, args []string, stdout, stderr io.Writer) error

var commands = map[string]command{
	"bus": broker.Command, "config": config.Command, "collector": collector.Command, "aggregator": aggregator.Command, "insights": insights.Command, "gateway": gateway.Command,
}

// DemoSite is the domain of a site that the platform makes when it has no account.
const DemoSite = "demo.example"

// tokens is the file with those that the gateway lets in, in the folder of the data.
const tokens = "tokens"

// part is a service as this platform runs it.
type part struct {
	name string
	addr string
	args []string
}

// Command runs the platform until ctx ends. With the name of a service as its first
// argument it is that service; with status it says what each of them does, with trace and
// the id of one what became of a request.
func Command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch name := args[0]; name {
		case "status":
			return status(ctx, args[1:], stdout, stderr)
		case "trace":
			return showTrace(ctx, args[1:], stdout, stderr)
		default:
			if run, ok := commands[name]; ok {
				return run(ctx, args[1:], stdout, stderr)
			}
			if !strings.HasPrefix(name, "-") {
				return fmt.Errorf("command %q, want status, trace, one of the services, or none to run them all", name)
			}
		}
	}
	flags := flag.NewFlagSet("platform", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, `usage: platform [flags]            run all services until Ctrl-C
       platform status [flags]     what each of them does
       platform trace [flags] ID   what became of a request
`)
		flags.PrintDefaults()
	}
	data := flags.String("data", "platform-data", "`folder` of all that is kept, made if there is none")
	port := flags.Int("port", 8100, "first of the `ports` on 127.0.0.1, that of the gateway: config 1 after it, collector 2, aggregator 3, insights 4, bus 5")
	processes := flags.Bool("processes", false, "run each service as its own process, and start it again when it dies")
	sync := flags.Bool("sync", false, "flush each batch of the embedded bus before it is acknowledged, so that a power cut loses none")
	if err := service.Parse(flags, args); err != nil {
		return err
	}
	if err := checkPort(*port); err != nil {
		return err
	}
	if err := os.MkdirAll(*data, 0o700); err != nil {
		return err
	}
	parts := partsOf(*data, *port, *sync)
	run := inProcess
	if *processes {
		run = asProcess
	}
	return start(ctx, parts, run, filepath.Join(*data, tokens), stdout, stderr)
}

func checkPort(first int) error {
	if first < 1 || first > 65_530 {
		return fmt.Errorf("port %d, want 1 to 65530", first)
	}
	return nil
}

// partsOf returns the services, the embedded bus first if there is one.
func partsOf(data string, port int, sync bool) (parts []part) {
	addr := func(i int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+i)) }
	brokers := os.Getenv(bus.BrokersEnv)
	if brokers == "" {
		brokers = addr(5)
		parts = append(parts, part{"bus", brokers, []string{"-dir", filepath.Join(data, "bus"), fmt.Sprintf("-sync=%t", sync)}})
	}
	return append(parts,
		part{"config", addr(1), []string{"-brokers", brokers, "-db", filepath.Join(data, "config.db")}},
		part{"collector", addr(2), []string{"-brokers", brokers, "-secret", filepath.Join(data, "secret")}},
		part{"aggregator", addr(3), []string{"-brokers", brokers, "-db", filepath.Join(data, "analytics.db")}},
		part{"insights", addr(4), []string{"-brokers", brokers}},
		part{"gateway", addr(0), []string{
			"-brokers", brokers, "-tokens", filepath.Join(data, tokens),
			"-config", "http://" + addr(1), "-collector", "http://" + addr(2), "-aggregator", "http://" + addr(3), "-insights", "http://" + addr(4),
		}},
	)
}

// runner runs a part until ctx ends.
type runner func(ctx context.Context, p part, stderr io.Writer) error

func inProcess(ctx context.Context, p part, stderr io.Writer) error {
	err := commands[p.name](ctx, append([]string{"-addr", p.addr}, p.args...), io.Discard, stderr)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// start runs the parts until ctx ends. The bus ends last, so that the others can hand
// in what they have.
func start(ctx context.Context, parts []part, run runner, tokens string, stdout, stderr io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	busCtx, stopBus := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBus()
	var services, buses errgroup.Group
	for _, p := range parts {
		group, partCtx := &services, ctx
		if p.name == "bus" {
			group, partCtx = &buses, busCtx
		}
		group.Go(func() error {
			err := run(partCtx, p, stderr)
			stop() // one that ends ends all
			return err
		})
	}
	services.Go(func() error { return welcome(ctx, parts, tokens, stdout) })
	err := services.Wait()
	stopBus()
	return errors.Join(err, buses.Wait())
}

// welcome waits until all parts serve, and says where to look.
func welcome(ctx context.Context, parts []part, tokens string, stdout io.Writer) error {
	begin := time.Now()
	url := map[string]string{}
	for _, p := range parts {
		url[p.name] = "http://" + p.addr
	}
	if err := serving(ctx, parts, url, tokens); ctx.Err() != nil {
		return nil
	} else if err != nil {
		return err
	}
	fmt.Fprintf(stdout, `the platform serves after %.1f s, until Ctrl-C

  %[2]s   the dashboard; the token to log in is in %[8]s
  curl -i %[2]s/events -H 'Content-Type: application/json' -d '{"kind":"view","site":"%[6]s","path":"/"}'
  curl %[3]s/sites/%[6]s/hours   what was seen, by hour; also /pages, /referrers, /visitors
  curl %[4]s/months/%[7]s   monthly actives and usage
  curl %[5]s/   the configuration: follow its links
`, time.Since(begin).Seconds(), url["gateway"], url["aggregator"], url["insights"], url["config"], DemoSite, thisMonth(), tokens)
	return nil
}

// serving waits until all parts are ready, makes the demo site if there is no account, and
// waits until the gateway has seen that each service works.
func serving(ctx context.Context, parts []part, url map[string]string, tokens string) error {
	for _, p := range parts {
		if p.name == "bus" {
			continue
		}
		if err := poll(ctx, http.MethodGet, url[p.name]+"/ready", "", succeeded); err != nil {
			return err
		}
	}
	if err := demo(ctx, url["config"], url["collector"], url["aggregator"]); err != nil {
		return fmt.Errorf("make the site %s: %w", DemoSite, err)
	}
	token, err := gateway.FirstToken(tokens)
	if err != nil {
		return err
	}
	for _, ask := range []struct{ method, path string }{
		{http.MethodGet, "/accounts"},
		{http.MethodGet, "/analytics/sites/" + DemoSite + "/hours"},
		{http.MethodGet, "/analytics/months/" + thisMonth()},
		{http.MethodPost, "/events"}, // without an event: the collector refuses it
	} {
		if err := poll(ctx, ask.method, url["gateway"]+ask.path, token, available); err != nil {
			return err
		}
	}
	return nil
}

func thisMonth() string { return time.Now().UTC().Format("2006-01") }

func succeeded(status int) bool { return status < 300 }
func available(status int) bool { return status != http.StatusServiceUnavailable }

// poll asks until the status of the answer is good or ctx ends.
func poll(ctx context.Context, method, url, token string, good func(status int) bool) error {
	for {
		response, err := request(ctx, method, url, token, nil)
		if err == nil && good(response.StatusCode) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func request(ctx context.Context, method, url, token string, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(content))
	return response, err
}
