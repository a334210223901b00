package collector

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"gonotes/microservices/event"
)

// Limits of an event.
const (
	MaxPath    = 2048                // bytes
	MaxVisitor = 128                 // bytes
	MaxDomain  = 253                 // bytes (RFC 1035 §2.3.4)
	MaxAhead   = 5 * time.Minute     // how far a client's clock may be ahead of ours
	MaxAge     = 31 * 24 * time.Hour // how long a client may keep an event before it sends it
)

// submission is an event as a client sends it.
type submission struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Site     string `json:"site"`
	Path     string `json:"path"`
	Referrer string `json:"referrer"`
	Time     string `json:"time"`
	Visitor  string `json:"visitor"`
}

// strict refuses members that no event has, since what is misspelt would be lost
// without a word.
var strict = json.RejectUnknownMembers(true)

// decode reads the JSON of one event.
func (s *submission) decode(item []byte) error {
	if s.plain(string(item)) {
		return nil
	}
	err := json.Unmarshal(item, s, strict)
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		name := wrong.JSONPointer.LastToken()
		switch {
		case wrong.Err == json.ErrUnknownName:
			return fmt.Errorf("member %.40q, want id, kind, site, path, referrer, time or visitor", name)
		case wrong.JSONPointer == "":
			return fmt.Errorf("%s, want an object", kinds[wrong.JSONKind])
		default:
			return fmt.Errorf("%s is %s, want a string", name, kinds[wrong.JSONKind])
		}
	}
	return errors.New(why(err))
}

// plain reads an event in the form in which JSON.stringify writes nearly all: without
// white space, of texts in ASCII without escapes. It takes a fifth of the time of
// json.Unmarshal, which decides on all else and sets again what plain has set: where that
// returns true, both agree.
func (s *submission) plain(item string) bool {
	if !strings.HasPrefix(item, "{") {
		return false
	}
	for i := 0; ; {
		name, at := plainText(item, i+1)
		if at == 0 || item[at] != ':' {
			return false
		}
		value, at := plainText(item, at+1)
		member := s.member(name)
		if at == 0 || member == nil || *member != "" || value == "" { // wrong, unknown, or perhaps there twice
			return false
		}
		*member = value
		switch {
		case item[at:] == "}":
			return true
		case item[at] != ',':
			return false
		}
		i = at
	}
}

// plainText returns the text that stands in quotes at i, and the index of what follows
// it, or 0 if it is not plain or nothing follows.
func plainText(item string, i int) (text string, next int) {
	if i >= len(item) || item[i] != '"' {
		return "", 0
	}
	for end := i + 1; end < len(item)-1; end++ {
		switch c := item[end]; {
		case c == '"':
			return item[i+1 : end], end + 1
		case c < ' ' || c == '\\' || c >= utf8.RuneSelf:
			return "", 0
		}
	}
	return "", 0
}

func (s *submission) member(name string) *string {
	switch name {
	case "id":
		return &s.ID
	case "kind":
		return &s.Kind
	case "site":
		return &s.Site
	case "path":
		return &s.Path
	case "referrer":
		return &s.Referrer
	case "time":
		return &s.Time
	case "visitor":
		return &s.Visitor
	}
	return nil
}

var kinds = map[jsontext.Kind]string{
	jsontext.KindNull: "null", jsontext.KindTrue: "a boolean", jsontext.KindFalse: "a boolean", jsontext.KindNumber: "a number",
	jsontext.KindString: "a string", jsontext.KindBeginArray: "an array", jsontext.KindBeginObject: "an object",
}

// activity checks the submission, at the time now. What it does not fill in is the
// site's ID and what is known of the sender. Of a submission that it refuses it returns
// the ID, if that is one.
func (s *submission) activity(now time.Time) (a event.Activity, err error) {
	a = event.Activity{Version: event.Version, Kind: event.Kind(s.Kind), Domain: strings.ToLower(s.Site), Path: s.Path, Time: event.TimeOf(now)}
	if s.ID != "" {
		if a.ID, err = uuid.Parse(s.ID); err != nil || len(s.ID) != 36 || a.ID == uuid.Nil {
			return event.Activity{}, fmt.Errorf("id %.40q, want a UUID like 0190a6e0-0000-7000-8000-000000000001", s.ID)
		}
	}
	if a.Kind != event.View && a.Kind != event.Like {
		return a, fmt.Errorf(`kind %.40q, want "view" or "like"`, s.Kind)
	}
	if !isDomain(a.Domain) {
		return a, fmt.Errorf("site %.40q of %d bytes, want a domain name of at most %d letters, digits, hyphens and dots", s.Site, len(s.Site), MaxDomain)
	}
	if !strings.HasPrefix(s.Path, "/") || len(s.Path) > MaxPath {
		return a, fmt.Errorf("path %.40q of %d bytes, want at most %d that begin with a slash", s.Path, len(s.Path), MaxPath)
	}
	if a.Referrer, err = hostOf(s.Referrer); err != nil {
		return a, err
	}
	if len(s.Visitor) > MaxVisitor {
		return a, fmt.Errorf("visitor of %d bytes, want at most %d", len(s.Visitor), MaxVisitor)
	}
	if s.Time != "" {
		t, err := time.Parse(time.RFC3339, s.Time)
		if err != nil {
			return a, fmt.Errorf("time %.40q, want RFC 3339 like 2026-03-01T09:30:00Z", s.Time)
		}
		if t.Sub(now) > MaxAhead {
			return a, fmt.Errorf("time %.40q is more than %v after %s", s.Time, MaxAhead, now.Format(time.RFC3339))
		}
		if now.Sub(t) > MaxAge {
			return a, fmt.Errorf("time %.40q is more than %d days before %s", s.Time, MaxAge/(24*time.Hour), now.Format(time.RFC3339))
		}
		a.Time = event.TimeOf(t)
	}
	if a.ID == uuid.Nil {
		a.ID, err = uuid.NewV7()
	}
	return a, err
}

// isDomain reports whether text could be the domain of a site: the service config
// takes no other letters.
func isDomain(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return text != "" && len(text) <= MaxDomain
}

// hostOf returns the host of a referrer, which may be empty. The rest of the address
// is not kept: it may hold what is nobody's business.
func hostOf(referrer string) (string, error) {
	if referrer == "" {
		return "", nil
	}
	scheme, authority, _ := strings.Cut(referrer, "://")
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	if scheme != "" && isDomain(authority) { // as nearly all are
		return authority, nil
	}
	u, err := url.Parse(scheme + "://" + authority)
	if err != nil || u.Hostname() == "" || len(u.Hostname()) > MaxDomain {
		return "", fmt.Errorf("referrer %.40q of %d bytes, want an absolute URL whose host has at most %d", referrer, len(referrer), MaxDomain)
	}
	return strings.ToLower(u.Hostname()), nil
}
