package platform_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"gonotes/microservices/bus"
	"gonotes/microservices/event"
	"gonotes/microservices/load"
	"gonotes/microservices/servicetest"
	"gonotes/rest/store/mongodb/mongodbtest"
)

// realEnv names the environment variable with the command that ends one of the servers at
// once and starts it again: "kill kafka", "up kafka". Where it is not set, the servers
// belong to somebody, and nothing on them is deleted or killed.
const realEnv = "GONOTES_REAL"

// realPatience is for servers that start on a machine that is busy.
const realPatience = 5 * time.Minute

// On Kafka, Cassandra and a server of MongoDB's protocol each of them is killed under load
// and started again. No event that was acknowledged is lost, none is counted twice, and no
// site that was made is forgotten; and so it is for a platform that is started anew.
func TestCommand_real(t *testing.T) {
	for _, name := range []string{bus.BrokersEnv, "CASSANDRA_HOSTS", mongodbtest.Env, realEnv} {
		if os.Getenv(name) == "" {
			t.Skip("address: " + name + " is not set")
		}
	}
	forget(t)
	t.Setenv(mongodbtest.Env, mongodbtest.Fresh(t, os.Getenv(mongodbtest.Env)))
	r := realPlatform{port: servicetest.FreePorts(t, 6), data: t.TempDir()}
	stop := r.start(t)

	sites := []string{"a.example", "b.example", "c.example"}
	require.NoError(t, load.Register(t.Context(), r.url(1), r.url(2), sites))
	day := load.Day{
		Seed: uint64(time.Now().UnixNano()), Start: time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour),
		Sites: sites, People: 500, Pages: 50, Events: 1 << 30,
	}
	t.Logf("seed %d", day.Seed)
	player := &load.Player{Collector: r.url(2), Rate: 500, Batch: 1, Clients: 64, Tally: load.NewTally(), Patience: realPatience}
	acknowledged := func() int { return int(player.Progress().Acknowledged) }
	playing, enough := context.WithCancel(t.Context())
	played := make(chan error, 1)
	go func() {
		// It ends between two events, so that each that was sent is acknowledged.
		played <- player.Play(t.Context(), func(yield func(load.Event) bool) {
			for e := range day.All() {
				if playing.Err() != nil || !yield(e) {
					return
				}
			}
		})
	}()
	maker := siteMaker{config: r.url(1)}
	made := make(chan struct{})
	go func() { maker.run(playing); close(made) }()

	grows := func(what string, count func() int) {
		t.Helper()
		before := count()
		require.Eventually(t, func() bool { return count() >= before+50 }, realPatience, 10*time.Millisecond, what)
	}
	for _, server := range []string{"kafka", "cassandra", "mongodb"} {
		grows("events are acknowledged before "+server+" is killed", acknowledged)
		grows("sites are made before "+server+" is killed", maker.count)
		do(t, "kill", server)
		killed := time.Now()
		if server != "kafka" {
			grows("events are acknowledged without "+server, acknowledged)
		}
		do(t, "up", server)
		answers := time.Since(killed)
		grows("events are acknowledged after "+server+" was killed", acknowledged)
		grows("sites are made after "+server+" was killed", maker.count)
		r.ready(t)
		t.Logf("%s answers %.1f s after it was killed, and all services are ready after %.1f s", server, answers.Seconds(), time.Since(killed).Seconds())
	}
	enough()
	<-made
	require.NoError(t, <-played)

	settled := func(what string) {
		d, err := player.Tally.Settle(t.Context(), r.url(3), r.url(4), realPatience)
		require.NoError(t, err, what)
		require.NoError(t, d.First, what)
		assert.Zero(t, d, what)
		for _, site := range maker.made {
			require.Eventually(t, func() bool { return succeeds(r.url(1)+site.path) && succeeds(r.url(2)+"/sites/"+site.domain) },
				realPatience, 50*time.Millisecond, "%s: %s is known", what, site.domain)
		}
	}
	settled("after the kills")
	t.Logf("%d events acknowledged, %d requests sent again, %d sites made: lost 0, counted twice 0", acknowledged(), player.Progress().Again, maker.count())
	stop()
	r.start(t)
	settled("started anew")
}

// forget deletes what a platform left on Kafka and Cassandra.
func forget(t *testing.T) {
	client, err := bus.Connect(bus.Brokers(os.Getenv(bus.BrokersEnv)))
	require.NoError(t, err)
	defer client.Close()
	for _, topic := range event.Topics {
		_, err := kadm.NewClient(client).DeleteTopics(t.Context(), topic.Name)
		require.NoError(t, err)
	}
	cluster := gocql.NewCluster(bus.Brokers(os.Getenv("CASSANDRA_HOSTS"))...)
	cluster.ProtoVersion = 4
	cluster.DisableInitialHostLookup = true
	cluster.Timeout = realPatience
	session, err := cluster.CreateSession()
	require.NoError(t, err)
	defer session.Close()
	require.NoError(t, session.Query("DROP KEYSPACE IF EXISTS gonotes").ExecContext(t.Context()))
}

// do runs the command of realEnv.
func do(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), os.Getenv(realEnv), args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", os.Getenv(realEnv), strings.Join(args, " "), out)
}

// realPlatform is a platform on the servers in the environment, each service of it a
// process.
type realPlatform struct {
	port int
	data string
}

func (r realPlatform) url(service int) string {
	return fmt.Sprintf("http://127.0.0.1:%d", r.port+service)
}

// start returns when it serves. It ends with the test.
func (r realPlatform) start(t *testing.T) (stop func()) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(r.data, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer log.Close()
	cmd := exec.Command(os.Args[0], "-processes", "-port", strconv.Itoa(r.port), "-data", r.data)
	cmd.Env = append(os.Environ(), platformEnv+"=1")
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Log(tail(string(text), 4000))
		}
	})
	late := time.AfterFunc(realPatience, func() { cmd.Process.Kill() })
	defer late.Stop()
	_, err = bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, "the platform does not serve")
	go io.Copy(io.Discard, stdout)
	return func() {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		require.NoError(t, cmd.Wait())
	}
}

// ready waits until all services are.
func (r realPlatform) ready(t *testing.T) {
	t.Helper()
	for service := 1; service <= 4; service++ {
		require.Eventually(t, func() bool { return succeeds(r.url(service) + "/ready") }, realPatience, 20*time.Millisecond, "service %d is not ready", service)
	}
}

func succeeds(url string) bool {
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode < 300
}

// siteMaker makes sites, one after the other, so that one is under way whenever a server
// is killed.
type siteMaker struct {
	config string
	made   []madeSite
	n      atomic.Int64 // of made
}

type madeSite struct{ domain, path string }

func (m *siteMaker) count() int { return int(m.n.Load()) }

// run makes sites until ctx ends. What is not acknowledged may be there or not.
func (m *siteMaker) run(ctx context.Context) {
	account := ""
	for i := 0; ctx.Err() == nil; i++ {
		if account == "" {
			account = m.post(ctx, "/accounts", map[string]string{"name": "Maker", "plan": "team"})
			continue
		}
		site := madeSite{domain: fmt.Sprintf("made-%d.example", i)}
		if site.path = m.post(ctx, account+"/sites", map[string]string{"domain": site.domain, "name": "Made", "status": "active"}); site.path != "" {
			m.made = append(m.made, site)
			m.n.Add(1)
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// post returns the path of what it made, or none.
func (m *siteMaker) post(ctx context.Context, path string, document map[string]string) string {
	body, err := json.Marshal(document)
	if err != nil {
		return ""
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.config+path, strings.NewReader(string(body)))
	if err != nil {
		return ""
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return ""
	}
	response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		return ""
	}
	return response.Header.Get("Location")
}
