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

// command runs the service until the test ends, and returns a client of it.
func command(t *testing.T, b *testBus) (get func(path string) (status int, body string)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	said, log := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- insights.Command(ctx, []string{"-addr", "127.0.0.1:0", "-brokers", strings.Join(b.addrs, ",")}, io.Discard, log)
		log.Close()
	}()
	t.Cleanup(func() { stop(); assert.NoError(t, <-ended) })
	lines := bufio.NewScanner(said)
	var line struct{ Msg, Addr string }
	for line.Msg != "serving" && lines.Scan() {
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
	}
	go io.Copy(io.Discard, said)
	return func(path string) (int, string) {
		response, err := http.Get("http://" + line.Addr + path)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		assert.NoError(t, err)
		return response.StatusCode, string(body)
	}
}

// The service is ready when it knows what happened and the sites, whichever comes first,
// and answers for a site by the domain that the configuration gives it.
func TestCommand(t *testing.T) {
	activity := func(b *testBus) { b.produce(t, view(1, 1, march), view(2, 1, march.AddDate(0, 0, 1))) }
	configuration := func(b *testBus) {
		change := event.Change{Version: event.Version, Kind: "site", ID: "site-1", Parent: "account-1", Revision: 1, Body: []byte(`{"domain":"a.example"}`)}
		value, err := change.Encode()
		require.NoError(t, err)
		record := &kgo.Record{Topic: event.TopicConfiguration.Name, Key: event.ChangeKey(change.Kind, change.ID), Value: value}
		require.NoError(t, b.client.ProduceSync(t.Context(), record).FirstErr())
	}
	for _, test := range []struct {
		first, then         event.Topic
		fillFirst, fillThen func(*testBus)
		path, known         string // an answer that tells that the first is read
	}{
		{event.TopicActivity, event.TopicConfiguration, activity, configuration, "/months/2026-03", `"views":2,`},
		{event.TopicConfiguration, event.TopicActivity, configuration, activity, "/months/2026-03/sites/a.example", "Nothing happened in 2026-03."},
	} {
		b := newBus(t, test.first)
		test.fillFirst(b)
		get := command(t, b)
		answers := func(path, want string) {
			t.Helper()
			require.Eventually(t, func() bool { _, body := get(path); return strings.Contains(body, want) }, patience, time.Millisecond)
		}
		answers(test.path, test.known)
		status, body := get("/ready")
		assert.Equal(t, http.StatusServiceUnavailable, status, "there is no topic %s yet", test.then.Name)
		assert.Contains(t, body, "Not ready: the bus is not read to its end yet.")

		require.NoError(t, bus.Create(t.Context(), b.client, test.then))
		test.fillThen(b)
		require.Eventually(t, func() bool { status, _ := get("/ready"); return status == http.StatusNoContent }, patience, time.Millisecond)
		answers("/months/2026-03/sites/a.example", `"actives":1,`) // it may have been ready for a topic that was still empty
		answers("/months/2026-03/sites/a.example", `"views":2,`)
	}
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
