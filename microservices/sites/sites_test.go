package sites_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
	"gonotes/microservices/sites"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is for what must come and may take long on a busy machine.
const patience = 30 * time.Second

// has is the value of a site's record: it has this domain.
func has(id, domain string) []byte {
	return fmt.Appendf(nil, `{"v":1,"kind":"site","id":%q,"parent":"account of %s","revision":1,"body":{"domain":%q,"name":"any"}}`, id, id, domain)
}

// apply applies changes of the form "id domain", or "id" for a site that is gone.
func apply(t *testing.T, d *sites.Directory, changes ...string) {
	t.Helper()
	for _, change := range changes {
		id, domain, there := strings.Cut(change, " ")
		var value []byte
		if there {
			value = has(id, domain)
		}
		require.NoError(t, d.Apply([]byte("site/"+id), value), change)
	}
}

// state is who has which domain, as All and Find say, which must be the same.
func state(t *testing.T, d *sites.Directory) string {
	t.Helper()
	var all []string
	for _, site := range d.All() {
		found, ok := d.Find(site.Domain)
		assert.True(t, ok, site.Domain)
		assert.Equal(t, site, found)
		assert.Equal(t, "account of "+site.ID, site.Account)
		all = append(all, site.Domain+"="+site.ID)
	}
	return strings.Join(all, " ")
}

func TestDirectory_Apply(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes []string
		want    string
	}{
		{"nothing", nil, ""},
		{"sites, by domain", []string{"1 z", "2 a"}, "a=2 z=1"},
		{"the same again", []string{"1 a", "1 a"}, "a=1"},
		{"another domain", []string{"1 a", "1 b"}, "b=1"},
		{"it is gone", []string{"1 a", "2 b", "1"}, "b=2"},
		{"it is gone twice", []string{"1 a", "1", "1"}, ""},
		{"gone, and nobody knew it", []string{"1"}, ""},
		{"it comes back", []string{"1 a", "1", "1 a"}, "a=1"},
		{"a domain moves when it is free", []string{"1 a", "1 b", "2 a"}, "a=2 b=1"},
		{"a domain moves when its site is gone", []string{"1 a", "1", "2 a"}, "a=2"},
		{"the new site is heard of first", []string{"1 a", "2 a", "1 b"}, "a=2 b=1"},
		{"the new site is heard of before the old one is gone", []string{"1 a", "2 a", "1"}, "a=2"},
		{"two have it for a while", []string{"1 a", "2 a"}, "a=2"},
		{"two sites swap", []string{"1 a", "2 b", "1 c", "2 a", "1 b"}, "a=2 b=1"},
		{"an old record comes late", []string{"1 b", "2 a", "1 a", "1 b"}, "a=2 b=1"},
		{"an old record comes late, of a site that is gone", []string{"2 a", "1 a", "1"}, "a=2"},
	} {
		d := sites.NewDirectory()
		apply(t, d, test.changes...)
		assert.Equal(t, test.want, state(t, d), test.name)
	}
	d := sites.NewDirectory()
	apply(t, d, "1 a", "1 b")
	_, found := d.Find("a")
	assert.False(t, found, "the domain that it had")
}

// Whatever came before, the directory is in the end what the last records say.
func TestDirectory_Apply_anyOrder(t *testing.T) {
	for seed := range uint64(500) {
		random, d := rand.New(rand.NewPCG(seed, 0)), sites.NewDirectory()
		var changes []string
		for range random.IntN(20) {
			change := fmt.Sprint(random.IntN(4))
			if random.IntN(4) > 0 {
				change += " " + string(rune('a'+random.IntN(4)))
			}
			changes = append(changes, change)
		}
		last := map[string]string{} // of each site, in the end
		for id, domain := range random.Perm(4) {
			last[fmt.Sprint(id)] = string(rune('a' + domain))
		}
		delete(last, "3")
		var want []string
		for id, domain := range last {
			want = append(want, domain+"="+id)
			changes = append(changes, id+" "+domain) // in any order, as that of a map
		}
		changes = append(changes, "3")
		apply(t, d, changes...)
		slices.Sort(want)
		require.Equal(t, strings.Join(want, " "), state(t, d), "seed %d: %q", seed, changes)
	}
}

// Documents of other kinds are none of its business, readable or not.
func TestDirectory_Apply_otherKinds(t *testing.T) {
	d := sites.NewDirectory()
	apply(t, d, "1 a")
	for _, key := range []string{"account/1", "user/1", "campaign/1", "sites/1", "", "1"} {
		require.NoError(t, d.Apply([]byte(key), has("1", "b")))
		require.NoError(t, d.Apply([]byte(key), []byte("not readable")))
		require.NoError(t, d.Apply([]byte(key), nil))
	}
	assert.Equal(t, "a=1", state(t, d))
}

// A change that cannot be read is an error, and changes nothing.
func TestDirectory_Apply_refuses(t *testing.T) {
	d := sites.NewDirectory()
	apply(t, d, "1 a")
	for value, want := range map[string]string{
		"":     "unexpected EOF",
		"null": "version 0, want 1 to 1",
		`{"v":2,"kind":"site","id":"1","revision":2,"body":{"domain":"b"}}`:    "version 2, want 1 to 1",
		`{"v":1,"kind":"site","id":"1","revision":2,"body":{"domain":7}}`:      `site "1": json: `,
		`{"v":1,"kind":"site","id":"1","revision":2,"body":{}}`:                `site "1": a site "1" with domain ""`,
		`{"v":1,"kind":"site","id":"2","revision":2,"body":{"domain":"b"}}`:    `site "1": a site "2" with domain "b", want the site of the key`,
		`{"v":1,"kind":"account","id":"1","revision":2,"body":{"domain":"b"}}`: `site "1": a account "1" with`,
	} {
		err := d.Apply([]byte("site/1"), []byte(value))
		if assert.Error(t, err, value) {
			assert.Contains(t, strings.ReplaceAll(err.Error(), "\u00a0", " "), want) // the wording of package json differs from one process to the next
		}
		assert.Equal(t, "a=1", state(t, d), value)
	}
}

func TestOf(t *testing.T) {
	assert.False(t, sites.NewDirectory().Ready())
	d := sites.Of(sites.Site{ID: "1", Account: "account of 1", Domain: "a"})
	assert.True(t, d.Ready())
	assert.Equal(t, "a=1", state(t, d))
	apply(t, d, "1 b")
	assert.Equal(t, "b=1", state(t, d))
}

// Run fills the directory from the topic, is ready when all is in it that was there, says
// what it passes over, and keeps up. Others may ask meanwhile.
func TestDirectory_Run(t *testing.T) {
	b, err := broker.Open(t.TempDir(), "127.0.0.1:0", false)
	require.NoError(t, err)
	defer b.Close()
	client, err := bus.Connect(b.Addrs())
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, bus.Create(t.Context(), client, event.TopicConfiguration))
	put := func(key string, value []byte) {
		record := &kgo.Record{Topic: event.TopicConfiguration.Name, Key: []byte(key), Value: value}
		require.NoError(t, client.ProduceSync(t.Context(), record).FirstErr())
	}
	put("site/1", has("1", "a"))
	put("site/2", has("2", "b"))
	put("site/1", []byte("not readable"))
	put("account/1", []byte("not readable"))
	put("site/2", nil)
	put("site/3", []byte{}) // no tombstone
	put("site/3", has("3", "c"))

	d := sites.NewDirectory()
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() { assert.NoError(t, d.Run(ctx, b.Addrs(), slog.New(slog.NewTextHandler(&log, nil)))) })
	working.Go(func() {
		for ctx.Err() == nil {
			d.Find("a")
			time.Sleep(time.Millisecond)
		}
	})
	require.Eventually(t, d.Ready, patience, time.Millisecond)
	assert.Equal(t, "a=1 c=3", state(t, d))
	put("site/3", has("3", "d"))
	put("site/1", nil)
	require.Eventually(t, func() bool { _, found := d.Find("a"); return !found }, patience, time.Millisecond)
	assert.Equal(t, "d=3", state(t, d))
	cancel()
	working.Wait()
	said := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, said, 2, "lines of the log")
	assert.Contains(t, said[0], "passed over")
	assert.Contains(t, said[0], "offset=2 ")
	assert.Contains(t, said[1], "offset=5 ")
}
