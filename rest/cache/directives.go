package cache

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// directives are the values of each directive of Cache-Control, names in
// lower case, one value "" where it has no argument (RFC 9111 §5.2).
type directives map[string][]string

// parse reads all lines of a field. What is not a list of directives counts
// as no-store.
func parse(h http.Header, name string) directives {
	said, ok := parseList(h.Values(name))
	if !ok {
		said["no-store"] = []string{""}
	}
	return said
}

// parseList is parse; ok is false if a string stays open.
func parseList(lines []string) (said directives, ok bool) {
	said, ok = directives{}, true
	for _, line := range lines {
		parts, closed := split(line)
		ok = ok && closed
		for _, part := range parts {
			name, value, _ := strings.Cut(part, "=")
			said.add(strings.ToLower(name), value)
		}
	}
	return said, ok
}

func (d directives) add(name, value string) {
	// White space beside "=" is an error: the directive counts, its value does not.
	if trimmed := strings.TrimSpace(name); trimmed != name {
		name, value = trimmed, "?"
	}
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = strings.ReplaceAll(value[1:len(value)-1], `\`, "")
	}
	if !slices.Contains(d[name], value) {
		d[name] = append(d[name], value)
	}
}

func (d directives) has(name string) bool { return len(d[name]) > 0 }

// whole reports a directive that stands for the whole response: no-cache and
// private can also name fields.
func (d directives) whole(name string) bool { return slices.Contains(d[name], "") }

// seconds is the argument of a directive. It is false if there is none, if
// it is not delta-seconds, or if there are several.
func (d directives) seconds(name string) (time.Duration, bool) {
	if len(d[name]) != 1 {
		return 0, false
	}
	return seconds(d[name][0])
}

// seconds reads delta-seconds; more than 2³¹ counts as 2³¹ (RFC 9111 §1.2.2).
func seconds(s string) (time.Duration, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		n = 1 << 31
	}
	return time.Duration(n) * time.Second, true
}

// targeted are the fields that speak to shared caches alone, the first that
// is well-formed wins (RFC 9213 §2.2).
var targeted = []string{"Cdn-Cache-Control", "Surrogate-Control"}

// policy is what the origin says about a response, and whether a targeted
// field said it: that one also replaces Expires.
func policy(h http.Header) (said directives, isTargeted bool) {
	for _, name := range targeted {
		if said, ok := parseList(h.Values(name)); ok && len(said) > 0 && said.wellFormed() {
			return said, true
		}
	}
	return parse(h, "Cache-Control"), false
}

// wellFormed reports whether no directive has a parameter, and the lifetimes
// are numbers.
func (d directives) wellFormed() bool {
	for name, values := range d {
		if strings.ContainsAny(name+strings.Join(values, ""), ";") {
			return false
		}
	}
	_, ok := d.seconds("max-age")
	return ok || !d.has("max-age")
}

// split cuts a list at the commas outside of quoted strings and leaves out
// empty members (RFC 9110 §5.6.1). closed is false if a string stays open.
func split(line string) (members []string, closed bool) {
	start, quoted := 0, false
	add := func(end int) {
		if member := strings.TrimSpace(line[start:end]); member != "" {
			members = append(members, member)
		}
		start = end + 1
	}
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case quoted && line[i] == '\\':
			i++
		case !quoted && line[i] == ',':
			add(i)
		}
	}
	add(len(line))
	return members, !quoted
}

// members is the members of a comma-separated field over all its lines.
func members(h http.Header, name string) []string {
	var all []string
	for _, line := range h.Values(name) {
		found, _ := split(line)
		all = append(all, found...)
	}
	return all
}
