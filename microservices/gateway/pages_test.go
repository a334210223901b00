package gateway_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/aggregator"
	"gonotes/microservices/analytics"
	"gonotes/microservices/event"
	"gonotes/microservices/gateway"
	"gonotes/microservices/insights"
	"gonotes/microservices/sites"
)

// shown is an analytics store with the numbers of a test.
type shown struct {
	analytics.Store
	mu        sync.Mutex
	hours     []analytics.Hour
	pages     []analytics.Page
	referrers []analytics.Referrer
	visitors  analytics.Visitors
	err       error
	takes     time.Duration
	asked     []string // what for, in order
}

// set changes the numbers, or what happens to who asks for them.
func (s *shown) set(change func(*shown)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func answer[T any](ctx context.Context, s *shown, what string, number *T) (T, error) {
	s.mu.Lock()
	s.asked = append(s.asked, what)
	takes := s.takes
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case <-time.After(takes):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return *number, s.err
}

func (s *shown) Hours(ctx context.Context, _ string, span analytics.Span) ([]analytics.Hour, error) {
	return answer(ctx, s, "hours from "+span.From.Format(time.RFC3339)+" to "+span.To.Format(time.RFC3339), &s.hours)
}

func (s *shown) Pages(ctx context.Context, _ string, _ analytics.Span, limit int) ([]analytics.Page, error) {
	return answer(ctx, s, fmt.Sprintf("%d pages", limit), &s.pages)
}

func (s *shown) Referrers(ctx context.Context, _ string, _ analytics.Span, limit int) ([]analytics.Referrer, error) {
	return answer(ctx, s, fmt.Sprintf("%d referrers", limit), &s.referrers)
}

func (s *shown) Visitors(ctx context.Context, _ string, _ analytics.Span) (analytics.Visitors, error) {
	return answer(ctx, s, "visitors", &s.visitors)
}

var theSite = sites.Site{ID: "site-1", Account: "account-1", Domain: domain}

// newDashboard is a door before the real APIs of aggregator and insights. Only what they
// read is a test's. It runs in a bubble, from 10:20 on.
func newDashboard(t testing.TB, all ...sites.Site) (*door, *shown, *insights.Insights) {
	time.Sleep(time.Until(time.Date(2000, 1, 1, 10, 20, 0, 0, time.UTC)))
	all = append(all, theSite)
	store, usage := &shown{}, insights.New()
	d := newDoor(t, func(o *gateway.Options) { o.Sites = sites.Of(all...) })
	d.serve("aggregator", aggregator.NewAPI(store, sites.Of(all...), quiet))
	d.serve("insights", insights.NewAPI(usage, sites.Of(all...)))
	return d, store, usage
}

// visit counts an event of a person in insights.
func visit(to *insights.Insights, site string, kind event.Kind, person byte) {
	to.Add(event.Activity{Version: 1, ID: uuid.New(), Kind: kind, Time: event.TimeOf(time.Now()), Site: site, Domain: "d", Path: "/", Person: event.Person{person}})
}

var (
	invisible = regexp.MustCompile(`(?s)<(style|script|noscript|title)[ >].*?</(style|script|noscript|title)>|<svg.*?</svg>`)
	tags      = regexp.MustCompile(`<[^>]*>`)
	spaces    = regexp.MustCompile(`[\s\x{a0}]+`)
)

// textOf is what a page says, without its pictures.
func textOf(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"), "%s", w.Body)
	text := tags.ReplaceAllString(invisible.ReplaceAllString(w.Body.String(), " "), " ")
	return strings.TrimSpace(spaces.ReplaceAllString(html.UnescapeString(text), " "))
}

// The page of a site has all numbers of the services, each in its place.
func TestDashboard_site(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, store, usage := newDashboard(t)
		defer d.stop()
		hour := time.Date(2000, 1, 1, 10, 0, 0, 0, time.UTC)
		store.hours = []analytics.Hour{
			{Start: hour.Add(-23 * time.Hour), Views: 1000, Visitors: 900},
			{Start: hour.Add(-time.Hour), Views: 300, Likes: 20, Bots: 7, Visitors: 200},
			{Start: hour, Views: 55, Likes: 6, Visitors: 44},
		}
		store.pages = []analytics.Page{{Path: "/", Views: 1200, Likes: 21}, {Path: "/docs", Views: 155, Likes: 5}}
		store.referrers = []analytics.Referrer{{Host: "search.example", Views: 800}, {Host: "news.example", Views: 200}}
		store.visitors = analytics.Visitors{Count: 1021, Error: 0.0081}
		for person := range byte(30) {
			visit(usage, theSite.ID, event.View, person)
			visit(usage, theSite.ID, event.Like, person)
		}
		visit(usage, "another", event.View, 99)
		w := d.get("/dashboard/a.example")
		require.Equal(t, http.StatusOK, w.Code)
		text := textOf(t, w)
		for _, want := range []string{
			"a.example As of 2000-01-01 10:20:00 UTC",
			"Live visitors 44 since 10:00 UTC Visitors 1,021 in 24 hours, ± 0.8 % Views 1,355 in 24 hours Likes 26 in 24 hours Monthly actives 30 in January 2000 sketch: 30 ± 0.8 %",
			"Bots are in no other number. Hour Visitors Views Likes Bots 10:00 to 11:00 44 55 6 0 09:00 to 10:00 200 300 20 7 08:00 to 09:00 0 0 0 0",
			"11:00 to 12:00 900 1,000 0 0 Top pages",
			"Top pages Path Views Likes / 1,200 21 /docs 155 5 Where they came from Site Views search.example 800 news.example 200",
		} {
			assert.Contains(t, text, want)
		}
		assert.NotContains(t, text, "Send a view")
		assert.NotContains(t, text, "does not")
		page := w.Body.String()
		assert.Contains(t, page, `aria-label="Views by hour: 1,355 views in 24 hours, at most 1,000 in an hour, from 11:00 UTC"`)
		assert.Contains(t, page, `aria-label="Likes by hour: 26 likes in 24 hours, at most 20 in an hour, from 09:00 UTC"`)
		assert.Equal(t, 48, strings.Count(page, "<title>")-1, "bars")
		assert.Contains(t, page, `<rect width="12" height="4"/>`, "a share of 155 of 1200")
		assert.ElementsMatch(t, []string{"hours from 1999-12-31T11:00:00Z to 2000-01-01T11:00:00Z", "10 pages", "10 referrers", "visitors"}, store.asked)
	})
}

// Before anything happened the page says so, and how to send a view.
func TestDashboard_nothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _, _ := newDashboard(t)
		defer d.stop()
		text := textOf(t, d.get("http://gateway.example:8100/dashboard/a.example"))
		assert.Contains(t, text, "Live visitors 0 since 10:00 UTC Visitors 0 in 24 hours Views 0 in 24 hours Likes 0 in 24 hours Monthly actives 0 in January 2000")
		assert.Contains(t, text, "Nothing was seen in 24 hours. Where they came from No view in 24 hours said where it came from.")
		assert.Contains(t, text, `curl -i http://gateway.example:8100/events -H 'Content-Type: application/json' -d '{"kind":"view","site":"a.example","path":"/"}'`)
	})
}

// When a service, or the store behind it, does not answer, its last numbers stay on the page
// with their age, and those of the other go on. When it answers again they are new.
func TestDashboard_stale(t *testing.T) {
	for _, test := range []struct {
		name        string
		break_, fix func(d *door, store *shown)
	}{
		{"aggregator down", func(d *door, _ *shown) { d.kill("aggregator") }, func(d *door, _ *shown) { d.start("aggregator") }},
		{"aggregator not ready", func(d *door, _ *shown) { d.setReady("aggregator", false) }, func(d *door, _ *shown) { d.setReady("aggregator", true) }},
		{"store down", func(_ *door, s *shown) { s.set(func(s *shown) { s.err = errors.New("disk full") }) }, func(_ *door, s *shown) { s.set(func(s *shown) { s.err = nil }) }},
		{"store hangs", func(_ *door, s *shown) { s.set(func(s *shown) { s.takes = time.Hour }) }, func(_ *door, s *shown) { s.set(func(s *shown) { s.takes = 0 }) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, store, usage := newDashboard(t)
				defer d.stop()
				show := func(views int64) {
					store.set(func(s *shown) { s.hours = []analytics.Hour{{Start: time.Now().Truncate(time.Hour), Views: views}} })
				}
				show(55)
				require.Contains(t, textOf(t, d.get("/dashboard/a.example")), "Views 55 in 24 hours")
				test.break_(d, store)
				time.Sleep(time.Second)
				synctest.Wait() // the gateway has checked
				show(56)
				visit(usage, theSite.ID, event.View, 1)
				var text string
				for range 60 { // as a browser looks: one that comes late is told after a second
					begin := time.Now()
					w := d.get("/dashboard/a.example")
					require.Equal(t, http.StatusOK, w.Code)
					require.LessOrEqual(t, time.Since(begin), time.Second)
					text = textOf(t, w)
					require.Contains(t, text, "Views 55 in 24 hours")
					time.Sleep(500 * time.Millisecond)
				}
				why := "The aggregator does not answer:"
				assert.Contains(t, text, why+" the numbers of the last 24 hours are those from 10:20:00 UTC. The last 24 hours: ")
				assert.Regexp(t, `hours: (29|3\d|4\d|5\d|60) s old\.`, text)
				assert.Contains(t, text, "Monthly actives 1 in January 2000", "insights goes on")
				assert.NotContains(t, text, "Insights does not answer")
				test.fix(d, store)
				for range 30 {
					time.Sleep(500 * time.Millisecond)
					text = textOf(t, d.get("/dashboard/a.example"))
				}
				assert.Contains(t, text, "Views 56 in 24 hours")
				assert.NotContains(t, text, "does not answer")
				assert.NotContains(t, text, " old")
			})
		})
	}
}

// The same goes for insights, and for numbers that were never known.
func TestDashboard_unknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, store, usage := newDashboard(t)
		defer d.stop()
		synctest.Wait()
		d.kill("insights")
		text := textOf(t, d.get("/dashboard/a.example"))
		assert.Contains(t, text, "Insights does not answer: the numbers of the month are not known.")
		assert.Contains(t, text, "Monthly actives – not known")
		assert.Contains(t, text, "Views 0 in 24 hours")
		assert.NotContains(t, text, "aggregator")
		text = textOf(t, d.get("/dashboard"))
		assert.Contains(t, text, "Insights does not answer: the numbers of the month are not known.")
		assert.Contains(t, text, "Monthly actives – not known Views – in this month Likes – in this month Sites 1 registered")
		assert.Contains(t, text, domain)

		d.start("insights")
		visit(usage, theSite.ID, event.View, 1)
		d.serve("aggregator", aggregator.NewAPI(store, sites.Of(), quiet))
		time.Sleep(10 * time.Second)
		text = textOf(t, d.get("/dashboard/a.example"))
		assert.Contains(t, text, "The aggregator does not know the site yet: the numbers of the last 24 hours are those from 10:20:00 UTC.")
		assert.Contains(t, text, "Monthly actives 1 in January 2000")
		assert.Contains(t, textOf(t, d.get("/dashboard")), "Views 1 in January 2000 Likes 0 in January 2000 Sites 1 1 with visits this month")
	})
}

// What is slow and new is waited for; of what hangs there are no numbers after two seconds.
func TestDashboard_slow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, store, _ := newDashboard(t)
		defer d.stop()
		store.takes = 1900 * time.Millisecond
		begin := time.Now()
		assert.Contains(t, textOf(t, d.get("/dashboard/a.example")), "Views 0 in 24 hours")
		assert.Equal(t, store.takes, time.Since(begin))
	})
	synctest.Test(t, func(t *testing.T) {
		d, store, _ := newDashboard(t)
		defer d.stop()
		store.takes = time.Hour
		begin := time.Now()
		assert.Contains(t, textOf(t, d.get("/dashboard/a.example")), "The aggregator does not answer: the numbers of the last 24 hours are not known.")
		assert.Equal(t, 2*time.Second, time.Since(begin))
	})
}

// When all services hang who looks waits a second all the same.
func TestDashboard_allHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, store, _ := newDashboard(t)
		defer d.stop()
		d.get("/dashboard/a.example")
		store.set(func(s *shown) { s.takes = time.Hour })
		letGo := make(chan time.Time, 100)
		d.serve("insights", hanging(letGo))
		time.Sleep(time.Minute)
		begin := time.Now()
		text := textOf(t, d.get("/dashboard/a.example"))
		assert.Equal(t, time.Second, time.Since(begin))
		assert.Contains(t, text, "The aggregator takes long to answer: the numbers of the last 24 hours are those from 10:20:00 UTC. Insights takes long to answer: the numbers of the month are those from 10:20:00 UTC.")
		assert.Contains(t, text, "The last 24 hours: 61 s old. The month: 61 s old.")
		assert.Contains(t, text, "Monthly actives 0 in January 2000")
	})
}

// However many look, a service is asked once, at most each 200 ms, and less often if it
// takes long: at most a quarter of the time it is busy with that.
func TestDashboard_asked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, store, _ := newDashboard(t)
		defer d.stop()
		look := func() {
			var viewers sync.WaitGroup
			for range 50 {
				viewers.Go(func() { d.get("/dashboard/a.example") })
			}
			viewers.Wait()
		}
		asked := func() int { return len(store.asked) / 4 }
		look()
		assert.Equal(t, 1, asked())
		time.Sleep(200*time.Millisecond - 1)
		look()
		assert.Equal(t, 1, asked())
		time.Sleep(time.Nanosecond)
		store.takes = 500 * time.Millisecond
		begin := time.Now()
		look()
		assert.Equal(t, 2, asked())
		time.Sleep(2*time.Second - 1 - time.Since(begin))
		look()
		assert.Equal(t, 2, asked())
		time.Sleep(time.Nanosecond)
		look()
		assert.Equal(t, 3, asked())
	})
}

// One who leaves before the answer does not take it from the others.
func TestDashboard_viewerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, store, _ := newDashboard(t)
		defer d.stop()
		store.takes = time.Second
		ctx, leave := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer leave()
		begin := time.Now()
		d.send(request("GET", "/dashboard/a.example", "", as(annsToken)...).WithContext(ctx))
		assert.Equal(t, 100*time.Millisecond, time.Since(begin))
		assert.Contains(t, textOf(t, d.get("/dashboard/a.example")), "Views 0 in 24 hours")
		assert.Equal(t, time.Second, time.Since(begin))
		assert.Len(t, store.asked, 4)
	})
}

// The last numbers of 500 sites are kept, and of more sites those that were looked at last.
func TestDashboard_bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []sites.Site
		for i := range 500 {
			all = append(all, sites.Site{ID: fmt.Sprint("id-", i), Domain: fmt.Sprintf("s%d.example", i)})
		}
		d, _, _ := newDashboard(t, all...)
		defer d.stop()
		look := func(domain string) string { return textOf(t, d.get("/dashboard/"+domain)) }
		for _, site := range all {
			look(site.Domain)
			time.Sleep(time.Millisecond)
		}
		look("s0.example") // so s1.example is now the one that nobody has looked at for longest
		time.Sleep(time.Millisecond)
		look(domain)
		d.kill("aggregator")
		time.Sleep(time.Second)
		assert.Contains(t, look("s2.example"), "Views 0 in 24 hours")
		assert.Contains(t, look("s0.example"), "Views 0 in 24 hours")
		assert.Contains(t, look(domain), "Views 0 in 24 hours")
		assert.Contains(t, look("s1.example"), "Views – not known")
	})
}

// What strangers send is text on the page, whatever it looks like.
func TestDashboard_escaping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hostile := sites.Site{ID: "h", Domain: `"><script>alert(3)</script>`}
		d, store, _ := newDashboard(t, hostile)
		defer d.stop()
		long := "/" + strings.Repeat("ä", 300)
		store.pages = []analytics.Page{{Path: `/<script>alert(1)</script>"'&amp;`, Views: 3}, {Path: "/a\u202egpj.exe\x00\x1b[2J\u200b", Views: 2}, {Path: long, Views: 1}}
		store.referrers = []analytics.Referrer{{Host: `<img src=x onerror=alert(2)>"' onmouseover="alert(2)`, Views: 1}}
		for _, target := range []string{"/dashboard/" + url.PathEscape(hostile.Domain), "/dashboard", "/dashboard?search=" + url.QueryEscape(`"><script>alert(4)</script>`), "/dashboard/" + url.PathEscape(`<script>alert(5)</script>`)} {
			w := d.get(target)
			page := w.Body.String()
			assert.NotRegexp(t, `<script>|<img|onmouseover="`, page, target)
			assert.NotContains(t, page, `"><script`)
		}
		w := d.get("/dashboard/" + url.PathEscape(hostile.Domain))
		text := textOf(t, w)
		assert.Contains(t, text, `/<script>alert(1)</script>"'&amp; 3 0`)
		assert.Contains(t, text, `<img src=x onerror=alert(2)>"' onmouseover="alert(2) 1`)
		assert.Contains(t, text, "/a\ufffdgpj.exe\ufffd\ufffd[2J\ufffd 2 0")
		assert.Contains(t, text, long[:1+2*159]+"… 1 0")
		assert.Contains(t, w.Body.String(), `title="`+long+`"`)
		assert.Contains(t, d.get("/dashboard").Body.String(), `<a href="/dashboard/%22%3E%3Cscript%3Ealert%283%29%3C%2Fscript%3E">`)
	})
}

// The sites are listed by domain and can be searched; of very many the first are shown.
func TestDashboard_sites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []sites.Site
		for i := range 250 {
			all = append(all, sites.Site{ID: fmt.Sprint("id-", i), Domain: fmt.Sprintf("s%03d.example", i)})
		}
		d, _, usage := newDashboard(t, all...)
		defer d.stop()
		for person := range byte(3) {
			visit(usage, "id-1", event.View, person)
			visit(usage, "id-2", event.Like, person)
		}
		listed := func(w *httptest.ResponseRecorder) (domains []string) {
			for _, match := range regexp.MustCompile(`<li><a href="/dashboard/([^"]*)">([^<]*)</a></li>`).FindAllStringSubmatch(w.Body.String(), -1) {
				assert.Equal(t, match[1], match[2])
				domains = append(domains, match[1])
			}
			return domains
		}
		w := d.get("/dashboard")
		text := textOf(t, w)
		assert.Contains(t, text, "Monthly actives 3 in January 2000 sketch: 3 ± 0.8 % Views 3 in January 2000 Likes 3 in January 2000 Sites 251 2 with visits this month")
		assert.Contains(t, text, "These are the first 200 of 251; search for the others.")
		got := listed(w)
		require.Len(t, got, 200)
		assert.Equal(t, []string{"a.example", "s000.example", "s198.example"}, []string{got[0], got[1], got[199]})
		w = d.get("/dashboard?search=S24")
		assert.Equal(t, []string{"s240.example", "s241.example", "s242.example", "s243.example", "s244.example", "s245.example", "s246.example", "s247.example", "s248.example", "s249.example"}, listed(w))
		assert.Contains(t, w.Body.String(), `value="S24"`)
		assert.NotContains(t, textOf(t, w), "These are the first")
		w = d.get("/dashboard?search=none")
		assert.Empty(t, listed(w))
		assert.Contains(t, textOf(t, w), "No site has a domain that contains “none”.")
	})
}

// What there is not is said: no such site, none at all, not known yet.
func TestDashboard_noSite(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	w := d.get("/dashboard/b.example")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, textOf(t, w), `No site has the domain "b.example".`)

	none := newDoor(t, func(o *gateway.Options) { o.Sites = sites.Of() })
	defer none.stop()
	assert.Contains(t, textOf(t, none.get("/dashboard")), "There is no site yet.")

	early := newDoor(t, func(o *gateway.Options) { o.Sites = sites.NewDirectory() })
	defer early.stop()
	w = early.get("/dashboard/a.example")
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	assert.Contains(t, textOf(t, w), "The sites are not known yet: the bus does not answer.")
	w = early.get("/dashboard")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Contains(t, textOf(t, w), "The sites are not known yet: the bus does not answer.")
}

// A page is sent again only when something other than the time has changed.
func TestDashboard_unchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, store, _ := newDashboard(t)
		defer d.stop()
		for _, target := range []string{"/dashboard/a.example", "/dashboard"} {
			first := d.get(target)
			time.Sleep(time.Minute)
			again := d.get(target, "If-None-Match", first.Header().Get("ETag"))
			assert.Equal(t, http.StatusNotModified, again.Code)
			assert.Zero(t, again.Body.Len())
			assert.Equal(t, first.Header().Get("ETag"), again.Header().Get("ETag"))
		}
		first := d.get("/dashboard/a.example")
		store.pages = []analytics.Page{{Path: "/", Views: 1}}
		time.Sleep(time.Minute)
		changed := d.get("/dashboard/a.example", "If-None-Match", first.Header().Get("ETag"))
		assert.Equal(t, http.StatusOK, changed.Code)
		assert.NotEqual(t, first.Header().Get("ETag"), changed.Header().Get("ETag"))
	})
}

// A browser runs and shows nothing but what the page itself brings, and keeps no copy.
func TestDashboard_policy(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	hash := func(element, page string) string {
		match := regexp.MustCompile(`(?s)<` + element + `[^>]*>(.*?)</` + element + `>`).FindStringSubmatch(page)
		require.NotNil(t, match)
		sum := sha256.Sum256([]byte(match[1]))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	w := d.get("/dashboard")
	policy := "default-src 'none'; script-src " + hash("script", w.Body.String()) + "; style-src " + hash("style", w.Body.String()) + "; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	for _, w := range []*httptest.ResponseRecorder{w, d.get("/dashboard/a.example"), d.get("/dashboard/none"), d.send(request("GET", "/dashboard", ""))} {
		assert.Equal(t, policy, w.Header().Get("Content-Security-Policy"))
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		assert.Equal(t, "same-origin", w.Header().Get("Referrer-Policy"))
		assert.NotRegexp(t, ` style=| on[a-z]+=|(src|href)="?(http|//)`, w.Body.String())
	}
}

// A browser without JavaScript reads the page again only if it was asked to.
func TestDashboard_reread(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	for _, path := range []string{"/dashboard", "/dashboard/a.example"} {
		for _, query := range []string{"", "?reread", "?reread=0", "?reread=-1", "?reread=3601", "?reread=soon"} {
			page := d.get(path + query).Body.String()
			assert.NotContains(t, page, "http-equiv", query)
			assert.Contains(t, page, `<noscript><p><a href="?">Look again</a>, or <a href="?reread=10">every 10 s</a>.</p></noscript>`, query)
		}
		page := d.get(path + "?reread=10").Body.String()
		assert.Contains(t, page, `<noscript><meta http-equiv="refresh" content="10"></noscript>`)
		assert.Contains(t, page, `This page does so every 10 s; <a href="?">stop</a>.`)
	}
}

// A token that is typed into the form becomes a cookie that no script reads and no other
// site uses.
func TestDashboard_logIn(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	for _, path := range []string{"/dashboard", "/dashboard/a.example"} {
		w := d.send(request("GET", path, ""))
		assert.Equal(t, http.StatusUnauthorized, w.Code)
		assert.Equal(t, `Bearer realm="gonotes"`, w.Header().Get("WWW-Authenticate"))
		assert.Contains(t, w.Body.String(), `<form class="login" method="post">`)
		assert.NotContains(t, textOf(t, w), "not valid")
		assert.NotContains(t, textOf(t, w), domain, "of the sites nothing is said")

		form := func(token string) *http.Request {
			return request("POST", path, url.Values{"token": {token}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
		}
		w = d.send(form(" " + annsToken + "\n"))
		assert.Equal(t, http.StatusSeeOther, w.Code)
		assert.Equal(t, path, w.Header().Get("Location"))
		assert.Equal(t, "token="+annsToken+"; Path=/dashboard; HttpOnly; SameSite=Strict", w.Header().Get("Set-Cookie"))
		search := form(annsToken)
		search.URL.RawQuery = "search=abc"
		assert.Equal(t, path+"?search=abc", d.send(search).Header().Get("Location"))
		cookie := w.Result().Cookies()[0]
		r := request("GET", path, "")
		r.AddCookie(cookie)
		assert.Equal(t, http.StatusOK, d.send(r).Code)
		secure := form(annsToken)
		secure.TLS = request("GET", "https://gateway/", "").TLS
		assert.Contains(t, d.send(secure).Header().Get("Set-Cookie"), "; Secure;")

		for _, token := range []string{"wrong", "", annsToken + " " + annsToken, strings.Repeat("a", 5000)} {
			w = d.send(form(token))
			assert.Equal(t, http.StatusUnauthorized, w.Code)
			assert.Contains(t, textOf(t, w), "This token is not valid.")
			assert.Empty(t, w.Header()["Set-Cookie"])
		}
		w = d.send(request("GET", path, "", "Cookie", "token=wrong"))
		assert.Equal(t, http.StatusUnauthorized, w.Code)
		assert.Contains(t, textOf(t, w), "This token is not valid.")

		foreign := form(annsToken)
		foreign.Header.Set("Sec-Fetch-Site", "cross-site")
		refusal(t, d.send(foreign), http.StatusForbidden)
		foreign = form(annsToken)
		foreign.Header.Del("Sec-Fetch-Site")
		foreign.Header.Set("Origin", "https://evil.example")
		refusal(t, d.send(foreign), http.StatusForbidden)
	}
	w := d.send(request("PUT", "/dashboard", ""))
	refusal(t, w, http.StatusMethodNotAllowed)
	assert.Equal(t, "GET, HEAD, POST", w.Header().Get("Allow"))
}

// Who logs out has no cookie any more.
func TestDashboard_logOut(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	w := d.send(request("POST", "/dashboard/-/logout", "", "Sec-Fetch-Site", "same-origin", "Cookie", "token="+annsToken))
	assert.Equal(t, http.StatusSeeOther, w.Code)
	assert.Equal(t, "/dashboard", w.Header().Get("Location"))
	assert.Equal(t, "token=; Path=/dashboard; Max-Age=0; HttpOnly; SameSite=Strict", w.Header().Get("Set-Cookie"))
	refusal(t, d.send(request("POST", "/dashboard/-/logout", "", "Sec-Fetch-Site", "cross-site")), http.StatusForbidden)
}
