// Package event holds the messages on the platform's bus: what they say, in
// which topic they stand, by which key, and what a newer version may change.
//
// There are three: a page view and a like, which are [Activity], and a change of
// the configuration, a [Change]. Both are JSON objects. A reader ignores members
// that it does not know, so a writer may add optional ones at any time; anything
// else is a new version, which readers must know before a writer uses it.
// [Compatible] tells one from the other, and a test asks it of all that was ever
// published.
package event

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// Version is the newest one of all messages. Readers refuse later ones.
const Version = 1

// A Kind is what somebody did.
type Kind string

// The kinds of [Activity].
const (
	View Kind = "view" // somebody saw a page
	Like Kind = "like" // somebody liked it
)

// Activity is one thing that a visitor did on a site. It is the value of a record
// of [TopicActivity].
type Activity struct {
	Version  int       `json:"v"`
	ID       uuid.UUID `json:"id"` // the same when a client sends it again
	Kind     Kind      `json:"kind"`
	Time     Time      `json:"time"`
	Site     string    `json:"site,omitempty"` // the ID of its document, empty for a domain that nobody registered
	Domain   string    `json:"domain"`
	Path     string    `json:"path"`
	Referrer string    `json:"referrer,omitempty"` // host of the page before
	Person   Person    `json:"person"`
	Bot      bool      `json:"bot,omitzero"` // by what its User-Agent says
}

// Key is that of the record: all activity of one site stands in one partition, in
// the order in which it came.
func (a *Activity) Key() []byte {
	if a.Site == "" {
		return []byte(a.Domain)
	}
	return []byte(a.Site)
}

// Time is when something happened, in milliseconds since 1970, UTC.
type Time int64

// TimeOf returns t to the millisecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// In returns the time in UTC.
func (t Time) In() time.Time { return time.UnixMilli(int64(t)).UTC() }

// A Person is one visitor within one month: a keyed hash of what tells visitors
// apart, with a key that differs from month to month. It does not lead back to an
// address, and the same person is another one next month. With a key a day, who
// comes on five days would count as five.
type Person [16]byte

// MarshalText writes 32 hexadecimal digits.
func (p Person) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, p[:]), nil }

// UnmarshalText reads 32 hexadecimal digits.
func (p *Person) UnmarshalText(text []byte) error {
	if len(text) != 2*len(p) {
		return fmt.Errorf("person has %d characters, want %d hexadecimal digits", len(text), 2*len(p))
	}
	_, err := hex.Decode(p[:], text)
	return err
}

// Change is the state of one document of the configuration after a change. It is
// the value of a record of [TopicConfiguration]; its key is that of [ChangeKey],
// and a record with this key and no value says that the document is gone.
type Change struct {
	Version  int            `json:"v"`
	Kind     string         `json:"kind"` // account, user, site, campaign
	ID       string         `json:"id"`
	Parent   string         `json:"parent,omitempty"` // ID of the document that owns it
	Revision int64          `json:"revision"`         // 1 when created, one more at each update
	Body     jsontext.Value `json:"body"`
}

// ChangeKey is the key of a document's records.
func ChangeKey(kind, id string) []byte { return []byte(kind + "/" + id) }

// SplitKey returns what [ChangeKey] was made of.
func SplitKey(key []byte) (kind, id string) {
	kind, id, _ = strings.Cut(string(key), "/")
	return kind, id
}

// Encode returns the value of a record.
func (c *Change) Encode() ([]byte, error) { return json.Marshal(c) }

// Encode returns the value of a record: what json.Marshal does, at a quarter of its
// cost, since a collector does nothing else that takes as long.
func (a *Activity) Encode() []byte {
	b := make([]byte, 0, 256)
	b = append(b, `{"v":`...)
	b = strconv.AppendInt(b, int64(a.Version), 10)
	b = append(b, `,"id":"`...)
	b = append(b, a.ID.String()...)
	b = appendText(b, `","kind":`, string(a.Kind))
	b = append(b, `,"time":`...)
	b = strconv.AppendInt(b, int64(a.Time), 10)
	if a.Site != "" {
		b = appendText(b, `,"site":`, a.Site)
	}
	b = appendText(b, `,"domain":`, a.Domain)
	b = appendText(b, `,"path":`, a.Path)
	if a.Referrer != "" {
		b = appendText(b, `,"referrer":`, a.Referrer)
	}
	b = append(b, `,"person":"`...)
	b = hex.AppendEncode(b, a.Person[:])
	b = append(b, '"')
	if a.Bot {
		b = append(b, `,"bot":true`...)
	}
	return append(b, '}')
}

func appendText(b []byte, name, text string) []byte {
	b = append(b, name...)
	b, _ = jsontext.AppendQuote(b, text) // what is not UTF-8 is replaced
	return b
}

// DecodeActivity reads the value of a record of [TopicActivity].
func DecodeActivity(value []byte) (Activity, error) {
	var a Activity
	if err := json.Unmarshal(value, &a); err != nil {
		return Activity{}, fmt.Errorf("activity: %w", err)
	}
	if err := known(a.Version); err != nil {
		return Activity{}, fmt.Errorf("activity %v: %w", a.ID, err)
	}
	if a.Kind != View && a.Kind != Like {
		return Activity{}, fmt.Errorf("activity %v: kind %q, want %q or %q", a.ID, a.Kind, View, Like)
	}
	if a.ID == uuid.Nil || a.Domain == "" || a.Path == "" || a.Time == 0 {
		return Activity{}, fmt.Errorf("activity %v: id, domain, path or time is missing", a.ID)
	}
	return a, nil
}

// DecodeChange reads the value of a record of [TopicConfiguration].
func DecodeChange(value []byte) (Change, error) {
	var c Change
	if err := json.Unmarshal(value, &c); err != nil {
		return Change{}, fmt.Errorf("change: %w", err)
	}
	if err := known(c.Version); err != nil {
		return Change{}, fmt.Errorf("change of %s %q: %w", c.Kind, c.ID, err)
	}
	if c.Kind == "" || c.ID == "" {
		return Change{}, errors.New("change: kind or id is missing")
	}
	if c.Revision < 1 || c.Body.Kind() != jsontext.KindBeginObject {
		return Change{}, fmt.Errorf("change of %s %q: revision %d and body %.20q, want at least 1 and an object", c.Kind, c.ID, c.Revision, c.Body)
	}
	return c, nil
}

func known(version int) error {
	if version < 1 || version > Version {
		return fmt.Errorf("version %d, want 1 to %d", version, Version)
	}
	return nil
}
