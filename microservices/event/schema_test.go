package event_test

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/event"
)

var update = flag.Bool("update", false, "record today's messages in testdata/schemas.json, if they are compatible with what was published")

// messages are those of today.
var messages = map[string]event.Schema{
	"activity": event.SchemaOf(event.Activity{}),
	"change":   event.SchemaOf(event.Change{}),
}

// Today's messages are compatible with everything that was ever published.
func TestCompatible_published(t *testing.T) {
	require.NoError(t, published(filepath.Join("testdata", "schemas.json"), event.Version, messages, *update))
}

// published compares messages of a version with the file of those that were published,
// and adds them to it, if it shall and they are compatible. Even a compatible change must
// be in the file: what it adds is published, too.
func published(file string, version int, messages map[string]event.Schema, update bool) error {
	all := map[string]map[string]event.Schema{} // by version and name
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil && !(update && errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	was := all[strconv.Itoa(version)]
	for name, schema := range was {
		if err := event.Compatible(schema, messages[name]); err != nil {
			return fmt.Errorf("%s is not compatible with version %d as it was published; undo it, or make it version %d, which readers must know before a writer uses it:\n%w", name, version, version+1, err)
		}
	}
	if maps.EqualFunc(was, messages, maps.Equal) {
		return nil
	}
	if !update {
		return fmt.Errorf("the messages of version %d are compatible, but not as in %s; to record them: go test ./microservices/event -update", version, file)
	}
	all[strconv.Itoa(version)] = messages
	data, err = json.Marshal(all, json.Deterministic(true), jsontext.WithIndent("\t"))
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

// The file is written only if what is new in it breaks nobody.
func TestPublished(t *testing.T) {
	file := filepath.Join(t.TempDir(), "schemas.json")
	schema := func(members ...string) map[string]event.Schema {
		s := event.Schema{}
		for _, name := range members {
			s[name] = event.Member{Type: "string"}
		}
		return map[string]event.Schema{"m": s}
	}
	require.ErrorIs(t, published(file, 1, schema("a"), false), fs.ErrNotExist)
	require.NoError(t, published(file, 1, schema("a"), true))
	require.NoError(t, published(file, 1, schema("a"), false))

	require.ErrorContains(t, published(file, 1, schema("a", "b"), false), "to record them: go test ./microservices/event -update")
	require.NoError(t, published(file, 1, schema("a", "b"), true))
	require.NoError(t, published(file, 1, schema("a", "b"), false))

	recorded, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, update := range []bool{false, true} {
		err := published(file, 1, schema("b"), update)
		require.ErrorContains(t, err, `m is not compatible with version 1 as it was published`)
		require.ErrorContains(t, err, `member "a" is gone`)
		require.ErrorContains(t, published(file, 1, nil, update), `member "a" is gone`, "the message is gone")
	}
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(recorded), string(after), "it was refused, and written")

	require.ErrorContains(t, published(file, 2, schema("b"), false), "-update")
	require.NoError(t, published(file, 2, schema("b"), true), "a new version may be anything")
	require.NoError(t, published(file, 1, schema("a", "b"), false), "the old one stays")
}

// What was once put on the bus can be read for ever, and says the same. Lines may be
// added to the files, never changed.
func TestDecode_published(t *testing.T) {
	activity := func(value []byte) ([]byte, error) {
		a, err := event.DecodeActivity(value)
		return a.Encode(), err
	}
	change := func(value []byte) ([]byte, error) {
		c, err := event.DecodeChange(value)
		if err != nil {
			return nil, err
		}
		return c.Encode()
	}
	for file, again := range map[string]func([]byte) ([]byte, error){"activity.jsonl": activity, "change.jsonl": change} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(t, err)
		records := 0
		for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); records++ {
			got, err := again(lines.Bytes())
			require.NoError(t, err, "%s:%d", file, records+1)
			assert.JSONEq(t, lines.Text(), string(got), "%s:%d", file, records+1)
		}
		assert.GreaterOrEqual(t, records, 4, "records in %s", file)
	}
}

// Each rule of compatibility refuses what breaks it, and says all that does.
func TestCompatible(t *testing.T) {
	text, number := event.Member{Type: "string"}, event.Member{Type: "int"}
	must := event.Member{Type: "string", Required: true}
	for _, test := range []struct {
		name     string
		old, new event.Schema
		want     string // empty for compatible
	}{
		{"nothing changed", event.Schema{"a": text, "b": must}, event.Schema{"a": text, "b": must}, ""},
		{"a new optional member", event.Schema{"a": text}, event.Schema{"a": text, "b": number}, ""},
		{"a member is gone", event.Schema{"a": must, "b": text}, event.Schema{"a": must}, `member "b" is gone`},
		{"another type", event.Schema{"a": text}, event.Schema{"a": number}, `member "a" is of type int, was string`},
		{"it became required", event.Schema{"a": text}, event.Schema{"a": must}, `member "a" is required, was optional`},
		{"it became optional", event.Schema{"a": must}, event.Schema{"a": text}, `member "a" is optional, was required`},
		{"a new required member", event.Schema{}, event.Schema{"a": must}, `member "a" is new and required`},
		{"another name", event.Schema{"a": must}, event.Schema{"b": must}, "member \"a\" is gone\nmember \"b\" is new and required"},
		{"all at once", event.Schema{"a": text, "b": text, "c": must}, event.Schema{"b": number, "c": text, "d": must},
			"member \"a\" is gone\nmember \"b\" is of type int, was string\nmember \"c\" is optional, was required\nmember \"d\" is new and required"},
	} {
		err := event.Compatible(test.old, test.new)
		if test.want == "" {
			assert.NoError(t, err, test.name)
		} else {
			assert.EqualError(t, err, test.want, test.name)
		}
	}
}

func TestSchemaOf(t *testing.T) {
	got := event.SchemaOf(struct {
		A string     `json:"a"`
		B []int      `json:"b,omitempty"`
		C []string   `json:"c,omitzero"`
		D event.Kind `json:"omit"`
	}{})
	assert.Equal(t, event.Schema{
		"a":    {Type: "string", Required: true},
		"b":    {Type: "[]int"},
		"c":    {Type: "[]string"},
		"omit": {Type: "event.Kind", Required: true},
	}, got)
}
