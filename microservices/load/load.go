// Package load plays visitors of the platform: a seeded day of page views and likes,
// at a chosen rate, with a tally of what was acknowledged.
package load

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// Event is one as a client sends it.
type Event struct {
	ID       uuid.UUID `json:"id"`
	Kind     string    `json:"kind"` // view or like
	Site     string    `json:"site"`
	Path     string    `json:"path"`
	Referrer string    `json:"referrer,omitempty"`
	Time     time.Time `json:"time"`
	Visitor  string    `json:"visitor"`
}

// Day is a day of visits: who comes when, from where, and what he reads. Equal days have
// equal events, ids included, so that sending one again moves no number; days with another
// seed or start have others.
type Day struct {
	Seed   uint64
	Start  time.Time // of its 24 hours
	Sites  []string  // domains; half of the visits are to the first, a quarter to the second, and so on
	People int       // who may come, at least 1
	Pages  int       // of a site, at least 1
	Events int       // in the whole day
}

// All returns the events of the day, in the order in which they are sent: that of
// their times, but for one in a hundred, which comes up to an hour late.
func (d Day) All() func(yield func(Event) bool) {
	return func(yield func(Event) bool) {
		rng := rand.New(rand.NewPCG(d.Seed, uint64(d.Start.Unix())))
		pages := rand.NewZipf(rng, 1.2, 2, uint64(d.Pages-1)) // few pages are read by most
		people := rand.NewZipf(rng, 1.05, max(1, float64(d.People)/10), uint64(d.People-1))
		for i := range d.Events {
			t := d.Start.Add(timeOfDay((float64(i) + rng.Float64()) / float64(d.Events)))
			if rng.IntN(100) == 0 {
				if late := t.Add(-time.Duration(rng.Int64N(int64(time.Hour)))); late.After(d.Start) {
					t = late
				}
			}
			e := Event{
				Kind: "view", Site: d.Sites[min(int(rng.ExpFloat64()/math.Ln2), len(d.Sites)-1)],
				Path: fmt.Sprintf("/articles/%d", pages.Uint64()), Time: t.Truncate(time.Millisecond).UTC(),
				Visitor: fmt.Sprintf("v%d", people.Uint64()),
			}
			for b := range e.ID {
				e.ID[b] = byte(rng.Uint32())
			}
			e.ID[6], e.ID[8] = e.ID[6]&0x0f|0x40, e.ID[8]&0x3f|0x80 // version 4
			switch p := rng.IntN(100); {
			case p < 5:
				e.Kind = "like"
			case p < 45:
				e.Referrer = referrers[min(int(rng.ExpFloat64()*1.5), len(referrers)-1)]
			}
			if !yield(e) {
				return
			}
		}
	}
}

var referrers = []string{
	"https://search.example/?q=go", "https://news.example/item?id=1", "https://social.example/", "https://blog.example/post/7", "https://mail.example/",
}

// timeOfDay returns when a share of the day's events has happened: few come at night,
// most in the evening. The rate is 1 + 0.8 sin of the hours after ten.
func timeOfDay(share float64) time.Duration {
	low, high := 0.0, 1.0
	for range 40 {
		if middle := (low + high) / 2; happened(middle) < share {
			low = middle
		} else {
			high = middle
		}
	}
	return time.Duration(low * float64(24*time.Hour))
}

func happened(day float64) float64 {
	const depth, phase = 0.8, 10.0 / 24
	return day + depth/(2*math.Pi)*(math.Cos(2*math.Pi*phase)-math.Cos(2*math.Pi*(day-phase)))
}
