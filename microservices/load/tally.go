package load

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Tally is what was acknowledged, counted by hand. It is safe for concurrent use.
type Tally struct {
	mu     sync.Mutex
	hours  map[hour]*numbers
	pages  map[page]int64                // views
	months map[month]map[string]struct{} // visitors
	events int64
}

type hour struct {
	site  string
	start time.Time
}

type page struct{ site, path string }

type month struct{ site, name string }

type numbers struct {
	views, likes int64
	visitors     map[string]struct{}
}

// NewTally returns an empty one.
func NewTally() *Tally {
	return &Tally{hours: map[hour]*numbers{}, pages: map[page]int64{}, months: map[month]map[string]struct{}{}}
}

// Add counts an event that was acknowledged. It must not be given one twice.
func (t *Tally) Add(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events++
	h := hour{e.Site, e.Time.Truncate(time.Hour)}
	n, ok := t.hours[h]
	if !ok {
		n = &numbers{visitors: map[string]struct{}{}}
		t.hours[h] = n
	}
	if e.Kind == "like" {
		n.likes++
	} else {
		n.views++
		t.pages[page{e.Site, e.Path}]++
	}
	n.visitors[e.Visitor] = struct{}{}
	m := month{e.Site, e.Time.Format("2006-01")}
	if t.months[m] == nil {
		t.months[m] = map[string]struct{}{}
	}
	t.months[m][e.Visitor] = struct{}{}
}

// Events returns how many were counted.
func (t *Tally) Events() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.events
}

// Difference is what the platform says otherwise than the tally.
type Difference struct {
	Lost  int64 // acknowledged events that are in no number
	Twice int64 // events that are in a number more than once
	First error // one of the differences, nil if there is none
}

func (d *Difference) count(what string, got, want int64) {
	d.Lost += max(0, want-got)
	d.Twice += max(0, got-want)
	if got != want {
		d.note(what, got, want)
	}
}

func (d *Difference) note(what string, got, want int64) {
	if d.First == nil {
		d.First = fmt.Errorf("%s: the platform says %d, the tally %d", what, got, want)
	}
}

// Settle compares until there is no difference: the numbers follow the events soon, not
// at once. After the patience it returns the last difference.
func (t *Tally) Settle(ctx context.Context, aggregator, insights string, patience time.Duration) (Difference, error) {
	for giveUp := time.Now().Add(patience); ; {
		d, err := t.Compare(ctx, aggregator, insights)
		if ctx.Err() != nil {
			return d, context.Cause(ctx)
		}
		if err != nil || d.First == nil || time.Now().After(giveUp) {
			return d, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// maxPages is how many pages of a site are compared.
const maxPages = 1000

// Compare asks the services at these addresses for every number of the tally.
func (t *Tally) Compare(ctx context.Context, aggregator, insights string) (d Difference, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	bySite := map[string]map[time.Time]*numbers{}
	for h, n := range t.hours {
		if bySite[h.site] == nil {
			bySite[h.site] = map[time.Time]*numbers{}
		}
		bySite[h.site][h.start] = n
	}
	for _, site := range slices.Sorted(maps.Keys(bySite)) {
		hours := slices.SortedFunc(maps.Keys(bySite[site]), time.Time.Compare)
		span := url.Values{
			"from": {hours[0].Format(time.RFC3339)}, "to": {hours[len(hours)-1].Add(time.Hour).Format(time.RFC3339)}, "limit": {strconv.Itoa(maxPages)},
		}.Encode()
		if err := t.compareHours(ctx, &d, aggregator+"/sites/"+site+"/hours?"+span, site, bySite[site]); err != nil {
			return d, err
		}
		if err := t.comparePages(ctx, &d, aggregator+"/sites/"+site+"/pages?"+span, site); err != nil {
			return d, err
		}
	}
	for _, m := range slices.SortedFunc(maps.Keys(t.months), func(a, b month) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.site, b.site)) }) {
		path := insights + "/months/" + m.name + "/sites/" + m.site
		var usage struct {
			Actives int64 `json:"actives"`
		}
		if err := get(ctx, path, &usage); err != nil {
			return d, err
		}
		if want := int64(len(t.months[m])); usage.Actives != want {
			d.note("monthly actives of "+m.name+" "+m.site, usage.Actives, want)
		}
	}
	return d, nil
}

func (t *Tally) compareHours(ctx context.Context, d *Difference, path, site string, want map[time.Time]*numbers) error {
	var answer struct {
		Hours []struct {
			Start                  time.Time
			Views, Likes, Visitors int64
		}
	}
	if err := get(ctx, path, &answer); err != nil {
		return err
	}
	seen := map[time.Time]bool{}
	for _, h := range answer.Hours {
		start := h.Start.UTC()
		n, ok := want[start]
		if !ok {
			n = &numbers{}
		}
		seen[start] = true
		d.count(site+" "+start.Format(time.RFC3339)+" views", h.Views, n.views)
		d.count(site+" "+start.Format(time.RFC3339)+" likes", h.Likes, n.likes)
		if int64(len(n.visitors)) != h.Visitors {
			d.note(site+" "+start.Format(time.RFC3339)+" visitors", h.Visitors, int64(len(n.visitors)))
		}
	}
	for start, n := range want {
		if !seen[start] {
			d.count(site+" "+start.Format(time.RFC3339)+" views", 0, n.views)
			d.count(site+" "+start.Format(time.RFC3339)+" likes", 0, n.likes)
		}
	}
	return nil
}

func (t *Tally) comparePages(ctx context.Context, d *Difference, path, site string) error {
	var answer struct {
		Pages []struct {
			Path  string
			Views int64
		}
	}
	if err := get(ctx, path, &answer); err != nil {
		return err
	}
	got := map[string]int64{}
	for _, p := range answer.Pages {
		got[p.Path] = p.Views
		if want := t.pages[page{site, p.Path}]; want != p.Views {
			d.note(site+p.Path+" views", p.Views, want)
		}
	}
	for p, want := range t.pages {
		if _, ok := got[p.path]; p.site == site && !ok && len(got) < maxPages {
			d.note(site+p.path+" views", 0, want)
		}
	}
	return nil
}

// get reads the JSON at an address. It tries again for ten seconds: a service may be
// starting.
func get(ctx context.Context, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := getOnce(ctx, address, into)
		if err == nil || errors.Is(err, errNever) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// errNever is of an answer that asking again does not change.
var errNever = errors.New("refused")

func getOnce(ctx context.Context, address string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusBadRequest {
		return fmt.Errorf("%s: %w with status %d", address, errNever, response.StatusCode)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", address, response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return nil
}
