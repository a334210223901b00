package broker_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// patience is for what must come and may take long on a busy machine.
const patience = 30 * time.Second

// Records, offsets of groups and the settings of topics are the same when the broker is
// opened again.
func TestOpen_again(t *testing.T) {
	for _, sync := range []bool{false, true} {
		t.Run(fmt.Sprintf("sync=%t", sync), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "made", "if there is none")
			b, err := broker.Open(dir, "127.0.0.1:0", sync)
			require.NoError(t, err)
			client := connect(t, b.Addrs())
			require.NoError(t, bus.Create(t.Context(), client, event.Topics...))
			for i := range 10 {
				produce(t, client, &kgo.Record{Topic: "activity", Key: fmt.Append(nil, i), Value: fmt.Append(nil, "activity ", i)})
			}
			produce(t, client, &kgo.Record{Topic: "configuration", Key: []byte("site/1")})
			commit(t, client, "readers", "activity", 3, 2)
			client.Close()
			require.NoError(t, b.Close())

			b, err = broker.Open(dir, "127.0.0.1:0", sync)
			require.NoError(t, err)
			defer func() { assert.NoError(t, b.Close()) }()
			client = connect(t, b.Addrs())
			records := read(t, client, "activity")
			require.Len(t, records, 10)
			for _, r := range records {
				assert.Equal(t, "activity "+string(r.Key), string(r.Value))
			}
			gone := read(t, client, "configuration")
			require.Len(t, gone, 1)
			assert.Equal(t, "site/1", string(gone[0].Key))
			assert.Nil(t, gone[0].Value)
			assert.Equal(t, int64(2), committed(t, client, "readers", "activity", 3))
			settings, err := kadm.NewClient(client).DescribeTopicConfigs(t.Context(), "activity", "configuration")
			require.NoError(t, err)
			assert.Equal(t, "-1", setting(t, settings, "activity", "retention.ms"))
			assert.Equal(t, "-1", setting(t, settings, "activity", "retention.bytes"))
			assert.Equal(t, "compact", setting(t, settings, "configuration", "cleanup.policy"))
			require.NoError(t, bus.Create(t.Context(), client, event.Topics...), "as many partitions as before")
		})
	}
}

// A folder is one broker's, and free again when that is closed. What fails to open leaves
// neither the folder nor the address taken.
func TestOpen_refused(t *testing.T) {
	dir := t.TempDir()
	b, err := broker.Open(dir, "127.0.0.1:0", false)
	require.NoError(t, err)
	_, err = broker.Open(dir, "127.0.0.1:0", false)
	require.EqualError(t, err, fmt.Sprintf("broker in %q at 127.0.0.1:0: another broker has the folder open", dir))

	addr, other := b.Addrs()[0], t.TempDir()
	_, err = broker.Open(other, addr, false)
	require.ErrorContains(t, err, "address already in use")
	require.NoError(t, b.Close())
	b, err = broker.Open(other, addr, false)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	b, err = broker.Open(dir, addr, false)
	require.NoError(t, err)
	require.NoError(t, b.Close())

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = broker.Open(file, addr, false)
	require.ErrorContains(t, err, "not a directory")

	_, err = broker.Open(dir, "nowhere", false)
	require.ErrorContains(t, err, "missing port in address")
	bad := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bad, "data"), nil, 0o600))
	_, err = broker.Open(bad, addr, false)
	require.Error(t, err, "its data is no folder")
	l, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	l.Close()
	require.NoError(t, os.Remove(filepath.Join(bad, "data")))
	b, err = broker.Open(bad, addr, false)
	require.NoError(t, err)
	require.NoError(t, b.Close())
}

// Opening compacts: it leaves the last record of each key, however old, and the end of the
// topic where it was. What is not compacted stays.
func TestOpen_compacts(t *testing.T) {
	dir := t.TempDir()
	plain := event.Topic{Name: "plain", Partitions: 1}
	b, err := broker.Open(dir, "127.0.0.1:0", false)
	require.NoError(t, err)
	client := connect(t, b.Addrs())
	require.NoError(t, bus.Create(t.Context(), client, event.TopicConfiguration, plain))
	longAgo := time.Now().AddDate(-1, 0, 0)
	put := func(values ...string) {
		for _, value := range values {
			for _, topic := range []string{"configuration", "plain"} {
				produce(t, client, &kgo.Record{Topic: topic, Key: []byte(value[:1]), Value: []byte(value), Timestamp: longAgo})
			}
		}
	}
	put("a 1", "b 1", "a 2", "c 1", "c 2")
	again := func() {
		client.Close()
		require.NoError(t, b.Close())
		b, err = broker.Open(dir, "127.0.0.1:0", false)
		require.NoError(t, err)
		client = connect(t, b.Addrs())
	}
	for range 2 {
		again()
		// The last record is in what Kafka calls the active segment, which is not compacted.
		assert.Equal(t, []string{"1 b 1", "2 a 2", "3 c 1", "4 c 2"}, offsets(read(t, client, "configuration")))
		assert.Equal(t, []string{"0 a 1", "1 b 1", "2 a 2", "3 c 1", "4 c 2"}, offsets(read(t, client, "plain")))
	}
	put("b 2", "a 3")
	again()
	assert.Equal(t, []string{"2 a 2", "4 c 2", "5 b 2", "6 a 3"}, offsets(read(t, client, "configuration")))
	require.NoError(t, b.Close())
}

func TestCommand_refuses(t *testing.T) {
	err := broker.Command(t.Context(), []string{"-dir"}, io.Discard, io.Discard)
	require.ErrorContains(t, err, "flag needs an argument: -dir")
	err = broker.Command(t.Context(), []string{"-dir", t.TempDir(), "-addr", "nowhere"}, io.Discard, io.Discard)
	require.ErrorContains(t, err, "missing port in address")
}

// The command closes its broker: the folder is free in this process, too.
func TestCommand_closes(t *testing.T) {
	dir := t.TempDir()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, broker.Command(ended, []string{"-dir", dir, "-addr", "127.0.0.1:0"}, io.Discard, io.Discard))
	b, err := broker.Open(dir, "127.0.0.1:0", false)
	require.NoError(t, err)
	require.NoError(t, b.Close())
}

func connect(t *testing.T, brokers []string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := bus.Connect(brokers, opts...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

func produce(t *testing.T, client *kgo.Client, r *kgo.Record) {
	t.Helper()
	require.NoError(t, client.ProduceSync(t.Context(), r).FirstErr())
}

func commit(t *testing.T, client *kgo.Client, group, topic string, partition int32, at int64) {
	t.Helper()
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, partition, at, -1)
	require.NoError(t, kadm.NewClient(client).CommitAllOffsets(t.Context(), group, offsets))
}

func committed(t *testing.T, client *kgo.Client, group, topic string, partition int32) int64 {
	t.Helper()
	offsets, err := kadm.NewClient(client).FetchOffsets(t.Context(), group)
	require.NoError(t, err)
	found, ok := offsets.Lookup(topic, partition)
	require.True(t, ok, "group %q has no offset in %s/%d", group, topic, partition)
	return found.At
}

func setting(t *testing.T, settings kadm.ResourceConfigs, topic, name string) string {
	t.Helper()
	of, err := settings.On(topic, nil)
	require.NoError(t, err)
	for _, s := range of.Configs {
		if s.Key == name {
			return s.MaybeValue()
		}
	}
	return ""
}

// read returns the records that a topic holds, in the order of each partition.
func read(t *testing.T, admin *kgo.Client, topic string) (records []*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ends, err := kadm.NewClient(admin).ListEndOffsets(ctx, topic)
	require.NoError(t, err)
	left := map[int32]int64{} // offset of the last record, by partition
	ends.Each(func(end kadm.ListedOffset) {
		if end.Offset > 0 {
			left[end.Partition] = end.Offset - 1
		}
	})
	brokers := admin.OptValue(kgo.SeedBrokers).([]string)
	client := connect(t, brokers, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer client.Close()
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		require.NoError(t, fetches.Err(), "partitions that were not read to the end: %v", left)
		fetches.EachRecord(func(r *kgo.Record) {
			records = append(records, r)
			if r.Offset == left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return records
}

// offsets are values with the offsets before them.
func offsets(records []*kgo.Record) (values []string) {
	for _, r := range records {
		values = append(values, fmt.Sprintf("%d %s", r.Offset, r.Value))
	}
	return values
}

func values(records []*kgo.Record) (values []string) {
	for _, r := range records {
		values = append(values, string(r.Value))
	}
	return values
}
