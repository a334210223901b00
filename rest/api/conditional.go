package api

import (
	"net/http"
	"strconv"
	"strings"

	"gonotes/rest/store"
)

// etagOf is the strong validator of one version in one format. IDs are never
// used again, so the number of the version is enough.
func etagOf(doc store.Document, f format) string {
	return `"` + strconv.FormatInt(doc.Version, 10) + "-" + f.name + `"`
}

// mayChange returns an error unless If-Match names the version of doc, in
// whichever format the client has it, or is "*" (RFC 9110 §13.1.1).
func mayChange(ifMatch string, doc store.Document) error {
	if ifMatch == "*" {
		return nil
	}
	for _, f := range formats {
		if names(ifMatch, etagOf(doc, f), false) {
			return nil
		}
	}
	return store.ErrVersion
}

// unchanged reports whether If-None-Match names the ETag (RFC 9110 §13.1.2).
func unchanged(r *http.Request, etag string) bool {
	list := r.Header.Get("If-None-Match")
	return list == "*" || names(list, etag, true)
}

// names reports whether a list of entity tags has etag, which is strong. Only
// weak comparison disregards that a tag of the list is weak (RFC 9110 §8.8.3.2).
func names(list, etag string, weak bool) bool {
	for {
		list = strings.TrimLeft(list, " \t,")
		tag := strings.TrimPrefix(list, "W/")
		isWeak := len(tag) < len(list)
		if tag == "" || tag[0] != '"' {
			return false
		}
		end := strings.IndexByte(tag[1:], '"')
		if end < 0 {
			return false
		}
		end += 2
		if tag[:end] == etag && (weak || !isWeak) {
			return true
		}
		list = tag[end:]
	}
}

// joinLists writes fields that are lists, and may come in several lines, as one.
func joinLists(h http.Header) {
	for _, name := range []string{"If-Match", "If-None-Match", "Accept"} {
		if values := h[name]; len(values) > 1 {
			h[name] = []string{strings.Join(values, ", ")}
		}
	}
}
