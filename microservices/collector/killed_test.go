package collector_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// killsEnv says how often TestCollector_killed kills.
const killsEnv = "GONOTES_KILLS"

func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv(killsEnv)
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	require.True(t, err == nil && n > 0, "%s=%q, want a whole number above 0", killsEnv, text)
	return n
}

// A kill -9 of the collector with its embedded broker, at any moment, loses nothing
// that was acknowledged, and nothing is on the bus twice.
func TestCollector_killed(t *testing.T) {
	dir, random := t.TempDir(), rand.New(rand.NewPCG(1, 0))
	acknowledged := map[uuid.UUID]bool{}
	n := kills(t)
	for kill := 1; kill <= n; kill++ {
		p := start(t, "collector", dir)
		told := make(chan []uuid.UUID)
		var clients sync.WaitGroup
		for i := range 8 {
			clients.Go(func() { sendUntilKilled(p.addr, 1+i%2*20, told) })
		}
		go func() {
			clients.Wait()
			close(told)
		}()
		for range 1 + random.IntN(50) {
			for _, id := range <-told {
				acknowledged[id] = true
			}
		}
		time.AfterFunc(time.Duration(random.IntN(5000))*time.Microsecond, func() { p.Process.Kill() }) // somewhere between two answers
		for ids := range told {
			for _, id := range ids {
				acknowledged[id] = true
			}
		}
		p.Wait() // tells of the kill
		if kill%10 == 0 || kill == n {
			t.Logf("kill %d of %d: %d events acknowledged", kill, n, len(acknowledged))
		}
	}
	onBus := activityIn(t, dir)
	for id := range acknowledged {
		assert.Positive(t, onBus[id], "times that %v, which was acknowledged, is on the bus", id)
	}
	for id, times := range onBus {
		assert.Equal(t, 1, times, "times that %v is on the bus", id)
	}
	assert.NotEmpty(t, acknowledged, "nothing was acknowledged, so nothing was shown")
}

// sendUntilKilled sends requests of so many events, and tells which are acknowledged,
// until the collector is gone.
func sendUntilKilled(addr string, events int, told chan<- []uuid.UUID) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		var batch []string
		for range events {
			batch = append(batch, fmt.Sprintf(`{"id":"%s","kind":"view","site":"s1.example","path":"/"}`, uuid.New()))
		}
		response, err := client.Post("http://"+addr+"/events", jsonType, strings.NewReader("["+strings.Join(batch, ",")+"]"))
		if err != nil {
			return
		}
		var answer struct{ Items []outcome }
		err = json.NewDecoder(response.Body).Decode(&answer)
		response.Body.Close()
		if err != nil {
			return
		}
		var ids []uuid.UUID
		for _, item := range answer.Items {
			if item.Status == "accepted" {
				ids = append(ids, item.ID)
			}
		}
		told <- ids
	}
}

// activityIn returns how often each event is in the folder of an embedded broker.
func activityIn(t *testing.T, dir string) map[uuid.UUID]int {
	t.Helper()
	broker, err := broker.Open(dir, "127.0.0.1:0", false)
	require.NoError(t, err)
	defer broker.Close()
	client, err := bus.Connect(broker.Addrs(), kgo.ConsumeTopics(event.TopicActivity.Name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, event.TopicActivity.Name)
	require.NoError(t, err)
	left := int64(0)
	ends.Each(func(end kadm.ListedOffset) { left += end.Offset })
	found := map[uuid.UUID]int{}
	for left > 0 {
		fetches := client.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			a, err := event.DecodeActivity(r.Value)
			require.NoError(t, err)
			found[a.ID]++
			left--
		})
	}
	return found
}
