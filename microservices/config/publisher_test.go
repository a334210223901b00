package config_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/config"
	"gonotes/microservices/event"
	"gonotes/rest/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is for what must come and may take long on a busy machine.
const patience = 30 * time.Second

var quiet = slog.New(slog.DiscardHandler)

// The topic says what the store does, after creations, updates and deletions of all kinds.
func TestPublisher(t *testing.T) {
	b := newBus(t, t.TempDir(), "127.0.0.1:0")
	documents := store.NewMemory()
	p, _ := publish(t, documents, b.Addrs())
	create(t, p, "account", "", "a1", "a2")
	create(t, p, "user", "a1", "u1", "u2")
	create(t, p, "site", "a1", "s1", "s2")
	create(t, p, "campaign", "s1", "c1", "c2")
	update(t, p, "site", "s1")
	update(t, p, "site", "s1")
	update(t, p, "campaign", "c2")
	remove(t, p, "campaign", "c1")
	remove(t, p, "site", "s2")
	remove(t, p, "account", "a2")
	equal(t, documents, b.Addrs())

	state := topic(t, b.Addrs())
	assert.Len(t, state, 5)
	change, err := event.DecodeChange([]byte(state["site/s1"]))
	require.NoError(t, err)
	assert.Equal(t, event.Change{Version: 1, Kind: "site", ID: "s1", Parent: "a1", Revision: 3, Body: []byte(`{"n":3}`)}, change)
}

// What the store refuses is not published; what it may have done, before it failed, is.
func TestPublisher_errors(t *testing.T) {
	b := newBus(t, t.TempDir(), "127.0.0.1:0")
	documents := &brittle{Store: store.NewMemory()}
	create(t, documents, "account", "", "a1", "a2")
	create(t, documents, "site", "a1", "s1")
	p, _ := publish(t, documents, b.Addrs())
	equal(t, documents, b.Addrs())
	before := end(t, b.Addrs())
	for want, do := range map[error]func() error{
		store.ErrExists:   func() error { return creates(p, document("account", "", "a1"), store.Key{}) },
		store.ErrNoParent: func() error { return creates(p, document("site", "nobody", "s9"), store.Key{}) },
		store.ErrVersion:  func() error { return p.Delete(t.Context(), "site", "s1", 7) },
		store.ErrChildren: func() error { return p.Delete(t.Context(), "account", "a1", 1) },
		store.ErrNotFound: func() error { _, err := p.Update(t.Context(), document("site", "a1", "s9")); return err },
	} {
		require.ErrorIs(t, do(), want)
	}
	create(t, p, "account", "", "a3")
	equal(t, documents, b.Addrs())
	assert.Equal(t, before+1, end(t, b.Addrs()), "records; one for the account that was made last, none for the refusals")

	documents.after.Store(true) // each change is made, and answered by an error
	require.ErrorIs(t, creates(p, document("account", "", "a4"), store.Key{}), errBroken)
	doc := document("site", "a1", "s1")
	doc.Version, doc.Body = 1, []byte(`{"n":2}`)
	_, err := p.Update(t.Context(), doc)
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, p.Delete(t.Context(), "account", "a2", 1), errBroken)
	equal(t, documents, b.Addrs())
	state := topic(t, b.Addrs())
	assert.Contains(t, state, "account/a4")
	assert.NotContains(t, state, "account/a2")
	assert.Contains(t, state["site/s1"], `"revision":2`)
}

// A document that a key says was made before is published, not the one that was asked for.
func TestPublisher_key(t *testing.T) {
	b := newBus(t, t.TempDir(), "127.0.0.1:0")
	documents := store.NewMemory()
	p, _ := publish(t, documents, b.Addrs())
	create(t, p, "account", "", "a0")
	equal(t, documents, b.Addrs())
	key := store.Key{Name: "key", Hash: "hash"}
	_, err := documents.Create(t.Context(), document("account", "", "a1"), key) // by a process that was killed then
	require.NoError(t, err)
	require.NoError(t, creates(p, document("account", "", "a2"), key))
	equal(t, documents, b.Addrs())
	assert.Contains(t, topic(t, b.Addrs()), "account/a1")
}

// A publisher catches up with what was changed while there was none, deletions too, and
// leaves alone what the topic says rightly.
func TestPublisher_lags(t *testing.T) {
	b := newBus(t, t.TempDir(), "127.0.0.1:0")
	documents := store.NewMemory()
	p, stop := publish(t, documents, b.Addrs())
	create(t, p, "account", "", "a1", "a2")
	var many []string
	for i := range 201 { // more than two pages
		many = append(many, fmt.Sprintf("s%03d", i))
	}
	create(t, p, "site", "a1", many...)
	create(t, p, "campaign", "s200", "c1", "c2", "c3")
	equal(t, documents, b.Addrs())
	stop()
	before := end(t, b.Addrs())

	// It was killed here, and the changes are those of the store only.
	update(t, documents, "site", "s000")
	update(t, documents, "site", "s200")
	remove(t, documents, "site", "s100")
	remove(t, documents, "campaign", "c1")
	remove(t, documents, "account", "a2")
	create(t, documents, "campaign", "s199", "c4")
	client := connect(t, b.Addrs())
	put := func(key, value string) {
		record := &kgo.Record{Topic: "configuration", Key: []byte(key), Value: []byte(value)}
		require.NoError(t, client.ProduceSync(t.Context(), record).FirstErr())
	}
	put("site/s001", "not readable")
	put("site/nobody", "not readable")
	put("site/s999", `{"v":1,"kind":"site","id":"s999","revision":1,"body":{}}`)
	_, stop = publish(t, documents, b.Addrs())
	equal(t, documents, b.Addrs())
	assert.Equal(t, before+3+9, end(t, b.Addrs()), "records: the three put by hand, and one for each document that differed")
	stop()

	create(t, documents, "account", "", "a9") // and its record is the only one
	publish(t, documents, b.Addrs())
	equal(t, documents, b.Addrs())
	assert.Equal(t, before+3+9+1, end(t, b.Addrs()), "records")
}

// While the bus is away the store changes as ever, and the topic follows when it is back.
func TestPublisher_busAway(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	documents := store.NewMemory()
	p, _ := publish(t, documents, []string{addr}) // before there is one
	create(t, p, "account", "", "a1")
	create(t, p, "site", "a1", "s1", "s2")
	b := newBus(t, dir, addr)
	equal(t, documents, b.Addrs())
	for i := range 2 {
		require.NoError(t, b.Close())
		for range 20 {
			update(t, p, "site", "s1")
		}
		remove(t, p, "site", fmt.Sprint("s", 2+i))
		create(t, p, "site", "a1", fmt.Sprint("s", 3+i))
		b = newBus(t, dir, addr)
		equal(t, documents, b.Addrs())
	}
}

// However often a document changes while the bus is away, it waits once.
func TestPublisher_waitsOnce(t *testing.T) {
	b := newBus(t, t.TempDir(), "127.0.0.1:0")
	documents := store.NewMemory()
	p := config.NewPublisher(documents, quiet)
	create(t, p, "account", "", "a1", "a2")
	for range 100 {
		update(t, p, "account", "a1")
	}
	run(t, p, b.Addrs())
	equal(t, documents, b.Addrs())
	update(t, p, "account", "a1")
	equal(t, documents, b.Addrs())
	assert.Equal(t, int64(3), end(t, b.Addrs()), "records: two for a1, one for a2")
}

// A document that cannot be encoded keeps no other one waiting.
func TestPublisher_cannotEncode(t *testing.T) {
	b := newBus(t, t.TempDir(), "127.0.0.1:0")
	documents := store.NewMemory()
	p, _ := publish(t, documents, b.Addrs())
	bad := document("account", "", "a1")
	bad.Body = []byte(`{"n":1,"n":2}`)
	require.NoError(t, creates(p, bad, store.Key{}))
	create(t, p, "account", "", "a2")
	require.Eventually(t, func() bool { return slices.Equal([]string{"a2"}, ids(topic(t, b.Addrs()))) }, patience, 10*time.Millisecond)
	update(t, p, "account", "a1")
	equal(t, documents, b.Addrs())
}

// While the store fails, the publisher tries again.
func TestPublisher_storeAway(t *testing.T) {
	b := newBus(t, t.TempDir(), "127.0.0.1:0")
	documents := &brittle{Store: store.NewMemory()}
	create(t, documents, "account", "", "a1")
	documents.fail.Store(3)
	p, _ := publish(t, documents, b.Addrs())
	equal(t, documents.Store, b.Addrs())
	documents.fail.Store(3)
	update(t, p, "account", "a1")
	equal(t, documents.Store, b.Addrs())
	assert.Negative(t, documents.fail.Load(), "it did not fail")
}

// A publisher that read a document and was overtaken by another, which published what it
// then was, publishes it once more.
func TestPublisher_overtaken(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, s store.Store)
		want   string
	}{
		{"updated", func(t *testing.T, s store.Store) { update(t, s, "account", "a1") }, `"revision":2`},
		{"deleted", func(t *testing.T, s store.Store) { remove(t, s, "account", "a1") }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBus(t, t.TempDir(), "127.0.0.1:0")
			documents := store.NewMemory()
			slow := &held{Store: documents, read: make(chan struct{}), goOn: make(chan struct{})}
			first, _ := publish(t, slow, b.Addrs())
			second, _ := publish(t, documents, b.Addrs())
			create(t, second, "account", "", "a0")
			equal(t, documents, b.Addrs()) // so the second has compared
			create(t, first, "account", "", "a1")
			<-slow.read
			test.change(t, second)
			create(t, second, "account", "", "a2") // behind the change
			require.Eventually(t, func() bool { return topic(t, b.Addrs())["account/a2"] != "" }, patience, 10*time.Millisecond)
			close(slow.goOn)
			create(t, first, "account", "", "a3") // behind what it read
			require.Eventually(t, func() bool { return topic(t, b.Addrs())["account/a3"] != "" }, patience, 10*time.Millisecond)
			equal(t, documents, b.Addrs())
			assert.Contains(t, topic(t, b.Addrs())["account/a1"], test.want)
		})
	}
}

// Eight writers, on two publishers of one store: in the end the topic is the store.
func TestPublisher_writers(t *testing.T) {
	b := newBus(t, t.TempDir(), "127.0.0.1:0")
	documents := store.NewMemory()
	first, stop := publish(t, documents, b.Addrs())
	second, _ := publish(t, documents, b.Addrs())
	create(t, first, "account", "", "a1")
	var writers sync.WaitGroup
	var done atomic.Int64
	for i := range 8 {
		p := []store.Store{first, second}[i%2]
		writers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 0))
			for range 50 {
				doc := document("site", "a1", fmt.Sprint("s", random.IntN(10))) // the same as the others'
				is, err := p.Get(t.Context(), doc.Kind, doc.ID)
				switch {
				case errors.Is(err, store.ErrNotFound):
					_, err = p.Create(t.Context(), doc, store.Key{})
				case random.IntN(3) == 0:
					err = p.Delete(t.Context(), doc.Kind, doc.ID, is.Version)
				default:
					_, err = p.Update(t.Context(), is)
				}
				if err == nil {
					done.Add(1)
				}
			}
		})
	}
	writers.Wait()
	equal(t, documents, b.Addrs())
	assert.Greater(t, done.Load(), int64(50), "changes")
	stop() // at any moment
}

var errBroken = errors.New("broken")

// brittle is a store that answers changes with errors after it made them, or fails to
// read for a while.
type brittle struct {
	store.Store
	after atomic.Bool
	fail  atomic.Int64 // so many more times
}

func (s *brittle) then(err error) error {
	if err == nil && s.after.Load() {
		return errBroken
	}
	return err
}

func (s *brittle) Create(ctx context.Context, doc store.Document, key store.Key) (store.Document, error) {
	made, err := s.Store.Create(ctx, doc, key)
	if err = s.then(err); err != nil {
		return store.Document{}, err
	}
	return made, nil
}

func (s *brittle) Update(ctx context.Context, doc store.Document) (store.Document, error) {
	updated, err := s.Store.Update(ctx, doc)
	return updated, s.then(err)
}

func (s *brittle) Delete(ctx context.Context, kind store.Kind, id string, version int64) error {
	return s.then(s.Store.Delete(ctx, kind, id, version))
}

func (s *brittle) Get(ctx context.Context, kind store.Kind, id string) (store.Document, error) {
	if s.fail.Add(-1) >= 0 {
		return store.Document{}, errBroken
	}
	return s.Store.Get(ctx, kind, id)
}

func (s *brittle) List(ctx context.Context, query store.Query) ([]store.Document, error) {
	if s.fail.Add(-1) >= 0 {
		return nil, errBroken
	}
	return s.Store.List(ctx, query)
}

// held is a store that holds what was first read of a1 until it may go on.
type held struct {
	store.Store
	once       sync.Once
	read, goOn chan struct{}
}

func (s *held) Get(ctx context.Context, kind store.Kind, id string) (store.Document, error) {
	doc, err := s.Store.Get(ctx, kind, id)
	if id == "a1" {
		s.once.Do(func() {
			close(s.read)
			<-s.goOn
		})
	}
	return doc, err
}

// newBus opens a broker with the topic of the configuration, which is closed with the test.
func newBus(t *testing.T, dir, addr string) *broker.Broker {
	t.Helper()
	b, err := broker.Open(dir, addr, false)
	require.NoError(t, err)
	t.Cleanup(func() { b.Close() })
	require.NoError(t, bus.Create(t.Context(), connect(t, b.Addrs()), event.TopicConfiguration))
	return b
}

func connect(t *testing.T, brokers []string) *kgo.Client {
	t.Helper()
	client, err := bus.Connect(brokers)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// publish runs a publisher of a store until it is stopped, or the test ends.
func publish(t *testing.T, documents store.Store, brokers []string) (p *config.Publisher, stop func()) {
	t.Helper()
	p = config.NewPublisher(documents, quiet)
	return p, run(t, p, brokers)
}

func run(t *testing.T, p *config.Publisher, brokers []string) (stop func()) {
	t.Helper()
	client := connect(t, brokers)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, client, brokers) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			assert.NoError(t, err)
		case <-time.After(patience):
			assert.Fail(t, "Run does not end with its context")
		}
	})
	t.Cleanup(stop)
	return stop
}

func document(kind store.Kind, parent, id string) store.Document {
	return store.Document{Kind: kind, ID: id, Parent: parent, Body: []byte(`{"n":1}`)}
}

func creates(s store.Store, doc store.Document, key store.Key) error {
	_, err := s.Create(context.Background(), doc, key)
	return err
}

func create(t *testing.T, s store.Store, kind store.Kind, parent string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		require.NoError(t, creates(s, document(kind, parent, id), store.Key{}))
	}
}

func update(t *testing.T, s store.Store, kind store.Kind, id string) {
	t.Helper()
	doc, err := unwrap(s).Get(t.Context(), kind, id)
	require.NoError(t, err)
	doc.Body = fmt.Appendf(nil, `{"n":%d}`, doc.Version+1)
	_, err = s.Update(t.Context(), doc)
	require.NoError(t, err)
}

func remove(t *testing.T, s store.Store, kind store.Kind, id string) {
	t.Helper()
	doc, err := unwrap(s).Get(t.Context(), kind, id)
	require.NoError(t, err)
	require.NoError(t, s.Delete(t.Context(), kind, id, doc.Version))
}

// unwrap returns the store that a publisher and those that fail stand before.
func unwrap(s store.Store) store.Store {
	switch wrapped := s.(type) {
	case *config.Publisher:
		return unwrap(wrapped.Store)
	case *brittle:
		return unwrap(wrapped.Store)
	case *held:
		return unwrap(wrapped.Store)
	}
	return s
}

// equal waits until the topic says what the store does.
func equal(t *testing.T, documents store.Store, brokers []string) {
	t.Helper()
	want := map[string]string{}
	for _, kind := range []store.Kind{"account", "user", "site", "campaign"} {
		for _, parent := range append([]string{""}, ids(want)...) {
			page, err := unwrap(documents).List(t.Context(), store.Query{Kind: kind, Parent: parent, Limit: 1000})
			require.NoError(t, err)
			for _, doc := range page {
				change := event.Change{Version: 1, Kind: string(kind), ID: doc.ID, Parent: doc.Parent, Revision: doc.Version, Body: []byte(doc.Body)}
				value, err := change.Encode()
				require.NoError(t, err)
				want[string(kind)+"/"+doc.ID] = string(value)
			}
		}
	}
	got := topic(t, brokers)
	for deadline := time.Now().Add(patience); !reflect.DeepEqual(want, got) && time.Now().Before(deadline); got = topic(t, brokers) {
		time.Sleep(10 * time.Millisecond)
	}
	require.Equal(t, want, got, "what the topic says")
}

// ids are those of the keys of documents.
func ids(documents map[string]string) (ids []string) {
	for key := range maps.Keys(documents) {
		_, id := event.SplitKey([]byte(key))
		ids = append(ids, id)
	}
	return ids
}

// topic returns the value of the last record of each document that is not gone.
func topic(t *testing.T, brokers []string) map[string]string {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	state, ready := map[string]string{}, false
	assert.NoError(t, bus.Follow(ctx, brokers, event.TopicConfiguration.Name, func(r *kgo.Record) {
		if state[string(r.Key)] = string(r.Value); r.Value == nil {
			delete(state, string(r.Key))
		}
	}, func() { ready = true; stop() }))
	assert.True(t, ready, "the topic was not read to its end")
	return state
}

// end returns how many records the topic has had.
func end(t *testing.T, brokers []string) int64 {
	t.Helper()
	client, err := bus.Connect(brokers)
	require.NoError(t, err)
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), event.TopicConfiguration.Name)
	require.NoError(t, err)
	found, _ := ends.Lookup(event.TopicConfiguration.Name, 0)
	return found.Offset
}
