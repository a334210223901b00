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
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"gonotes/microservices/gateway"
	"gonotes/microservices/telemetry"
	"gonotes/rest/problem"
)

// patience is how long an answer of a service may take.
const patience = 2 * time.Second

// status says of each service whether it is ready, and what it has done.
func status(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	where, _, err := whereOf("platform status", args, 0, "", stderr)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "service\taddress\tstate\trequests\tmemory\tup")
	notReady := 0
	for _, p := range partsOf("", where.port, false) {
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
		state := where.stateOf(ctx, p)
		if state != "ready" {
			notReady++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.name, p.addr, state, where.done(ctx, p))
	}
	table.Flush()
	if notReady > 0 {
		return fmt.Errorf("%d not ready", notReady)
	}
	return nil
}

// where is a platform that runs.
type where struct {
	port  int
	token string // that its gateway asks for
}

// whereOf parses the flags that status and trace have in common, and so many arguments.
func whereOf(name string, args []string, number int, what string, stderr io.Writer) (w where, rest []string, err error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&w.port, "port", 8100, "first of the `ports` of the platform")
	data := flags.String("data", "platform-data", "`folder` of what it keeps, where the token for its gateway is")
	if err := flags.Parse(args); err != nil {
		return w, nil, err
	}
	if flags.NArg() != number {
		return w, nil, fmt.Errorf("%d arguments after the flags, want %s", flags.NArg(), cmp.Or(what, "none"))
	}
	if err := checkPort(w.port); err != nil {
		return w, nil, err
	}
	if w.token, err = gateway.FirstToken(filepath.Join(*data, tokens)); err != nil {
		return w, nil, fmt.Errorf("%w; -data says where the platform keeps them", err)
	}
	return w, flags.Args(), nil
}

// get asks a part.
func (w where) get(ctx context.Context, p part, path string) (*http.Response, error) {
	token := ""
	if p.name == "gateway" {
		token = w.token
	}
	return request(ctx, http.MethodGet, "http://"+p.addr+path, token, nil)
}

// stateOf returns ready, down, or why the service is not ready.
func (w where) stateOf(ctx context.Context, p part) string {
	response, err := w.get(ctx, p, "/ready")
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
func (w where) done(ctx context.Context, p part) string {
	response, err := w.get(ctx, p, "/metrics")
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
	where, rest, err := whereOf("platform trace", args, 1, "the id of a trace, which the gateway puts into "+telemetry.TraceHeader, stderr)
	if err != nil {
		return err
	}
	var spans []telemetry.Span
	for _, p := range partsOf("", where.port, false) {
		if p.name == "bus" {
			continue
		}
		response, err := where.get(ctx, p, "/traces/"+rest[0])
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
