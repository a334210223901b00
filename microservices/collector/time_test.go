package collector_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/internal/memnet"
	"gonotes/microservices/collector"
	"gonotes/rest/api"
)

// A client's clock may be wrong by so much and no more.
func TestEvents_time(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{}
		c := newCollector(t, bus)
		now := time.Now().UTC()
		for _, test := range []struct {
			at     time.Time
			reason string
		}{
			{now, ""},
			{now.Add(collector.MaxAhead), ""},
			{now.Add(collector.MaxAhead + 1), "time \"2000-01-01T00:05:00.000000001Z\" is more than 5m0s after 2000-01-01T00:00:00Z"},
			{now.AddDate(1000, 0, 0), "time \"3000-01-01T00:00:00Z\" is more than 5m0s after 2000-01-01T00:00:00Z"},
			{now.Add(-collector.MaxAge), ""},
			{now.Add(-collector.MaxAge - 1), "time \"1999-11-30T23:59:59.999999999Z\" is more than 31 days before 2000-01-01T00:00:00Z"},
			{time.Time{}, "time \"0001-01-01T00:00:00Z\" is more than 31 days before 2000-01-01T00:00:00Z"},
		} {
			got := post(c, jsonType, view(1, fmt.Sprintf(`"time":%q`, test.at.Format(time.RFC3339Nano)))).items(t)[0]
			assert.Equal(t, test.reason, got.Reason)
			if taken := bus.take(t); test.reason != "" {
				assert.Empty(t, taken)
			} else if assert.Len(t, taken, 1) {
				assert.Equal(t, test.at.Truncate(time.Millisecond), taken[0].Time.In())
			}
		}
		time.Sleep(time.Hour)
		post(c, jsonType, view(1, ""))
		assert.Equal(t, now.Add(time.Hour), bus.take(t)[0].Time.In(), "an event without a time is of the moment when it comes")
	})
}

// The bus has until the timeout. What it says just before is the answer; afterwards
// the outcome is unknown, and the room stays taken until the bus has let go.
func TestEvents_timeout(t *testing.T) {
	for _, after := range []struct {
		time.Duration
		error
	}{
		{collector.Timeout - 1, nil},
		{collector.Timeout - 1, errors.New("no leader")},
		{collector.Timeout + 1, nil},
		{time.Hour, errors.New("no leader")},
	} {
		synctest.Test(t, func(t *testing.T) {
			bus := &fakeBus{settle: func(r *kgo.Record, done func(error)) {
				if string(r.Key) != "01" { // the others are settled at once
					done(nil)
					return
				}
				time.AfterFunc(after.Duration, func() { done(after.error) })
			}}
			c := newCollector(t, bus)
			begin := time.Now()
			got := post(c, jsonType, "["+view(1, "")+`,{"id":"`+someID+`","kind":"view","site":"blog.example","path":"/"},7]`)
			took := time.Since(begin)
			want, status := outcome{"accepted", "", eventID(1)}, http.StatusAccepted
			switch {
			case after.Duration > collector.Timeout:
				want, status = outcome{"unknown", "the bus does not answer", eventID(1)}, http.StatusServiceUnavailable
				assert.Equal(t, collector.Timeout, took)
				assert.Less(t, c.Free(), int64(collector.MaxUnderWay), "the bus still has a record")
			case after.error != nil:
				want, status = outcome{"unknown", "the bus fails", eventID(1)}, http.StatusServiceUnavailable
				fallthrough
			default:
				assert.Equal(t, after.Duration, took)
				assert.Equal(t, int64(collector.MaxUnderWay), c.Free())
			}
			assert.Equal(t, status, got.status)
			assert.Equal(t, []outcome{want, {"accepted", "", uuid.MustParse(someID)}, {"refused", "a number, want an object", uuid.Nil}}, got.items(t))
			if status == http.StatusServiceUnavailable {
				assert.Equal(t, "1", got.header.Get("Retry-After"))
			}
			before := got.body
			time.Sleep(2 * time.Hour)
			assert.Equal(t, int64(collector.MaxUnderWay), c.Free(), "the room is given back, once")
			assert.Equal(t, before, got.body)
		})
	}
}

// An event alone whose outcome is unknown is answered with its ID, though the client
// gave it none.
func TestEvents_unknownAlone(t *testing.T) {
	bus := &fakeBus{settle: func(_ *kgo.Record, done func(error)) { done(errors.New("no leader")) }}
	got := post(newCollector(t, bus), jsonType, `{"kind":"view","site":"shop.example","path":"/"}`)
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Equal(t, "1", got.header.Get("Retry-After"))
	assert.Equal(t, []outcome{{"unknown", "the bus fails", bus.take(t)[0].ID}}, got.items(t))
}

// When there is no room the collector takes nothing, and afterwards as much as before.
func TestEvents_full(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held []func(error)
		hold := true
		bus := &fakeBus{settle: func(_ *kgo.Record, done func(error)) {
			if hold {
				held = append(held, done)
			} else {
				done(nil)
			}
		}}
		c := newCollector(t, bus)
		var batch []string
		for i := range collector.MaxBatch {
			batch = append(batch, view(i, ""))
		}
		body := "[" + strings.Join(batch, ",") + "]"
		refused := func(body string) {
			got := post(c, jsonType, body)
			assert.Equal(t, http.StatusTooManyRequests, got.status)
			assert.Equal(t, "1", got.header.Get("Retry-After"))
			assert.Equal(t, "Too much is under way. Nothing of this was taken; send it again later.", got.detail(t))
		}
		batches := 0
		for ; c.Free() > collector.MaxContent+1<<17; batches++ { // what such a batch takes: its content doubles to that
			assert.Equal(t, http.StatusServiceUnavailable, post(c, jsonType, body).status)
		}
		assert.Equal(t, batches*collector.MaxBatch, len(bus.take(t)))
		left := c.Free()
		refused(body)
		refused(strings.Repeat(" ", collector.MaxContent-1000) + view(1, ""))
		assert.Empty(t, bus.take(t))
		assert.Equal(t, left, c.Free(), "who is refused leaves what he took")
		for c.Free() >= 5<<10 {
			assert.Equal(t, http.StatusServiceUnavailable, post(c, jsonType, view(1, "")).status)
		}
		bus.take(t)
		refused(view(1, ""))
		assert.Empty(t, bus.take(t))
		for _, done := range held {
			done(nil)
		}
		assert.Equal(t, int64(collector.MaxUnderWay), c.Free())
		hold = false
		assert.Equal(t, http.StatusAccepted, post(c, jsonType, body).status)
	})
}

// Content takes room as it comes.
func TestEvents_growing(t *testing.T) {
	c := newCollector(t, &fakeBus{})
	var free []int64
	content := strings.NewReader(view(1, "") + strings.Repeat(" ", 100_000))
	got := do(c, newRequest(http.MethodPost, "/events", jsonType, readerFunc(func(p []byte) (int, error) {
		free = append(free, c.Free())
		return content.Read(p[:min(len(p), 1000)])
	})))
	assert.Equal(t, http.StatusAccepted, got.status)
	assert.Equal(t, int64(collector.MaxUnderWay-4<<10), free[0])
	assert.LessOrEqual(t, free[len(free)-1], int64(collector.MaxUnderWay-100_000))
	assert.GreaterOrEqual(t, free[len(free)-1], int64(collector.MaxUnderWay-200_000-4<<10))
	assert.Equal(t, int64(collector.MaxUnderWay), c.Free())
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Many records are settled at the very moment when their requests give up: each outcome
// is accepted or unknown, and the room is given back.
func TestEvents_late(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		bus := &fakeBus{settle: func(_ *kgo.Record, done func(error)) {
			n++
			go func(d time.Duration) {
				time.Sleep(d)
				done(nil)
			}(collector.Timeout + time.Duration(n%3-1))
		}}
		c := newCollector(t, bus)
		seen := map[string]int{}
		for range 100 {
			got := post(c, jsonType, "["+view(1, "")+","+view(2, "")+","+view(3, "")+","+view(4, "")+"]")
			assert.Equal(t, http.StatusServiceUnavailable, got.status)
			for _, item := range got.items(t) {
				seen[item.Status]++
			}
		}
		synctest.Wait()
		time.Sleep(time.Second)
		assert.Equal(t, int64(collector.MaxUnderWay), c.Free())
		assert.Equal(t, 400, seen["accepted"]+seen["unknown"])
		assert.GreaterOrEqual(t, seen["accepted"], 133, "those before the moment")
		assert.GreaterOrEqual(t, seen["unknown"], 133, "those after it")
	})
}

// exchange writes a request in parts, the second one after a while, to the server of
// the collector, and returns the response.
func exchange(t *testing.T, c http.Handler, first string, pause time.Duration, second string) *http.Response {
	l := memnet.Listen()
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- api.Serve(ctx, l, c, slog.New(slog.DiscardHandler)) }()
	conn, err := l.Dial(t.Context(), "", "")
	require.NoError(t, err)
	var writing sync.WaitGroup
	writing.Go(func() { io.WriteString(conn, first) })
	rest := time.AfterFunc(pause, func() { io.WriteString(conn, second) })
	t.Cleanup(func() {
		rest.Stop()
		conn.Close()
		writing.Wait()
		stop()
		assert.NoError(t, <-served)
	})
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	return response
}

const head = "POST /events HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\n"

// A body has the server's ten seconds. While it is on its way it holds room for what
// came, whatever it announces.
func TestEvents_slow(t *testing.T) {
	body := view(1, "")
	announced := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body))
	for _, test := range []struct {
		pause  time.Duration
		status int
	}{
		{10*time.Second - 1, http.StatusAccepted},
		{10*time.Second + 1, http.StatusRequestTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCollector(t, &fakeBus{})
			got := exchange(t, c, head+announced+body[:50], test.pause, body[50:])
			content, err := io.ReadAll(got.Body)
			require.NoError(t, err)
			assert.Equal(t, test.status, got.StatusCode, "%s", content)
			if test.status == http.StatusRequestTimeout {
				assert.Contains(t, string(content), "The content ended after 50 bytes, and more did not come in time.")
				assert.True(t, got.Close)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, &fakeBus{})
		go func() {
			time.Sleep(5 * time.Second)
			assert.Equal(t, int64(collector.MaxUnderWay-4096), c.Free(), "of a megabyte that is announced, little came")
		}()
		got := exchange(t, c, head+"Content-Length: 1048576\r\n\r\n[", time.Minute, "")
		assert.Equal(t, http.StatusRequestTimeout, got.StatusCode)
	})
}

// A client that asks first is told to go on, or refused before it sends anything.
func TestEvents_expect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := view(1, "")
		got := exchange(t, newCollector(t, &fakeBus{}), head+fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body)), time.Second, body)
		assert.Equal(t, http.StatusContinue, got.StatusCode)
	})
	synctest.Test(t, func(t *testing.T) {
		got := exchange(t, newCollector(t, &fakeBus{}), head+"Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n", time.Hour, "")
		assert.Equal(t, http.StatusRequestEntityTooLarge, got.StatusCode)
	})
}

// Content in chunks is read to its end.
func TestEvents_chunked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := view(1, "")
		chunks := fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", 20, body[:20], len(body)-20, body[20:])
		got := exchange(t, newCollector(t, &fakeBus{}), head+"Transfer-Encoding: chunked\r\n\r\n"+chunks[:30], time.Second, chunks[30:])
		assert.Equal(t, http.StatusAccepted, got.StatusCode)
	})
}
