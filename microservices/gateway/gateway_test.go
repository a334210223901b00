package gateway_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/memnet"
	"gonotes/microservices/gateway"
	"gonotes/microservices/sites"
	"gonotes/rest/api"
	"gonotes/rest/problem"
	"gonotes/rest/store"
)

// refusal checks that an answer is a problem with this status, and returns its detail.
func refusal(t testing.TB, w *httptest.ResponseRecorder, status int) string {
	t.Helper()
	require.Equal(t, status, w.Code, "%s", w.Body)
	assert.Equal(t, problem.ContentType, w.Header().Get("Content-Type"))
	var details problem.Details
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &details))
	assert.Equal(t, status, details.Status)
	return details.Detail
}

// The paths of the services that ask for a token, and what the service is asked for.
var guarded = []struct{ method, target, service, seen string }{
	{"GET", "/accounts", "config", "/accounts"},
	{"POST", "/accounts", "config", "/accounts"},
	{"GET", "/accounts/1?limit=2", "config", "/accounts/1?limit=2"},
	{"GET", "/accounts/1/sites?domain=a%2Fb;c", "config", "/accounts/1/sites?domain=a%2Fb;c"},
	{"PATCH", "/users/1", "config", "/users/1"},
	{"DELETE", "/sites/a%2Fb", "config", "/sites/a%2Fb"},
	{"GET", "/sites/1/tracker.js", "config", "/sites/1/tracker.js"},
	{"PUT", "/campaigns/1", "config", "/campaigns/1"},
	{"GET", "/openapi.yaml", "config", "/openapi.yaml"},
	{"OPTIONS", "/accounts", "config", "/accounts"},
	{"GET", "/", "config", "/"},
	{"GET", "/analytics/sites/a.example/hours?from=1", "aggregator", "/sites/a.example/hours?from=1"},
	{"GET", "/analytics/sites/a%2Fb/pages", "aggregator", "/sites/a%2Fb/pages"},
	{"GET", "/analytics/months/2026-03/sites/a.example", "insights", "/months/2026-03/sites/a.example"},
}

// Each path leads to its service, with method, query and content as the client sent them.
// The token stays at the door.
func TestGateway_routes(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	for _, test := range guarded {
		w := d.send(request(test.method, test.target, "", "Authorization", "Bearer "+annsToken, "Cookie", "token="+annsToken))
		assert.Equal(t, http.StatusOK, w.Code, test.target)
		assert.Equal(t, test.service, w.Body.String(), test.target)
		assert.Equal(t, test.method+" "+test.seen, d.last().Method+" "+d.last().URL.RequestURI())
		assert.Empty(t, d.last().Header["Authorization"], test.target)
		assert.Empty(t, d.last().Header["Cookie"], test.target)
	}
	w := d.send(request("POST", "/events", "{}", "Authorization", "Bearer "+annsToken))
	assert.Equal(t, "collector", w.Body.String())
	assert.Equal(t, "POST /events", d.last().Method+" "+d.last().URL.RequestURI())
	assert.Empty(t, d.last().Header["Authorization"])
	before := d.times()
	for _, target := range []string{"/event", "/analytics", "/analytics/", "/analytics/accounts", "/months/2026-03", "/api", "/dashboard/a/b"} {
		assert.Contains(t, refusal(t, d.get(target), http.StatusNotFound), "Nothing has this path.", target)
	}
	assert.Equal(t, before, d.times(), "no service saw one of these")
}

// A content passes as it is, and what belongs to one connection does not pass.
func TestGateway_messages(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	d.serve("config", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.WriteHeader(http.StatusCreated)
		var content bytes.Buffer
		content.ReadFrom(r.Body)
		fmt.Fprint(w, content.String())
	}))
	w := d.send(request("POST", "/accounts", "content", append(as(annsToken), "Connection", "X-Mine, X-Request-Id", "X-Mine", "1", "X-Request-Id", "mine", "If-Match", `"2"`)...))
	assert.Equal(t, http.StatusCreated, w.Code)
	assert.Equal(t, "content", w.Body.String())
	assert.Equal(t, `"1"`, w.Header().Get("ETag"))
	assert.Equal(t, "1.1 gonotes", w.Header().Get("Via"))
	assert.Empty(t, w.Header()["X-Hop"])
	assert.Equal(t, `"2"`, d.last().Header.Get("If-Match"))
	assert.Empty(t, d.last().Header["X-Mine"])
	assert.Equal(t, "mine", d.last().Header.Get("X-Request-Id"))
	assert.Equal(t, "private, max-age=60", w.Header().Get("Cache-Control"), "what is behind a token is for its owner")
}

// A browser that comes to / is shown the dashboard, any other client the entry point.
func TestGateway_entry(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	for accept, page := range map[string]bool{
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true,
		"text/html": true, "*/*": false, "application/json": false, "application/xml, text/html;q=0.5": false, "image/png": false, "": false, "nonsense": false,
	} {
		w := d.get("/", "Accept", accept)
		assert.Equal(t, "Accept", w.Header().Get("Vary"))
		if page {
			assert.Equal(t, http.StatusSeeOther, w.Code, accept)
			assert.Equal(t, "/dashboard", w.Header().Get("Location"))
		} else {
			assert.Equal(t, "config", w.Body.String(), accept)
		}
	}
}

// Whoever follows the links of the configuration from the entry point on comes everywhere
// through the gateway.
func TestGateway_links(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	d.serve("config", api.New(store.NewMemory(), quiet))
	create := func(at, body string) string {
		w := d.send(request("POST", at, body, append(as(annsToken), "Content-Type", "application/json")...))
		require.Equal(t, http.StatusCreated, w.Code, "%s", w.Body)
		return w.Header().Get("Location")
	}
	account := create("/accounts", `{"name":"Ann","plan":"free"}`)
	create(account+"/users", `{"name":"Bob","email":"bob@a.example","role":"viewer"}`)
	site := create(account+"/sites", `{"domain":"a.example","name":"A","status":"active"}`)
	create(site+"/campaigns", `{"name":"spring","medium":"email","starts":"2026-03-01T00:00:00Z"}`)
	found := map[string]int{} // paths, with what is an id left out
	todo, done := []string{"/"}, map[string]bool{}
	for len(todo) > 0 {
		target := todo[0]
		todo = todo[1:]
		if done[target] {
			continue
		}
		done[target] = true
		w := d.get(target)
		require.Equal(t, http.StatusOK, w.Code, "%s: %s", target, w.Body)
		found[ids.ReplaceAllString(target, "{id}")]++
		for _, link := range links.FindAllStringSubmatch(w.Body.String(), -1) {
			todo = append(todo, link[1])
		}
	}
	assert.Equal(t, []string{"/", "/accounts", "/accounts/{id}", "/accounts/{id}/sites", "/accounts/{id}/users", "/campaigns/{id}", "/openapi.yaml", "/sites/{id}", "/sites/{id}/campaigns", "/sites/{id}/tracker.js", "/users/{id}"}, slices.Sorted(maps.Keys(found)))
}

var (
	ids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	links = regexp.MustCompile(`"href": ?"([^"]*)"`)
)

// Every request has one name, at the client, at the gateway and at the service.
func TestGateway_requestID(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	d.serve("config", api.New(store.NewMemory(), quiet)) // it says the name, too
	for name, good := range map[string]bool{"r-1": true, "": false, "two words": false, strings.Repeat("r", 65): false} {
		w := d.get("/accounts", "X-Request-Id", name)
		require.Len(t, w.Header()["X-Request-Id"], 1)
		got := w.Header().Get("X-Request-Id")
		assert.Equal(t, got, d.last().Header.Get("X-Request-Id"))
		assert.Equal(t, good, got == name, name)
		if !good {
			assert.Regexp(t, ids, got)
		}
	}
	refused := d.send(request("GET", "/accounts", "", "X-Request-Id", "r-2"))
	assert.Equal(t, "r-2", refused.Header().Get("X-Request-Id"), "of a refusal")
}

// Anybody may send events, and pages from everywhere may read the answer.
func TestGateway_events(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	w := d.send(request("POST", "/events", `{"kind":"view"}`, "Origin", "https://shop.example", "Content-Type", "application/json"))
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
	assert.Empty(t, w.Header()["Access-Control-Allow-Credentials"])

	before := d.times()
	w = d.send(request("OPTIONS", "/events", "", "Origin", "https://shop.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"))
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "POST", w.Header().Get("Access-Control-Allow-Methods"))
	assert.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "Content-Type")
	assert.Equal(t, "86400", w.Header().Get("Access-Control-Max-Age"))
	w = d.send(request("GET", "/events", ""))
	refusal(t, w, http.StatusMethodNotAllowed)
	assert.Equal(t, "OPTIONS, POST", w.Header().Get("Allow"))
	assert.Equal(t, before, d.times(), "the collector saw none of these")

	w = d.send(request("POST", "/events", "{}", gateway.TimeoutHeader, "0"))
	refusal(t, w, http.StatusGatewayTimeout)
	assert.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"), "of a refusal")
	assert.Contains(t, w.Header().Get("Access-Control-Expose-Headers"), "Retry-After")
	assert.Empty(t, d.get("/accounts").Header()["Access-Control-Allow-Origin"], "what asks for a token is for nobody's pages")
}

// Where a request comes from is what the connection says, never what the client does.
func TestGateway_forwarded(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	r := request("POST", "/events", "{}", "X-Forwarded-For", "203.0.113.9", "X-Forwarded-For", "203.0.113.10", "X-Real-IP", "203.0.113.9", "Forwarded", "for=203.0.113.9", "X-Forwarded-Host", "h")
	r.RemoteAddr = "192.0.2.7:1234"
	require.Equal(t, http.StatusOK, d.send(r).Code)
	got := d.last().Header
	assert.Equal(t, []string{"192.0.2.7"}, got["X-Forwarded-For"])
	assert.NotContains(t, fmt.Sprint(got), "203.0.113.")
	assert.Empty(t, got["X-Forwarded-Host"])
}

// Each token has its rate, each address without one, and events have one of their own.
func TestGateway_rate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, func(o *gateway.Options) { o.Rate, o.EventRate = 0.5, 2 })
		defer d.stop()
		limited := func(send func() *httptest.ResponseRecorder, within int, retry string) {
			t.Helper()
			for range within {
				require.NotEqual(t, http.StatusTooManyRequests, send().Code)
			}
			w := send()
			refusal(t, w, http.StatusTooManyRequests)
			assert.Equal(t, retry, w.Header().Get("Retry-After"))
		}
		from := func(addr, method, target string, fields ...string) func() *httptest.ResponseRecorder {
			return func() *httptest.ResponseRecorder {
				r := request(method, target, "", fields...)
				r.RemoteAddr = addr
				return d.send(r)
			}
		}
		anns := from("192.0.2.1:1", "GET", "/accounts", as(annsToken)...)
		limited(anns, 1, "2")
		limited(from("192.0.2.2:1", "GET", "/analytics/months/2026-03", as(annsToken)...), 0, "2") // wherever she is, and whatever she asks for
		limited(from("192.0.2.1:1", "GET", "/accounts", as(bobsToken)...), 1, "2")                 // Bob is at the same place
		limited(from("192.0.2.1:1", "GET", "/accounts"), 1, "2")                                   // who has no token
		limited(from("192.0.2.1:2", "GET", "/accounts", as("wrong")...), 0, "2")                   // or a wrong one, at the same address
		limited(from("192.0.2.3:1", "GET", "/dashboard"), 1, "2")
		limited(from("192.0.2.4:1", "POST", "/dashboard"), 1, "2")
		limited(from("192.0.2.1:3", "POST", "/events"), 2, "1")
		limited(from("192.0.2.5:1", "POST", "/events", as(annsToken)...), 2, "1")
		limited(from("192.0.2.6:1", "POST", "/events", as(annsToken)...), 2, "1") // a token plays no part there
		time.Sleep(2*time.Second - 1)
		assert.Equal(t, http.StatusTooManyRequests, anns().Code)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, http.StatusOK, anns().Code)
	})
}

// hanging never answers. It says on the channel when it is let go.
func hanging(letGo chan<- time.Time) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		letGo <- time.Now()
	})
}

// No service is waited for longer than the gateway's timeout, and no longer than the caller
// waits, if that is less. The service learns of it.
func TestGateway_deadline(t *testing.T) {
	for _, test := range []struct {
		field string
		want  time.Duration
	}{{"", 3 * time.Second}, {"0.25", 250 * time.Millisecond}, {"1", time.Second}, {"60", 3 * time.Second}, {"999999999.999999999", 3 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			var said bytes.Buffer
			d := newDoor(t, func(o *gateway.Options) { o.Log = slog.New(slog.NewTextHandler(&said, nil)) })
			defer d.stop()
			letGo := make(chan time.Time, 1)
			for name, target := range map[string]string{"config": "/accounts", "collector": "/events", "aggregator": "/analytics/sites/a.example/hours", "insights": "/analytics/months/2026-03"} {
				d.serve(name, hanging(letGo))
				begin := time.Now()
				var fields []string
				if test.field != "" {
					fields = []string{gateway.TimeoutHeader, test.field}
				}
				method := http.MethodGet
				if name == "collector" {
					method = http.MethodPost
				}
				w := d.send(request(method, target, "", append(as(annsToken), fields...)...))
				assert.Contains(t, refusal(t, w, http.StatusGatewayTimeout), "did not answer in time", name)
				assert.Equal(t, test.want, time.Since(begin), "%s with %s %q", name, gateway.TimeoutHeader, test.field)
				assert.Equal(t, test.want, (<-letGo).Sub(begin), name)
				assert.Contains(t, said.String(), `msg="no answer in time" from=`+name)
			}
		})
	}
}

// A deadline holds to the end of an answer: one that begins and never ends is broken off.
func TestGateway_deadlineOfContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		defer d.stop()
		d.serve("config", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "begin")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}))
		l := memnet.Listen()
		front := &http.Server{Handler: d, ErrorLog: log.New(io.Discard, "", 0)}
		go front.Serve(l)
		defer front.Close()
		client := l.Client()
		defer client.CloseIdleConnections()
		r, err := http.NewRequest(http.MethodGet, "http://gateway/accounts", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+annsToken)
		begin := time.Now()
		response, err := client.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		assert.Equal(t, "begin", string(content))
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, 3*time.Second, time.Since(begin))
	})
}

// Who waits no longer is refused before a service is asked; what is no number is said.
func TestGateway_deadlineRefused(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	for _, value := range []string{"0", "-1", "0.0", "-0.5", "0.000000000"} {
		assert.Equal(t, "The caller waits no longer. No service was asked.", refusal(t, d.get("/accounts", gateway.TimeoutHeader, value), http.StatusGatewayTimeout), value)
		refusal(t, d.send(request("POST", "/events", "{}", gateway.TimeoutHeader, value)), http.StatusGatewayTimeout)
	}
	for _, value := range []string{"", "soon", "1s", "NaN", "Inf", "1e3", "0x1", "1_0", ".5", "1.", "+1", "9999999999", "1, 2"} {
		detail := refusal(t, d.get("/accounts", gateway.TimeoutHeader, value), http.StatusBadRequest)
		assert.Equal(t, fmt.Sprintf(`The field Request-Timeout is [%q], want one decimal number of seconds, like 0.25.`, value), detail)
	}
	refusal(t, d.get("/accounts", gateway.TimeoutHeader, "1", gateway.TimeoutHeader, "2"), http.StatusBadRequest)
	assert.Zero(t, d.times())
}

// A service that is down or not ready is said to be at once, and found again when it comes
// back. The others go on.
func TestGateway_down(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		defer d.stop()
		synctest.Wait() // the first checks
		require.Equal(t, "config", d.get("/accounts").Body.String())
		d.kill("config")
		for range 2 { // the first finds out, the second knows
			begin := time.Now()
			w := d.get("/accounts")
			refusal(t, w, http.StatusServiceUnavailable)
			assert.Equal(t, "1", w.Header().Get("Retry-After"))
			assert.Zero(t, time.Since(begin))
		}
		assert.Equal(t, "insights", d.get("/analytics/months/2026-03").Body.String())
		d.serve("config", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "again") }))
		d.start("config")
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, "again", d.get("/accounts").Body.String())

		d.setReady("config", false)
		time.Sleep(200*time.Millisecond - 1)
		assert.Equal(t, "again", d.get("/accounts").Body.String(), "it is not asked yet")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		refusal(t, d.get("/accounts"), http.StatusServiceUnavailable)
		d.setReady("config", true)
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, "again", d.get("/accounts").Body.String())
	})
}

// Of two replicas one may die.
func TestGateway_replicas(t *testing.T) {
	d := newDoor(t, func(o *gateway.Options) { o.Insights = []string{"http://insights", "http://insights-2"} }, "insights-2")
	defer d.stop()
	answers := map[string]int{}
	for range 4 {
		answers[d.get("/analytics/months/2026-03").Body.String()]++
	}
	assert.Equal(t, map[string]int{"insights": 2, "insights-2": 2}, answers)
	d.kill("insights")
	for range 4 {
		assert.Equal(t, "insights-2", d.get("/analytics/months/2026-03").Body.String())
	}
}

// The error of New names what is wrong.
func TestNew_refused(t *testing.T) {
	for want, change := range map[string]func(*gateway.Options){
		"gateway: no tokens, want at least one":                                                                 func(o *gateway.Options) { o.Tokens = gateway.Tokens{} },
		"gateway: timeout 0s, want more than 0":                                                                 func(o *gateway.Options) { o.Timeout = 0 },
		"gateway: rate: gateway: Limit.Rate is 0, want a finite number above 0":                                 func(o *gateway.Options) { o.Rate = 0 },
		"gateway: rate of events: gateway: Limit.Rate is -1, want a finite number above 0":                      func(o *gateway.Options) { o.EventRate = -1 },
		"gateway: service config: gateway: Replicas.URLs is empty, want at least one URL":                       func(o *gateway.Options) { o.Config = nil },
		`gateway: service insights: gateway: Replicas.URLs[0] "insights" has the scheme "", want http or https`: func(o *gateway.Options) { o.Insights = []string{"insights"} },
	} {
		tokens, err := gateway.ParseTokens("ann " + annsToken)
		require.NoError(t, err)
		o := gateway.Options{
			Config: []string{"http://a.invalid"}, Collector: []string{"http://b.invalid"}, Aggregator: []string{"http://c.invalid"}, Insights: []string{"http://d.invalid"},
			Tokens: tokens, Sites: sites.Of(), Rate: 1, EventRate: 1, Timeout: time.Second, Log: quiet,
			Transport: unreachable{},
		}
		change(&o)
		_, err = gateway.New(o)
		assert.EqualError(t, err, want)
	}
}

type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("unreachable")
}
