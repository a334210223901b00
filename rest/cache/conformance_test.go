package cache_test

import (
	"bufio"
	"encoding/json"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/cache"
)

// explained are the required tests that fail, and why.
var explained = map[string]string{
	"stale-close-must-revalidate":     unanswered,
	"stale-close-proxy-revalidate":    unanswered,
	"stale-close-no-cache":            unanswered,
	"stale-close-s-maxage=2":          unanswered,
	"age-parse-prefix":                `"0,7200" is to be fresh, "0, 0" to be stale: here every list is stale`,
	"headers-store-Transfer-Encoding": "the origin sends an unknown transfer coding, and net/http refuses the response",
	"surrogate-fresh-cc-nostore":      "Surrogate-Control names its target, but no Surrogate-Capability was sent that would make this cache one",
}

const unanswered = "the origin closes the connection; only an answer with the origin's own fields counts as not from the cache, and a gateway's 502 has none"

// describe prints what the suite says about each of its tests that the
// command line runs: the results themselves have only the ids.
const describe = `
import tests from './tests/index.mjs'
import surrogate from './tests/surrogate-control.mjs'
const all = [...tests, surrogate].flatMap(suite => suite.tests)
console.log(JSON.stringify(all.map(t => (
  {id: t.id, kind: t.kind || 'required', depends: t.depends_on || [], browser: t.browser_only === true}))))
`

// A gateway with the cache passes all required tests of the public suite
// http-cache-tests, except those explained above.
func TestConformance(t *testing.T) {
	folder := os.Getenv("GONOTES_CACHE_TESTS")
	if folder == "" {
		t.Skip("GONOTES_CACHE_TESTS does not name the folder of the suite; " +
			"to have it, in an empty folder: npm install http-cache-tests@0.4.5 --ignore-scripts --omit=optional")
	}
	suite := filepath.Join(folder, "node_modules", "http-cache-tests")
	origin := startOrigin(t, suite)
	transport := &http.Transport{DisableKeepAlives: true} // a closed connection is not retried, which the suite would count
	c := cache.New(transport, 64<<20)
	t.Cleanup(c.Close)
	gateway := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(origin) },
		Transport: c,
		ErrorLog:  log.New(t.Output(), "", 0),
	})
	t.Cleanup(gateway.Close)

	var tests []struct {
		ID, Kind string
		Depends  []string
		Browser  bool
	}
	require.NoError(t, json.Unmarshal(node(t, suite, nil, "--input-type=module", "--eval", describe), &tests))
	var results map[string]any // true, or the kind of failure and a message
	env := []string{"npm_config_base=" + gateway.URL, "npm_package_config_id="}
	require.NoError(t, json.Unmarshal(node(t, suite, env, "--no-warnings", "cli.mjs"), &results))

	// A test counts as passed if those that it depends on passed as well, as
	// in the suite's own display.
	depends := map[string][]string{}
	for _, test := range tests {
		depends[test.ID] = test.Depends
	}
	var passed func(id string) bool
	passed = func(id string) bool {
		return results[id] == true && !slices.ContainsFunc(depends[id], func(id string) bool { return !passed(id) })
	}
	count, total := map[string]int{}, map[string]int{}
	var failed []string
	for _, test := range tests {
		if test.Browser {
			total[test.Kind+", browsers only"]++
			continue
		}
		total[test.Kind]++
		if passed(test.ID) {
			count[test.Kind]++
			continue
		}
		t.Logf("%s %s: %v", test.Kind, test.ID, results[test.ID])
		if test.Kind == "required" {
			failed = append(failed, test.ID)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%s: passed %d of %d", kind, count[kind], total[kind])
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(explained)), failed, "required tests that fail")
}

// startOrigin starts the suite's server and waits until it listens.
func startOrigin(t *testing.T, suite string) *url.URL {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	listener.Close()
	cmd := exec.CommandContext(t.Context(), "node", "server/server.mjs")
	cmd.Dir = suite
	cmd.Env = append(os.Environ(), "npm_config_protocol=http", "npm_config_port="+port,
		"npm_config_pidfile="+filepath.Join(t.TempDir(), "pid"))
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(output)
	require.True(t, lines.Scan() && strings.HasPrefix(lines.Text(), "Listening"), "the suite's server says %q", lines.Text())
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines.Scan() { // its warnings, which would fill the pipe
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-drained
		cmd.Wait()
	})
	return &url.URL{Scheme: "http", Host: "127.0.0.1:" + port}
}

// node is what node prints within five minutes.
func node(t *testing.T, dir string, env []string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	timer := time.AfterFunc(5*time.Minute, func() { cmd.Cancel() })
	defer timer.Stop()
	var failure strings.Builder
	cmd.Stderr = &failure
	output, err := cmd.Output()
	require.NoError(t, err, failure.String())
	return output
}
