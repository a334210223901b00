// Package config is the service that owns the configuration: the API of package
// rest on a document store. It publishes every change to a compacted topic, so that
// no other service has to ask it.
package config

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/bus"
	"gonotes/microservices/event"
	"gonotes/rest/store"
)

// Publisher is a store that tells the bus what became of each document. The topic
// equals the store soon after each change, whoever is killed in between: it is the
// state that is published, not the change, and a publisher begins by comparing all
// of the store with all of the topic. The API does not wait for the bus.
type Publisher struct {
	store.Store
	log *slog.Logger

	mu     sync.Mutex
	dirty  []document // what may differ from the topic, each once
	queued map[document]bool
	more   chan struct{}
}

type document struct {
	kind store.Kind
	id   string
}

// NewPublisher returns a publisher of the documents of s. Run publishes them.
func NewPublisher(s store.Store, log *slog.Logger) *Publisher {
	return &Publisher{Store: s, log: log, queued: map[document]bool{}, more: make(chan struct{}, 1)}
}

// Create is that of the store.
func (p *Publisher) Create(ctx context.Context, doc store.Document, key store.Key) (store.Document, error) {
	made, err := p.Store.Create(ctx, doc, key)
	switch {
	case err == nil:
		p.changed(made.Kind, made.ID) // the key may say that it is one from before
	case !refused(err):
		p.changed(doc.Kind, doc.ID)
	}
	return made, err
}

// Update is that of the store.
func (p *Publisher) Update(ctx context.Context, doc store.Document) (store.Document, error) {
	updated, err := p.Store.Update(ctx, doc)
	if !refused(err) {
		p.changed(doc.Kind, doc.ID)
	}
	return updated, err
}

// Delete is that of the store.
func (p *Publisher) Delete(ctx context.Context, kind store.Kind, id string, version int64) error {
	err := p.Store.Delete(ctx, kind, id, version)
	if !refused(err) {
		p.changed(kind, id)
	}
	return err
}

// refused reports whether an error of the store says that nothing was changed. After any
// other, as that of a client that went away, it may have been.
func refused(err error) bool {
	for _, refusal := range []error{
		store.ErrNotFound, store.ErrExists, store.ErrNoParent, store.ErrVersion, store.ErrUnique, store.ErrChildren, store.ErrKey,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

func (p *Publisher) changed(kind store.Kind, id string) {
	p.mu.Lock()
	if d := (document{kind, id}); !p.queued[d] {
		p.queued[d] = true
		p.dirty = append(p.dirty, d)
	}
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default: // Run knows
	}
}

func (p *Publisher) next() (document, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.dirty) == 0 {
		return document{}, false
	}
	d := p.dirty[0]
	p.dirty = p.dirty[1:]
	delete(p.queued, d) // a change from now on may come after it is read from the store
	return d, true
}

// Run publishes until ctx ends. While the bus or the store fails, it tries again.
func (p *Publisher) Run(ctx context.Context, client *kgo.Client, brokers []string) error {
	p.retry(ctx, func() error { return p.compare(ctx, brokers) })
	for {
		d, ok := p.next()
		if !ok {
			select {
			case <-p.more:
				continue
			case <-ctx.Done():
				return nil
			}
		}
		p.retry(ctx, func() error { return p.publish(ctx, client, d) })
		if ctx.Err() != nil {
			return nil
		}
	}
}

func (p *Publisher) retry(ctx context.Context, f func() error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := f()
		if err == nil || ctx.Err() != nil {
			return
		}
		p.log.Warn("publishing fails; trying again", "error", err, "wait", wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// publish makes the last record of the document say what the store says. Another
// publisher may have changed it meanwhile: whose record is the last one sees that.
func (p *Publisher) publish(ctx context.Context, client *kgo.Client, d document) error {
	doc, found, err := p.get(ctx, d)
	for err == nil {
		record := &kgo.Record{Topic: event.TopicConfiguration.Name, Key: event.ChangeKey(string(d.kind), d.id)}
		if found {
			change := event.Change{
				Version: event.Version, Kind: string(doc.Kind), ID: doc.ID, Parent: doc.Parent, Revision: doc.Version, Body: []byte(doc.Body),
			}
			if record.Value, err = change.Encode(); err != nil {
				p.log.Error("a document that cannot be encoded is not published", "kind", d.kind, "id", d.id, "error", err)
				return nil // to try again would keep the others waiting
			}
		}
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
			return fmt.Errorf("publish %s %s: %w", d.kind, d.id, err)
		}
		published, was := doc.Version, found
		if doc, found, err = p.get(ctx, d); err == nil && found == was && doc.Version == published {
			return nil
		}
	}
	return err
}

func (p *Publisher) get(ctx context.Context, d document) (doc store.Document, found bool, err error) {
	doc, err = p.Store.Get(ctx, d.kind, d.id)
	if errors.Is(err, store.ErrNotFound) {
		return store.Document{}, false, nil
	}
	return doc, err == nil, err
}

// children are the kinds of documents that belong to one of a kind; accounts belong
// to none.
var children = map[store.Kind][]store.Kind{
	"":        {"account"},
	"account": {"user", "site"},
	"site":    {"campaign"},
}

// compare finds what was changed while nobody published: every document whose last
// record says another revision, or that is in one of both only.
func (p *Publisher) compare(ctx context.Context, brokers []string) error {
	topic := map[document]int64{} // the revision of the last record, 0 if it cannot be read
	reading, stop := context.WithCancel(ctx)
	defer stop()
	err := bus.Follow(reading, brokers, event.TopicConfiguration.Name, func(r *kgo.Record) {
		kind, id := event.SplitKey(r.Key)
		d := document{store.Kind(kind), id}
		if r.Value == nil {
			delete(topic, d)
			return
		}
		change, err := event.DecodeChange(r.Value)
		if err != nil {
			p.log.Error("a change that cannot be read is published again", "offset", r.Offset, "error", err)
		}
		topic[d] = change.Revision
	}, stop)
	if err != nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	err = p.each(ctx, "", "", func(doc store.Document) {
		d := document{doc.Kind, doc.ID}
		if topic[d] != doc.Version {
			p.changed(d.kind, d.id)
		}
		delete(topic, d)
	})
	for d := range topic {
		p.changed(d.kind, d.id)
	}
	return err
}

// each hands over all documents below one.
func (p *Publisher) each(ctx context.Context, kind store.Kind, id string, f func(store.Document)) error {
	for _, child := range children[kind] {
		query := store.Query{Kind: child, Parent: id, Limit: 100}
		for {
			page, err := p.Store.List(ctx, query)
			if err != nil {
				return fmt.Errorf("list %ss: %w", child, err)
			}
			for _, doc := range page {
				f(doc)
				if err := p.each(ctx, child, doc.ID, f); err != nil {
					return err
				}
			}
			if len(page) < query.Limit {
				break
			}
			query.After = page[len(page)-1].ID
		}
	}
	return nil
}
