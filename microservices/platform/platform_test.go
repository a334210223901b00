package platform_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/gateway"
	"gonotes/microservices/platform"
	"gonotes/microservices/service"
	"gonotes/microservices/servicetest"
	"gonotes/microservices/telemetry"
)

// platformEnv makes the test binary the command platform. So it is for the services
// that it starts as processes, which are this program again.
const platformEnv = "GONOTES_PLATFORM"

func TestMain(m *testing.M) {
	if os.Getenv(platformEnv) != "" {
		service.Main("platform", platform.Command)
		return
	}
	os.Exit(m.Run())
}

// running is a platform that runs as processes.
type running struct {
	cmd   *exec.Cmd
	port  int
	mu    sync.Mutex
	pids  map[string]int
	log   strings.Builder
	ready chan struct{} // closed when it serves
}

func (r *running) url(service int) string { return fmt.Sprintf("http://127.0.0.1:%d", r.port+service) }

var started = regexp.MustCompile(`^platform: (\w+) is process (\d+)$`)

// begin starts a platform with each service as its own process.
func begin(t testing.TB, port int, data string) *running {
	r := &running{port: port, pids: map[string]int{}, ready: make(chan struct{})}
	r.cmd = exec.Command(os.Args[0], "-processes", "-port", strconv.Itoa(port), "-data", data)
	r.cmd.Env = append(os.Environ(), platformEnv+"=1", "KAFKA_BROKERS=", "MONGODB_URI=", "CASSANDRA_HOSTS=")
	stdout, err := r.cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := r.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, r.cmd.Start())
	go func() {
		lines := bufio.NewScanner(stdout)
		if lines.Scan() {
			close(r.ready)
		}
		io.Copy(io.Discard, stdout)
	}()
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			r.mu.Lock()
			if m := started.FindStringSubmatch(lines.Text()); m != nil {
				r.pids[m[1]], _ = strconv.Atoi(m[2])
			}
			fmt.Fprintln(&r.log, lines.Text())
			r.mu.Unlock()
		}
	}()
	return r
}

func (r *running) pid(service string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pids[service]
}

// kill ends the platform at once, with all its processes.
func (r *running) kill() {
	r.cmd.Process.Kill()
	r.cmd.Wait()
}

// stop ends it as Ctrl-C does.
func (r *running) stop(t testing.TB) {
	require.NoError(t, r.cmd.Process.Signal(os.Interrupt))
	assert.NoError(t, r.cmd.Wait())
}

// On a bare machine one command serves all, in one process, on what it finds in its
// folder, and nothing has to be configured.
func TestCommand(t *testing.T) {
	port, data := servicetest.FreePorts(t, 6), t.TempDir()
	for _, want := range []int64{1, 2} { // the second time with what the first one left
		url, stop := startInProcess(t, port, data)
		response, err := http.Post(url(2)+"/events", "application/json", strings.NewReader(`{"kind":"view","site":"demo.example","path":"/"}`))
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusAccepted, response.StatusCode)
		assert.Eventually(t, func() bool { return views(t, url(3)) == want }, 10*time.Second, 20*time.Millisecond, "views of the demo site")
		stop()
	}
	files, err := os.ReadDir(data)
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	assert.Subset(t, names, []string{"analytics.db", "bus", "config.db", "secret"})
}

// startInProcess starts a platform in this process. It returns the URL of a service by the
// number of its port, and a function that stops the platform.
func startInProcess(t *testing.T, port int, data string) (url func(service int) string, stop func()) {
	t.Helper()
	for _, name := range []string{"KAFKA_BROKERS", "MONGODB_URI", "CASSANDRA_HOSTS", telemetry.EndpointEnv} {
		t.Setenv(name, "")
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := platform.Command(ctx, []string{"-port", strconv.Itoa(port), "-data", data}, in, io.Discard)
		in.Close()
		done <- err
	}()
	welcome, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		cancel()
		require.NoError(t, <-done)
	}
	go io.Copy(io.Discard, out)
	t.Log(welcome)
	return func(service int) string { return fmt.Sprintf("http://127.0.0.1:%d", port+service) }, sync.OnceFunc(func() {
		cancel()
		assert.NoError(t, <-done)
	})
}

// A view that is sent to the gateway is on the dashboard within a second, and its trace
// names every step on the way to the store.
func TestCommand_followed(t *testing.T) {
	port, data := servicetest.FreePorts(t, 6), t.TempDir()
	url, stop := startInProcess(t, port, data)
	defer stop()
	token, err := gateway.FirstToken(filepath.Join(data, "tokens"))
	require.NoError(t, err)
	shown := func() string {
		r, err := http.NewRequest(http.MethodGet, url(0)+"/dashboard/"+platform.DemoSite, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		page, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		if m := regexp.MustCompile(`<dt>Views</dt><dd class="number">(\d+)</dd>`).FindSubmatch(page); m != nil {
			return string(m[1])
		}
		return ""
	}
	soonest, id := time.Minute, ""
	for want := range 5 {
		begin := time.Now()
		response, err := http.Post(url(0)+"/events", "application/json", strings.NewReader(`{"kind":"view","site":"demo.example","path":"/"}`))
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, http.StatusAccepted, response.StatusCode)
		require.Eventually(t, func() bool { return shown() == strconv.Itoa(want+1) }, time.Minute, 10*time.Millisecond, "the view is not on the dashboard")
		soonest, id = min(soonest, time.Since(begin)), response.Header.Get(telemetry.TraceHeader)
	}
	t.Logf("on the dashboard after %v, best of 5", soonest)
	assert.Less(t, soonest, time.Second)

	command := func(args ...string) (string, error) {
		var out strings.Builder
		err := platform.Command(t.Context(), append(args[:1:1], append([]string{"-port", strconv.Itoa(port), "-data", data}, args[1:]...)...), &out, io.Discard)
		return out.String(), err
	}
	out, err := command("trace", id)
	require.NoError(t, err)
	const took = `[0-9.]+ ms +[0-9.]+ ms +`
	assert.Regexp(t, `^after +took +service +step
`+took+`gateway +POST /events
`+took+`gateway +  HTTP POST
`+took+`collector +    POST /events
`+took+`collector +      bus
`+took+`aggregator +        aggregate
`+took+`aggregator +          store.Apply
$`, out)
	out, err = command("status")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^gateway +\S+ +ready +[1-9]\d* +\d+ MB +\d+s$`, out)
	stop()
	require.NoError(t, os.Remove(filepath.Join(data, "tokens")))
	for _, args := range [][]string{{"status"}, {"trace", id}} {
		_, err = command(args...)
		assert.ErrorContains(t, err, "tokens: open "+data)
		assert.ErrorContains(t, err, "-data says where the platform keeps them")
	}
}

func views(t *testing.T, aggregator string) (views int64) {
	response, err := http.Get(aggregator + "/sites/" + platform.DemoSite + "/hours")
	if err != nil || response.StatusCode != http.StatusOK {
		return -1
	}
	defer response.Body.Close()
	var answer struct{ Hours []struct{ Views int64 } }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	for _, hour := range answer.Hours {
		views += hour.Views
	}
	return views
}

// A flag or argument that makes no sense is named, and nothing is started.
func TestCommand_refused(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"dashboard"}, `command "dashboard", want status, trace, one of the services, or none`},
		{[]string{"-sync", "status"}, `argument "status", want none`},
		{[]string{"-port", "0"}, "port 0, want 1 to 65530"},
		{[]string{"-port", "65531"}, "port 65531, want 1 to 65530"},
		{[]string{"-data", "/dev/null/data"}, "/dev/null"},
		{[]string{"-ports", "1"}, "-ports"},
	} {
		err := platform.Command(t.Context(), test.args, io.Discard, io.Discard)
		assert.ErrorContains(t, err, test.want)
	}
}

// If one of the ports is taken, the error names the service and the address, and the
// others stop.
func TestCommand_portTaken(t *testing.T) {
	t.Setenv("KAFKA_BROKERS", "")
	port := servicetest.FreePorts(t, 6)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+4))
	require.NoError(t, err)
	defer l.Close()
	err = platform.Command(t.Context(), []string{"-port", strconv.Itoa(port), "-data", t.TempDir()}, io.Discard, io.Discard)
	assert.ErrorContains(t, err, fmt.Sprintf("insights: listen tcp 127.0.0.1:%d", port+4))
}
