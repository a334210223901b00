package broker_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// argsEnv makes the test binary the command, with these arguments.
const argsEnv = "GONOTES_BROKER_ARGS"

func TestMain(m *testing.M) {
	args := os.Getenv(argsEnv)
	if args == "" {
		goleak.VerifyTestMain(m)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := broker.Command(ctx, strings.Split(args, "\n"), os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// killsEnv says how often TestOpen_killed kills.
const killsEnv = "GONOTES_KILLS"

func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv(killsEnv)
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	require.True(t, err == nil && n > 0, "%s=%q, want a whole number above 0", killsEnv, text)
	return n
}

// A kill -9 of the broker at any moment loses no record and no offset that it
// acknowledged, and keeps their order: a client tries again until the broker is back. The
// record that was under way may be there twice then.
func TestOpen_killed(t *testing.T) {
	for _, sync := range []bool{false, true} {
		t.Run(fmt.Sprintf("sync=%t", sync), func(t *testing.T) { killed(t, sync) })
	}
}

const producers = 4

func killed(t *testing.T, synced bool) {
	dir, random := t.TempDir(), rand.New(rand.NewPCG(1, 0))
	p := start(t, dir, "127.0.0.1:0", synced)
	client := connect(t, []string{p.addr}, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, bus.Create(t.Context(), client, event.Topic{Name: "load", Partitions: producers}))

	// Each producer writes 0, 1, 2, ... to its partition and commits how far it is.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var acknowledged, offsets [producers]atomic.Int64
	var working sync.WaitGroup
	for i := range producers {
		working.Go(func() {
			for ctx.Err() == nil {
				n := acknowledged[i].Load()
				record := &kgo.Record{Topic: "load", Partition: int32(i), Value: strconv.AppendInt(nil, n, 10)}
				if !assert.NoError(t, client.ProduceSync(t.Context(), record).FirstErr()) {
					return
				}
				acknowledged[i].Add(1)
				at := kadm.Offsets{}
				at.AddOffset("load", int32(i), n+1, -1)
				if kadm.NewClient(client).CommitAllOffsets(t.Context(), fmt.Sprint("reader ", i), at) == nil {
					offsets[i].Store(n + 1)
				}
			}
		})
	}
	total := func() (n int64) {
		for i := range acknowledged {
			n += acknowledged[i].Load()
		}
		return n
	}
	for kill := range kills(t) {
		want := total() + 1 + random.Int64N(200)
		require.Eventually(t, func() bool { return total() >= want }, patience, time.Millisecond, "records acknowledged before kill %d", kill+1)
		p.kill()
		p = start(t, dir, p.addr, synced)
		if kill%2 == 0 { // what a clean stop wrote must do no harm after the next kill
			require.NoError(t, p.Process.Signal(os.Interrupt))
			require.NoError(t, p.Wait())
			p = start(t, dir, p.addr, synced)
		}
	}
	stop()
	working.Wait()
	p.kill()

	b, err := broker.Open(dir, p.addr, synced)
	require.NoError(t, err)
	defer func() { assert.NoError(t, b.Close()) }()
	var found [producers][]string
	for _, r := range read(t, client, "load") {
		found[r.Partition] = append(found[r.Partition], string(r.Value))
	}
	for i := range producers {
		var want []string
		for n := range acknowledged[i].Load() {
			want = append(want, strconv.FormatInt(n, 10))
		}
		assert.Equal(t, want, slices.Compact(slices.Clone(found[i])), "records of producer %d", i)
		assert.LessOrEqual(t, len(found[i])-len(want), kills(t), "records of producer %d that are there again", i)
		assert.NotEmpty(t, want, "producer %d had nothing acknowledged", i)
		if at := offsets[i].Load(); assert.Positive(t, at) {
			assert.GreaterOrEqual(t, committed(t, client, fmt.Sprint("reader ", i), "load", int32(i)), at, "offset of reader %d", i)
		}
	}
	t.Logf("%d kills, %d records acknowledged", kills(t), total())
}

// The command stops when it is told to, and what it held is there when it starts again.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, "127.0.0.1:0", false)
	client := connect(t, []string{p.addr})
	require.NoError(t, bus.Create(t.Context(), client, event.Topics...))
	produce(t, client, &kgo.Record{Topic: "configuration", Value: []byte("here")})
	_, err := broker.Open(dir, "127.0.0.1:0", false)
	require.ErrorContains(t, err, "another broker has the folder open")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	require.NoError(t, p.Wait())

	start(t, dir, p.addr, false)
	assert.Equal(t, []string{"here"}, values(read(t, client, "configuration")))
}

// process is this test binary as the command.
type process struct {
	*exec.Cmd
	addr string
}

// command returns one that was not started yet.
func command(dir, addr string, sync bool) *process {
	cmd := exec.Command(os.Args[0])
	args := []string{"-dir", dir, "-addr", addr, fmt.Sprintf("-sync=%t", sync)}
	cmd.Env = append(os.Environ(), argsEnv+"="+strings.Join(args, "\n"))
	return &process{cmd, addr}
}

// start starts one, and returns when it serves. It ends with the test.
func start(t *testing.T, dir, addr string, sync bool) *process {
	t.Helper()
	p := command(dir, addr, sync)
	stderr, err := p.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(p.kill)
	lines := bufio.NewReader(stderr)
	line, err := lines.ReadString('\n')
	require.NoError(t, err, "it ended before it served: %s", line)
	var said struct{ Msg, Service, Addr string }
	require.NoError(t, json.Unmarshal([]byte(line), &said), line)
	require.Equal(t, "serving bus", said.Msg+" "+said.Service)
	p.addr = said.Addr
	go io.Copy(os.Stderr, lines) // until it ends
	return p
}

// kill ends it with kill -9.
func (p *process) kill() {
	p.Process.Kill()
	p.Wait()
}
