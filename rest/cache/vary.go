package cache

import (
	"net/http"
	"slices"
	"strings"
)

// matches reports whether a request with these fields selects the stored
// representation (RFC 9111 §4.1).
func (e *entry) matches(h http.Header) bool {
	for name, value := range e.variant {
		if value != normalised(h, name) {
			return false
		}
	}
	return true
}

// normalised is the value of a request field as one line without the white
// space beside its commas; where neither case nor order of the members means
// anything, in lower case and sorted. No field differs from an empty one.
func normalised(h http.Header, name string) string {
	if len(h.Values(name)) == 0 {
		return "absent"
	}
	all := members(h, name)
	if name == "Accept-Language" || name == "Accept-Encoding" {
		for i, member := range all {
			all[i] = strings.ToLower(member)
		}
		slices.Sort(all)
	}
	return "=" + strings.Join(all, ",")
}
