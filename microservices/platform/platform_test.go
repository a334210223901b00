package platform_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/platform"
	"gonotes/microservices/service"
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

// freePorts returns the first of six ports in a row that nobody has, below those that the
// system gives to clients.
func freePorts(t testing.TB) int {
	t.Helper()
	for range 100 {
		first := 10_000 + rand.IntN(20_000)
		free := true
		for i := 0; free && i < 6; i++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+i))
			if free = err == nil; free {
				l.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatal("no free ports in a row")
	return 0
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
	t.Setenv("KAFKA_BROKERS", "")
	t.Setenv("MONGODB_URI", "")
	t.Setenv("CASSANDRA_HOSTS", "")
	port, data := freePorts(t), t.TempDir()
	url := func(service int) string { return fmt.Sprintf("http://127.0.0.1:%d", port+service) }
	for _, want := range []int64{1, 2} { // the second time with what the first one left
		ctx, stop := context.WithCancel(t.Context())
		out, in := io.Pipe()
		done := make(chan error, 1)
		go func() {
			err := platform.Command(ctx, []string{"-port", strconv.Itoa(port), "-data", data}, in, io.Discard)
			in.Close()
			done <- err
		}()
		welcome, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		go io.Copy(io.Discard, out)
		t.Log(welcome)
		response, err := http.Post(url(2)+"/events", "application/json", strings.NewReader(`{"kind":"view","site":"demo.example","path":"/"}`))
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusAccepted, response.StatusCode)
		assert.Eventually(t, func() bool { return views(t, url(3)) == want }, 10*time.Second, 20*time.Millisecond, "views of the demo site")
		stop()
		require.NoError(t, <-done)
	}
	files, err := os.ReadDir(data)
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	assert.Subset(t, names, []string{"analytics.db", "bus", "config.db", "secret"})
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
		{[]string{"dashboard"}, `argument "dashboard", want none`},
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
	port := freePorts(t)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+4))
	require.NoError(t, err)
	defer l.Close()
	err = platform.Command(t.Context(), []string{"-port", strconv.Itoa(port), "-data", t.TempDir()}, io.Discard, io.Discard)
	assert.ErrorContains(t, err, fmt.Sprintf("insights: listen tcp 127.0.0.1:%d", port+4))
}
