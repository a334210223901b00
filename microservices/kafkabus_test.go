package microservices_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver" // registers "sqlite3"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/internal/claim"
	"gonotes/microservices"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

func init() {
	roles["consumer"] = func() {
		if err := consume(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// usage is how a topic is used: how records get into it, what a consumer does with each,
// and what becomes of them then.
type usage struct {
	name   string        // of the topic and the group
	keyed  bool          // each record has its key, which decides on the partition
	effect string        // together with the position, or before or after the offset is committed
	kept   bool          // after they were read
	wait   time.Duration // how long nothing may happen before nothing happens any more
}

// The bus keeps the order of a key, shares its partitions out among a group, and can be
// read again from the first record. It delivers at least once, so effects must be
// idempotent: then consumers may be killed at any time, and each effect happens once.
func TestKafkaBus(t *testing.T) {
	brokers, killed := newBus(t), 0
	proof := claim.Prove(t, microservices.KafkaBus, onBrokers(t, brokers, &killed))
	proof.Engine(embedded)
	useBus(proof)
	proof.Figure("consumers killed", float64(killed), "kills")
}

// The same on Kafka.
func TestKafkaBus_kafka(t *testing.T) {
	brokers, killed := bus.Brokers(os.Getenv(bus.BrokersEnv)), 0
	proof := claim.Prove(t, microservices.KafkaBus, onBrokers(t, brokers, &killed))
	if len(brokers) == 0 {
		proof.NotRun("address: %s is not set", bus.BrokersEnv)
	}
	proof.Engine(kafkaVersion(t, brokers) + ", SQLite")
	useBus(proof)
	proof.Figure("consumers killed", float64(killed), "kills")
}

func useBus(proof *claim.Proof[usage]) {
	run := strconv.FormatInt(time.Now().UnixNano(), 36) // on a real server other runs have left theirs
	proof.Holds("keyed records, effects stored with the position, consumers killed", usage{"together-" + run, true, "together", true, patience})
	proof.Control("effects before the offset is committed, not idempotent", usage{"before-" + run, true, "before", true, patience}, "happened 2 times")
	proof.Control("effects after the offset is committed", usage{"after-" + run, true, "after", true, 2 * time.Second}, "did not happen")
	proof.Control("records without a key, over all partitions", usage{"unkeyed-" + run, false, "together", true, patience}, "out of order")
	proof.Control("a queue, which deletes what was read", usage{"queue-" + run, true, "together", false, 2 * time.Second}, "read again from the first record: 0 of 400")
}

// onBrokers is the check that a usage keeps order, does each effect once and can be read
// again; killed counts the consumers that were killed meanwhile.
func onBrokers(t *testing.T, brokers []string, killed *int) func(usage) error {
	return func(u usage) error {
		kills, err := u.try(t, brokers)
		*killed += kills
		return err
	}
}

const (
	usageKeys    = 8
	usageRecords = 400
)

func (u usage) try(t *testing.T, brokers []string) (kills int, err error) {
	client, err := bus.Connect(brokers, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	defer client.Close()
	topic := event.Topic{Name: u.name, Partitions: 4}
	require.NoError(t, bus.Create(t.Context(), client, topic))
	defer kadm.NewClient(client).DeleteTopics(context.Background(), topic.Name)
	for i := range usageRecords { // the values are a key and a number: a 0, b 0, ... a 1, b 1, ...
		key, n := i%usageKeys, i/usageKeys
		partition := key % 4
		if !u.keyed {
			partition = (key + n) % 4
		}
		client.Produce(t.Context(), &kgo.Record{Topic: topic.Name, Partition: int32(partition), Value: fmt.Appendf(nil, "%c %d", 'a'+key, n)}, nil)
	}
	require.NoError(t, client.Flush(t.Context()))

	db := newEffects(t)
	stop := u.consumers(t, brokers, db)
	happened := becomes(func() int { return count(t, db.DB, "SELECT COUNT(*) FROM effects") }, usageRecords, u.wait)
	kills = stop()
	if !u.kept {
		ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), topic.Name)
		require.NoError(t, err)
		_, err = kadm.NewClient(client).DeleteRecords(t.Context(), ends.Offsets())
		require.NoError(t, err)
	}
	if happened != usageRecords {
		return kills, fmt.Errorf("%d of %d effects did not happen", usageRecords-happened, usageRecords)
	}
	if most := count(t, db.DB, "SELECT MAX(times) FROM effects"); most != 1 {
		return kills, fmt.Errorf("an effect happened %d times", most)
	}
	if n := count(t, db.DB, "SELECT COUNT(*) FROM effects a JOIN effects b ON a.key = b.key AND a.n < b.n AND a.rowid > b.rowid"); n > 0 {
		return kills, fmt.Errorf("%d pairs of one key are out of order", n)
	}
	again, err := bus.Connect(brokers, kgo.ConsumeTopics(topic.Name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer again.Close()
	read := 0
	ctx, cancel := context.WithTimeout(t.Context(), u.wait)
	defer cancel()
	for read < usageRecords {
		fetches := again.PollFetches(ctx)
		if ctx.Err() != nil {
			break
		}
		read += fetches.NumRecords()
	}
	if read != usageRecords {
		return kills, fmt.Errorf("read again from the first record: %d of %d", read, usageRecords)
	}
	return kills, nil
}

// consumers runs two of a group, kills them at random, and starts them again.
func (u usage) consumers(t *testing.T, brokers []string, db effects) (stop func() (kills int)) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var kills atomic.Int32
	for i := range 2 {
		running.Go(func() {
			for ctx.Err() == nil {
				cmd, _, _ := start(t, "consumer", strings.Join(brokers, ","), u.name, u.effect, db.path, strconv.Itoa(i))
				ended := make(chan struct{})
				go func() { cmd.Wait(); close(ended) }()
				select {
				case <-ended: // it killed itself
				case <-ctx.Done():
				case <-time.After(time.Duration(300+200*i+rand.IntN(500)) * time.Millisecond):
				}
				cmd.Process.Kill()
				<-ended
				kills.Add(1)
			}
		})
	}
	return func() int {
		cancel()
		running.Wait()
		return int(kills.Load())
	}
}

// effects are where consumers note what they did.
type effects struct {
	*sql.DB
	path string
}

func newEffects(t *testing.T) effects {
	path := filepath.Join(t.TempDir(), "effects.db")
	db := openEffects(path)
	t.Cleanup(func() { db.Close() })
	_, err := db.Exec("PRAGMA journal_mode = wal; CREATE TABLE effects (key TEXT, n INTEGER, times INTEGER, UNIQUE (key, n)); CREATE TABLE positions (partition INTEGER PRIMARY KEY, next INTEGER)")
	require.NoError(t, err)
	return effects{db, path}
}

func openEffects(path string) *sql.DB {
	db, err := sql.Open("sqlite3", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=synchronous(off)&_txlock=immediate")
	if err != nil {
		panic(err) // of a name that is none
	}
	db.SetMaxOpenConns(1)
	return db
}

func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(query).Scan(&n))
	return n
}

// consume is a consumer of a group. Once in its life as a group it kills itself in the
// worst moment: with the effect done and the offset not, or the other way round.
func consume(brokers, name, effect, path, instance string) error {
	db := openEffects(path)
	ctx := context.Background()
	opts := []kgo.Opt{
		kgo.ConsumeTopics(name), kgo.ConsumerGroup(name), kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.InstanceID(instance), // so that who comes back after a kill is known, and gets its partitions at once
		kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(100 * time.Millisecond), kgo.FetchMaxWait(50 * time.Millisecond),
		kgo.BlockRebalanceOnPoll(),
	}
	if effect == "together" {
		opts = append(opts, kgo.AdjustFetchOffsetsFn(func(_ context.Context, topics map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
			for _, partitions := range topics {
				for partition := range partitions {
					next, err := positionIn(db, partition)
					if err != nil {
						return nil, err
					}
					partitions[partition] = kgo.NewOffset().At(next)
				}
			}
			return topics, nil
		}))
	}
	client, err := bus.Connect(bus.Brokers(brokers), opts...)
	if err != nil {
		return err
	}
	for {
		fetches := client.PollRecords(ctx, 10)
		for _, r := range fetches.Records() {
			var err error
			switch effect {
			case "together":
				err = doOnce(db, r)
				killOnce(path, r)
			case "before":
				err = do(db, r)
				killOnce(path, r)
				err = errors.Join(err, client.CommitRecords(ctx, r))
			case "after":
				err = client.CommitRecords(ctx, r)
				killOnce(path, r)
				err = errors.Join(err, do(db, r))
			}
			if err != nil {
				return err
			}
		}
		client.AllowRebalance()
	}
}

// killOnce kills this process at a record in the middle, if no other has.
func killOnce(path string, r *kgo.Record) {
	if r.Offset < 30 {
		return
	}
	if file, err := os.OpenFile(path+".killed", os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		file.Close()
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			self.Kill()
		}
		select {} // until it has come
	}
}

const effectSQL = "INSERT INTO effects VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1"

func do(db *sql.DB, r *kgo.Record) error {
	key, n, _ := strings.Cut(string(r.Value), " ")
	_, err := db.Exec(effectSQL, key, n)
	return err
}

// doOnce does the effect and moves the position, or neither.
func doOnce(db *sql.DB, r *kgo.Record) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	next, err := positionIn(tx, r.Partition)
	if err != nil || r.Offset < next {
		return err
	}
	key, n, _ := strings.Cut(string(r.Value), " ")
	if _, err := tx.Exec(effectSQL, key, n); err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO positions VALUES (?, ?) ON CONFLICT DO UPDATE SET next = excluded.next", r.Partition, r.Offset+1); err != nil {
		return err
	}
	return tx.Commit()
}

func positionIn(db interface {
	QueryRow(query string, args ...any) *sql.Row
}, partition int32) (next int64, err error) {
	err = db.QueryRow("SELECT next FROM positions WHERE partition = ?", partition).Scan(&next)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return next, err
}

// kafkaVersion names the server at the brokers.
func kafkaVersion(t *testing.T, brokers []string) string {
	t.Helper()
	client, err := bus.Connect(brokers)
	require.NoError(t, err)
	defer client.Close()
	versions, err := kadm.NewClient(client).ApiVersions(t.Context())
	require.NoError(t, err)
	for _, v := range versions {
		return "Kafka " + strings.TrimPrefix(v.VersionGuess(), "v")
	}
	t.Fatal("no broker says its version")
	return ""
}
