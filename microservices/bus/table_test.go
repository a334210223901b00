package bus_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// ready is what a follower says between the values of the records.
const ready = "(ready)"

// follow follows the topic of the configuration and tells what is handed over. Then stop
// waits until it has returned.
func follow(t *testing.T, brokers []string) (told <-chan string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c, ended := make(chan string, 1000), make(chan error, 1)
	go func() {
		ended <- bus.Follow(ctx, brokers, event.TopicConfiguration.Name,
			func(r *kgo.Record) { c <- string(r.Value) }, func() { c <- ready })
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			assert.NoError(t, err)
		case <-time.After(patience):
			assert.Fail(t, "Follow does not end with its context")
		}
	})
	t.Cleanup(stop)
	return c, stop
}

// tells checks that a follower tells this next.
func tells(t *testing.T, told <-chan string, want ...string) {
	t.Helper()
	for i := range want {
		select {
		case got := <-told:
			require.Equal(t, want[i], got, "number %d", i+1)
		case <-time.After(patience):
			require.Fail(t, "it tells no more", "want %q", want[i:])
		}
	}
}

// An empty topic is ready at once; what comes then is handed over in order, and nothing
// after the context ended.
func TestFollow_empty(t *testing.T) {
	brokers := open(t, t.TempDir(), "127.0.0.1:0").Addrs()
	client := connect(t, brokers)
	require.NoError(t, bus.Create(t.Context(), client, event.TopicConfiguration))
	told, stop := follow(t, brokers)
	tells(t, told, ready)
	produce(t, client, "configuration", "a", "b", "c")
	tells(t, told, "a", "b", "c")
	stop()
	produce(t, client, "configuration", "d")
	assert.Empty(t, told)
}

// All that was there when it began comes before ready, in order, and ready comes once.
func TestFollow_ready(t *testing.T) {
	brokers := open(t, t.TempDir(), "127.0.0.1:0").Addrs()
	client := connect(t, brokers)
	require.NoError(t, bus.Create(t.Context(), client, event.TopicConfiguration))
	var want []string
	for i := range 300 {
		want = append(want, fmt.Sprint("record ", i))
	}
	produce(t, client, "configuration", want...)
	told, _ := follow(t, brokers)
	tells(t, told, append(want, ready)...)
	produce(t, client, "configuration", "one", "more")
	tells(t, told, "one", "more")
	assert.Empty(t, told)
}

// A topic whose records were all removed is as ready as an empty one.
func TestFollow_removed(t *testing.T) {
	brokers := open(t, t.TempDir(), "127.0.0.1:0").Addrs()
	client := connect(t, brokers)
	require.NoError(t, bus.Create(t.Context(), client, event.TopicConfiguration))
	produce(t, client, "configuration", "a", "b", "c")
	remove := func(before int64) {
		offsets := kadm.Offsets{}
		offsets.AddOffset("configuration", 0, before, -1)
		_, err := kadm.NewClient(client).DeleteRecords(t.Context(), offsets)
		require.NoError(t, err)
	}
	remove(2)
	told, stop := follow(t, brokers)
	tells(t, told, "c", ready)
	stop()
	remove(3)
	told, _ = follow(t, brokers)
	tells(t, told, ready)
	produce(t, client, "configuration", "d")
	tells(t, told, "d")
}

// It waits for a broker, and for the topic, and goes on after the broker was away: from
// where it was, without a second ready.
func TestFollow_brokerAway(t *testing.T) {
	dir, addr := t.TempDir(), free(t)
	told, _ := follow(t, []string{addr})
	b := open(t, dir, addr)
	client := connect(t, []string{addr})
	require.NoError(t, bus.Create(t.Context(), client, event.TopicConfiguration))
	tells(t, told, ready)
	produce(t, client, "configuration", "before")
	tells(t, told, "before")
	for i := range 2 {
		require.NoError(t, b.Close())
		b = open(t, dir, addr)
		produce(t, client, "configuration", fmt.Sprint("after ", i))
		tells(t, told, fmt.Sprint("after ", i))
	}
	assert.Empty(t, told)
}

// Its context ends it also where there is no broker, and no topic.
func TestFollow_ends(t *testing.T) {
	told, stop := follow(t, []string{free(t)})
	stop()
	assert.Empty(t, told)
	told, stop = follow(t, open(t, t.TempDir(), "127.0.0.1:0").Addrs())
	select {
	case <-told:
		assert.Fail(t, "it is ready without a topic")
	case <-time.After(200 * time.Millisecond): // long enough to be told that there is none
	}
	stop()
	require.EqualError(t, bus.Follow(t.Context(), nil, "configuration", nil, nil), "bus: no brokers, want at least one address")
}
