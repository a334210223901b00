package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/rest/api"
)

var (
	kills = flag.Int("kills", 5, "how often TestRun_killed kills the server")
	seed  = flag.Uint64("seed", 1, "of when TestRun_killed kills the server")
)

// TestMain is the command itself where a test starts it as a process.
func TestMain(m *testing.M) {
	if os.Getenv("SITES_MAIN") != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

var place = regexp.MustCompile(`at (http://\S+),`)

// A reader of stdout until the address is there.
func address(t *testing.T, stdout io.Reader) string {
	t.Helper()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	match := place.FindStringSubmatch(line)
	require.NotNil(t, match, line)
	return match[1]
}

// It says where it serves, serves, and ends without an error when asked to.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "sites.db")}, w, io.Discard)
		w.Close()
	}()
	url := address(t, r)
	go io.Copy(io.Discard, r)
	resp, err := http.Get(url + "/accounts")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	http.DefaultClient.CloseIdleConnections()
	cancel()
	assert.NoError(t, <-done)
}

// Bad input is named.
func TestRun_refuses(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"an argument", []string{"x"}, `argument "x", want none`},
		{"a flag", []string{"-port=1"}, "-port"},
		{"an address", []string{"-db", filepath.Join(t.TempDir(), "a.db"), "-addr", "nowhere"}, "nowhere"},
		{"a file", []string{"-db", filepath.Join(t.TempDir(), "no", "a.db")}, "no/a.db"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.ErrorContains(t, run(t.Context(), test.args, io.Discard, io.Discard), test.want)
		})
	}
}

// acknowledged is what clients were told: by path, the names of the current
// version and of the one under way, which may have been made or not.
type acknowledged struct {
	mu       sync.Mutex
	names    map[string]string
	underway map[string]string
	count    chan struct{} // one for each answer, as long as somebody counts
}

// wait returns after so many more answers, or when nobody asks any more.
func (a *acknowledged) wait(answers int, done <-chan struct{}) {
	for range answers {
		select {
		case <-a.count:
		case <-done:
			return
		}
	}
}

// A kill -9 at any moment loses nothing that a client was told is done, and
// leaves nothing half done.
func TestRun_killed(t *testing.T) {
	db := filepath.Join(t.TempDir(), "sites.db")
	random := rand.New(rand.NewPCG(*seed, 0))
	told := acknowledged{names: map[string]string{}, underway: map[string]string{}, count: make(chan struct{})}
	client := &http.Client{Transport: &http.Transport{}}
	for kill := range *kills {
		cmd, url := start(t, db)
		told.check(t, client, url)
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() { told.write(client, url) })
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			writers.Wait()
		}()
		told.wait(1+random.IntN(30), done)
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond) // anywhere between two answers
		require.NoError(t, cmd.Process.Kill())
		<-done
		cmd.Wait()
		client.CloseIdleConnections()
		if (kill+1)%10 == 0 {
			t.Logf("kill %d of %d: %d resources", kill+1, *kills, len(told.names))
		}
	}
	require.NotEmpty(t, told.names, "nothing was acknowledged, so nothing was shown")
	cmd, url := start(t, db)
	told.check(t, client, url)
	client.CloseIdleConnections()
	require.NoError(t, cmd.Process.Kill())
	cmd.Wait()
}

// start runs the command as a process, and says where it serves.
func start(t *testing.T, db string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-addr", "127.0.0.1:0", "-db", db)
	cmd.Env = append(os.Environ(), "SITES_MAIN=1")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, address(t, stdout)
}

// write creates accounts and renames each, until the server is gone.
func (a *acknowledged) write(client *http.Client, url string) {
	for i := 0; ; i++ {
		name := fmt.Sprint("first ", i)
		path, err := a.send(client, "", http.MethodPost, url+"/accounts", name, "")
		if err != nil {
			return
		}
		if _, err := a.send(client, path, http.MethodPut, url+path, fmt.Sprint("second ", i), `"1-json"`); err != nil {
			return
		}
	}
}

// send tells what was acknowledged, and of a resource that there is, what is under way.
func (a *acknowledged) send(client *http.Client, path, method, url, name, ifMatch string) (string, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(fmt.Sprintf(`{"name":%q,"plan":"free"}`, name)))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if ifMatch != "" {
		req.Header.Set("If-Match", ifMatch)
	}
	if path != "" {
		a.mu.Lock()
		a.underway[path] = name
		a.mu.Unlock()
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var account api.Account
	if err := json.NewDecoder(resp.Body).Decode(&account); err != nil {
		return "", err
	}
	if resp.StatusCode >= 300 {
		return "", errors.New(resp.Status)
	}
	path = "/accounts/" + account.ID
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names[path] = account.Name
	delete(a.underway, path)
	select {
	case a.count <- struct{}{}:
	default:
	}
	return path, nil
}

// check asks for everything that was acknowledged.
func (a *acknowledged) check(t *testing.T, client *http.Client, url string) {
	t.Helper()
	for path, name := range a.names {
		resp, err := client.Get(url + path)
		require.NoError(t, err)
		var account api.Account
		err = json.NewDecoder(resp.Body).Decode(&account)
		resp.Body.Close()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s was acknowledged", path)
		if second, unknown := a.underway[path]; unknown && account.Name == second {
			a.names[path] = second
			delete(a.underway, path)
			continue
		}
		require.Equal(t, name, account.Name, "%s was acknowledged", path)
	}
}
