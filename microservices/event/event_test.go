package event_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/event"
)

// view is an activity as a collector writes most.
func view() event.Activity {
	return event.Activity{
		Version: 1, ID: uuid.MustParse("0190a6e0-0000-7000-8000-000000000001"), Kind: event.View, Time: 1234567890123,
		Site: "0190a6e0-0000-7000-8000-00000000ab01", Domain: "s1.example", Path: "/articles/12", Referrer: "search.example",
		Person: event.Person{0: 0xab, 15: 0x01},
	}
}

// Encode writes what json.Marshal does, whatever the text.
func TestActivity_Encode(t *testing.T) {
	texts := []string{
		"", "plain", "ä ø 漢 🙂", "\x00\x01\x1f\x7f", "\n\r\t\b\f", `"quoted" \ back`, "<script>&amp;", "\u2028\u2029", "\ufffd",
		strings.Repeat("long", 1000), "cut \xe4", "\xff\xfe", "\xed\xa0\x80",
	}
	for _, text := range texts {
		sameAsJSON(t, event.Activity{Kind: event.Kind(text), Site: text, Domain: text, Path: text, Referrer: text})
	}
	for _, a := range []event.Activity{
		{}, view(), {Version: -1, Time: -1}, {Time: 1<<63 - 1}, {Time: -1 << 63}, {Bot: true}, {ID: uuid.Max, Person: event.Person{0xff, 0xfe}},
	} {
		sameAsJSON(t, a)
	}
}

func FuzzActivity_Encode(f *testing.F) {
	a := view()
	f.Add(a.Version, a.ID[:], string(a.Kind), int64(a.Time), a.Site, a.Domain, a.Path, a.Referrer, a.Person[:], a.Bot)
	f.Add(0, []byte{}, "\xff", int64(-1), "", "\u2028", `"`, "\\", []byte{1}, true)
	f.Fuzz(func(t *testing.T, version int, id []byte, kind string, ms int64, site, domain, path, referrer string, person []byte, bot bool) {
		a := event.Activity{
			Version: version, Kind: event.Kind(kind), Time: event.Time(ms), Site: site, Domain: domain, Path: path, Referrer: referrer, Bot: bot,
		}
		copy(a.ID[:], id)
		copy(a.Person[:], person)
		sameAsJSON(t, a)
	})
}

func sameAsJSON(t *testing.T, a event.Activity) {
	t.Helper()
	want, err := json.Marshal(&a, jsontext.AllowInvalidUTF8(true))
	require.NoError(t, err)
	assert.Equal(t, string(want), string(a.Encode()))
}

// What is decoded is what was encoded.
func TestDecode(t *testing.T) {
	like := view()
	like.Kind, like.Site, like.Referrer, like.Path, like.Bot = event.Like, "", "", "/漢?q=\"\\\x01", true
	for _, a := range []event.Activity{view(), like} {
		got, err := event.DecodeActivity(a.Encode())
		require.NoError(t, err)
		assert.Equal(t, a, got)
	}
	for _, c := range []event.Change{
		{Version: 1, Kind: "account", ID: "1", Revision: 1, Body: jsontext.Value(`{}`)},
		{Version: 1, Kind: "site", ID: "2", Parent: "1", Revision: 1 << 40, Body: jsontext.Value(`{"domain":"a.example","n":[1,null]}`)},
	} {
		value, err := c.Encode()
		require.NoError(t, err)
		got, err := event.DecodeChange(value)
		require.NoError(t, err)
		assert.Equal(t, c, got)
	}
}

// Each member means what it did when the first message was written.
func TestDecode_meaning(t *testing.T) {
	a, err := event.DecodeActivity([]byte(`{"v":1,"id":"0190a6e0-0000-7000-8000-000000000001","kind":"view","time":1234567890123,"site":"0190a6e0-0000-7000-8000-00000000ab01",` +
		`"domain":"s1.example","path":"/articles/12","referrer":"search.example","person":"ab000000000000000000000000000001"}`))
	require.NoError(t, err)
	assert.Equal(t, view(), a)
	c, err := event.DecodeChange([]byte(goodChange))
	require.NoError(t, err)
	assert.Equal(t, event.Change{Version: 1, Kind: "site", ID: "s", Parent: "a", Revision: 3, Body: jsontext.Value(`{"domain":"a.example"}`)}, c)
}

// A reader ignores members that it does not know.
func TestDecode_unknownMember(t *testing.T) {
	want := view()
	got, err := event.DecodeActivity(with(want.Encode(), "language", `"de"`))
	require.NoError(t, err)
	assert.Equal(t, want, got)
	change, err := event.DecodeChange(with([]byte(goodChange), "by", `{"user":"7"}`))
	require.NoError(t, err)
	assert.Equal(t, "s", change.ID)
}

const goodChange = `{"v":1,"kind":"site","id":"s","parent":"a","revision":3,"body":{"domain":"a.example"}}`

func TestDecodeActivity_refuses(t *testing.T) {
	a := view()
	good := a.Encode()
	for _, test := range []struct{ name, value, want string }{
		{"nothing", "", "activity: jsontext: unexpected EOF"},
		{"no JSON", "view", "activity: jsontext: invalid character 'v'"},
		{"no object", "[]", "into Go event.Activity"},
		{"cut off", string(good[:len(good)-1]), "activity: jsontext: unexpected EOF"},
		{"more after it", string(good) + "{}", "after top-level value"},
		{"a member twice", string(good[:len(good)-1]) + `,"path":"/"}`, `duplicate object member name "path"`},
		{"not UTF-8", strings.Replace(string(good), "/articles", "\xff", 1), "invalid UTF-8"},
		{"no version", string(without(good, "v")), "version 0, want 1 to 1"},
		{"version of the future", string(with(good, "v", "2")), "activity 0190a6e0-0000-7000-8000-000000000001: version 2, want 1 to 1"},
		{"version is no number", string(with(good, "v", `"1"`)), `"/v"`},
		{"no kind", string(without(good, "kind")), `kind "", want "view" or "like"`},
		{"unknown kind", string(with(good, "kind", `"share"`)), `kind "share", want "view" or "like"`},
		{"no id", string(without(good, "id")), "id, domain, path or time is missing"},
		{"id is no UUID", string(with(good, "id", `"7"`)), `"/id": invalid UUID length: 1`},
		{"no domain", string(without(good, "domain")), "id, domain, path or time is missing"},
		{"no path", string(without(good, "path")), "id, domain, path or time is missing"},
		{"no time", string(without(good, "time")), "id, domain, path or time is missing"},
		{"time with a fraction", string(with(good, "time", "1.5")), `"/time"`},
		{"short person", string(with(good, "person", `"ab"`)), "person has 2 characters, want 32 hexadecimal digits"},
		{"person is no number", string(with(good, "person", `"`+strings.Repeat("x", 32)+`"`)), "invalid byte: U+0078 'x'"},
	} {
		got, err := event.DecodeActivity([]byte(test.value))
		if assert.Error(t, err, test.name) {
			assert.Contains(t, plain(err), test.want, test.name)
			assert.Contains(t, err.Error(), "activity", test.name)
		}
		assert.Zero(t, got, test.name)
	}
}

func TestDecodeChange_refuses(t *testing.T) {
	good := []byte(goodChange)
	for _, test := range []struct{ name, value, want string }{
		{"nothing", "", "change: jsontext: unexpected EOF"},
		{"no object", "null", "version 0, want 1 to 1"},
		{"no version", string(without(good, "v")), `change of site "s": version 0, want 1 to 1`},
		{"version of the future", string(with(good, "v", "2")), "version 2, want 1 to 1"},
		{"no kind", string(without(good, "kind")), "kind or id is missing"},
		{"no id", string(without(good, "id")), "kind or id is missing"},
		{"no revision", string(without(good, "revision")), "revision 0 "},
		{"no body", string(without(good, "body")), "want at least 1 and an object"},
		{"body is null", string(with(good, "body", "null")), `body "null", want at least 1 and an object`},
		{"body is a list", string(with(good, "body", "[]")), `body "[]", want at least 1 and an object`},
	} {
		got, err := event.DecodeChange([]byte(test.value))
		if assert.Error(t, err, test.name) {
			assert.Contains(t, plain(err), test.want, test.name)
		}
		assert.Zero(t, got, test.name)
	}
}

// plain is the text of an error. Package json writes a space that does not break where
// it wants nobody to compare its texts.
func plain(err error) string { return strings.ReplaceAll(err.Error(), "\u00a0", " ") }

// with returns an object with a member set, without one with it removed.
func with(object []byte, name, value string) []byte {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(object, &members); err != nil {
		panic(err) // the tests pass good ones
	}
	if members[name] = jsontext.Value(value); value == "" {
		delete(members, name)
	}
	b, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return b
}

func without(object []byte, name string) []byte { return with(object, name, "") }

// Whatever a record holds, decoding it does not panic, and what it accepts it accepts
// again as it then is.
func FuzzDecode(f *testing.F) {
	a := view()
	f.Add(a.Encode())
	f.Add([]byte(goodChange))
	f.Fuzz(func(t *testing.T, value []byte) {
		if a, err := event.DecodeActivity(value); err == nil {
			again, err := event.DecodeActivity(a.Encode())
			require.NoError(t, err)
			assert.Equal(t, a, again)
		}
		if c, err := event.DecodeChange(value); err == nil {
			value, err := c.Encode()
			require.NoError(t, err)
			again, err := event.DecodeChange(value)
			require.NoError(t, err)
			c.Body, again.Body = nil, nil // they may differ in white space
			assert.Equal(t, c, again)
		}
	})
}

// All activity of a site has one key, also that of a domain that nobody registered, and
// the key of a document says what it is of.
func TestKey(t *testing.T) {
	a := view()
	assert.Equal(t, a.Site, string(a.Key()))
	a.Site = ""
	assert.Equal(t, "s1.example", string(a.Key()))
	kind, id := event.SplitKey(event.ChangeKey("site", "a/b"))
	assert.Equal(t, []string{"site", "a/b"}, []string{kind, id})
	kind, id = event.SplitKey([]byte("nothing"))
	assert.Equal(t, []string{"nothing", ""}, []string{kind, id})
}

func TestTime(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_999_999, time.FixedZone("", 3600))
	assert.Equal(t, time.Date(2026, 1, 2, 2, 4, 5, 678_000_000, time.UTC), event.TimeOf(at).In())
	assert.Equal(t, time.UTC, event.TimeOf(at).In().Location())
}

// The topics are as their readers need them: nothing of the activity goes, the
// configuration is compacted and in one order.
func TestTopics(t *testing.T) {
	assert.Equal(t, []event.Topic{event.TopicActivity, event.TopicConfiguration}, event.Topics)
	assert.Equal(t, map[string]string{"retention.ms": "-1", "retention.bytes": "-1"}, event.TopicActivity.Config)
	assert.Equal(t, "compact", event.TopicConfiguration.Config["cleanup.policy"])
	assert.Equal(t, []int32{8, 1}, []int32{event.TopicActivity.Partitions, event.TopicConfiguration.Partitions}, "their number must never change")
}
