package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/event"
	"gonotes/microservices/gateway"
	"gonotes/microservices/servicetest"
)

const patience = 30 * time.Second

// freeAddr is an address on which nobody listens.
func freeAddr(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// The command serves with a token that it makes, before the services that its flags name,
// and knows the sites from the bus.
func TestCommand(t *testing.T) {
	brokers, client := servicetest.NewBus(t)
	var urls []string
	for _, name := range []string{"config", "collector", "aggregator", "insights"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name) }))
		defer server.Close()
		urls = append(urls, server.URL)
	}
	path, addr := filepath.Join(t.TempDir(), "tokens"), freeAddr(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	var log servicetest.Buffer
	go func() {
		ended <- gateway.Command(ctx, []string{"-addr", addr, "-brokers", strings.Join(brokers, ","), "-tokens", path,
			"-config", urls[0], "-collector", urls[1], "-aggregator", urls[2], "-insights", urls[3], "-rate", "1000", "-event-rate", "0.001", "-timeout", "5s"}, nil, &log)
	}()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	token := ""
	send := func(method, target string) (status int, content string) {
		r, err := http.NewRequest(method, "http://"+addr+target, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := transport.RoundTrip(r)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		var b bytes.Buffer
		_, err = b.ReadFrom(response.Body)
		require.NoError(t, err)
		return response.StatusCode, b.String()
	}
	require.Eventually(t, func() bool {
		status, _ := send("GET", "/ready")
		return status == http.StatusNoContent
	}, patience, 5*time.Millisecond, "it is not ready: %s", &log)
	for _, target := range []string{"/accounts", "/metrics", "/traces/0af7651916cd43dd8448eb211c80319c"} {
		status, _ := send("GET", target)
		assert.Equal(t, http.StatusUnauthorized, status, target)
	}
	made, err := os.ReadFile(path)
	require.NoError(t, err)
	token = strings.Fields(string(made))[1]
	for target, want := range map[string]string{"/accounts": "config", "/analytics/sites/a/hours": "aggregator", "/analytics/months/2026-03": "insights"} {
		status, content := send("GET", target)
		assert.Equal(t, "200 "+want, fmt.Sprint(status, " ", content))
	}
	status, content := send("GET", "/metrics")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, content, "http_request_duration_seconds_count{route=\"/accounts\",status=\"401\"} 1\n")
	status, content = send("POST", "/events")
	assert.Equal(t, "200 collector", fmt.Sprint(status, " ", content))
	status, _ = send("POST", "/events")
	assert.Equal(t, http.StatusTooManyRequests, status)

	status, _ = send("GET", "/dashboard/new.example")
	assert.Equal(t, http.StatusNotFound, status)
	change := event.Change{Version: 1, Kind: "site", ID: "1", Parent: "2", Revision: 1, Body: []byte(`{"domain":"new.example"}`)}
	value, err := change.Encode()
	require.NoError(t, err)
	require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: event.TopicConfiguration.Name, Key: event.ChangeKey("site", "1"), Value: value}).FirstErr())
	require.Eventually(t, func() bool {
		_, content := send("GET", "/dashboard")
		return strings.Contains(content, "new.example")
	}, patience, 5*time.Millisecond, "the new site is not listed")
	stop()
	assert.NoError(t, <-ended)
	assert.Contains(t, log.String(), `"service":"gateway"`)
	assert.NotContains(t, log.String(), token)
}

// What is wrong with the flags is said.
func TestCommand_refused(t *testing.T) {
	path := makeTokens(t)
	for want, args := range map[string][]string{
		`argument "x", want none`:                {"x"},
		"gateway: timeout -1s, want more than 0": {"-timeout", "-1s"},
		"gateway: rate: ":                        {"-rate", "0"},
		"gateway: service config: ":              {"-config", "config"},
		"bus: no brokers":                        {"-brokers", ""},
		"tokens: ":                               {"-tokens", t.TempDir()},
	} {
		var stderr servicetest.Buffer
		err := gateway.Command(t.Context(), append([]string{"-addr", freeAddr(t), "-tokens", path}, args...), nil, &stderr)
		assert.ErrorContains(t, err, want)
	}
}
