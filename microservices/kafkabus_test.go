package microservices_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver" // registers "sqlite3"
	"github.com/stretchr/testify/assert"
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
			os.Exit(failed)
		}
	}
}

// failed is the exit code of a consumer that was not killed, but failed.
const failed = 3

// usage is how a topic is used: how records get into it, what a consumer does with each,
// and what becomes of them then.
type usage struct {
	partitions int32
	keyed      bool   // each record has its key, which decides on the partition
	effect     string // together with the position, or before or after the offset is committed
	kept       bool   // after they were read
}

// The bus keeps the order of a key, shares its partitions out among a group, and can be
// read again from the first record. It delivers at least once, so effects must be
// idempotent: then consumers may be killed at any time, and each effect happens once.
func TestKafkaBus(t *testing.T) {
	brokers, killed := newBus(t), 0
	proof := claim.Prove(t, microservices.KafkaBus, onBrokers(t, brokers, &killed))
	proof.Engine(embeddedBroker(t), sqliteVersion(t))
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
	proof.Engine(kafkaVersion(t, brokers), sqliteVersion(t))
	useBus(proof)
	proof.Figure("consumers killed", float64(killed), "kills")
}

func useBus(proof *claim.Proof[usage]) {
	proof.Holds("keyed records, effects stored with the position, consumers killed", usage{4, true, "together", true})
	proof.Control("effects before the offset is committed, not idempotent", usage{4, true, "before", true}, "happened more than once")
	proof.Control("effects after the offset is committed", usage{4, true, "after", true}, "did not happen")
	proof.Control("records without a key, over all partitions", usage{4, false, "together", true}, "out of order")
	proof.Control("one partition for the whole group", usage{1, true, "together", true}, "1 of 2 consumers have partitions")
	proof.Control("a queue, which deletes what was read", usage{4, true, "together", false}, "read again from the first record: 0 of 420")
}

// onBrokers is the check that a usage shares the work, keeps order, does each effect once
// and can be read again; killed counts the consumers that were killed meanwhile.
func onBrokers(t *testing.T, brokers []string, killed *int) func(usage) error {
	return func(u usage) error {
		kills, err := u.try(t, brokers)
		*killed += kills
		return err
	}
}

const (
	usageKeys    = 7
	usageRecords = 60 * usageKeys
	usageKills   = 4 // by the test; one consumer more kills itself
)

func (u usage) try(t *testing.T, brokers []string) (kills int, err error) {
	var opts []kgo.Opt
	if !u.keyed {
		opts = append(opts, kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	}
	client, err := bus.Connect(brokers, opts...)
	require.NoError(t, err)
	defer client.Close()
	admin := kadm.NewClient(client)
	name := "usage-" + strconv.FormatInt(time.Now().UnixNano(), 36) // of the topic and the group; on a real server other runs have left theirs
	require.NoError(t, bus.Create(t.Context(), client, event.Topic{Name: name, Partitions: u.partitions}))
	db := newEffects(t)
	group := startConsumers(t, strings.Join(brokers, ","), name, u.effect, db.path)
	defer func() {
		group.stop()
		ctx := context.Background()
		admin.LeaveGroup(ctx, kadm.LeaveGroup(name).InstanceIDs("0", "1"))
		admin.DeleteGroups(ctx, name)
		admin.DeleteTopics(ctx, name)
	}()
	if working := group.working(admin, name); working < len(group.all) {
		return 0, fmt.Errorf("%d of %d consumers have partitions", working, len(group.all))
	}
	produced := produceUsage(t, client, name, u.keyed)

	position := func() int { return count(t, db.DB, "SELECT COALESCE(SUM(next), 0) FROM positions") }
	if u.effect != "together" {
		position = func() (sum int) {
			offsets, err := admin.FetchOffsets(t.Context(), name)
			require.NoError(t, err)
			offsets.Each(func(o kadm.OffsetResponse) { sum += int(o.At) })
			return sum
		}
	}
	random := rand.New(rand.NewPCG(1, 0))
	for kill := range usageKills {
		const apart = usageRecords / (usageKills + 1)
		at := kill*apart + random.IntN(apart)
		until(t, fmt.Sprintf("%d records are read", at), func() bool { return position() >= at })
		group.kill(random.IntN(len(group.all)))
	}
	require.Equal(t, usageRecords, becomes(position, usageRecords, patience), "records read")
	kills = group.stop()

	if missing := usageRecords - count(t, db.DB, "SELECT COUNT(*) FROM effects"); missing > 0 {
		return kills, fmt.Errorf("%d of %d effects did not happen", missing, usageRecords)
	}
	if n := count(t, db.DB, "SELECT COUNT(*) FROM effects WHERE times > 1"); n > 0 {
		return kills, fmt.Errorf("%d of %d effects happened more than once", n, usageRecords)
	}
	if n := count(t, db.DB, "SELECT COUNT(*) FROM effects a JOIN effects b ON a.key = b.key AND a.n < b.n AND a.rowid > b.rowid"); n > 0 {
		return kills, fmt.Errorf("%d pairs of one key are out of order", n)
	}
	if !u.kept {
		ends, err := admin.ListEndOffsets(t.Context(), name)
		require.NoError(t, err)
		_, err = admin.DeleteRecords(t.Context(), ends.Offsets())
		require.NoError(t, err)
	}
	again, n := readAgain(t, brokers, name)
	if n < usageRecords {
		return kills, fmt.Errorf("read again from the first record: %d of %d", n, usageRecords)
	}
	require.Equal(t, produced, again)
	return kills, nil
}

// produceUsage produces the records, whose values are a key and a number: a 0, b 0, ...
// a 1, b 1, ... It returns the values of each partition.
func produceUsage(t *testing.T, client *kgo.Client, topic string, keyed bool) (produced map[int32][]string) {
	records := make([]*kgo.Record, usageRecords)
	for i := range records {
		key, n := string(rune('a'+i%usageKeys)), i/usageKeys
		records[i] = &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, "%s %d", key, n)}
		if keyed {
			records[i].Key = []byte(key)
		}
	}
	require.NoError(t, client.ProduceSync(t.Context(), records...).FirstErr())
	produced = map[int32][]string{}
	for _, r := range records {
		produced[r.Partition] = append(produced[r.Partition], string(r.Value))
	}
	return produced
}

// readAgain reads a topic from the first record that is left: n values, by partition.
func readAgain(t *testing.T, brokers []string, topic string) (values map[int32][]string, n int) {
	client, err := bus.Connect(brokers)
	require.NoError(t, err)
	defer client.Close()
	starts, err := kadm.NewClient(client).ListStartOffsets(t.Context(), topic)
	require.NoError(t, err)
	ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), topic)
	require.NoError(t, err)
	left := int64(0)
	ends.Each(func(end kadm.ListedOffset) {
		start, _ := starts.Lookup(topic, end.Partition)
		left += end.Offset - start.Offset
	})
	client.AddConsumePartitions(starts.KOffsets())
	for values = map[int32][]string{}; left > 0; {
		fetches := client.PollFetches(t.Context())
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			values[r.Partition] = append(values[r.Partition], string(r.Value))
			n++
			left--
		})
	}
	return values, n
}

// consumers are the members of a group, each a process that is started again when it was
// killed.
type consumers struct {
	t    *testing.T
	args []string // of each, but for its number

	mu       sync.Mutex
	all      [2]*exec.Cmd
	stdin    [2]io.Closer // a process ends, after what it is doing, when it is closed
	stopping bool
	kills    int
	running  sync.WaitGroup
}

func startConsumers(t *testing.T, args ...string) *consumers {
	c := &consumers{t: t, args: args}
	for i := range c.all {
		c.start(i)
		c.running.Go(func() {
			for cmd := c.all[i]; cmd != nil; cmd = c.again(i) {
				cmd.Wait() // tells of the kill
				assert.NotEqual(t, failed, cmd.ProcessState.ExitCode(), "consumer %d fails", i)
			}
		})
	}
	return c
}

func (c *consumers) start(i int) {
	cmd := exec.Command(os.Args[0], append(c.args, strconv.Itoa(i))...)
	cmd.Env, cmd.Stderr = append(os.Environ(), roleEnv+"=consumer"), os.Stderr
	stdin, err := cmd.StdinPipe()
	if assert.NoError(c.t, err) && assert.NoError(c.t, cmd.Start()) {
		c.all[i], c.stdin[i] = cmd, stdin
	}
}

// again starts one that has ended, unless all shall.
func (c *consumers) again(i int) *exec.Cmd {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping || c.t.Failed() {
		return nil
	}
	c.kills++
	c.start(i)
	return c.all[i]
}

// kill ends one with kill -9.
func (c *consumers) kill(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[i].Process.Kill()
}

// stop returns when all have ended by themselves, and how many were killed before.
func (c *consumers) stop() (kills int) {
	c.mu.Lock()
	c.stopping = true
	for _, stdin := range c.stdin {
		stdin.Close()
	}
	c.mu.Unlock()
	c.running.Wait()
	return c.kills
}

// working returns how many have partitions when all of them are members of the group.
func (c *consumers) working(admin *kadm.Client, group string) (n int) {
	until(c.t, "the consumers are a group", func() bool {
		groups, err := admin.DescribeGroups(c.t.Context(), group)
		if err != nil { // Kafka makes its topic of groups for the first one
			return false
		}
		n = 0
		for _, member := range groups[group].Members {
			if assigned, ok := member.Assigned.AsConsumer(); ok && len(assigned.Topics) > 0 {
				n++
			}
		}
		return groups[group].State == "Stable" && len(groups[group].Members) == len(c.all)
	})
	return n
}

// until waits for what another process must bring about.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); !is(); time.Sleep(time.Millisecond) {
		require.Less(t, time.Since(began), patience, "waiting until %s", what)
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

// consume is a consumer of a group, until its standard input ends. One of them kills itself
// once in the worst moment: with the effect done and the offset not, or the other way round.
func consume(brokers, name, effect, path, instance string) error {
	db := openEffects(path)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	opts := []kgo.Opt{
		kgo.ConsumeTopics(name), kgo.ConsumerGroup(name), kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.InstanceID(instance), // so that who comes back after a kill is known, and gets its partitions at once
		kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(100 * time.Millisecond), kgo.FetchMaxWait(50 * time.Millisecond),
		kgo.BlockRebalanceOnPoll(), kgo.Balancers(kgo.RoundRobinBalancer()),
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
		if ctx.Err() != nil {
			return nil
		}
		for _, r := range fetches.Records() {
			var err error
			switch effect {
			case "together":
				err = doOnce(db, r)
				killOnce(path, r)
			case "before":
				err = do(db, r)
				killOnce(path, r)
				err = errors.Join(err, client.CommitRecords(context.Background(), r))
			case "after":
				err = client.CommitRecords(context.Background(), r)
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
