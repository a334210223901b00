// Package sitedoc reads and changes the documents of sites in every shape that a
// release wrote. They lie side by side in one collection, and nobody migrates them: a
// document takes today's shape when it is changed.
//
//	1  {"name": …, "status": …, "domain": "a.example"}, as package api writes it
//	2  {"v": 2, …, "domains": ["a.example", "b.example"]}, the first is the primary one
//	3  {"v": 3, …, "hosts": [{"name": "a.example", "primary": true}], "timezone": "Europe/Berlin"}
//
// The price is that a shape once written has to be read for as long as one document has
// it, and that every program must read a shape before one of them writes it.
//
// Source: https://www.mongodb.com/docs/manual/data-modeling/design-patterns/data-versioning/schema-versioning/
package sitedoc

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"gonotes/rest/store"
)

// Kind is the kind of the documents.
const Kind store.Kind = "site"

// Today is the generation of the shape that Encode writes.
const Today = 3

// Site is a site as today's program knows it.
type Site struct {
	Name     string `json:"name"`
	Status   string `json:"status"`
	Hosts    []Host `json:"hosts"`    // at least one, and one of them is the primary
	Timezone string `json:"timezone"` // by its name in the IANA database, in which its days begin
}

// Host is a DNS name under which a site is served.
type Host struct {
	Name    string `json:"name"`
	Primary bool   `json:"primary,omitzero"`
}

// form is today's shape.
type form struct {
	Version int `json:"v"`
	Site
}

// Generation tells which shape a document has.
func Generation(body []byte) (int, error) {
	var head struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return 0, fmt.Errorf("sitedoc: %w", err)
	}
	if head.Version == 0 {
		return 1, nil // which did not know that there would be others
	}
	return head.Version, nil
}

// Decode reads a document of any generation. A shape that is not known, because a newer
// release wrote it, is an error, and so is a member that is not: what is not read
// would be lost with the next change.
func Decode(body []byte) (Site, error) {
	site, generation, err := decode(body)
	if err == nil {
		err = site.check()
	}
	if err != nil {
		return Site{}, fmt.Errorf("sitedoc: a document of generation %d: %w", generation, err)
	}
	return site, nil
}

func decode(body []byte) (Site, int, error) {
	generation, err := Generation(body)
	if err != nil {
		return Site{}, generation, err
	}
	strict := json.RejectUnknownMembers(true)
	switch generation {
	case 1:
		var old struct {
			Name   string `json:"name"`
			Status string `json:"status"`
			Domain string `json:"domain"`
		}
		err := json.Unmarshal(body, &old, strict)
		return upgraded(old.Name, old.Status, old.Domain), generation, err
	case 2:
		var old struct {
			Version int      `json:"v"`
			Name    string   `json:"name"`
			Status  string   `json:"status"`
			Domains []string `json:"domains"`
		}
		err := json.Unmarshal(body, &old, strict)
		return upgraded(old.Name, old.Status, old.Domains...), generation, err
	case Today:
		var now form
		err := json.Unmarshal(body, &now, strict)
		return now.Site, generation, err
	}
	return Site{}, generation, fmt.Errorf("this program reads 1 to %d", Today)
}

// upgraded returns a site of before there were time zones, when all days were those of UTC.
func upgraded(name, status string, domains ...string) Site {
	site := Site{Name: name, Status: status, Timezone: "UTC"}
	for i, domain := range domains {
		site.Hosts = append(site.Hosts, Host{Name: domain, Primary: i == 0})
	}
	return site
}

func (s Site) check() error {
	primary := 0
	for _, host := range s.Hosts {
		if host.Name == "" {
			return errors.New("a host has no name")
		}
		if host.Primary {
			primary++
		}
	}
	if primary != 1 {
		return fmt.Errorf("%d of its %d hosts are primary, want 1", primary, len(s.Hosts))
	}
	return nil
}

// Encode writes a site in today's shape.
func (s Site) Encode() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("sitedoc: %w", err)
	}
	return json.Marshal(form{Today, s})
}

// Change reads the site with this ID, of whatever generation, and writes what change
// makes of it in today's shape. If another one writes in between, it does so again,
// so change may be called more than once. A failure of change is returned, and then
// nothing is written.
func Change(ctx context.Context, documents store.Store, id string, change func(*Site) error) (Site, error) {
	for {
		doc, err := documents.Get(ctx, Kind, id)
		if err != nil {
			return Site{}, err
		}
		site, err := Decode(doc.Body)
		if err != nil {
			return Site{}, fmt.Errorf("site %s: %w", id, err)
		}
		if err := change(&site); err != nil {
			return Site{}, err
		}
		if doc.Body, err = site.Encode(); err != nil {
			return Site{}, fmt.Errorf("site %s: %w", id, err)
		}
		if _, err = documents.Update(ctx, doc); err == nil {
			return site, nil
		} else if !errors.Is(err, store.ErrVersion) {
			return Site{}, err
		}
	}
}
