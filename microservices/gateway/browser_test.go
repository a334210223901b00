package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/aggregator"
	"gonotes/microservices/analytics"
	"gonotes/microservices/collector"
	"gonotes/microservices/event"
	"gonotes/microservices/gateway"
	"gonotes/microservices/insights"
	"gonotes/microservices/servicetest"
	"gonotes/microservices/sites"
)

// browser is a real one before a gateway. It needs Chromium.
type browser struct {
	t       testing.TB
	url     string
	mux     *http.ServeMux // for what a script asks of its test, at paths that begin with /test/
	results chan []byte
	away    atomic.Bool  // the gateway, for the browser
	pages   atomic.Int32 // that were asked for
}

// open serves the door at a port, and what a script of a test needs besides:
//
//	POST /test/result    takes what the script found
//	GET  /test/hold      answers after that, so that the browser waits
//	GET  /test/narrow    shows the page at the query's path, 360 pixels wide, as on a phone
//
// With a token the browser comes in without a cookie. The script runs in the pages of the
// gateway, whose policy is wider by this script only. A page with the parameter plain stays
// as it is, and with plain=sandbox no script runs there.
func open(t testing.TB, d *door, token, script string) *browser {
	t.Helper()
	script = `
const done = result => fetch("/test/result", {method: "POST", body: JSON.stringify(result)});
const until = async what => { while (!what()) await new Promise(resume => setTimeout(resume, 10)); };
` + script
	sum := sha256.Sum256([]byte(script))
	allowed := "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "' "
	b := &browser{t: t, mux: http.NewServeMux(), results: make(chan []byte, 1)}
	found := make(chan struct{})
	b.mux.HandleFunc("POST /test/result", func(_ http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		select {
		case b.results <- content:
			close(found)
		default: // there is one already
		}
	})
	b.mux.HandleFunc("GET /test/hold", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-found:
		case <-r.Context().Done():
		}
	})
	b.mux.HandleFunc("GET /test/narrow", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>narrow</title><iframe title="page" src=%q width="360" height="740"></iframe>`, r.URL.RawQuery)
	})
	b.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if b.away.Load() {
			panic(http.ErrAbortHandler)
		}
		b.pages.Add(1)
		if token != "" && r.Header.Get("Authorization") == "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer := httptest.NewRecorder()
		d.ServeHTTP(answer, r)
		page := answer.Body.Bytes()
		h := answer.Header()
		if plain := r.URL.Query().Get("plain"); plain == "sandbox" {
			h.Set("Content-Security-Policy", "sandbox")
		} else if plain == "" && strings.HasPrefix(h.Get("Content-Type"), "text/html") {
			page = bytes.Replace(page, []byte("</body>"), []byte(`<script type="module">`+script+`</script><img src="/test/hold" alt="" hidden></body>`), 1)
			policy := strings.Replace(h.Get("Content-Security-Policy"), "script-src ", allowed, 1)
			policy = strings.Replace(policy, "img-src data:", "img-src data: 'self'", 1)
			h.Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors 'self'", 1))
		}
		maps.Copy(w.Header(), h)
		w.WriteHeader(answer.Code)
		w.Write(page)
	})
	server := httptest.NewServer(b.mux)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// command is what opens a page. It skips the test where there is no browser.
func (b *browser) command(ctx context.Context, path string, flags ...string) *exec.Cmd {
	b.t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		b.t.Skip("tool: no browser: ", err)
	}
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-background-networking", "--disable-quic",
		"--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--user-data-dir=" + b.t.TempDir(),
	}, flags...)
	return exec.CommandContext(ctx, chromium, append(args, b.url+path)...)
}

// show opens a page and returns its DOM when it is loaded, which it is, if scripts run
// there, when a script has handed in a result.
func (b *browser) show(path string, flags ...string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 2*patience)
	defer cancel()
	dom, err := b.command(ctx, path, append(flags, "--dump-dom")...).Output()
	require.NoError(b.t, err)
	return string(dom)
}

// run opens a page and decodes what the script found there.
func (b *browser) run(path string, result any, flags ...string) {
	b.t.Helper()
	dom := b.show(path, flags...)
	select {
	case content := <-b.results:
		require.NoError(b.t, json.Unmarshal(content, result), "%s", content)
	default:
		require.Fail(b.t, "the script found nothing", "%s", dom)
	}
}

// newPlatform is a door before real services, with an embedded bus between them, that know
// theSite.
func newPlatform(t testing.TB) *door {
	brokers, client := servicetest.NewBus(t)
	change := event.Change{Version: 1, Kind: "site", ID: theSite.ID, Parent: theSite.Account, Revision: 1, Body: []byte(`{"domain":"` + domain + `"}`)}
	value, err := change.Encode()
	require.NoError(t, err)
	require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: event.TopicConfiguration.Name, Key: event.ChangeKey("site", theSite.ID), Value: value}).FirstErr())
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	folder := t.TempDir()
	start := func(command func(context.Context, []string, io.Writer, io.Writer) error, args ...string) (urls []string) {
		addr := freeAddr(t)
		running.Go(func() {
			assert.NoError(t, command(ctx, append(args, "-addr", addr, "-brokers", strings.Join(brokers, ",")), io.Discard, io.Discard))
		})
		require.Eventually(t, func() bool {
			response, err := http.Get("http://" + addr + "/ready")
			if err != nil {
				return false
			}
			response.Body.Close()
			return response.StatusCode == http.StatusNoContent
		}, patience, 5*time.Millisecond)
		return []string{"http://" + addr}
	}
	d := newDoor(t, func(o *gateway.Options) {
		o.Collector = start(collector.Command, "-secret", filepath.Join(folder, "secret"))
		o.Aggregator = start(aggregator.Command, "-db", filepath.Join(folder, "analytics.db"))
		o.Insights = start(insights.Command)
		o.Config = o.Insights // nobody asks it
		o.Transport = nil
	})
	t.Cleanup(func() { d.stop(); http.DefaultClient.CloseIdleConnections() })
	return d
}

// view sends a view of theSite, as curl would.
func view(t testing.TB, url, visitor string) {
	t.Helper()
	response, err := http.Post(url+"/events", "application/json", strings.NewReader(fmt.Sprintf(`{"kind":"view","site":%q,"path":"/","visitor":%q}`, domain, visitor)))
	if assert.NoError(t, err) {
		response.Body.Close()
		assert.Equal(t, http.StatusAccepted, response.StatusCode)
	}
}

// A page view is seen on the dashboard within a second after it was acknowledged, with all
// services and a real browser on the way. What is open and where the focus is stay so.
func TestBrowser_live(t *testing.T) {
	const views = 5
	d := newPlatform(t)
	b := open(t, d, annsToken, fmt.Sprintf(`
const details = document.querySelector("details"), summary = document.querySelector("summary");
details.open = true;
summary.focus();
for (let i = 1; i <= %d; i++) {
  await fetch("/test/view", {method: "POST"});
  await until(() => document.querySelectorAll("#tiles .number")[2].textContent === String(i));
  await fetch("/test/seen", {method: "POST"});
}
await until(() => document.querySelector("#tables td").textContent === "%[1]d");
done({open: details.isConnected && details.open, focused: document.activeElement === summary, live: !document.getElementById("live").hidden, hint: document.getElementById("first").textContent});
`, views))
	var sent, seen []time.Time
	b.mux.HandleFunc("POST /test/view", func(http.ResponseWriter, *http.Request) {
		view(t, b.url, fmt.Sprint("visitor ", len(sent)))
		sent = append(sent, time.Now())
	})
	b.mux.HandleFunc("POST /test/seen", func(http.ResponseWriter, *http.Request) { seen = append(seen, time.Now()) })
	var got struct {
		Open, Focused, Live bool
		Hint                string
	}
	b.run("/dashboard/a.example", &got)
	require.Len(t, seen, views)
	var took []time.Duration
	for i := range seen {
		took = append(took, seen[i].Sub(sent[i]))
	}
	t.Log("from the answer to the picture: ", took)
	assert.Less(t, slices.Min(took), time.Second)
	assert.True(t, got.Open, "the table is still open")
	assert.True(t, got.Focused, "the focus is where it was")
	assert.True(t, got.Live)
	assert.Empty(t, got.Hint, "how to send a first view is said no more")
}

// Numbers that are old are said to be, in boxes that are not there otherwise: when the
// aggregator's store is down, and when the gateway itself does not answer, until it does.
func TestBrowser_old(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	store := &shown{pages: []analytics.Page{{Path: "/", Views: 55}}}
	d.serve("aggregator", aggregator.NewAPI(store, sites.Of(theSite), quiet))
	d.serve("insights", insights.NewAPI(insights.New(), sites.Of(theSite)))
	b := open(t, d, annsToken, `
const lost = document.getElementById("lost"), box = document.getElementById("notes").parentElement, asof = document.querySelector(".asof");
const seen = () => [lost, box, asof].map(part => part.checkVisibility());
const post = path => fetch(path, {method: "POST"});
const fine = seen();
await post("/test/away");
await until(() => !lost.hidden);
const away = seen(), said = lost.textContent, now = document.getElementById("now").textContent;
await post("/test/back");
await until(() => lost.hidden);
const back = seen();
await post("/test/down");
await until(() => box.checkVisibility());
done({fine, away, back, down: seen(), lost: said, now, old: box.textContent, views: document.querySelector("#tables td").textContent});
`)
	b.mux.HandleFunc("POST /test/away", func(http.ResponseWriter, *http.Request) { b.away.Store(true) })
	b.mux.HandleFunc("POST /test/back", func(http.ResponseWriter, *http.Request) { b.away.Store(false) })
	b.mux.HandleFunc("POST /test/down", func(http.ResponseWriter, *http.Request) {
		store.set(func(s *shown) { s.err = errors.New("disk full") })
	})
	var got struct {
		Fine, Away, Back, Down [3]bool
		Lost, Now, Old, Views  string
	}
	b.run("/dashboard/a.example", &got)
	assert.Equal(t, [3]bool{false, false, true}, got.Fine)
	assert.Equal(t, [3]bool{true, false, false}, got.Away, "it does not say that the numbers are of now")
	assert.Equal(t, "The gateway does not answer (no connection). These numbers are of "+got.Now+".", got.Lost)
	assert.Regexp(t, `^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$`, got.Now)
	assert.Equal(t, [3]bool{false, false, true}, got.Back)
	assert.Equal(t, [3]bool{false, true, false}, got.Down)
	assert.Regexp(t, `^The aggregator does not answer: the numbers of the last 24 hours are those from \d\d:\d\d:\d\d UTC\.The last 24 hours: \d+ s old\.$`, got.Old)
	assert.Equal(t, "55", got.Views)
}

// Without JavaScript the numbers are there, too, and a way to look again.
func TestBrowser_withoutScripts(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	d.serve("aggregator", aggregator.NewAPI(&shown{pages: []analytics.Page{{Path: "/docs", Views: 55}}}, sites.Of(theSite), quiet))
	b := open(t, d, annsToken, "")
	dom := b.show("/dashboard/a.example?plain=sandbox")
	assert.Contains(t, dom, `<td class="n">55</td>`)
	assert.Contains(t, dom, `<noscript><p><a href="?">Look again</a>, or <a href="?reread=10">every 10 s</a>.</p></noscript>`)
	assert.Contains(t, dom, `<span id="live" hidden=""`, "it is not live")
	assert.EqualValues(t, 1, b.pages.Load(), "and nothing else is loaded")
}

// A browser of which scripts are switched off reads the page again by itself, if it is asked
// to.
func TestBrowser_reread(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	b := open(t, d, annsToken, "")
	ctx, cancel := context.WithCancel(t.Context())
	cmd := b.command(ctx, "/dashboard/a.example?plain=1&reread=1", "--blink-settings=scriptEnabled=false")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it then tidies up
	require.NoError(t, cmd.Start())
	assert.Eventually(t, func() bool { return b.pages.Load() >= 3 }, 2*patience, 10*time.Millisecond)
	cancel()
	cmd.Wait()
}

// A person logs in with a token, in the page that was wanted, and out again. Scripts do not
// see the token.
func TestBrowser_logIn(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	b := open(t, d, "", fmt.Sprintf(`
const state = JSON.parse(sessionStorage.state ?? "[]"), form = document.querySelector("form.login");
state.push({path: location.pathname, title: document.querySelector("h1").textContent, said: document.getElementById("message")?.textContent ?? "", cookie: document.cookie});
sessionStorage.state = JSON.stringify(state);
if (state.length === 4) done(state);
else if (form) {
  form.token.value = state.length === 1 ? "wrong" : %q;
  form.querySelector("button").click();
} else document.querySelector("header button").click();
`, annsToken))
	type visit struct{ Path, Title, Said, Cookie string }
	var got []visit
	b.run("/dashboard/a.example", &got)
	require.Len(t, got, 4)
	assert.Contains(t, []string{"/dashboard", "/dashboard/a.example"}, got[3].Path, "the page may find out before the answer leads away from it")
	got[3].Path = ""
	assert.Equal(t, []visit{
		{Path: "/dashboard/a.example", Title: "Log in"},
		{Path: "/dashboard/a.example", Title: "Log in", Said: "This token is not valid."},
		{Path: "/dashboard/a.example", Title: "a.example"},
		{Title: "Log in"},
	}, got)
}

// What strangers send does nothing in a browser, and makes nothing wider than the screen of
// a phone. If it got into the page the policy would not let it run.
func TestBrowser_hostile(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	const hostile = `"></bdi><img src=x onerror="smuggled=1"><script>smuggled=1</script>`
	store := &shown{
		pages:     []analytics.Page{{Path: "/" + hostile, Views: 123_456_789_012, Likes: 1_234_567_890}, {Path: "/" + strings.Repeat("a", 2000), Views: 1}},
		referrers: []analytics.Referrer{{Host: hostile, Views: 2}, {Host: strings.Repeat("a", 253), Views: 1}},
	}
	d.serve("aggregator", aggregator.NewAPI(store, sites.Of(theSite), quiet))
	b := open(t, d, annsToken, `
const rows = [...document.querySelectorAll("#tables bdi")].map(row => row.textContent), images = document.querySelectorAll("main img").length, before = typeof smuggled;
const width = innerWidth, needs = document.documentElement.scrollWidth;
const blocked = [];
addEventListener("securitypolicyviolation", event => blocked.push(event.effectiveDirective));
document.querySelector("main").insertAdjacentHTML("beforeend", '<img src="data:," onerror="smuggled=1"><p style="color:red">styled</p>');
const script = document.createElement("script");
script.textContent = "smuggled=1";
document.body.append(script);
fetch("http://127.0.0.1:9/").catch(() => {});
await until(() => blocked.length >= 4);
done({rows, images, before, after: typeof smuggled, blocked: blocked.sort(), width, needs});
`)
	var got struct {
		Rows, Blocked []string
		Images        int
		Before, After string
		Width, Needs  int
	}
	b.run("/test/narrow?/dashboard/a.example", &got)
	require.Len(t, got.Rows, 4)
	assert.Equal(t, []string{"/" + hostile, hostile}, []string{got.Rows[0], got.Rows[2]})
	assert.Zero(t, got.Images)
	assert.Equal(t, "undefined", got.Before)
	assert.Equal(t, "undefined", got.After)
	assert.Equal(t, []string{"connect-src", "script-src-attr", "script-src-elem", "style-src-attr"}, got.Blocked)
	assert.Equal(t, 360, got.Width)
	assert.LessOrEqual(t, got.Needs, 360)
}

// axe-core finds no violation of level A or AA on any page, in the light and in the dark, on
// a wide screen and on a phone.
func TestBrowser_accessible(t *testing.T) {
	folder := os.Getenv("GONOTES_AXE")
	if folder == "" {
		t.Skip("GONOTES_AXE does not name the folder of axe-core; to have it, in an empty folder: npm install axe-core@4.14.1 --ignore-scripts")
	}
	axe, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	check := string(axe) + `
document.querySelectorAll("details").forEach(d => d.open = true);
const {violations, passes} = await window.axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]});
done({passes: passes.length, violations: violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html.slice(0, 200)))});`
	for _, page := range []struct{ name, path, token string }{
		{"site", "/dashboard/a.example", annsToken}, {"sites", "/dashboard", annsToken}, {"stale", "/dashboard/a.example", annsToken},
		{"no site", "/dashboard/none", annsToken}, {"login", "/dashboard", ""}, {"wrong token", "/dashboard", "wrong"},
	} {
		for look, flags := range map[string][]string{"light": {"--window-size=1200,900"}, "dark, narrow": {"--window-size=500,900", "--blink-settings=preferredColorScheme=0"}} {
			t.Run(page.name+", "+look, func(t *testing.T) {
				d := newDoor(t, nil)
				defer d.stop()
				store := &shown{pages: []analytics.Page{{Path: "/docs", Views: 55}}, referrers: []analytics.Referrer{{Host: "search.example", Views: 5}}}
				if page.name == "stale" {
					store.err = errors.New("disk full")
				}
				d.serve("aggregator", aggregator.NewAPI(store, sites.Of(theSite), quiet))
				var got struct {
					Passes     int
					Violations []string
				}
				open(t, d, page.token, check).run(page.path, &got, flags...)
				assert.Greater(t, got.Passes, 10)
				assert.Empty(t, got.Violations)
			})
		}
	}
}
