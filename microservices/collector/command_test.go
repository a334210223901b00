package collector_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/collector"
	"gonotes/microservices/event"
)

// running starts the command and returns its URL and what ends it.
func running(t *testing.T, args ...string) (url string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stderr, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- collector.Command(ctx, append([]string{"-addr", "127.0.0.1:0", "-secret", filepath.Join(t.TempDir(), "secret")}, args...), io.Discard, in)
		in.Close()
	}()
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		var line struct{ Msg, Addr string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line), lines.Text())
		if line.Msg == "serving" {
			url = "http://" + line.Addr
			break
		}
	}
	require.NotEmpty(t, url, "it ended before it served")
	go io.Copy(io.Discard, stderr)
	return url, func() error {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		return <-done
	}
}

// status is that of a response to a request.
func status(t *testing.T, method, url, body string) int {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	response.Body.Close()
	return response.StatusCode
}

// It makes the topics, learns of a site from the bus, and puts what comes on the bus.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	broker, err := broker.Open(dir, "127.0.0.1:0", false)
	require.NoError(t, err)
	url, stop := running(t, "-brokers", broker.Addrs()[0])
	require.Eventually(t, func() bool { return status(t, "GET", url+"/ready", "") == http.StatusNoContent }, 10*time.Second, 5*time.Millisecond)
	assert.Equal(t, http.StatusNotFound, status(t, "GET", url+"/sites/shop.example", ""))

	client, err := bus.Connect(broker.Addrs())
	require.NoError(t, err)
	change := event.Change{Version: 1, Kind: "site", ID: "01", Revision: 1, Body: []byte(`{"domain":"shop.example"}`)}
	value, err := change.Encode()
	require.NoError(t, err)
	require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: event.TopicConfiguration.Name, Key: event.ChangeKey("site", "01"), Value: value}).FirstErr())
	client.Close()
	require.Eventually(t, func() bool { return status(t, "GET", url+"/sites/shop.example", "") == http.StatusOK }, 10*time.Second, 5*time.Millisecond)

	assert.Equal(t, http.StatusAccepted, status(t, "POST", url+"/events", view(1, "")))
	assert.NoError(t, stop())
	require.NoError(t, broker.Close())
	found := activityIn(t, dir)
	assert.Equal(t, 1, found[eventID(1)])
	assert.Len(t, found, 1)
}

// Without a bus it lives, is not ready, takes nothing, and ends when asked to.
func TestCommand_noBus(t *testing.T) {
	url, stop := running(t, "-brokers", "127.0.0.1:1")
	assert.Equal(t, http.StatusNoContent, status(t, "GET", url+"/health", ""))
	assert.Equal(t, http.StatusServiceUnavailable, status(t, "GET", url+"/ready", ""))
	assert.Equal(t, http.StatusServiceUnavailable, status(t, "POST", url+"/events", view(1, "")))
	assert.NoError(t, stop())
}

// Bad input is named.
func TestCommand_refuses(t *testing.T) {
	t.Setenv(bus.BrokersEnv, "")
	short := filepath.Join(t.TempDir(), "short")
	require.NoError(t, os.WriteFile(short, []byte("short"), 0o600))
	good := filepath.Join(t.TempDir(), "secret")
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"an argument", []string{"x"}, `argument "x", want none`},
		{"a flag", []string{"-port=1"}, "-port"},
		{"no brokers", []string{"-secret", good}, "no brokers"},
		{"a folder that is none", []string{"-secret", filepath.Join(short, "x")}, short},
		{"a short secret", []string{"-secret", short, "-brokers", "127.0.0.1:1"}, `file "` + short + `": collector: secret of 5 bytes, want 32 at least`},
		{"an address", []string{"-secret", good, "-brokers", "127.0.0.1:1", "-addr", "nowhere"}, "nowhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			assert.ErrorContains(t, collector.Command(ctx, test.args, io.Discard, io.Discard), test.want)
		})
	}
}
