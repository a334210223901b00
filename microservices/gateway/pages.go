package gateway

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"gonotes/microservices/analytics"
	"gonotes/rest/problem"
)

const (
	staleAfter = 3 * time.Second // numbers that are older are said to be
	maxListed  = 200             // sites on one page
	maxForm    = 4 << 10         // bytes of a form
	maxShown   = 160             // characters of a path, more are cut off
	maxReread  = 3600            // seconds
)

var (
	//go:embed pages.html
	pagesHTML string
	//go:embed style.css
	styleCSS string
	//go:embed live.js
	liveJS string

	templates = template.Must(template.New("").Funcs(template.FuncMap{
		"style":     func() template.CSS { return template.CSS(styleCSS) },
		"script":    func() template.JS { return template.JS(liveJS) },
		"thousands": thousands,
		"percent":   func(share float64) string { return fmt.Sprintf("%.1f\u00a0%%", 100*share) },
	}).Parse(pagesHTML))

	// Nothing but what the page itself brings: no script or style of another origin, and
	// none that somebody smuggles in.
	policy = "default-src 'none'; script-src '" + hashOf(liveJS) + "'; style-src '" + hashOf(styleCSS) +
		"'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// hashOf names a script or style in a Content-Security-Policy.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// routePages says where the pages are.
func (g *Gateway) routePages() {
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem.Write(w, http.StatusForbidden, "This form is for the dashboard's own pages.")
	}))
	page := func(path string, show http.HandlerFunc) {
		g.mux.Handle("GET "+path, g.limit.Limit(g.forPeople(show)))
		g.mux.Handle("POST "+path, g.limit.Limit(sameOrigin.Handler(http.HandlerFunc(g.logIn))))
		g.mux.HandleFunc(path, otherMethod("GET, HEAD, POST"))
	}
	page("/dashboard", g.showSites)
	page("/dashboard/{domain}", g.showSite)
	g.mux.Handle("POST /dashboard/-/logout", sameOrigin.Handler(http.HandlerFunc(logOut)))
}

// otherMethod answers what no other pattern of a path does.
func otherMethod(allow string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		problem.Write(w, http.StatusMethodNotAllowed, fmt.Sprintf("%.20q is not a method of this path; it has %s.", r.Method, allow))
	}
}

// frame is what all pages have in common.
type frame struct {
	Title    string
	LoggedIn bool
	Now      string `json:"-"` // else no two pages would be the same
	Reread   int    // seconds until a browser without JavaScript reads it again; 0 for never
	Message  string // what is wrong
	Form     bool   // for a token
}

func newFrame(title string) frame {
	return frame{Title: title, Now: time.Now().UTC().Format("2006-01-02 15:04:05 UTC")}
}

// send writes a page. One that the browser has already is not made again.
func (g *Gateway) send(w http.ResponseWriter, r *http.Request, status int, name string, page any) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	content, err := json.Marshal(page)
	if err == nil && status == http.StatusOK {
		sum := sha256.Sum256(content)
		etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		h.Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	var html bytes.Buffer
	if err == nil {
		err = templates.ExecuteTemplate(&html, name, page)
	}
	if err != nil {
		g.log.Error("a page cannot be made", "page", name, "error", err)
		problem.Write(w, http.StatusInternalServerError, "The page cannot be made.")
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(html.Bytes())
}

// forPeople asks a browser without a valid token for one.
func (g *Gateway) forPeople(show http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := g.authenticate(r)
		if err == nil {
			show(w, r)
			return
		}
		message := ""
		if errors.Is(err, errUnknownToken) {
			message = "This token is not valid."
		}
		g.askForToken(w, r, err, message)
	})
}

func (g *Gateway) askForToken(w http.ResponseWriter, r *http.Request, err error, message string) {
	challenge(w, err)
	page := newFrame("Log in")
	page.Form, page.Message = true, message
	g.send(w, r, http.StatusUnauthorized, "message", page)
}

// logIn turns the token of a form into a cookie that scripts cannot read and other sites
// cannot use.
func (g *Gateway) logIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	token := strings.TrimSpace(r.PostFormValue("token"))
	r.Header.Set("Authorization", "Bearer "+token)
	if _, err := g.authenticate(r); err != nil {
		g.askForToken(w, r, err, "This token is not valid.")
		return
	}
	http.SetCookie(w, cookie(r, token))
	redirect(w, r, r.URL.RequestURI())
}

func logOut(w http.ResponseWriter, r *http.Request) {
	gone := cookie(r, "")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	redirect(w, r, "/dashboard")
}

// cookie lives as long as the browser's session, and leads nowhere but to the dashboard.
func cookie(r *http.Request, token string) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: token, Path: "/dashboard", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil}
}

func redirect(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// sitesPage lists the sites.
type sitesPage struct {
	frame
	Month  monthView
	Notes  []note
	Sites  []link
	Found  int
	All    int
	Search string
}

type link struct{ Text, Path string }

func (g *Gateway) showSites(w http.ResponseWriter, r *http.Request) {
	page := sitesPage{frame: newFrame("Sites"), Search: r.URL.Query().Get("search")}
	page.LoggedIn, page.Reread = true, rereadOf(r)
	month := g.numbers.ofAll(r.Context())
	page.Month = monthOf(month)
	page.Notes = notesOf(noteOf("month", "Insights", month.at, month.err))
	if !g.sites.Ready() {
		page.Notes = append(page.Notes, note{Text: sitesUnknown})
	}
	all := g.sites.All()
	page.All = len(all)
	for _, site := range all {
		if strings.Contains(site.Domain, strings.ToLower(page.Search)) {
			if page.Found++; page.Found <= maxListed {
				page.Sites = append(page.Sites, link{site.Domain, "/dashboard/" + url.PathEscape(site.Domain)})
			}
		}
	}
	g.send(w, r, http.StatusOK, "sites", page)
}

// sitePage shows the numbers of one site.
type sitePage struct {
	frame
	Domain  string
	Host    string // where the page came from
	Notes   []note
	Traffic *trafficView // nil if it is not known
	Month   monthView
}

func (g *Gateway) showSite(w http.ResponseWriter, r *http.Request) {
	domain := r.PathValue("domain")
	if _, ok := g.sites.Find(domain); !ok {
		page := newFrame("No such site")
		page.LoggedIn = true
		status := http.StatusNotFound
		page.Message = fmt.Sprintf("No site has the domain %.80q.", domain)
		if !g.sites.Ready() {
			status = http.StatusServiceUnavailable
			page.Title, page.Message = "Not yet", sitesUnknown
			problem.RetryAfter(w, time.Second)
		}
		g.send(w, r, status, "message", page)
		return
	}
	traffic, month := g.numbers.ofSite(r.Context(), domain)
	page := sitePage{frame: newFrame(domain), Domain: domain, Host: r.Host, Month: monthOf(month)}
	page.LoggedIn, page.Reread = true, rereadOf(r)
	if !traffic.at.IsZero() {
		page.Traffic = trafficOf(traffic.value)
	}
	page.Notes = notesOf(
		noteOf("last 24 hours", "The aggregator", traffic.at, traffic.err),
		noteOf("month", "Insights", month.at, month.err),
	)
	g.send(w, r, http.StatusOK, "site", page)
}

// rereadOf says how often a browser without JavaScript reads the page again, in seconds, or
// 0. It does only if a person wants it: a page that moves by itself is in the way of who
// reads slowly (WCAG 2.2, 2.2.1).
func rereadOf(r *http.Request) int {
	seconds, err := strconv.Atoi(r.URL.Query().Get("reread"))
	if err != nil || seconds < 1 || seconds > maxReread {
		return 0
	}
	return seconds
}

const sitesUnknown = "The sites are not known yet: the bus does not answer."

// note says what is wrong with the numbers. The age is apart, since it changes all the
// time: a screen reader would read the text again with it.
type note struct{ Text, Age string }

// noteOf says that numbers are old or missing, and why. It is empty if they are not.
func noteOf(period, service string, at time.Time, err error) note {
	why := service + " takes long to answer"
	if refused := new(statusError); errors.As(err, &refused) && refused.status == http.StatusNotFound {
		why = service + " does not know the site yet"
	} else if err != nil {
		why = service + " does not answer"
	}
	if at.IsZero() {
		return note{Text: why + ": the numbers of the " + period + " are not known."}
	}
	age := time.Since(at)
	if age < staleAfter {
		return note{}
	}
	return note{
		Text: why + ": the numbers of the " + period + " are those from " + at.UTC().Format("15:04:05 UTC") + ".",
		Age:  "The " + period + ": " + ageOf(age) + " old.",
	}
}

func notesOf(all ...note) []note {
	return slices.DeleteFunc(all, func(n note) bool { return n == note{} })
}

// ageOf is an age in its largest unit, two of them at least.
func ageOf(age time.Duration) string {
	switch {
	case age < 2*time.Minute:
		return fmt.Sprintf("%d s", int(age.Seconds()))
	case age < 2*time.Hour:
		return fmt.Sprintf("%d min", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%d h", int(age.Hours()))
	}
	return fmt.Sprintf("%d days", int(age.Hours()/24))
}

// monthView is a month as a page shows it.
type monthView struct {
	Known bool
	Name  string
	usage
}

func monthOf(month known[usage]) monthView {
	view := monthView{Known: !month.at.IsZero(), Name: "this month", usage: month.value}
	if begin, err := time.Parse("2006-01", month.value.Month); err == nil {
		view.Name = begin.Format("January 2006")
	}
	return view
}

// trafficView is the traffic of 24 hours as a page shows it.
type trafficView struct {
	Now, Since         string // the current hour
	ThisHour           int64  // visitors in it
	Views, Likes, Bots int64
	Visitors           analytics.Visitors
	Charts             []chart
	Hours              []hourView // the current one first
	Pages              []rowView
	Referrers          []rowView
}

type hourView struct {
	analytics.Hour
	Name string
}

// rowView is a row of a table of what was seen most.
type rowView struct {
	Name, Full   string // Full if Name is not all
	Views, Likes int64
	Share        int // of the views of the first row, in percent
}

func trafficOf(t traffic) *trafficView {
	hours := make([]analytics.Hour, int(t.To.Sub(t.From)/time.Hour))
	for i := range hours {
		hours[i].Start = t.From.Add(time.Duration(i) * time.Hour)
	}
	for _, hour := range t.Hours {
		if i := int(hour.Start.Sub(t.From) / time.Hour); i >= 0 && i < len(hours) {
			hours[i] = hour
		}
	}
	v := &trafficView{Visitors: t.Visitors}
	views, likes := make([]int64, len(hours)), make([]int64, len(hours))
	for i, hour := range hours {
		views[i], likes[i] = hour.Views, hour.Likes
		v.Views, v.Likes, v.Bots = v.Views+hour.Views, v.Likes+hour.Likes, v.Bots+hour.Bots
	}
	for i := len(hours) - 1; i >= 0; i-- {
		start := hours[i].Start.UTC()
		v.Hours = append(v.Hours, hourView{hours[i], start.Format("15:04") + " to " + start.Add(time.Hour).Format("15:04")})
	}
	v.ThisHour, v.Since = hours[len(hours)-1].Visitors, hours[len(hours)-1].Start.UTC().Format("15:04 UTC")
	v.Charts = []chart{
		newChart("views", "Views by hour", "views", t.From.UTC(), views),
		newChart("likes", "Likes by hour", "likes", t.From.UTC(), likes),
	}
	for _, page := range t.Pages {
		v.Pages = append(v.Pages, rowOf(page.Path, page.Views, page.Likes, t.Pages[0].Views))
	}
	for _, referrer := range t.Referrers {
		v.Referrers = append(v.Referrers, rowOf(referrer.Host, referrer.Views, 0, t.Referrers[0].Views))
	}
	return v
}

func rowOf(name string, views, likes, most int64) rowView {
	row := rowView{Name: printable(name), Views: views, Likes: likes, Share: int(100 * views / max(most, 1))}
	if runes := []rune(row.Name); len(runes) > maxShown {
		row.Full, row.Name = row.Name, string(runes[:maxShown])+"…"
	}
	return row
}

// printable replaces what cannot be seen, such as marks that turn the direction of what
// follows.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
