package microservices_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/microservices"
	"gonotes/microservices/collector"
	"gonotes/microservices/load"
	"gonotes/microservices/service"
	"gonotes/microservices/servicetest"
	"gonotes/microservices/sites"
)

func init() {
	roles["synchronous collector"] = func() { service.Main("twin", synchronousCollector) }
}

// synchronousCollector is a twin of the collector that asks the service config for
// each event, as a client asks a server.
func synchronousCollector(ctx context.Context, args []string, stdout, _ io.Writer) error {
	addr, config, brokers := args[0], args[1], args[2]
	client, err := collector.Connect([]string{brokers})
	if err != nil {
		return err
	}
	defer client.Close()
	known := sites.Of(sites.Site{ID: "1", Domain: "twin.example"})
	c, err := collector.New(client, known, make([]byte, 32), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	asking := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response, err := http.Get(config + "/accounts")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		c.ServeHTTP(w, r)
	})
	fmt.Fprintln(stdout, "serving")
	return service.Serve(ctx, addr, asking, func(context.Context) error { return nil }, nil, slog.New(slog.DiscardHandler))
}

// observed is a process of which the connections were noted while it had work.
type observed struct {
	to []string // where they lead
}

func (o observed) Figures() []claim.Figure {
	return []claim.Figure{{Name: "other ends of its connections", Value: float64(len(o.to)), Unit: "ports"}}
}

// Under load the connections that a service opened lead to the bus and nowhere else.
// The stores of this proof are files.
func TestNoInternalCalls(t *testing.T) {
	proof := claim.Prove(t, microservices.NoInternalCalls, func(o observed) error {
		for _, to := range o.to {
			if to != "bus" {
				return fmt.Errorf("it is connected to %s", to)
			}
		}
		if len(o.to) == 0 {
			return fmt.Errorf("it is connected to nothing")
		}
		return nil
	})
	if runtime.GOOS != "linux" {
		proof.NotRun("platform: the sockets of a process are read from /proc, which %s has not", runtime.GOOS)
	}
	proof.Engine(embeddedBroker(t), sqliteVersion(t))
	r := startPlatform(t)
	port := servicetest.FreePorts(t, 1)
	twin, stdout, _ := start(t, "synchronous collector", fmt.Sprintf("127.0.0.1:%d", port), r.url("config"), strings.TrimPrefix(r.url("bus"), "http://"))
	_, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)

	const domain = "a.example"
	require.NoError(t, load.Register(t.Context(), r.url("config"), r.url("collector"), []string{domain}))
	playing, stop := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for url, domain := range map[string]string{r.url("collector"): domain, fmt.Sprintf("http://127.0.0.1:%d", port): "twin.example"} {
		day := load.Day{Seed: 1, Start: time.Now().UTC().Add(-24 * time.Hour).Truncate(time.Hour), Sites: []string{domain}, People: 100, Pages: 10, Events: 1 << 20}
		player := load.Player{Collector: url, Rate: 200, Batch: 1, Clients: 4, Tally: load.NewTally(), Patience: 10 * time.Second}
		go func() {
			done <- player.Play(t.Context(), func(yield func(load.Event) bool) {
				for e := range day.All() {
					if playing.Err() != nil || !yield(e) {
						return
					}
				}
			})
		}()
	}
	services := []string{"config", "collector", "aggregator", "insights"}
	found := map[string]map[string]bool{}
	for range 20 { // while there is load
		for _, name := range append([]string{"twin"}, services...) {
			pid := twin.Process.Pid
			if name != "twin" {
				pid = r.pid(name)
			}
			if found[name] == nil {
				found[name] = map[string]bool{}
			}
			for _, port := range opened(t, pid) {
				found[name][nameOf(port, r.first)] = true
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	stop()
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	for _, name := range services {
		proof.Holds(name, observed{keys(found[name])})
	}
	proof.Control("a collector that asks config for each event", observed{keys(found["twin"])}, "connected to config")
	proof.Control("a process without a connection", observed{}, "connected to nothing")
}

func keys(m map[string]bool) (list []string) {
	for key := range m {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}

func nameOf(port, first int) string {
	for name, after := range ports {
		if first+after == port {
			return name
		}
	}
	return "port " + strconv.Itoa(port)
}

// opened returns the ports at the other end of the TCP connections that a process
// opened. Those that it accepted have its listening port at this end.
func opened(t testing.TB, pid int) (remote []int) {
	t.Helper()
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	fds, err := os.ReadDir(filepath.Join(proc, "fd"))
	require.NoError(t, err)
	own := map[string]bool{} // inodes of its sockets
	for _, fd := range fds {
		if link, err := os.Readlink(filepath.Join(proc, "fd", fd.Name())); err == nil {
			if inode, ok := strings.CutPrefix(link, "socket:["); ok {
				own[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	const established, listening = "01", "0A"
	listens := map[int]bool{}
	var ends [][2]int
	for _, table := range []string{"tcp", "tcp6"} {
		content, err := os.ReadFile(filepath.Join(proc, "net", table))
		require.NoError(t, err)
		for line := range strings.Lines(string(content)) {
			f := strings.Fields(line)
			if len(f) < 10 || !own[f[9]] {
				continue
			}
			local, other := portOf(f[1]), portOf(f[2])
			switch f[3] {
			case listening:
				listens[local] = true
			case established:
				ends = append(ends, [2]int{local, other})
			}
		}
	}
	for _, end := range ends {
		if !listens[end[0]] {
			remote = append(remote, end[1])
		}
	}
	return remote
}

func portOf(address string) int {
	_, hex, _ := strings.Cut(address, ":")
	port, _ := strconv.ParseUint(hex, 16, 16)
	return int(port)
}
