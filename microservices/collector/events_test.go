package collector_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/collector"
	"gonotes/microservices/event"
	"gonotes/microservices/sites"
	"gonotes/microservices/telemetry"
)

// view returns an event with an ID and other members.
func view(n int, members string) string {
	if members != "" {
		members = "," + members
	}
	return fmt.Sprintf(`{"id":"%s","kind":"view","site":"shop.example","path":"/"%s}`, eventID(n), members)
}

const someID = "0190a6e0-1111-7000-8000-00000000abcd"

// Dispositions are those of all kinds of events. Each is JSON.
var dispositions = []struct {
	name, event string
	status      string
	reason      string
}{
	{"the least", `{"kind":"view","site":"shop.example","path":"/"}`, "accepted", ""},
	{"all of it", `{"id":"` + someID + `","kind":"like","site":"blog.example","path":"/a?b=c","referrer":"https://search.example/?q=x","time":"TIME","visitor":"v1"}`, "accepted", ""},
	{"white space", " {\t\"kind\" : \"view\" , \"site\":\"shop.example\",\"path\":\"/\"}\r", "accepted", ""},
	{"an escape", `{"kind":"vi\u0065w","site":"shop.example","path":"/"}`, "accepted", ""},
	{"escapes", `{"kind":"vi\u0065w","site":"shop.example","path":"\u002f\ud83d\ude00\""}`, "accepted", ""},
	{"not ASCII", `{"kind":"view","site":"shop.example","path":"/größe"}`, "accepted", ""},
	{"null", `{"id":null,"kind":"view","site":"shop.example","path":"/","referrer":null,"time":null,"visitor":null}`, "accepted", ""},
	{"empty", `{"id":"","kind":"view","site":"shop.example","path":"/","referrer":"","time":"","visitor":""}`, "accepted", ""},
	{"capital letters", `{"id":"0190A6E0-1111-7000-8000-00000000ABCD","kind":"view","site":"Shop.EXAMPLE","path":"/"}`, "accepted", ""},
	{"the longest path", `{"kind":"view","site":"shop.example","path":"/` + strings.Repeat("p", 2047) + `"}`, "accepted", ""},
	{"the longest visitor", `{"kind":"view","site":"shop.example","path":"/","visitor":"` + strings.Repeat("v", 128) + `"}`, "accepted", ""},
	{"the longest domain", `{"kind":"view","site":"` + strings.Repeat("d", 253) + `","path":"/"}`, "marked", "unknown site"},
	{"an unknown site", `{"kind":"view","site":"other.example","path":"/"}`, "marked", "unknown site"},

	{"no kind", `{"site":"shop.example","path":"/"}`, "refused", `kind "", want "view" or "like"`},
	{"another kind", `{"id":"` + someID + `","kind":"click","site":"shop.example","path":"/"}`, "refused", `kind "click", want "view" or "like"`},
	{"a long kind", `{"kind":"` + strings.Repeat("k", 5000) + `","site":"shop.example","path":"/"}`, "refused", `kind "` + strings.Repeat("k", 40) + `", want "view" or "like"`},
	{"an id that is none", `{"id":"7","kind":"view","site":"shop.example","path":"/"}`, "refused", `id "7", want a UUID like 0190a6e0-0000-7000-8000-000000000001`},
	{"an id in braces", `{"id":"{` + someID + `}","kind":"view","site":"shop.example","path":"/"}`, "refused", `id "{` + someID + `}", want a UUID like 0190a6e0-0000-7000-8000-000000000001`},
	{"the id of nothing", `{"id":"00000000-0000-0000-0000-000000000000","kind":"view","site":"shop.example","path":"/"}`, "refused", `id "00000000-0000-0000-0000-000000000000", want a UUID like 0190a6e0-0000-7000-8000-000000000001`},
	{"no site", `{"kind":"view","path":"/"}`, "refused", `site "" of 0 bytes, want a domain name of at most 253 letters, digits, hyphens and dots`},
	{"a site with a port", `{"kind":"view","site":"shop.example:80","path":"/"}`, "refused", `site "shop.example:80" of 15 bytes, want a domain name of at most 253 letters, digits, hyphens and dots`},
	{"a long site", `{"kind":"view","site":"` + strings.Repeat("d", 254) + `","path":"/"}`, "refused", `site "` + strings.Repeat("d", 40) + `" of 254 bytes, want a domain name of at most 253 letters, digits, hyphens and dots`},
	{"no path", `{"kind":"view","site":"shop.example"}`, "refused", `path "" of 0 bytes, want at most 2048 that begin with a slash`},
	{"a relative path", `{"kind":"view","site":"shop.example","path":"a"}`, "refused", `path "a" of 1 bytes, want at most 2048 that begin with a slash`},
	{"a long path", `{"kind":"view","site":"shop.example","path":"/` + strings.Repeat("p", 2048) + `"}`, "refused", `path "/` + strings.Repeat("p", 39) + `" of 2049 bytes, want at most 2048 that begin with a slash`},
	{"a long visitor", `{"kind":"view","site":"shop.example","path":"/","visitor":"` + strings.Repeat("v", 129) + `"}`, "refused", "visitor of 129 bytes, want at most 128"},
	{"a relative referrer", `{"kind":"view","site":"shop.example","path":"/","referrer":"/x"}`, "refused", `referrer "/x" of 2 bytes, want an absolute URL whose host has at most 253`},
	{"a referrer without a host", `{"kind":"view","site":"shop.example","path":"/","referrer":"https://:80/"}`, "refused", `referrer "https://:80/" of 12 bytes, want an absolute URL whose host has at most 253`},
	{"a referrer without a scheme", `{"kind":"view","site":"shop.example","path":"/","referrer":"://a.example"}`, "refused", `referrer "://a.example" of 12 bytes, want an absolute URL whose host has at most 253`},
	{"a referrer with a long host", `{"kind":"view","site":"shop.example","path":"/","referrer":"http://` + strings.Repeat("h", 254) + `"}`, "refused", `referrer "http://` + strings.Repeat("h", 33) + `" of 261 bytes, want an absolute URL whose host has at most 253`},
	{"a time that is none", `{"kind":"view","site":"shop.example","path":"/","time":"yesterday"}`, "refused", `time "yesterday", want RFC 3339 like 2026-03-01T09:30:00Z`},
	{"a time without a zone", `{"kind":"view","site":"shop.example","path":"/","time":"2026-03-01T09:30:00"}`, "refused", `time "2026-03-01T09:30:00", want RFC 3339 like 2026-03-01T09:30:00Z`},
	{"an unknown member", `{"kind":"view","sight":"shop.example","path":"/"}`, "refused", `member "sight", want id, kind, site, path, referrer, time or visitor`},
	{"a member that is there twice", `{"kind":"view","site":"shop.example","path":"/","path":"/b"}`, "refused", `member "path" is there twice`},
	{"an empty member that is there twice", `{"visitor":"","visitor":"v","kind":"view","site":"shop.example","path":"/"}`, "refused", `member "visitor" is there twice`},
	{"a number for a text", `{"kind":"view","site":7,"path":"/"}`, "refused", "site is a number, want a string"},
	{"a boolean for a text", `{"kind":"view","site":"shop.example","path":true}`, "refused", "path is a boolean, want a string"},
	{"an object for a text", `{"kind":{},"site":"shop.example","path":"/"}`, "refused", "kind is an object, want a string"},
	{"a number", `7`, "refused", "a number, want an object"},
	{"a text", `"view"`, "refused", "a string, want an object"},
	{"a boolean", `false`, "refused", "a boolean, want an object"},
	{"null for an event", `null`, "refused", `kind "", want "view" or "like"`},
	{"invalid UTF-8", "{\"kind\":\"view\",\"site\":\"shop.example\",\"path\":\"/\xff\"}", "refused", "invalid UTF-8, after 46 bytes"},
}

// Each event has its outcome, alone and among others, and what is wrong with one does
// no harm to its neighbours.
func TestEvents_dispositions(t *testing.T) {
	for _, test := range dispositions {
		t.Run(test.name, func(t *testing.T) {
			bus := &fakeBus{}
			c := newCollector(t, bus)
			one := strings.ReplaceAll(test.event, "TIME", time.Now().Format(time.RFC3339))
			first, last := view(1, ""), view(2, "")
			for _, form := range []struct {
				name, contentType, body string
				at, of                  int
			}{
				{"alone", jsonType, one, 0, 1},
				{"alone in an array", jsonType, "[" + one + "]", 0, 1},
				{"alone in a line", ndjsonType, one, 0, 1},
				{"in an array", jsonType, " [" + first + "," + one + "," + last + "]\n", 1, 3},
				{"in lines", ndjsonType, first + "\n\n" + one + "\r\n" + last + "\n", 1, 3},
			} {
				got := post(c, form.contentType, form.body)
				items := got.items(t)
				require.Len(t, items, form.of, form.name)
				assert.Equal(t, []string{test.status, test.reason}, []string{items[form.at].Status, items[form.at].Reason}, form.name)
				taken := bus.take(t)
				want := map[uuid.UUID]bool{}
				for i, item := range items {
					if i != form.at {
						assert.Equal(t, "accepted", item.Status, form.name)
					}
					if item.Status == "refused" {
						continue
					}
					assert.NotEqual(t, uuid.Nil, item.ID, form.name)
					want[item.ID] = true
				}
				if len(want) > 0 {
					assert.Equal(t, http.StatusAccepted, got.status, form.name)
				} else {
					assert.Equal(t, http.StatusUnprocessableEntity, got.status, form.name)
				}
				require.Len(t, taken, len(want), form.name)
				for _, a := range taken {
					assert.True(t, want[a.ID], "%s: %v is on the bus", form.name, a.ID)
				}
			}
			assert.Equal(t, int64(collector.MaxUnderWay), c.Free())
		})
	}
}

// What an event says is on the bus, and nothing else of what the client sent.
func TestEvents_record(t *testing.T) {
	bus := &fakeBus{}
	c := newCollector(t, bus)
	at := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	got := post(c, jsonType, fmt.Sprintf(`{"id":"%s","kind":"like","site":"Shop.example","path":"/a?b","referrer":"https://user:word@Search.example:8443/?q=private","time":"%s","visitor":"Ann"}`,
		strings.ToUpper(someID), at.In(time.FixedZone("", 3600)).Format(time.RFC3339Nano)))
	require.Equal(t, http.StatusAccepted, got.status, got.body)
	assert.Equal(t, `{"status":"accepted","id":"`+someID+`"}`, got.body)
	value := string(bus.records[0].Value)
	for _, private := range []string{"Ann", "192.0.2.1", "word", "private"} {
		assert.NotContains(t, value, private)
	}
	taken := bus.take(t)
	require.Len(t, taken, 1)
	person := taken[0].Person
	assert.NotZero(t, person)
	assert.Equal(t, event.Activity{
		Version: 1, ID: uuid.MustParse(someID), Kind: event.Like, Time: event.TimeOf(at),
		Site: "01", Domain: "shop.example", Path: "/a?b", Referrer: "search.example", Person: person,
	}, taken[0])
}

// Of a referrer the host is kept, whatever else it holds.
func TestEvents_referrer(t *testing.T) {
	bus := &fakeBus{}
	c := newCollector(t, bus)
	for referrer, want := range map[string]string{
		"https://a.example":               "a.example",
		"https://a.example/b":             "a.example",
		"https://a.example?b":             "a.example",
		"https://a.example#b":             "a.example",
		"http://a.example:8080/b":         "a.example",
		"https://A.Example/%zz":           "a.example",
		"https://u:p@a.example/":          "a.example",
		"https://[2001:db8::1]:80/":       "2001:db8::1",
		"android-app://com.example.app":   "com.example.app",
		"https://größe.example/":          "größe.example",
		"https://a.example/https://other": "a.example",
	} {
		got := post(c, jsonType, view(1, fmt.Sprintf(`"referrer":%q`, referrer)))
		require.Equal(t, http.StatusAccepted, got.status, got.body)
		assert.Equal(t, want, bus.take(t)[0].Referrer, referrer)
	}
}

// Bots are marked, by what they say of themselves.
func TestEvents_bot(t *testing.T) {
	bus := &fakeBus{}
	c := newCollector(t, bus)
	for agent, bot := range map[string]bool{
		browser: false,
		"":      false,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":        true,
		"Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/s)": true,
		"Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0":                            true,
		"Baiduspider":           true,
		"Screaming Crawler/1.0": true,
		"CCBot/2.0":             true,
	} {
		r := newRequest(http.MethodPost, "/events", jsonType, strings.NewReader("["+view(1, "")+`,{"kind":"view","site":"other.example","path":"/"}]`))
		r.Header.Set("User-Agent", agent)
		got := do(c, r)
		items, taken := got.items(t), bus.take(t)
		assert.Equal(t, http.StatusAccepted, got.status)
		want := []string{"accepted", "", "marked", "unknown site"}
		if bot {
			want = []string{"marked", "bot", "marked", "bot, unknown site"}
		}
		assert.Equal(t, want, []string{items[0].Status, items[0].Reason, items[1].Status, items[1].Reason}, agent)
		assert.Equal(t, []bool{bot, bot}, []bool{taken[0].Bot, taken[1].Bot}, agent)
	}
}

// Of events with one ID the first that is valid is taken.
func TestEvents_duplicate(t *testing.T) {
	bus := &fakeBus{}
	c := newCollector(t, bus)
	wrong := strings.Replace(view(1, ""), "view", "click", 1)
	capital := strings.Replace(view(1, ""), eventID(1).String(), strings.ToUpper(eventID(1).String()), 1)
	got := post(c, ndjsonType, strings.Join([]string{wrong, view(1, `"visitor":"a"`), view(2, ""), view(1, `"visitor":"b"`), capital}, "\n"))
	var statuses []string
	for _, item := range got.items(t) {
		statuses = append(statuses, item.Status+": "+item.Reason)
	}
	assert.Equal(t, []string{
		`refused: kind "click", want "view" or "like"`, "accepted: ", "accepted: ",
		"duplicate: an earlier event of this batch has the same id", "duplicate: an earlier event of this batch has the same id",
	}, statuses)
	assert.Equal(t, http.StatusAccepted, got.status)
	assert.Len(t, bus.take(t), 2)
	again := post(c, jsonType, view(1, ""))
	assert.Equal(t, "accepted", again.items(t)[0].Status, "what was sent before is for who counts")
}

// What became of events is counted.
func TestEvents_counted(t *testing.T) {
	t.Setenv(telemetry.EndpointEnv, "")
	watch, err := telemetry.New(t.Context(), "collector")
	require.NoError(t, err)
	defer watch.Close()
	c, err := collector.New(&fakeBus{}, sites.Of(known...), secret, watch, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	counts := func() (counts []string) {
		w := httptest.NewRecorder()
		watch.Answers().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return regexp.MustCompile(`(?m)^collector_events_total.*$`).FindAllString(w.Body.String(), -1)
	}
	assert.Len(t, counts(), 5)
	other := strings.Replace(view(3, ""), "shop.example", "other.example", 1)
	post(c, ndjsonType, strings.Join([]string{view(1, ""), view(2, ""), view(2, ""), other, "{}"}, "\n"))
	post(c, jsonType, view(4, ""))
	post(c, jsonType, "[")
	assert.Equal(t, []string{
		`collector_events_total{status="accepted"} 3`, `collector_events_total{status="duplicate"} 1`, `collector_events_total{status="marked"} 1`,
		`collector_events_total{status="refused"} 1`, `collector_events_total{status="unknown"} 0`,
	}, counts())
}

// A refused event is named by its ID, if it has one.
func TestEvents_refusedID(t *testing.T) {
	c := newCollector(t, &fakeBus{})
	got := post(c, jsonType, `[{"id":"`+someID+`","kind":"click"},{"id":"x"},{"kind":"view"}]`)
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	items := got.items(t)
	assert.Equal(t, []uuid.UUID{uuid.MustParse(someID), uuid.Nil, uuid.Nil}, []uuid.UUID{items[0].ID, items[1].ID, items[2].ID})
	assert.Equal(t, 1, strings.Count(got.body, `"id"`), got.body)
}

// slow is a body of unknown length, which net/http sends in chunks.
type slow struct{ io.Reader }

// What is wrong with a request as a whole is answered by its status, and nothing of it
// is taken.
func TestEvents_statuses(t *testing.T) {
	many := strings.Repeat(view(1, "")+",", collector.MaxBatch)
	array := func(n int) string { return "[" + many[:n*(len(view(1, ""))+1)-1] + "]" }
	deep := strings.Repeat("[", 100_000)
	large := `{"path":"` + strings.Repeat("p", collector.MaxContent) + `"}`
	for _, test := range []struct {
		name, contentType string
		body              io.Reader
		status            int
		detail            string
		fields            []string
	}{
		{"no media type", "", strings.NewReader(view(1, "")), 415, `Content-Type is "", want application/json or application/x-ndjson in UTF-8.`, nil},
		{"another media type", "text/plain", strings.NewReader(view(1, "")), 415, `Content-Type is "text/plain", want application/json or application/x-ndjson in UTF-8.`, nil},
		{"a media type that is none", "application/json; =", strings.NewReader(view(1, "")), 415, `Content-Type is "application/json; =", want application/json or application/x-ndjson in UTF-8.`, nil},
		{"another charset", "application/json; charset=latin1", strings.NewReader(view(1, "")), 415, `Content-Type is "application/json; charset=latin1", want application/json or application/x-ndjson in UTF-8.`, nil},
		{"compressed", jsonType, strings.NewReader(view(1, "")), 415, `Content-Encoding is "gzip", want none.`, []string{"Content-Encoding: gzip"}},
		{"too long", jsonType, strings.NewReader(large), 413, "The content has 1048587 bytes or more, want at most 1048576 bytes and 1000 events.", nil},
		{"too long, in chunks", jsonType, slow{strings.NewReader(large)}, 413, "The content has 1048577 bytes or more, want at most 1048576 bytes and 1000 events.", nil},
		{"too many in an array", jsonType, strings.NewReader("[" + many + view(2, "") + "]"), 413, "The content has 1001 events or more, want at most 1048576 bytes and 1000 events.", nil},
		{"too many of nothing", jsonType, strings.NewReader("[" + strings.Repeat("1,", 300_000) + "1]"), 413, "The content has 1001 events or more, want at most 1048576 bytes and 1000 events.", nil},
		{"too many in lines", ndjsonType, strings.NewReader(strings.Repeat("1\n", 1001)), 413, "The content has 1001 events or more, want at most 1048576 bytes and 1000 events.", nil},
		{"nothing", jsonType, strings.NewReader(""), 400, "The content holds no event, want 1 at least.", nil},
		{"white space", jsonType, strings.NewReader(" \r\n\t"), 400, "The content holds no event, want 1 at least.", nil},
		{"an empty array", jsonType, strings.NewReader("[ ]"), 400, "The content holds no event, want 1 at least.", nil},
		{"empty lines", ndjsonType, strings.NewReader("\n \r\n"), 400, "The content holds no event, want 1 at least.", nil},
		{"no JSON", jsonType, strings.NewReader("kind=view"), 400, "The content is not JSON: invalid character 'k' at start of value, after 0 bytes.", nil},
		{"a byte order mark", jsonType, strings.NewReader("\ufeff" + view(1, "")), 400, "The content is not JSON: invalid character '\\ufeff' at start of value, after 0 bytes.", nil},
		{"UTF-16", jsonType, strings.NewReader("{\x00\"\x00"), 400, "The content is not JSON: invalid character '\\x00' at start of value, after 1 bytes.", nil},
		{"half an event", jsonType, strings.NewReader(view(1, "")[:50]), 400, "The content is not JSON: it ends too early, after 50 bytes.", nil},
		{"half an array", jsonType, strings.NewReader(array(2)[:100]), 400, "The content is not JSON: it ends too early, after 100 bytes.", nil},
		{"an unclosed array", jsonType, strings.NewReader("[" + view(1, "")), 400, "The content is not JSON: it ends too early, after 93 bytes.", nil},
		{"a comma too many", jsonType, strings.NewReader("[" + view(1, "") + ",]"), 400, "The content is not JSON: invalid character ',' at start of value, after 93 bytes.", nil},
		{"two events", jsonType, strings.NewReader(view(1, "") + view(2, "")), 400, "The content is not JSON: something follows the value that ends after 93 bytes.", nil},
		{"two arrays", jsonType, strings.NewReader(array(1) + array(1)), 400, "The content is not JSON: something follows the value that ends after 95 bytes.", nil},
		{"wrong in the middle", jsonType, strings.NewReader("[" + view(1, "") + ",{1}," + view(2, "") + "]"), 400, "The content is not JSON: invalid character '1' at start of string (expecting '\"'), after 95 bytes.", nil},
		{"deep", jsonType, strings.NewReader(deep), 400, "The content is not JSON: exceeded max depth, after 10000 bytes.", nil},
		{"deep within an event", jsonType, strings.NewReader(`{"path":` + deep), 400, "The content is not JSON: exceeded max depth, after 10007 bytes.", nil},
		{"broken off", jsonType, slow{io.MultiReader(strings.NewReader("["), broken{})}, 400, "The content cannot be read after 1 bytes: gone.", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			bus := &fakeBus{}
			c := newCollector(t, bus)
			got := do(c, newRequest(http.MethodPost, "/events", test.contentType, test.body, test.fields...))
			assert.Equal(t, test.status, got.status)
			assert.Equal(t, test.detail, got.detail(t))
			assert.Empty(t, bus.take(t))
			assert.Equal(t, int64(collector.MaxUnderWay), c.Free())
			assert.Empty(t, got.header.Get("Retry-After"))
		})
	}
	c := newCollector(t, &fakeBus{})
	assert.Equal(t, http.StatusAccepted, post(c, jsonType, array(collector.MaxBatch)).status, "the largest batch")
	exact := view(1, "")
	exact += strings.Repeat(" ", collector.MaxContent-len(exact))
	for _, body := range []io.Reader{strings.NewReader(exact), slow{strings.NewReader(exact)}} {
		assert.Equal(t, http.StatusAccepted, do(c, newRequest(http.MethodPost, "/events", jsonType, body)).status, "the longest content")
	}
	for _, contentType := range []string{"application/json; charset=UTF-8", "Application/JSON", "application/x-ndjson;charset=utf-8"} {
		assert.Equal(t, http.StatusAccepted, post(c, contentType, view(1, ""), "Content-Encoding: identity").status, contentType)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, fmt.Errorf("gone") }

// A line that is not JSON is refused alone: the others end where they end.
func TestEvents_malformedLine(t *testing.T) {
	bus := &fakeBus{}
	c := newCollector(t, bus)
	for line, reason := range map[string]string{
		"{":                     "it ends too early, after 1 bytes",
		"view":                  "invalid character 'v' at start of value, after 0 bytes",
		view(3, "")[:40]:        "it ends too early, after 40 bytes",
		view(3, "") + "x":       "invalid character 'x' after top-level value, after 92 bytes",
		"[" + view(3, "") + "]": "an array, want an object",
		"\xff":                  "invalid character '\\xff' at start of value, after 0 bytes",
		"\u00a0":                "invalid character '\\u00a0' at start of value, after 0 bytes",
	} {
		got := post(c, ndjsonType, view(1, "")+"\n"+line+"\n"+view(2, ""))
		assert.Equal(t, http.StatusAccepted, got.status, line)
		assert.Equal(t, []outcome{{"accepted", "", eventID(1)}, {"refused", reason, uuid.Nil}, {"accepted", "", eventID(2)}}, got.items(t), line)
		assert.Len(t, bus.take(t), 2, line)
	}
}

// Other methods and paths are none.
func TestCollector_routes(t *testing.T) {
	c := newCollector(t, &fakeBus{})
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"} {
		got := do(c, httptest.NewRequest(method, "/events", nil))
		assert.Equal(t, http.StatusMethodNotAllowed, got.status, method)
		assert.Equal(t, "POST", got.header.Get("Allow"), method)
	}
	for _, path := range []string{"/", "/event", "/events/", "/sites", "/sites/"} {
		assert.Equal(t, http.StatusNotFound, do(c, httptest.NewRequest(http.MethodGet, path, nil)).status, path)
	}
}

// It says which sites it knows.
func TestCollector_site(t *testing.T) {
	c := newCollector(t, &fakeBus{})
	for _, domain := range []string{"shop.example", "SHOP.example"} {
		got := do(c, httptest.NewRequest(http.MethodGet, "/sites/"+domain, nil))
		assert.Equal(t, http.StatusOK, got.status)
		assert.Equal(t, `{"id":"01"}`, got.body)
	}
	got := do(c, httptest.NewRequest(http.MethodGet, "/sites/other%0D%0AX:%201"+strings.Repeat("x", 1000), nil))
	assert.Equal(t, http.StatusNotFound, got.status)
	assert.Equal(t, `No site has the domain "other\r\nX: 1`+strings.Repeat("x", 69)+`".`, got.detail(t))
}

// Before it knows the sites it takes nothing, since it would mark what it will know in
// a moment.
func TestEvents_notReady(t *testing.T) {
	bus := &fakeBus{}
	c, err := collector.New(bus, sites.NewDirectory(), secret, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	got := post(c, jsonType, view(1, ""))
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Equal(t, "1", got.header.Get("Retry-After"))
	assert.Equal(t, "The sites are not known yet. Nothing of this was taken; send it again later.", got.detail(t))
	assert.Empty(t, bus.take(t))
}

// A secret that is too short is refused.
func TestNew_secret(t *testing.T) {
	_, err := collector.New(&fakeBus{}, sites.Of(), make([]byte, 31), nil, slog.New(slog.DiscardHandler))
	assert.EqualError(t, err, "collector: secret of 31 bytes, want 32 at least")
	_, err = collector.New(&fakeBus{}, sites.Of(), make([]byte, 32), nil, slog.New(slog.DiscardHandler))
	assert.NoError(t, err)
}
