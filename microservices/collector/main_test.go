package collector_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/collector"
	"gonotes/microservices/event"
	"gonotes/microservices/service"
	"gonotes/microservices/sites"
	"gonotes/microservices/telemetry"
	"gonotes/rest/api"
)

// roleEnv makes the test binary a server instead of a test.
const roleEnv = "GONOTES_COLLECTOR_ROLE"

// roles are what it can serve. The argument is that of the process.
var roles = map[string]func(argument string) (http.Handler, error){
	"bare":      func(string) (http.Handler, error) { return http.HandlerFunc(bare), nil },
	"collector": func(dir string) (http.Handler, error) { return onEmbedded(dir, false) },
	"sync":      func(dir string) (http.Handler, error) { return onEmbedded(dir, true) },
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleEnv)
	if role == "" {
		goleak.VerifyTestMain(m)
		return
	}
	err := fmt.Errorf("role %q, want one of %v", role, slices.Sorted(maps.Keys(roles)))
	if role == "secret" {
		err = printSecret(os.Args[1])
	} else if handler := roles[role]; handler != nil {
		err = serve(handler)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve serves as the service does, and says where.
func serve(role func(string) (http.Handler, error)) error {
	service.Tune()
	h, err := role(os.Args[1])
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	fmt.Println(l.Addr())
	return api.Serve(context.Background(), l, mux, slog.Default())
}

// onEmbedded is a collector that has an embedded broker in its process, and is watched
// as the service is.
func onEmbedded(dir string, sync bool) (http.Handler, error) {
	ctx := context.Background()
	watch, err := telemetry.New(ctx, "collector")
	if err != nil {
		return nil, err
	}
	broker, err := broker.Open(dir, "127.0.0.1:0", sync)
	if err != nil {
		return nil, err
	}
	client, err := collector.Connect(broker.Addrs())
	if err != nil {
		return nil, err
	}
	if err := bus.Create(ctx, client, event.Topics...); err != nil {
		return nil, err
	}
	c, err := collector.New(client, hundredSites(), secret, watch, slog.Default())
	if err != nil {
		return nil, err
	}
	return watch.Handler(c), nil
}

// hundredSites are s0.example to s99.example.
func hundredSites() *sites.Directory {
	var list []sites.Site
	for i := range 100 {
		list = append(list, sites.Site{ID: uuid.NewSHA1(uuid.NameSpaceDNS, fmt.Append(nil, i)).String(), Domain: fmt.Sprintf("s%d.example", i)})
	}
	return sites.Of(list...)
}

// bare is the least that a handler can do: it parses the events and keeps nothing.
func bare(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	type item struct{ ID, Kind, Site, Path, Referrer, Time, Visitor string }
	var v any = &item{}
	if body[0] == '[' {
		v = &[]item{}
	}
	if err := json.Unmarshal(body, v); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// process is this test binary as a server.
type process struct {
	*exec.Cmd
	addr string
}

// start starts one in a role. It ends with the test.
func start(t testing.TB, role, argument string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], argument)
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p := &process{cmd, ""}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, "%s ended before it served", role)
	p.addr = strings.TrimSpace(line)
	return p
}

// kill ends it with kill -9.
func (p *process) kill() {
	p.Process.Kill()
	p.Wait()
}
