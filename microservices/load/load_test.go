package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/memnet"
	"gonotes/microservices/load"
)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func day(seed uint64, events int) load.Day {
	return load.Day{Seed: seed, Start: start, Sites: []string{"a.example", "b.example", "c.example"}, People: 1000, Pages: 100, Events: events}
}

// Equal days have equal events; another seed or another date makes others, with other
// ids, since one that comes with a known id is not counted.
func TestDay_seed(t *testing.T) {
	events := func(d load.Day) []load.Event { return slices.Collect(d.All()) }
	a := events(day(1, 100))
	assert.Len(t, a, 100)
	assert.Equal(t, a, events(day(1, 100)))
	tomorrow := day(1, 100)
	tomorrow.Start = start.AddDate(0, 0, 1)
	for _, other := range [][]load.Event{events(day(2, 100)), events(tomorrow)} {
		for i := range a {
			assert.NotEqual(t, a[i].ID, other[i].ID)
		}
	}
}

// A day may be of one person, who reads one page.
func TestDay_small(t *testing.T) {
	d := load.Day{Start: start, Sites: []string{"a.example"}, People: 1, Pages: 1, Events: 50}
	for e := range d.All() {
		assert.Equal(t, "v0 a.example/articles/0", e.Visitor+" "+e.Site+e.Path)
	}
}

// A day is as days are: within itself, few come at night and most in the evening, half of
// all go to the first site, some like, some come from elsewhere, few pages are read by
// most, and one in a hundred events comes up to an hour late.
func TestDay_shape(t *testing.T) {
	const events = 20_000
	ids, sites, pages, visitors := map[uuid.UUID]bool{}, map[string]int{}, map[string]int{}, map[string]bool{}
	var byHour [24]int
	likes, referred, late := 0, 0, 0
	newest := start
	for e := range day(1, events).All() {
		require.False(t, e.Time.Before(start))
		require.True(t, e.Time.Before(start.Add(24*time.Hour)))
		byHour[e.Time.Hour()]++
		ids[e.ID] = true
		sites[e.Site]++
		pages[e.Path]++
		visitors[e.Visitor] = true
		if e.Kind == "like" {
			likes++
		} else {
			assert.Equal(t, "view", e.Kind)
		}
		if e.Referrer != "" {
			referred++
		}
		if e.Time.Before(newest) {
			if behind := newest.Sub(e.Time); behind > 10*time.Second {
				late++
				assert.LessOrEqual(t, behind, time.Hour+10*time.Second)
			}
		} else {
			newest = e.Time
		}
	}
	assert.Len(t, ids, events)
	assert.InDelta(t, events/2, sites["a.example"], events/50)
	assert.InDelta(t, events/4, sites["b.example"], events/50)
	assert.InDelta(t, events/20, likes, events/100)
	assert.InDelta(t, events*4/10, referred, events/50)
	assert.InDelta(t, events/100, late, events/200)
	assert.Greater(t, pages["/articles/0"], events/20)
	assert.Greater(t, len(pages), 90)
	assert.Greater(t, len(visitors), 500)
	night, evening := byHour[3]+byHour[4]+byHour[5], byHour[15]+byHour[16]+byHour[17]
	assert.Greater(t, evening, 4*night, "%v", byHour)
}

// answers is a platform that says what it is told to.
func answers(t *testing.T, hours, pages string, actives int) (url string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sites/a.example/hours", func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "2026-03-01T09:00:00Z", r.URL.Query().Get("from"))
		assert.Equal(t, "2026-03-01T11:00:00Z", r.URL.Query().Get("to"))
		fmt.Fprintf(w, `{"hours":[%s]}`, hours)
	})
	mux.HandleFunc("GET /sites/a.example/pages", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"pages":[%s]}`, pages) })
	mux.HandleFunc("GET /months/2026-03/sites/a.example", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"actives":%d}`, actives) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// Each number that differs from the tally is found.
func TestTally(t *testing.T) {
	at := func(hour int) time.Time { return start.Add(time.Duration(hour) * time.Hour) }
	tally := load.NewTally()
	for i, e := range []load.Event{
		{Kind: "view", Path: "/a", Time: at(9), Visitor: "1"},
		{Kind: "view", Path: "/a", Time: at(9).Add(59 * time.Minute), Visitor: "1"},
		{Kind: "view", Path: "/b", Time: at(9), Visitor: "2"},
		{Kind: "like", Path: "/b", Time: at(10), Visitor: "2"},
	} {
		e.ID, e.Site = uuid.UUID{byte(i)}, "a.example"
		tally.Add(e)
	}
	assert.EqualValues(t, 4, tally.Events())
	const (
		nine  = `{"start":"2026-03-01T09:00:00Z","views":3,"likes":0,"visitors":2}`
		ten   = `{"start":"2026-03-01T10:00:00Z","views":0,"likes":1,"visitors":1}`
		pages = `{"path":"/a","views":2},{"path":"/b","views":1}`
	)
	for _, test := range []struct {
		name, hours, pages string
		actives            int
		lost, twice        int64
		want               string
	}{
		{"equal", nine + "," + ten, pages, 2, 0, 0, ""},
		{"a view is lost", strings.Replace(nine, `"views":3`, `"views":2`, 1) + "," + ten, pages, 2, 1, 0, "a.example 2026-03-01T09:00:00Z views: the platform says 2, the tally 3"},
		{"a like is counted twice", nine + "," + strings.Replace(ten, `"likes":1`, `"likes":2`, 1), pages, 2, 0, 1, "likes: the platform says 2, the tally 1"},
		{"an hour is lost", nine, pages, 2, 1, 0, "2026-03-01T10:00:00Z likes: the platform says 0, the tally 1"},
		{"an hour too many", nine + "," + ten + `,{"start":"2026-03-01T08:00:00Z","views":5}`, pages, 2, 0, 5, "2026-03-01T08:00:00Z views: the platform says 5, the tally 0"},
		{"visitors", strings.Replace(nine, `"visitors":2`, `"visitors":3`, 1) + "," + ten, pages, 2, 0, 0, "visitors: the platform says 3, the tally 2"},
		{"a page", nine + "," + ten, strings.Replace(pages, `"views":2`, `"views":1`, 1), 2, 0, 0, "a.example/a views: the platform says 1, the tally 2"},
		{"a page is lost", nine + "," + ten, `{"path":"/a","views":2}`, 2, 0, 0, "a.example/b views: the platform says 0, the tally 1"},
		{"actives", nine + "," + ten, pages, 1, 0, 0, "monthly actives of 2026-03 a.example: the platform says 1, the tally 2"},
	} {
		url := answers(t, test.hours, test.pages, test.actives)
		d, err := tally.Compare(t.Context(), url, url)
		require.NoError(t, err, test.name)
		assert.Equal(t, test.lost, d.Lost, test.name)
		assert.Equal(t, test.twice, d.Twice, test.name)
		if test.want == "" {
			assert.NoError(t, d.First, test.name)
		} else {
			assert.ErrorContains(t, d.First, test.want, test.name)
		}
	}
}

// The numbers may be late; what stays different is reported when patience ends.
func TestTally_Settle(t *testing.T) {
	tally := load.NewTally()
	tally.Add(load.Event{Kind: "view", Site: "a.example", Path: "/", Time: start, Visitor: "1"})
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		views := 0
		if asked++; asked > 5 {
			views = 1
		}
		fmt.Fprintf(w, `{"hours":[{"start":"2026-03-01T00:00:00Z","views":%d,"visitors":1}],"pages":[{"path":"/","views":1}],"actives":1}`, views)
	}))
	defer server.Close()
	d, err := tally.Settle(t.Context(), server.URL, server.URL, time.Minute)
	require.NoError(t, err)
	assert.Zero(t, d)
	asked = -1000
	d, err = tally.Settle(t.Context(), server.URL, server.URL, 0)
	require.NoError(t, err)
	assert.EqualValues(t, 1, d.Lost)
	ctx, stop := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, errors.New("enough"))
	defer stop()
	_, err = tally.Settle(ctx, server.URL, server.URL, time.Minute)
	assert.EqualError(t, err, "enough")
}

// collector is a fake one, which answers by what answer says of the n-th request.
type collector struct {
	mu     sync.Mutex
	seen   map[string]int // how often each event came
	n      int
	answer func(n int, w http.ResponseWriter, ids []string)
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var events []struct{ ID string }
	if body[0] != '[' {
		body = append(append([]byte{'['}, body...), ']')
	}
	json.Unmarshal(body, &events)
	var ids []string
	c.mu.Lock()
	for _, e := range events {
		ids = append(ids, e.ID)
		c.seen[e.ID]++
	}
	c.n++
	n := c.n
	c.mu.Unlock()
	c.answer(n, w, ids)
}

func accept(w http.ResponseWriter, ids []string) {
	w.WriteHeader(http.StatusAccepted)
	if len(ids) == 1 {
		fmt.Fprintf(w, `{"status":"accepted","id":%q}`, ids[0])
		return
	}
	var items []string
	for _, id := range ids {
		items = append(items, fmt.Sprintf(`{"status":"accepted","id":%q}`, id))
	}
	fmt.Fprintf(w, `{"items":[%s]}`, strings.Join(items, ","))
}

func newPlayer(t *testing.T, batch int, answer func(n int, w http.ResponseWriter, ids []string)) (*load.Player, *collector) {
	t.Helper()
	c := &collector{seen: map[string]int{}, answer: answer}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return &load.Player{Collector: server.URL, Rate: 100_000, Batch: batch, Clients: 4, Tally: load.NewTally(), Patience: time.Minute}, c
}

// Whatever is answered with try again is sent again with its id, until it is taken; then
// it is in the tally, once.
func TestPlayer_again(t *testing.T) {
	for _, batch := range []int{1, 7} {
		player, c := newPlayer(t, batch, func(n int, w http.ResponseWriter, ids []string) {
			switch n % 5 {
			case 0:
				w.WriteHeader(http.StatusTooManyRequests)
			case 1:
				w.WriteHeader(http.StatusServiceUnavailable)
			case 2:
				panic(http.ErrAbortHandler) // the connection breaks
			default:
				accept(w, ids)
			}
		})
		require.NoError(t, player.Play(t.Context(), day(1, 100).All()))
		assert.EqualValues(t, 100, player.Tally.Events())
		assert.Len(t, c.seen, 100)
		progress := player.Progress()
		assert.EqualValues(t, 100, progress.Sent)
		assert.EqualValues(t, 100, progress.Acknowledged)
		assert.Positive(t, progress.Again)
	}
}

// What is refused, or taken otherwise than it should be, ends the play with an error that
// says so, and is not in the tally.
func TestPlayer_refused(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func(n int, w http.ResponseWriter, ids []string)
		want   string
	}{
		{"refused", func(_ int, w http.ResponseWriter, _ []string) { http.Error(w, "no", http.StatusUnprocessableEntity) }, "refused with status 422: no"},
		{"marked", func(_ int, w http.ResponseWriter, ids []string) {
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprintf(w, `{"status":"marked","id":%q,"reason":"bot"}`, ids[0])
		}, "is marked (bot)"},
		{"another id", func(_ int, w http.ResponseWriter, _ []string) { accept(w, []string{uuid.Nil.String()}) }, "is accepted"},
		{"no JSON", func(_ int, w http.ResponseWriter, _ []string) { w.WriteHeader(http.StatusAccepted) }, "1 outcomes of 1 events"},
	} {
		player, _ := newPlayer(t, 1, test.answer)
		assert.ErrorContains(t, player.Play(t.Context(), day(1, 1).All()), test.want, test.name)
		assert.Zero(t, player.Tally.Events(), test.name)
	}
}

// An answer that says nothing of an event is refused.
func TestPlayer_outcomes(t *testing.T) {
	player, _ := newPlayer(t, 2, func(_ int, w http.ResponseWriter, ids []string) {
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"items":[{"status":"accepted","id":%q}]}`, ids[0])
	})
	assert.ErrorContains(t, player.Play(t.Context(), day(1, 2).All()), "1 outcomes of 2 events")
	assert.Zero(t, player.Tally.Events())
}

// inBubble plays events to a collector in memory, in a bubble of testing/synctest, and
// returns how long it took.
func inBubble(t *testing.T, player *load.Player, events int, answer func(n int, w http.ResponseWriter, ids []string)) (took time.Duration, err error) {
	t.Helper()
	l := memnet.Listen()
	server := &http.Server{Handler: &collector{seen: map[string]int{}, answer: answer}}
	go server.Serve(l)
	defer server.Close()
	client := l.Client()
	defer client.CloseIdleConnections()
	player.Collector, player.Transport, player.Tally = "http://collector.example", client.Transport, load.NewTally()
	begin := time.Now()
	err = player.Play(t.Context(), day(1, events).All())
	return time.Since(begin), err
}

// After its patience it gives up, not before, and says at which event.
func TestPlayer_patience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		player := &load.Player{Rate: 1, Batch: 1, Clients: 1, Patience: time.Minute}
		took, err := inBubble(t, player, 1, func(_ int, w http.ResponseWriter, _ []string) {
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "the bus is away")
		})
		first := slices.Collect(day(1, 1).All())[0]
		assert.EqualError(t, err, "event "+first.ID.String()+": status 503: the bus is away")
		assert.Greater(t, took, time.Minute)
		assert.LessOrEqual(t, took, time.Minute+20*time.Millisecond)
	})
}

// It ends with its context, and the tally holds what was taken until then.
func TestPlayer_stops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	player, _ := newPlayer(t, 1, func(n int, w http.ResponseWriter, ids []string) {
		if n == 50 {
			stop()
		}
		accept(w, ids)
	})
	assert.ErrorIs(t, player.Play(ctx, day(1, 1_000_000).All()), context.Canceled)
	assert.Less(t, player.Tally.Events(), int64(1000))
}

// It keeps its rate: each batch is sent when it is due, and what was late because all
// clients waited is made up for.
func TestPlayer_rate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		player := &load.Player{Rate: 1000, Batch: 10, Clients: 2}
		begin, came := time.Now(), []time.Duration{}
		took, err := inBubble(t, player, 300, func(_ int, w http.ResponseWriter, ids []string) {
			came = append(came, time.Since(begin))
			accept(w, ids)
		})
		require.NoError(t, err)
		assert.Equal(t, 290*time.Millisecond, took)
		for i := range came {
			assert.Equal(t, time.Duration(i)*10*time.Millisecond, came[i])
		}
		slow := &load.Player{Rate: 1000, Batch: 10, Clients: 2}
		took, err = inBubble(t, slow, 300, func(n int, w http.ResponseWriter, ids []string) {
			if n <= 2 {
				time.Sleep(200 * time.Millisecond)
			}
			accept(w, ids)
		})
		require.NoError(t, err)
		assert.Equal(t, 290*time.Millisecond, took)
	})
}

// Sites that are not there are made, and waited for until the collector knows them.
func TestRegister(t *testing.T) {
	var mu sync.Mutex
	known, asked, made := map[string]bool{"old.example": true}, map[string]int{}, []string{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sites/{domain}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		domain := r.PathValue("domain")
		if asked[domain]++; !known[domain] || domain == "unheard.example" || asked[domain] < 3 && domain != "old.example" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		io.WriteString(w, "{}")
	})
	mux.HandleFunc("POST /accounts", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/accounts/1")
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("POST /accounts/1/sites", func(w http.ResponseWriter, r *http.Request) {
		var site struct{ Domain string }
		json.NewDecoder(r.Body).Decode(&site)
		if site.Domain == "taken.example" {
			http.Error(w, "another site has it", http.StatusConflict)
			return
		}
		mu.Lock()
		known[site.Domain] = true
		made = append(made, site.Domain)
		mu.Unlock()
		w.WriteHeader(http.StatusCreated)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	require.NoError(t, load.Register(t.Context(), server.URL, server.URL, []string{"old.example", "a.example", "b.example"}))
	assert.Equal(t, []string{"a.example", "b.example"}, made)
	assert.GreaterOrEqual(t, asked["a.example"], 3)
	assert.ErrorContains(t, load.Register(t.Context(), server.URL, server.URL, []string{"taken.example"}), "make the site taken.example: "+server.URL+"/accounts/1/sites: status 409: another site has it")

	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	err := load.Register(ctx, server.URL, server.URL, []string{"unheard.example"})
	assert.ErrorContains(t, err, "wait until the collector knows the site unheard.example: context deadline exceeded")
}

// A flag that makes no sense is named; a platform that is not there is, too.
func TestCommand_refuses(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-rate", "0"}, "-rate is 0, want at least 1"},
		{[]string{"-batch", "-1"}, "-batch is -1, want at least 1"},
		{[]string{"x"}, `argument "x", want none`},
		{[]string{"-config", "http://127.0.0.1:1", "-collector", "http://127.0.0.1:1"}, "register the sites: make an account: Post \"http://127.0.0.1:1/accounts\": dial tcp 127.0.0.1:1: connect: connection refused"},
	} {
		var out bytes.Buffer
		assert.ErrorContains(t, load.Command(t.Context(), test.args, &out, io.Discard), test.want)
		assert.Empty(t, out.String())
	}
}
