package api

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	"gonotes/rest/problem"
	"gonotes/rest/store"
)

// defaultLimit is how many items a page has if the client does not say.
const defaultLimit = 20

// checkQuery finds query parameters that the operation does not have or whose
// values break their schema.
func checkQuery(operation *openapi3.Operation, r *http.Request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	malformed := faultf(http.StatusBadRequest, "The query is malformed.")
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return malformed.at(problem.Error{Detail: err.Error()})
	}
	for name, values := range query {
		parameter := operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name)
		switch {
		case parameter == nil:
			malformed.at(problem.Error{Parameter: name, Detail: "not a parameter of this resource"})
		case len(values) > 1:
			malformed.at(problem.Error{Parameter: name, Detail: fmt.Sprintf("given %d times, want once", len(values))})
		default:
			if err := checkParameter(parameter.Schema.Value, values[0]); err != nil {
				malformed.at(problem.Error{Parameter: name, Detail: quote(values[0]) + ": " + reason(err)})
			}
		}
	}
	if malformed.errors == nil {
		return nil
	}
	slices.SortFunc(malformed.errors, byPlace)
	return malformed
}

func checkParameter(schema *openapi3.Schema, value string) error {
	if !schema.Type.Is("integer") {
		return schema.VisitJSON(value)
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		return faultf(http.StatusBadRequest, "not an integer")
	}
	return schema.VisitJSON(float64(n))
}

// A cursor is the ID before the page. It is opaque to clients, and the server
// keeps nothing for it: any replica can go on from it, at any time.
func cursorOf(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

func afterCursor(cursor string) (string, error) {
	id, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return "", faultf(http.StatusBadRequest, "The query is malformed.").at(
			problem.Error{Parameter: "cursor", Detail: quote(cursor) + ": not from a link of this API"})
	}
	return string(id), nil
}

// list answers with a page of what belongs to parent.
func (a *API) list(w http.ResponseWriter, r *http.Request, of *resource, parent string) error {
	f, err := accepted(r, formats)
	if err != nil {
		return err
	}
	if of.parent != nil {
		if _, err := a.store.Get(r.Context(), of.parent.kind, parent); err != nil {
			return err
		}
	}
	query := store.Query{Kind: of.kind, Parent: parent, Where: map[string]string{}, Limit: defaultLimit}
	for name, values := range r.URL.Query() { // checked before
		switch name {
		case "cursor":
			query.After, err = afterCursor(values[0])
		case "limit":
			query.Limit, err = strconv.Atoi(values[0])
		default:
			query.Where[name] = values[0]
		}
		if err != nil {
			return err
		}
	}
	wanted := query.Limit
	query.Limit++ // one more tells whether there is a next page
	docs, err := a.store.List(r.Context(), query)
	if err != nil {
		return err
	}
	links := Links{{Rel: "self", Href: r.URL.RequestURI()}}
	if of.parent != nil {
		links = append(links, Link{Rel: "up", Href: of.parent.pathOf(parent)})
	} else {
		links = append(links, Link{Rel: "up", Href: "/"})
	}
	if len(docs) > wanted {
		docs = docs[:wanted]
		values := r.URL.Query()
		values.Set("cursor", cursorOf(docs[wanted-1].ID))
		next := r.URL.Path + "?" + values.Encode()
		links = append(links, Link{Rel: "next", Href: next})
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	page, err := of.page(docs, links)
	if err != nil {
		return err
	}
	return send(w, r, http.StatusOK, f, of.plural, page, "", cachePage)
}
