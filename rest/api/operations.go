package api

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"text/template"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/uuid"

	"gonotes/rest/problem"
	"gonotes/rest/store"
)

// get answers with the current version.
func (a *API) get(w http.ResponseWriter, r *http.Request, of *resource, id string) error {
	f, err := accepted(r, formats)
	if err != nil {
		return err
	}
	doc, err := a.store.Get(r.Context(), of.kind, id)
	if err != nil {
		return err
	}
	return sendDocument(w, r, http.StatusOK, f, of, doc, cacheItem)
}

func sendDocument(w http.ResponseWriter, r *http.Request, status int, f format, of *resource, doc store.Document, cache string) error {
	view, err := of.view(doc)
	if err != nil {
		return err
	}
	return send(w, r, status, f, string(of.kind), view, etagOf(doc, f), cache)
}

// create adds a document to parent.
func (a *API) create(w http.ResponseWriter, r *http.Request, of *resource, parent string, key *IdempotencyKey) error {
	f, err := accepted(r, formats)
	if err != nil {
		return err
	}
	content, err := read(w, r, string(of.kind), "application/json", "application/xml")
	if err != nil {
		return err
	}
	body, members, err := of.checked(content)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	doc := docOf(body)
	doc.Kind, doc.ID, doc.Parent, doc.Unique = of.kind, id.String(), parent, of.uniqueOf(members)
	doc.Created = doc.Updated
	var once store.Key
	if key != nil {
		operation := Description().Paths.Find("/accounts").Post
		rule := operation.Parameters.GetByInAndName("header", "Idempotency-Key").Schema.Value
		if err := rule.VisitJSON(*key); err != nil {
			return faultf(http.StatusBadRequest, "The Idempotency-Key is malformed.").at(
				problem.Error{Header: "Idempotency-Key", Detail: quote(*key) + ": " + reason(err)})
		}
		sum := sha256.Sum256(body)
		once = store.Key{Name: r.URL.Path + " " + *key, Hash: hex.EncodeToString(sum[:])}
	}
	if doc, err = a.store.Create(r.Context(), doc, once); err != nil {
		return of.blame(err)
	}
	w.Header().Set("Location", of.pathOf(doc.ID))
	return sendDocument(w, r, http.StatusCreated, f, of, doc, cacheNever)
}

// docOf is what a body becomes at this time.
func docOf(body []byte) store.Document {
	return store.Document{Body: body, Updated: time.Now().UTC().Truncate(time.Millisecond)}
}

func (r *resource) uniqueOf(members map[string]any) string {
	unique, _ := members[r.unique].(string)
	return unique
}

// blame says which member is the one that another resource has.
func (r *resource) blame(err error) error {
	if errors.Is(err, store.ErrUnique) {
		return faultf(http.StatusConflict, "Another %s has this %s.", r.kind, r.unique).at(
			problem.Error{Pointer: "#/" + r.unique, Detail: "another " + string(r.kind) + " has it"})
	}
	return err
}

// replace makes the content of the request the new version.
func (a *API) replace(w http.ResponseWriter, r *http.Request, of *resource, id, ifMatch string) error {
	return a.update(w, r, of, id, ifMatch, []string{"application/json", "application/xml"},
		func(_, content []byte) ([]byte, error) { return content, nil })
}

// patch applies a merge patch (RFC 7396) to the current version. One that is not an
// object replaces it, which no schema lets through.
func (a *API) patch(w http.ResponseWriter, r *http.Request, of *resource, id, ifMatch string) error {
	w.Header().Set("Accept-Patch", mergePatch)
	return a.update(w, r, of, id, ifMatch, []string{mergePatch}, jsonpatch.MergePatch)
}

func (a *API) update(w http.ResponseWriter, r *http.Request, of *resource, id, ifMatch string, types []string, change func(old, content []byte) ([]byte, error)) error {
	f, err := accepted(r, formats)
	if err != nil {
		return err
	}
	content, err := read(w, r, string(of.kind), types...)
	if err != nil {
		return err
	}
	for {
		doc, err := a.store.Get(r.Context(), of.kind, id)
		if err != nil {
			return err
		}
		if err := mayChange(ifMatch, doc); err != nil {
			return err
		}
		body, err := change(doc.Body, content)
		if err != nil {
			return err
		}
		body, members, err := of.checked(body)
		if err != nil {
			return err
		}
		doc.Body, doc.Unique, doc.Updated = body, of.uniqueOf(members), docOf(body).Updated
		doc, err = a.store.Update(r.Context(), doc)
		if ifMatch == "*" && errors.Is(err, store.ErrVersion) {
			continue // whichever version there is then
		}
		if err != nil {
			return of.blame(err)
		}
		return sendDocument(w, r, http.StatusOK, f, of, doc, cacheNever)
	}
}

// remove deletes the version that the client names.
func (a *API) remove(w http.ResponseWriter, r *http.Request, of *resource, id, ifMatch string) error {
	for {
		doc, err := a.store.Get(r.Context(), of.kind, id)
		if err != nil {
			return err
		}
		if err := mayChange(ifMatch, doc); err != nil {
			return err
		}
		err = a.store.Delete(r.Context(), of.kind, id, doc.Version)
		if ifMatch == "*" && errors.Is(err, store.ErrVersion) {
			continue
		}
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", cacheNever)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

func root(w http.ResponseWriter, r *http.Request) error {
	f, err := accepted(r, formats)
	if err != nil {
		return err
	}
	return send(w, r, http.StatusOK, f, "root", Root{Links: Links{
		{Rel: "self", Href: "/"}, {Rel: "service-desc", Href: "/openapi.yaml"}, {Rel: "accounts", Href: "/accounts"},
	}}, "", cacheStatic)
}

// text answers with what is text already.
func text(w http.ResponseWriter, r *http.Request, mediaType string, content []byte, cache string) error {
	f, err := accepted(r, verbatim(mediaType))
	if err != nil {
		return err
	}
	return send(w, r, http.StatusOK, f, "", content, "", cache)
}

func health(w http.ResponseWriter, r *http.Request) error {
	f, err := accepted(r, formats)
	if err != nil {
		return err
	}
	return send(w, r, http.StatusOK, f, "health", Health{Status: Ok}, "", cacheNever)
}

func (a *API) ready(w http.ResponseWriter, r *http.Request) error {
	if err := a.store.Ping(r.Context()); err != nil {
		a.log.Warn("store does not answer", "error", err)
		return faultf(http.StatusServiceUnavailable, "The store does not answer.")
	}
	return health(w, r)
}

//go:embed tracker.js
var trackerSource string

var tracker = template.Must(template.New("tracker.js").Parse(trackerSource))
