package platform_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/load"
	"gonotes/microservices/servicetest"
)

// KillsEnv names the environment variable that says how often TestCommand_killed kills.
const killsEnv = "GONOTES_KILLS"

// Services and the whole platform are killed at random moments under load. No event
// that was acknowledged is lost, none is counted twice, and no acknowledged site is
// forgotten. Then a service is paused, all events are sent again, and the numbers are
// made again from the first record: they stay the same.
func TestCommand_killed(t *testing.T) {
	kills := 6
	if text := os.Getenv(killsEnv); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err, killsEnv)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	port, data := servicetest.FreePorts(t, 6), t.TempDir()
	r := begin(t, port, data)
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Log(tail(r.log.String(), 4000))
		}
	})
	<-r.ready
	sites := []string{"a.example", "b.example", "c.example"}
	require.NoError(t, load.Register(t.Context(), r.url(1), r.url(2), sites))

	day := load.Day{Seed: seed, Start: time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour), Sites: sites, People: 500, Pages: 50, Events: 1 << 30}
	playing, enough := context.WithCancel(t.Context())
	player := &load.Player{Collector: r.url(2), Rate: 1000, Batch: 1, Clients: 64, Tally: load.NewTally(), Patience: 2 * time.Minute}
	played := make(chan error, 1)
	sent := []load.Event{}
	go func() {
		// It ends between two events, so that each that was sent is acknowledged.
		played <- player.Play(t.Context(), func(yield func(load.Event) bool) {
			for e := range day.All() {
				if sent = append(sent, e); playing.Err() != nil || !yield(e) {
					return
				}
			}
		})
	}()
	victims := []string{"bus", "config", "collector", "aggregator", "insights", "platform"}
	killed := map[string]int{}
	for i := range kills {
		time.Sleep(time.Duration(100+rng.IntN(500)) * time.Millisecond)
		victim := victims[i%len(victims)]
		if victim == "platform" {
			r.kill()
			r = begin(t, port, data)
			<-r.ready
		} else {
			require.Eventually(t, func() bool { return r.pid(victim) != 0 }, 10*time.Second, 5*time.Millisecond)
			syscall.Kill(r.pid(victim), syscall.SIGKILL)
		}
		killed[victim]++
		domain := "kill-" + strconv.Itoa(i) + ".example"
		require.Eventually(t, func() bool { return load.Register(t.Context(), r.url(1), r.url(2), []string{domain}) == nil }, time.Minute, 20*time.Millisecond)
		sites = append(sites, domain)
		if i%10 == 9 {
			t.Logf("%d kills, %d events acknowledged, %d requests sent again", i+1, player.Progress().Acknowledged, player.Progress().Again)
		}
	}
	enough()
	require.NoError(t, <-played)
	sent = sent[:player.Progress().Sent]
	settled := func(what string) {
		d, err := player.Tally.Settle(t.Context(), r.url(3), r.url(4), time.Minute)
		require.NoError(t, err, what)
		require.NoError(t, d.First, what)
		assert.Zero(t, d, what)
	}
	settled("after the kills")
	require.NoError(t, load.Register(t.Context(), r.url(1), r.url(2), sites), "every site is known")
	t.Logf("killed %v; %d events, %d requests sent again: lost 0, counted twice 0", killed, player.Progress().Acknowledged, player.Progress().Again)

	again := &load.Player{Collector: r.url(2), Rate: 20_000, Batch: 100, Clients: 4, Tally: load.NewTally(), Patience: time.Minute}
	require.NoError(t, syscall.Kill(r.pid("aggregator"), syscall.SIGSTOP))
	err := again.Play(t.Context(), func(yield func(load.Event) bool) {
		for _, e := range sent[:min(len(sent), 10_000)] {
			if !yield(e) {
				return
			}
		}
	})
	require.NoError(t, syscall.Kill(r.pid("aggregator"), syscall.SIGCONT))
	require.NoError(t, err)
	// When the last event of a site is counted, so is what came before it.
	for i, site := range []string{"a.example", "b.example", "c.example"} {
		last := load.Day{Seed: seed + 1 + uint64(i), Start: day.Start, Sites: []string{site}, People: 500, Pages: 50, Events: 1}
		require.NoError(t, player.Play(t.Context(), last.All()))
	}
	settled("after a pause, and all of it sent again")

	r.stop(t)
	stored, err := filepath.Glob(filepath.Join(data, "analytics.db*"))
	require.NoError(t, err)
	for _, file := range stored {
		require.NoError(t, os.Remove(file))
	}
	r = begin(t, port, data)
	<-r.ready
	settled("made again from the first record")
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
