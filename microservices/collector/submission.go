package collector

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"gonotes/microservices/event"
)

// Limits of what may be submitted.
const (
	MaxContent = 1 << 20             // bytes of a request
	MaxBatch   = 1000                // events of a request
	MaxPath    = 2048                // bytes
	MaxVisitor = 128                 // bytes
	MaxAhead   = 5 * time.Minute     // how far a clock may be ahead of ours
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

func (s *submission) decode(content []byte) error {
	if err := json.Unmarshal(content, s, strict); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// activity checks the submission, at the time now. What it does not fill in is the
// site's ID and what is known of the sender.
func (s *submission) activity(now time.Time) (a event.Activity, err error) {
	a = event.Activity{Version: event.Version, Kind: event.Kind(s.Kind), Domain: s.Site, Path: s.Path, Time: event.TimeOf(now)}
	if a.Kind != event.View && a.Kind != event.Like {
		return a, fmt.Errorf(`kind %q, want "view" or "like"`, s.Kind)
	}
	if s.ID == "" {
		if a.ID, err = uuid.NewV7(); err != nil {
			return a, err
		}
	} else if a.ID, err = uuid.Parse(s.ID); err != nil || len(s.ID) != 36 || a.ID == uuid.Nil {
		return a, fmt.Errorf("id %q, want a UUID like 0190a6e0-0000-7000-8000-000000000001", s.ID)
	}
	if s.Site == "" || len(s.Site) > 253 {
		return a, fmt.Errorf("site of %d bytes, want a domain name of 1 to 253", len(s.Site))
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
		if ahead := t.Sub(now); ahead > MaxAhead {
			return a, fmt.Errorf("time %s is %v ahead, want at most %v", s.Time, ahead.Round(time.Second), MaxAhead)
		}
		if age := now.Sub(t); age > MaxAge {
			return a, fmt.Errorf("time %s is %v old, want at most %v", s.Time, age.Round(time.Second), MaxAge)
		}
		a.Time = event.TimeOf(t)
	}
	return a, nil
}

// hostOf returns the host of a referrer, which may be empty. The rest of the address
// is not kept: it may hold what is nobody's business.
func hostOf(referrer string) (string, error) {
	if referrer == "" {
		return "", nil
	}
	u, err := url.Parse(referrer)
	if err != nil || u.Host == "" || len(u.Hostname()) > 253 {
		return "", fmt.Errorf("referrer %.40q, want an absolute URL", referrer)
	}
	return strings.ToLower(u.Hostname()), nil
}

// errBatch is what is wrong with a batch as a whole.
var errBatch = fmt.Errorf("more than %d events, want at most %[1]d", MaxBatch)

// split returns the elements of a JSON array, each as it stands. They may be invalid
// in themselves as far as an array can hold that: of wrong type, or not UTF-8.
func split(content []byte) (items [][]byte, err error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(content), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for dec.PeekKind() != jsontext.KindEndArray {
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		if len(items) == MaxBatch {
			return nil, errBatch
		}
		end := dec.InputOffset()
		items = append(items, content[end-int64(len(value)):end])
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the array")
	}
	return items, nil
}

// lines returns those of newline-delimited JSON that are not empty.
func lines(content []byte) (items [][]byte, err error) {
	for line := range bytes.Lines(content) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if len(items) == MaxBatch {
			return nil, errBatch
		}
		items = append(items, line)
	}
	return items, nil
}
