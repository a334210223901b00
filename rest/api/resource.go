package api

import (
	"encoding/json"
	"fmt"
	"time"

	"gonotes/rest/problem"
	"gonotes/rest/store"
)

// resource is what is particular to one kind of resource.
type resource struct {
	kind     store.Kind
	input    string // the schema of what clients send
	plural   string
	parent   *resource
	children []string // what belongs to it, by the last segment of their paths
	unique   string   // the member that no other one has, if any
	check    func(members map[string]any) []problem.Error

	view func(store.Document) (any, error)          // its representation
	page func([]store.Document, Links) (any, error) // that of a page of them
}

var (
	accounts = represented(resource{kind: "account", input: "AccountInput", plural: "accounts", children: []string{"users", "sites"}},
		func(d store.Document, links Links, v *Account) {
			v.ID, v.Created, v.Updated, v.Links = d.ID, d.Created, d.Updated, links
		},
		func(items []Account, links Links) any { return AccountPage{items, links} })
	users = represented(resource{kind: "user", input: "UserInput", plural: "users", parent: accounts, unique: "email"},
		func(d store.Document, links Links, v *User) {
			v.ID, v.Account, v.Created, v.Updated, v.Links = d.ID, d.Parent, d.Created, d.Updated, links
		},
		func(items []User, links Links) any { return UserPage{items, links} })
	sites = represented(resource{kind: "site", input: "SiteInput", plural: "sites", parent: accounts, children: []string{"campaigns", "tracker.js"}, unique: "domain"},
		func(d store.Document, links Links, v *Site) {
			v.ID, v.Account, v.Created, v.Updated, v.Links = d.ID, d.Parent, d.Created, d.Updated, links
		},
		func(items []Site, links Links) any { return SitePage{items, links} })
	campaigns = represented(resource{kind: "campaign", input: "CampaignInput", plural: "campaigns", parent: sites, check: endsLater},
		func(d store.Document, links Links, v *Campaign) {
			v.ID, v.Site, v.Created, v.Updated, v.Links = d.ID, d.Parent, d.Created, d.Updated, links
		},
		func(items []Campaign, links Links) any { return CampaignPage{items, links} })
)

// represented completes r: own sets what the body of a document does not have.
func represented[V any](r resource, own func(store.Document, Links, *V), page func([]V, Links) any) *resource {
	view := func(doc store.Document) (v V, err error) {
		if err = json.Unmarshal(doc.Body, &v); err != nil {
			return v, fmt.Errorf("stored %s %s: %w", doc.Kind, doc.ID, err)
		}
		own(doc, r.linksOf(doc), &v)
		return v, nil
	}
	r.view = func(doc store.Document) (any, error) { return view(doc) }
	r.page = func(docs []store.Document, links Links) (any, error) {
		items := make([]V, len(docs))
		for i, doc := range docs {
			var err error
			if items[i], err = view(doc); err != nil {
				return nil, err
			}
		}
		return page(items, links), nil
	}
	return &r
}

func (r *resource) pathOf(id string) string { return "/" + r.plural + "/" + id }

func (r *resource) linksOf(doc store.Document) Links {
	self := r.pathOf(doc.ID)
	links := append(make(Links, 0, 3+len(r.children)), Link{Rel: "self", Href: self})
	if r.parent != nil {
		up := r.parent.pathOf(doc.Parent)
		links = append(links, Link{Rel: "collection", Href: up + "/" + r.plural}, Link{Rel: "up", Href: up})
	} else {
		links = append(links, Link{Rel: "collection", Href: "/" + r.plural})
	}
	for _, child := range r.children {
		rel := child
		if child == "tracker.js" {
			rel = "tracker"
		}
		links = append(links, Link{Rel: rel, Href: self + "/" + child})
	}
	return links
}

// endsLater is what no schema can state: instants that there are, in order. The
// format date-time lets leap seconds through, which time.Time does not have.
func endsLater(members map[string]any) []problem.Error {
	var wrong []problem.Error
	var starts, ends time.Time
	for name, at := range map[string]*time.Time{"starts": &starts, "ends": &ends} {
		if text, ok := members[name].(string); ok {
			if err := at.UnmarshalText([]byte(text)); err != nil {
				wrong = append(wrong, problem.Error{Pointer: "#/" + name, Detail: err.Error()})
			}
		}
	}
	if _, bounded := members["ends"]; bounded && wrong == nil && !ends.After(starts) {
		wrong = []problem.Error{{Pointer: "#/ends", Detail: fmt.Sprintf("%v is not later than starts, %v", members["ends"], members["starts"])}}
	}
	return wrong
}
