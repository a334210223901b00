package platform

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"gonotes/microservices/telemetry"
	"gonotes/rest/problem"
)

// patience is how long an answer of a service may take.
const patience = 2 * time.Second

// status says of each service whether it is ready, and what it has done.
func status(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	port, rest, err := portOf("platform status", args, stderr)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("argument %q, want none", rest[0])
	}
	table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "service\taddress\tstate\trequests\tmemory\tup")
	notReady := 0
	for _, p := range partsOf("", port, false) {
		if p.name == "bus" {
			state := "ready"
			if conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", p.addr); err != nil {
				state = "down"
				notReady++
			} else {
				conn.Close()
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t\t\t\n", p.name, p.addr, state)
			continue
		}
		state := stateOf(ctx, "http://"+p.addr)
		if state != "ready" {
			notReady++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.name, p.addr, state, done(ctx, "http://"+p.addr))
	}
	table.Flush()
	if notReady > 0 {
		return fmt.Errorf("%d not ready", notReady)
	}
	return nil
}

// portOf parses the flag that status and trace have in common.
func portOf(name string, args []string, stderr io.Writer) (port int, rest []string, err error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	first := flags.Int("port", 8100, "first of the `ports` of the platform")
	if err := flags.Parse(args); err != nil {
		return 0, nil, err
	}
	return *first, flags.Args(), checkPort(*first)
}

// stateOf returns ready, down, or why the service is not ready.
func stateOf(ctx context.Context, url string) string {
	response, err := request(ctx, http.MethodGet, url+"/ready", nil)
	if err != nil {
		return "down"
	}
	if response.StatusCode < 300 {
		return "ready"
	}
	var why problem.Details
	if json.NewDecoder(response.Body).Decode(&why) != nil || why.Detail == "" {
		return fmt.Sprint("status ", response.StatusCode)
	}
	return strings.TrimSuffix(why.Detail, ".")
}

// done returns requests, memory and age of a service, from its metrics.
func done(ctx context.Context, url string) string {
	response, err := request(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil || response.StatusCode != http.StatusOK {
		return "\t\t"
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return "\t\t"
	}
	requests := uint64(0)
	for _, m := range families["http_request_duration_seconds"].GetMetric() {
		requests += m.GetHistogram().GetSampleCount()
	}
	gauge := func(name string) float64 {
		for _, m := range families[name].GetMetric() {
			return m.GetGauge().GetValue()
		}
		return 0
	}
	began := gauge("process_start_time_seconds")
	return fmt.Sprintf("%d\t%.0f MB\t%v", requests, gauge("process_resident_memory_bytes")/1e6, time.Since(time.UnixMilli(int64(1000*began))).Round(time.Second))
}

// showTrace prints the steps of a trace, each below the one that it is a part of.
func showTrace(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	port, rest, err := portOf("platform trace", args, stderr)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return fmt.Errorf("%d arguments, want the id of a trace, which the gateway puts into %s", len(rest), telemetry.TraceHeader)
	}
	var spans []telemetry.Span
	for _, p := range partsOf("", port, false) {
		if p.name == "bus" {
			continue
		}
		response, err := request(ctx, http.MethodGet, "http://"+p.addr+"/traces/"+rest[0], nil)
		if err != nil {
			fmt.Fprintf(stdout, "%s does not answer: its steps are missing\n", p.name)
			continue
		}
		if response.StatusCode != http.StatusOK {
			var why problem.Details
			json.NewDecoder(response.Body).Decode(&why)
			return fmt.Errorf("%s: status %d: %s", p.name, response.StatusCode, why.Detail)
		}
		var own []telemetry.Span
		if err := json.NewDecoder(response.Body).Decode(&own); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		spans = append(spans, own...)
	}
	if len(spans) == 0 {
		return fmt.Errorf("nobody knows the trace %s; each service keeps its last %d steps", rest[0], telemetry.MaxSpans)
	}
	printTrace(stdout, spans)
	return nil
}

func printTrace(w io.Writer, spans []telemetry.Span) {
	slices.SortFunc(spans, func(a, b telemetry.Span) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	known := map[string]bool{}
	for _, s := range spans {
		known[s.ID] = true
	}
	begin := spans[0].Start
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "after\ttook\tservice\tstep")
	var below func(parent string, depth int)
	below = func(parent string, depth int) {
		for _, s := range spans {
			if s.Parent != parent && (parent != "" || known[s.Parent]) {
				continue
			}
			name := strings.Repeat("  ", depth) + s.Name
			if s.Error != "" {
				name += ": " + s.Error
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", milliseconds(s.Start.Sub(begin)), milliseconds(s.End.Sub(s.Start)), s.Service, name)
			below(s.ID, depth+1)
		}
	}
	below("", 0)
}

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 2, 64) + " ms"
}
