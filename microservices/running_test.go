package microservices_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/microservices/platform"
	"gonotes/microservices/service"
	"gonotes/microservices/servicetest"
)

func init() {
	roles["platform"] = func() { service.Main("platform", platform.Command) }
}

// start starts this program in a role. It ends with the test.
func start(t testing.TB, role string, args ...string) (cmd *exec.Cmd, stdout, stderr io.Reader) {
	t.Helper()
	cmd = exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleEnv+"="+role, "KAFKA_BROKERS=", "MONGODB_URI=", "CASSANDRA_HOSTS=")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err = cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, stdout, stderr
}

// The services of a running platform, by how far their ports are after its first.
var ports = map[string]int{"config": 1, "collector": 2, "aggregator": 3, "insights": 4, "bus": 5}

// running is a platform of which each service is a process.
type running struct {
	first int // of its ports
	mu    sync.Mutex
	pids  map[string]int
}

func (r *running) url(service string) string {
	return fmt.Sprintf("http://127.0.0.1:%d", r.first+ports[service])
}

func (r *running) pid(service string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pids[service]
}

var isProcess = regexp.MustCompile(`^platform: (\w+) is process (\d+)$`)

// startPlatform returns when the platform serves.
func startPlatform(t testing.TB) *running {
	t.Helper()
	r := &running{first: servicetest.FreePorts(t, 6), pids: map[string]int{}}
	_, stdout, stderr := start(t, "platform", "-processes", "-port", strconv.Itoa(r.first), "-data", t.TempDir())
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if m := isProcess.FindStringSubmatch(lines.Text()); m != nil {
				pid, _ := strconv.Atoi(m[2])
				r.mu.Lock()
				r.pids[m[1]] = pid
				r.mu.Unlock()
			}
		}
	}()
	_, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, "the platform does not serve")
	go io.Copy(io.Discard, stdout)
	return r
}
