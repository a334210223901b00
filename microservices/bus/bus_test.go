package bus_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is for what must come and may take long on a busy machine.
const patience = 30 * time.Second

func TestBrokers(t *testing.T) {
	assert.Equal(t, []string{"a:1", "b:2", "c:3"}, bus.Brokers("a:1,b:2, c:3,"))
	assert.Empty(t, bus.Brokers(""))
}

func TestConnect_refuses(t *testing.T) {
	_, err := bus.Connect(nil)
	require.EqualError(t, err, "bus: no brokers, want at least one address")
	_, err = bus.Connect([]string{"127.0.0.1:1"}, kgo.MaxBufferedRecords(-1))
	require.ErrorContains(t, err, "bus: ")
}

// Create makes what is not there, by as many as want it at the same time, with its
// settings, and leaves what is there.
func TestCreate(t *testing.T) {
	b := open(t, t.TempDir(), "127.0.0.1:0")
	var g errgroup.Group
	for range 8 {
		client := connect(t, b.Addrs())
		g.Go(func() error { return bus.Create(t.Context(), client, event.Topics...) })
	}
	require.NoError(t, g.Wait())
	client := connect(t, b.Addrs())
	produce(t, client, "configuration", "kept")
	require.NoError(t, bus.Create(t.Context(), client, event.Topics...))

	admin := kadm.NewClient(client)
	topics, err := admin.ListTopics(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"activity", "configuration"}, topics.Names())
	assert.Len(t, topics["activity"].Partitions, 8)
	assert.Len(t, topics["configuration"].Partitions, 1)
	ends, err := admin.ListEndOffsets(t.Context(), "configuration")
	require.NoError(t, err)
	end, _ := ends.Lookup("configuration", 0)
	assert.Equal(t, int64(1), end.Offset)
	for name, config := range map[string]map[string]string{"activity": event.TopicActivity.Config, "configuration": event.TopicConfiguration.Config} {
		settings, err := admin.DescribeTopicConfigs(t.Context(), name)
		require.NoError(t, err)
		is := map[string]string{}
		for _, s := range settings[0].Configs {
			is[s.Key] = s.MaybeValue()
		}
		assert.Subset(t, is, config, "settings of %s", name)
	}
}

// What the broker refuses, and a topic that is not as it should be, is an error at once.
func TestCreate_refused(t *testing.T) {
	client := connect(t, open(t, t.TempDir(), "127.0.0.1:0").Addrs())
	require.NoError(t, bus.Create(t.Context(), client, event.Topic{Name: "activity", Partitions: 4}))
	err := bus.Create(t.Context(), client, event.TopicActivity)
	require.EqualError(t, err, `bus: topic "activity": another number of partitions: it has 4, want 8`)
	err = bus.Create(t.Context(), client, event.Topic{Name: "none", Partitions: 0})
	require.ErrorIs(t, err, kerr.InvalidPartitions)
	require.ErrorContains(t, err, `bus: topic "none"`)
}

// A broker may know of a topic, made by another, before it can say how many partitions it
// has.
func TestCreate_metadataLate(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(8, "activity"))
	require.NoError(t, err)
	defer cluster.Close()
	var asked atomic.Int32
	cluster.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if request := req.(*kmsg.MetadataRequest); len(request.Topics) == 0 || asked.Add(1) > 3 {
			return nil, nil, false // as it is
		}
		response := req.ResponseKind().(*kmsg.MetadataResponse)
		host, port, _ := net.SplitHostPort(cluster.ListenAddrs()[0])
		node := kmsg.NewMetadataResponseBroker()
		node.Host = host
		_, err := fmt.Sscan(port, &node.Port)
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic, topic.ErrorCode = new("activity"), kerr.UnknownTopicOrPartition.Code
		response.Brokers, response.Topics = append(response.Brokers, node), append(response.Topics, topic)
		return response, err, true
	})
	require.NoError(t, bus.Create(t.Context(), connect(t, cluster.ListenAddrs()), event.TopicActivity))
	assert.Greater(t, asked.Load(), int32(3))
}

// Create waits for a broker that comes later, and no longer than its context.
func TestCreate_noBroker(t *testing.T) {
	addr := free(t)
	client := connect(t, []string{addr})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := bus.Create(ctx, client, event.TopicActivity)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, `bus: topic "activity"`)

	created := make(chan error, 1)
	go func() { created <- bus.Create(t.Context(), client, event.Topics...) }()
	select {
	case err := <-created:
		require.Fail(t, "it did not wait", "%v", err)
	case <-time.After(200 * time.Millisecond): // long enough to be refused a few times
	}
	open(t, t.TempDir(), addr)
	select {
	case err := <-created:
		require.NoError(t, err)
	case <-time.After(patience):
		require.Fail(t, "it does not notice the broker")
	}
}

// open opens a broker that is closed with the test.
func open(t *testing.T, dir, addr string) *broker.Broker {
	t.Helper()
	b, err := broker.Open(dir, addr, false)
	require.NoError(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

func connect(t *testing.T, brokers []string) *kgo.Client {
	t.Helper()
	client, err := bus.Connect(brokers)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// produce writes records whose keys are their values.
func produce(t *testing.T, client *kgo.Client, topic string, values ...string) {
	t.Helper()
	for _, value := range values {
		record := &kgo.Record{Topic: topic, Key: []byte(value), Value: []byte(value)}
		require.NoError(t, client.ProduceSync(t.Context(), record).FirstErr())
	}
}

// free returns an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
