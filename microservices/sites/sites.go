// Package sites knows the sites of the configuration, as the services that do not
// own it do: from the topic of its changes, without asking the service config.
package sites

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// Site is what the services need of one.
type Site struct {
	ID      string
	Account string // ID of the account that owns it
	Domain  string
}

// Directory finds sites by their domain. It is safe for concurrent use.
type Directory struct {
	mu       sync.RWMutex
	byDomain map[string][]Site // the last one has it; more than one while a domain moves
	domains  map[string]string // by ID
	ready    atomic.Bool
}

// NewDirectory returns an empty one. Run fills it.
func NewDirectory() *Directory {
	return &Directory{byDomain: map[string][]Site{}, domains: map[string]string{}}
}

// Of returns a directory that is ready, with these sites, for who has no bus.
func Of(list ...Site) *Directory {
	d := NewDirectory()
	for _, site := range list {
		d.add(site)
	}
	d.ready.Store(true)
	return d
}

// Find returns the site with this domain.
func (d *Directory) Find(domain string) (Site, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	found := d.byDomain[domain]
	if len(found) == 0 {
		return Site{}, false
	}
	return found[len(found)-1], true
}

// All returns the sites, by domain.
func (d *Directory) All() []Site {
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make([]Site, 0, len(d.byDomain))
	for _, domain := range slices.Sorted(maps.Keys(d.byDomain)) {
		found := d.byDomain[domain]
		all = append(all, found[len(found)-1])
	}
	return all
}

// Ready reports whether the directory holds what the topic held when Run began.
func (d *Directory) Ready() bool { return d.ready.Load() }

// Run follows the topic of the configuration until ctx ends.
func (d *Directory) Run(ctx context.Context, brokers []string, log *slog.Logger) error {
	return bus.Follow(ctx, brokers, event.TopicConfiguration.Name, func(r *kgo.Record) {
		if err := d.Apply(r.Key, r.Value); err != nil {
			log.Error("a change that cannot be read is passed over", "topic", r.Topic, "offset", r.Offset, "error", err)
		}
	}, func() { d.ready.Store(true) })
}

// Apply takes the change of one record of the topic.
func (d *Directory) Apply(key, value []byte) error {
	kind, id := event.SplitKey(key)
	if kind != "site" {
		return nil
	}
	var site Site
	if value != nil {
		change, err := event.DecodeChange(value)
		if err != nil {
			return err
		}
		var body struct {
			Domain string `json:"domain"`
		}
		if err := json.Unmarshal(change.Body, &body); err != nil {
			return fmt.Errorf("site %q: %w", id, err)
		}
		if change.Kind != kind || change.ID != id || body.Domain == "" {
			return fmt.Errorf("site %q: a %s %q with domain %q, want the site of the key, with one", id, change.Kind, change.ID, body.Domain)
		}
		site = Site{ID: change.ID, Account: change.Parent, Domain: body.Domain}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remove(id)
	if value != nil {
		d.add(site)
	}
	return nil
}

func (d *Directory) add(site Site) {
	d.byDomain[site.Domain] = append(d.byDomain[site.Domain], site)
	d.domains[site.ID] = site.Domain
}

// remove takes a site out. A domain may have gone to another site before, which keeps
// it, or comes back to one that had to share it: publishers that work at the same time
// bring the changes of two sites in any order.
func (d *Directory) remove(id string) {
	domain, ok := d.domains[id]
	if !ok {
		return
	}
	delete(d.domains, id)
	left := slices.DeleteFunc(d.byDomain[domain], func(s Site) bool { return s.ID == id })
	if len(left) == 0 {
		delete(d.byDomain, domain)
		return
	}
	d.byDomain[domain] = left
}
