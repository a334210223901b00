package insights_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/bus"
	"gonotes/microservices/event"
	"gonotes/microservices/insights"
)

// The service is ready when it knows what happened, and the sites. It answers for a site by
// the domain that the configuration gives it, and ends with its context.
func TestCommand(t *testing.T) {
	b := newBus(t, event.TopicActivity)
	b.produce(t, view(1, 1, march), view(2, 1, march.AddDate(0, 0, 1)))
	ctx, stop := context.WithCancel(t.Context())
	said, log := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- insights.Command(ctx, []string{"-addr", "127.0.0.1:0", "-brokers", strings.Join(b.addrs, ",")}, io.Discard, log)
		log.Close()
	}()
	url, made := "", false
	for lines := bufio.NewScanner(said); (url == "" || !made) && lines.Scan(); {
		var line struct{ Msg, Addr string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
		switch line.Msg {
		case "serving":
			url = "http://" + line.Addr
		case "the numbers are made again":
			made = true
		}
	}
	go io.Copy(io.Discard, said)
	get := func(path string) (int, string) {
		response, err := http.Get(url + path)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		assert.NoError(t, err)
		return response.StatusCode, string(body)
	}
	require.Eventually(t, func() bool { status, _ := get("/months/2026-03"); return status == http.StatusOK }, patience, time.Millisecond)
	status, body := get("/ready")
	assert.Equal(t, http.StatusServiceUnavailable, status, "the sites are not known")
	assert.Contains(t, body, "Not ready: the bus is not read to its end yet.")

	require.NoError(t, bus.Create(t.Context(), b.client, event.TopicConfiguration))
	change := event.Change{Version: event.Version, Kind: "site", ID: "site-1", Parent: "account-1", Revision: 1, Body: []byte(`{"domain":"a.example"}`)}
	value, err := change.Encode()
	require.NoError(t, err)
	require.NoError(t, b.client.ProduceSync(t.Context(), &kgo.Record{
		Topic: event.TopicConfiguration.Name, Key: event.ChangeKey(change.Kind, change.ID), Value: value,
	}).FirstErr())
	require.Eventually(t, func() bool { status, _ := get("/ready"); return status == http.StatusNoContent }, patience, time.Millisecond)
	require.Eventually(t, func() bool { // an empty configuration may have been all there was
		status, body = get("/months/2026-03/sites/a.example")
		return status == http.StatusOK
	}, patience, time.Millisecond)
	assert.Contains(t, body, `"actives":1,`)
	assert.Contains(t, body, `"views":2,`)
	stop()
	assert.NoError(t, <-ended)
}

// It does not start without a bus, or with what it does not know.
func TestCommand_refuses(t *testing.T) {
	t.Setenv("KAFKA_BROKERS", "")
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "bus: no brokers, want at least one address"},
		{[]string{"now"}, `argument "now", want none`},
		{[]string{"-brokers", "127.0.0.1:1", "-addr", "nowhere"}, "missing port in address"},
	} {
		assert.ErrorContains(t, insights.Command(t.Context(), test.args, io.Discard, io.Discard), test.want, "%q", test.args)
	}
}
