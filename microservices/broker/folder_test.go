package broker_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
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

// killedCopy returns a copy of the folder of a running broker: what a kill -9 would leave.
func killedCopy(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// The last entry of a log may be torn, by a kill or by a full disk. What the broker
// acknowledges afterwards survives the next kill all the same.
func TestOpen_torn(t *testing.T) {
	dir := t.TempDir()
	b, err := broker.Open(dir, "127.0.0.1:0", false)
	require.NoError(t, err)
	defer func() { assert.NoError(t, b.Close()) }()
	client := connect(t, b.Addrs())
	require.NoError(t, bus.Create(t.Context(), client, event.Topic{Name: "topic", Partitions: 1}))
	commit(t, client, "group", "topic", 0, 1)
	begin(t, b.Addrs(), "before")
	whole := killedCopy(t, dir)
	for _, log := range []string{"groups.log", "pids.log"} {
		entry, err := os.ReadFile(filepath.Join(whole, "data", log))
		require.NoError(t, err)
		require.NotEmpty(t, entry)
		changed := bytes.Clone(entry)
		changed[len(changed)-1] ^= 1
		tails := map[string][]byte{
			"nothing": nil, "zeros": make([]byte, 100), "ones": bytes.Repeat([]byte{0xff}, 100), "a changed byte": changed, "two that are torn": append(changed, entry[:9]...),
		}
		for _, n := range []int{1, 8, len(entry) - 1} {
			tails[fmt.Sprintf("%d of %d bytes", n, len(entry))] = entry[:n]
		}
		for name, tail := range tails {
			dir := killedCopy(t, whole)
			file := filepath.Join(dir, "data", log)
			require.NoError(t, os.WriteFile(file, append(bytes.Clone(entry), tail...), 0o600))
			for i := range int64(2) { // open it, and again after a kill
				b, err := broker.Open(dir, "127.0.0.1:0", false)
				require.NoError(t, err)
				client := connect(t, b.Addrs())
				assert.Equal(t, 1+i, committed(t, client, "group", "topic", 0), "offset %d with %s after %s", i, name, log)
				known, err := kadm.NewClient(client).ListTransactions(t.Context(), nil, nil)
				require.NoError(t, err)
				assert.Equal(t, []string{"after", "before"}[1-i:], known.TransactionalIDs(), "transactions %d with %s after %s", i, name, log)
				commit(t, client, "group", "topic", 0, 2)
				begin(t, b.Addrs(), "after")
				dir = killedCopy(t, dir)
				require.NoError(t, b.Close())
			}
		}
	}
}

// begin makes the broker know a producer of transactions.
func begin(t *testing.T, brokers []string, id string) {
	t.Helper()
	client := connect(t, brokers, kgo.TransactionalID(id))
	defer client.Close()
	_, _, err := client.ProducerID(t.Context())
	require.NoError(t, err)
}

// A log that cannot be read is an error, not an empty one.
func TestOpen_unreadable(t *testing.T) {
	for _, name := range []string{"data/groups.log", "data/pids.log", "kept"} {
		dir := t.TempDir()
		b, err := broker.Open(dir, "127.0.0.1:0", false)
		require.NoError(t, err)
		require.NoError(t, b.Close())
		require.NoError(t, os.RemoveAll(filepath.Join(dir, name)))
		require.NoError(t, os.Symlink(filepath.Base(name), filepath.Join(dir, name))) // to itself
		_, err = broker.Open(dir, "127.0.0.1:0", false)
		require.ErrorContains(t, err, "mend what a kill left", name)
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
		b, err = broker.Open(dir, "127.0.0.1:0", false)
		require.NoError(t, err, "the folder and the address are free again")
		require.NoError(t, b.Close())
	}
}

// filled returns the folder of a broker with a topic that has much to compact, and the last
// values by key.
func filled(t *testing.T, keys, versions, size int) (dir string, last map[string]string) {
	t.Helper()
	dir, last = t.TempDir(), map[string]string{}
	b, err := broker.Open(dir, "127.0.0.1:0", false)
	require.NoError(t, err)
	client := connect(t, b.Addrs())
	require.NoError(t, bus.Create(t.Context(), client, event.Topics...))
	for version := range versions {
		for key := range keys {
			k, v := fmt.Sprint("site/", key), fmt.Sprint(key, " ", version, strings.Repeat(".", size))
			produce(t, client, &kgo.Record{Topic: "configuration", Key: []byte(k), Value: []byte(v)})
			last[k] = v
		}
	}
	client.Close()
	require.NoError(t, b.Close())
	return dir, last
}

// table is the last value of each key of the configuration, and how many records it takes.
func table(t *testing.T, dir string) (last map[string]string, records int) {
	t.Helper()
	b, err := broker.Open(dir, "127.0.0.1:0", false)
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	last = map[string]string{}
	for _, r := range read(t, connect(t, b.Addrs()), "configuration") {
		last[string(r.Key)] = string(r.Value)
		records++
	}
	return last, records
}

// Whatever a kill in the middle of a compaction leaves of the old files and of the new
// ones, no key loses its last record.
func TestOpen_compactionInterrupted(t *testing.T) {
	full, want := filled(t, 5, 4, 0)
	for _, test := range []struct {
		name  string
		leave func(old, kept, scratch string) error
	}{
		{"the old being kept", func(old, _, scratch string) error {
			return errors.Join(os.CopyFS(scratch, os.DirFS(old)), os.Truncate(filepath.Join(scratch, "0.dat"), 9))
		}},
		{"the old kept", func(old, kept, _ string) error { return os.CopyFS(kept, os.DirFS(old)) }},
		{"the old deleted", func(old, kept, _ string) error {
			return errors.Join(os.CopyFS(kept, os.DirFS(old)), os.Remove(filepath.Join(old, "0.dat")))
		}},
		{"the new begun", func(old, kept, _ string) error {
			return errors.Join(os.CopyFS(kept, os.DirFS(old)), os.Truncate(filepath.Join(old, "0.dat"), 9))
		}},
		{"the new deleted, to put the old back", func(old, kept, _ string) error { return os.Rename(old, kept) }},
		{"the old put back", func(_, _, _ string) error { return nil }},
	} {
		dir := killedCopy(t, full)
		kept, scratch := filepath.Join(dir, "kept"), filepath.Join(dir, "kept.tmp")
		require.NoError(t, os.Mkdir(kept, 0o700))
		old := filepath.Join(dir, "data", "partitions", "configuration-0")
		require.NoError(t, test.leave(old, filepath.Join(kept, "configuration-0"), filepath.Join(scratch, "configuration-0")), test.name)
		if _, err := os.Stat(scratch); err == nil {
			require.NoError(t, os.RemoveAll(kept)) // it comes to be out of scratch
		}
		got, records := table(t, dir)
		assert.Equal(t, want, got, test.name)
		assert.Equal(t, 5+1, records, "%s: records, with one that the last, which is not compacted, replaces", test.name)
		assert.NoDirExists(t, kept, test.name)
		assert.NoDirExists(t, scratch, test.name)
	}

	dir := t.TempDir() // of a broker whose topics were deleted meanwhile
	scratch := filepath.Join(dir, "kept.tmp")
	require.NoError(t, os.MkdirAll(filepath.Join(scratch, "configuration-0"), 0o700))
	b, err := broker.Open(dir, "127.0.0.1:0", false)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	assert.NoDirExists(t, scratch)
}

// While it compacts it serves nobody: what a client wrote then would go with the next kill.
func TestOpen_compactsFirst(t *testing.T) {
	dir, want := filled(t, 20, 30, 20_000)
	addr := free(t)
	client := connect(t, []string{addr})
	p := command(dir, addr, false)
	require.NoError(t, p.Start())
	t.Cleanup(p.kill)
	require.Eventually(t, func() bool { return client.Ping(t.Context()) == nil }, patience, time.Millisecond)
	assert.NoDirExists(t, filepath.Join(dir, "kept"))
	assert.NoDirExists(t, filepath.Join(dir, "kept.tmp"))
	assert.Equal(t, len(want)+1, len(read(t, client, "configuration")))
	settings, err := kadm.NewClient(client).DescribeBrokerConfigs(t.Context(), 0)
	require.NoError(t, err)
	for _, s := range settings[0].Configs {
		if s.Key == "log.cleaner.backoff.ms" {
			assert.Equal(t, "3153600000000", s.MaybeValue(), "a hundred years until it would compact again")
		}
	}
}

// The process is killed while it opens, again and again until a few kills came while it
// compacted.
func TestOpen_killedCompacting(t *testing.T) {
	full, want := filled(t, 20, 30, 20_000)
	random := rand.New(rand.NewPCG(1, 0))
	hits := 0
	for tries := 1; hits < kills(t); tries++ {
		require.Less(t, tries, 100*kills(t), "kills came while it compacted: %d", hits)
		dir, addr := killedCopy(t, full), free(t)
		p := command(dir, addr, false)
		require.NoError(t, p.Start())
		require.Eventually(t, func() bool {
			conn, err := net.Dial("tcp", addr)
			if err == nil {
				conn.Close()
			}
			return err == nil
		}, patience, 100*time.Microsecond, "it does not listen")
		time.Sleep(time.Duration(random.Int64N(int64(50 * time.Millisecond)))) // somewhere in what it does then
		p.kill()
		if _, err := os.Stat(filepath.Join(dir, "kept")); err == nil {
			hits++
		}
		got, _ := table(t, dir)
		require.Equal(t, len(want), len(got), "keys after kill %d", tries)
		require.True(t, assert.ObjectsAreEqual(want, got), "the last records after kill %d", tries)
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
