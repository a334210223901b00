package collector_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/collector"
)

// judged sends a body and asserts what holds for each: an answer that is no 5xx, and
// exactly what it says is taken on the bus, once. It returns the outcomes, if there are.
func judged(t testing.TB, c *collector.Collector, bus *fakeBus, contentType, body string) (int, []outcome) {
	t.Helper()
	got := post(c, contentType, body)
	onBus := map[uuid.UUID]int{}
	for _, a := range bus.take(t) {
		onBus[a.ID]++
	}
	assert.Equal(t, int64(collector.MaxUnderWay), c.Free(), "%q", body)
	if got.header.Get("Content-Type") != jsonType {
		assert.Contains(t, []int{400, 413}, got.status, "%q", body)
		assert.NotEmpty(t, got.detail(t))
		assert.Empty(t, onBus, "%q", body)
		return got.status, nil
	}
	items := got.items(t)
	taken, want := map[uuid.UUID]int{}, http.StatusUnprocessableEntity
	for _, item := range items {
		assert.Equal(t, item.Status != "accepted", item.Reason != "", "%q: %v", body, item)
		switch item.Status {
		case "accepted", "marked":
			taken[item.ID]++
			want = http.StatusAccepted
		case "duplicate", "refused":
		default:
			t.Errorf("%q: status %q", body, item.Status)
		}
	}
	for id, times := range taken {
		assert.Equal(t, 1, times, "%q: %v is accepted", body, id)
	}
	assert.Equal(t, taken, onBus, "%q", body)
	assert.Equal(t, want, got.status, "%q", body)
	return got.status, items
}

// generator makes bodies that are wrong in some way, or not.
type generator struct {
	*rand.Rand
	n int // of events with an ID of their own
}

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g *generator) junk(n int) string {
	b := make([]byte, g.IntN(n))
	for i := range b {
		b[i] = byte(g.IntN(256))
	}
	return string(b)
}

// good returns an event that is accepted, and its ID.
func (g *generator) good() (string, uuid.UUID) {
	g.n++
	return view(g.n, g.pick("", `"visitor":"v"`, `"referrer":"https://a.example/b"`, `"visitor":"Ünal","referrer":"http://b.example:80/?c"`)), eventID(g.n)
}

// mutated changes some bytes.
func (g *generator) mutated(body string) string {
	b := []byte(body)
	for range 1 + g.IntN(4) {
		if len(b) == 0 {
			break
		}
		i := g.IntN(len(b))
		switch g.IntN(5) {
		case 0:
			b[i] = byte(g.IntN(256))
		case 1:
			b[i] ^= 1 << g.IntN(8)
		case 2:
			b = slices.Delete(b, i, min(i+1+g.IntN(8), len(b)))
		case 3:
			b = slices.Insert(b, i, []byte(g.pick("\"", "\\", "{", "}", "[", "]", ",", ":", "\n", "\x00", "\xff", "\ud7ff", "null", "1e999", `\u0000`, `\ud800`))...)
		case 4:
			j := g.IntN(len(b))
			b = slices.Insert(b, i, b[min(i, j):max(i, j)]...)
		}
	}
	return string(b)
}

// bad returns what may or may not be an event.
func (g *generator) bad() string {
	event, _ := g.good()
	return g.pick(g.mutated(event), g.mutated(event), g.mutated(event), g.junk(60), `{}`, `null`, `-0.1e+7`, `"x"`, `[[]]`, `{"kind":"view"}`,
		strings.Replace(event, "view", "click", 1), strings.Replace(event, "shop", "some", 1), strings.Replace(event, "shop", "any", 1), strings.Replace(event, `"/"`, `"\ud83d"`, 1), strings.Replace(event, "/", strings.Repeat("/", 3000), 1),
		strings.Replace(event, "{", `{"time":"9999-12-31T23:59:60Z",`, 1), strings.Replace(event, "{", `{"id":"`+someID+`",`, 1), strings.Repeat("[", 200)+strings.Repeat("]", 200))
}

// body returns one with its media type, and the IDs of the events in it that nothing
// is wrong with, if the others cannot reach them.
func (g *generator) body() (contentType, body string, good []uuid.UUID) {
	if g.IntN(10) == 0 {
		return g.pick(jsonType, ndjsonType), g.junk(400), nil
	}
	var items []string
	whole := true
	for range g.IntN(8) {
		switch g.IntN(8) {
		case 0:
			if len(items) > 0 {
				items = append(items, items[g.IntN(len(items))])
				continue
			}
		case 1, 2, 3:
			item, id := g.good()
			items, good = append(items, item), append(good, id)
			continue
		}
		item := g.bad()
		items = append(items, item)
		whole = whole && json.Valid([]byte(item))
	}
	contentType = g.pick(jsonType, jsonType, ndjsonType)
	if contentType == jsonType {
		body = "[" + strings.Join(items, g.pick(",", " ,\n")) + "]"
		if !whole {
			good = nil
		}
	} else {
		body = strings.Join(items, g.pick("\n", "\r\n", "\n\n"))
	}
	if g.IntN(4) == 0 {
		return contentType, g.mutated(body), nil
	}
	return contentType, body, good
}

// Of 10,000 bodies that are wrong in some way none makes the collector fail, and none
// loses an event that nothing is wrong with.
func TestEvents_fuzzed(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(1, 2))}
	bus := &fakeBus{}
	c := newCollector(t, bus)
	statuses, dispositions, intact := map[int]int{}, map[string]int{}, 0
	for range 10_000 {
		g.n = 0
		contentType, body, good := g.body()
		status, items := judged(t, c, bus, contentType, body)
		statuses[status]++
		accepted := map[uuid.UUID]bool{}
		for _, item := range items {
			dispositions[item.Status]++
			accepted[item.ID] = accepted[item.ID] || item.Status == "accepted"
		}
		for _, id := range good {
			assert.True(t, accepted[id], "%q: %v is lost", body, id)
			intact++
		}
		if t.Failed() {
			return
		}
	}
	for _, status := range []int{202, 400, 422} {
		assert.Greater(t, statuses[status], 300, "answers with status %d: the bodies are too few of a kind", status)
	}
	for _, status := range []string{"accepted", "marked", "duplicate", "refused"} {
		assert.Greater(t, dispositions[status], 300, "events that are %s: the bodies are too few of a kind", status)
	}
	assert.Greater(t, intact, 5000, "events between others")
	t.Log(statuses, dispositions, intact)
}

// Whatever bytes come, the answer is none of 5xx, and what it says was taken is on the
// bus.
func FuzzEvents(f *testing.F) {
	g := &generator{Rand: rand.New(rand.NewPCG(3, 4))}
	for range 100 {
		contentType, body, _ := g.body()
		f.Add(contentType == ndjsonType, body)
	}
	for _, test := range dispositions {
		f.Add(false, test.event)
		f.Add(false, "["+test.event+","+view(1, "")+"]")
	}
	f.Add(false, strings.Repeat("[", 20_000))
	f.Add(false, "["+strings.Repeat("{},", 1001)+"{}]")
	f.Add(true, strings.Repeat("\n{}", 1001))
	f.Fuzz(func(t *testing.T, lines bool, body string) {
		bus := &fakeBus{}
		judged(t, newCollector(t, bus), bus, map[bool]string{true: ndjsonType, false: jsonType}[lines], body)
	})
}

// What is read without the JSON decoder is what that would have read.
func FuzzPlain(f *testing.F) {
	for _, test := range dispositions {
		f.Add([]byte(test.event))
	}
	for _, item := range []string{"", "{", `{"`, `{"kind`, `{"kind"`, `{"kind":`, `{"kind":"`, `{"kind":"x"`, `{"kind":"x",`, `{"kind":"x",}`, `{"kind":"x"}}`, `{}`, `{"kind":"x","kind":"x"}`, `{"":"x"}`, "{\"kind\":\"\x7f\"}", "{\"kind\":\"\x1f\"}", "{\"kind\":\"\n\"}"} {
		f.Add([]byte(item))
	}
	f.Fuzz(func(t *testing.T, item []byte) {
		before := bytes.Clone(item)
		plain, slow, isPlain, err := collector.Decoded(item)
		require.Equal(t, before, item)
		if isPlain {
			assert.NoError(t, err, "%q", item)
			assert.Equal(t, slow, plain, "%q", item)
		}
	})
}

// The form that is read without the JSON decoder is that of nearly all events.
func TestPlain(t *testing.T) {
	for item, want := range map[string]bool{
		view(1, `"referrer":"https://a.example/?b","time":"2026-03-01T09:30:00Z","visitor":"v"`): true,
		`{"kind":"view"}`:                     true,
		`{"kind": "view"}`:                    false,
		`{"kind":"\u0020"}`:                   false,
		`{"kind":"größe"}`:                    false,
		`{"kind":""}`:                         false,
		`{"sort":"view"}`:                     false,
		`{"kind":7}`:                          false,
		`{}`:                                  false,
		fmt.Sprintf("%s ", `{"kind":"view"}`): false,
	} {
		_, _, got, _ := collector.Decoded([]byte(item))
		assert.Equal(t, want, got, item)
	}
}
