package platform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/platform"
	"gonotes/microservices/servicetest"
	"gonotes/microservices/telemetry"
	"gonotes/rest/problem"
)

// serveAt serves h on a port of this machine.
func serveAt(t *testing.T, port int, h http.Handler) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	require.NoError(t, err)
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	server.Start()
	t.Cleanup(server.Close)
}

const theToken = "0123456789abcdef0123456789abcdef"

// guarded is what the gateway is: it asks for the token where others do not.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ready" && r.Header.Get("Authorization") != "Bearer "+theToken {
			problem.Write(w, http.StatusUnauthorized, "no token")
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Status says of each service whether it is ready, and if not, why; it fails if one is
// not.
func TestCommand_status(t *testing.T) {
	t.Setenv("KAFKA_BROKERS", "")
	port := servicetest.FreePorts(t, 6)
	ready := http.NewServeMux()
	ready.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	ready.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{route="a",status="200",le="+Inf"} 3
http_request_duration_seconds_sum{route="a",status="200"} 1
http_request_duration_seconds_count{route="a",status="200"} 3
http_request_duration_seconds_bucket{route="b",status="404",le="+Inf"} 4
http_request_duration_seconds_sum{route="b",status="404"} 1
http_request_duration_seconds_count{route="b",status="404"} 4
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 2.5e+07
# TYPE process_start_time_seconds gauge
process_start_time_seconds %d
`, time.Now().Add(-time.Hour).Unix())
	})
	data := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(data, "tokens"), []byte("# for status\nann "+theToken+"\nbob "+theToken+"x\n"), 0o600))
	serveAt(t, port, guarded(ready))
	serveAt(t, port+1, ready)
	serveAt(t, port+2, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem.Write(w, http.StatusServiceUnavailable, "Not ready: the sites are not known yet.")
	}))
	serveAt(t, port+4, http.NotFoundHandler())
	serveAt(t, port+5, http.NotFoundHandler())
	var out bytes.Buffer
	err := platform.Command(t.Context(), []string{"status", "-port", strconv.Itoa(port), "-data", data}, &out, io.Discard)
	assert.EqualError(t, err, "3 not ready")
	addr := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", port+i) }
	for _, want := range []string{
		`service     address          *state`,
		`bus         ` + addr(5) + `  ready`,
		`gateway     ` + addr(0) + `  ready +7 +25 MB +1h0m[0-9]s`,
		`config      ` + addr(1) + `  ready +7 +25 MB +1h0m[0-9]s`,
		`collector   ` + addr(2) + `  Not ready: the sites are not known yet`,
		`aggregator  ` + addr(3) + `  down`,
		`insights    ` + addr(4) + `  status 404`,
	} {
		assert.Regexp(t, "(?m)^"+want, out.String())
	}
}

// A trace is shown as a tree, each step below the one that it is a part of, with when it
// began and how long it took.
func TestCommand_trace(t *testing.T) {
	t.Setenv("KAFKA_BROKERS", "")
	port := servicetest.FreePorts(t, 6)
	const id = "0af7651916cd43dd8448eb211c80319c"
	begin := time.Now()
	span := func(service, name, id, parent string, after, took int) telemetry.Span {
		start := begin.Add(time.Duration(after) * time.Millisecond)
		return telemetry.Span{Service: service, Name: name, ID: id, Parent: parent, Start: start, End: start.Add(time.Duration(took) * time.Millisecond)}
	}
	failed := span("aggregator", "store", "5", "4", 9, 1)
	failed.Error = "disk full"
	for service, spans := range map[int][]telemetry.Span{
		0: {}, // of the gateway
		1: {},
		2: {span("collector", "bus", "3", "2", 2, 6), span("collector", "POST /events", "2", "1", 1, 8)}, // the gateway's is not there
		3: {failed, span("aggregator", "apply", "4", "3", 8, 3)},
	} {
		handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if service > 0 {
				assert.Empty(t, r.Header.Get("Authorization"), "the token is for the gateway only")
			}
			if r.URL.Path != "/traces/"+id {
				json.NewEncoder(w).Encode([]telemetry.Span{})
				return
			}
			json.NewEncoder(w).Encode(spans)
		}))
		if service == 0 {
			handler = guarded(handler)
		}
		serveAt(t, port+service, handler)
	}
	data := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(data, "tokens"), []byte("ann "+theToken+"\n"), 0o600))
	trace := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := platform.Command(t.Context(), append([]string{"trace", "-port", strconv.Itoa(port), "-data", data}, args...), &out, io.Discard)
		return out.String(), err
	}
	out, err := trace(id)
	require.NoError(t, err)
	assert.Equal(t, `insights does not answer: its steps are missing
after    took     service     step
0.00 ms  8.00 ms  collector   POST /events
1.00 ms  6.00 ms  collector     bus
7.00 ms  3.00 ms  aggregator      apply
8.00 ms  1.00 ms  aggregator        store: disk full
`, out)
	_, err = trace("ab" + id[2:])
	assert.ErrorContains(t, err, "nobody knows the trace ab")
	_, err = trace()
	assert.ErrorContains(t, err, "0 arguments after the flags, want the id of a trace")
	_, err = trace("-port", "0", id)
	assert.ErrorContains(t, err, "port 0, want 1 to 65530")
}
