package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Player sends events to a collector.
type Player struct {
	Collector string // its URL
	Rate      int    // events a second
	Batch     int    // events of a request
	Clients   int    // requests at once
	Tally     *Tally
	Patience  time.Duration     // how long an event is sent again until it is acknowledged
	Transport http.RoundTripper // nil for one that keeps a connection for each client

	sent, acknowledged, again atomic.Int64
}

// Progress is how far a Player is.
type Progress struct {
	Sent         int64 // events handed to a client
	Acknowledged int64
	Again        int64 // requests that had to be sent again
}

// Progress tells how far it is.
func (p *Player) Progress() Progress {
	return Progress{p.sent.Load(), p.acknowledged.Load(), p.again.Load()}
}

// Play sends the events, and sends each again until it is acknowledged. It returns an
// error if one was not within its patience, or when ctx ends.
func (p *Player) Play(ctx context.Context, events func(yield func(Event) bool)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	transport := p.Transport
	if transport == nil {
		own := &http.Transport{MaxIdleConnsPerHost: p.Clients, DisableCompression: true}
		defer own.CloseIdleConnections()
		transport = own
	}
	client := &http.Client{Transport: transport, Timeout: 15 * time.Second}
	batches := make(chan []Event)
	var clients sync.WaitGroup
	for range p.Clients {
		clients.Go(func() {
			for batch := range batches {
				if err := p.deliver(ctx, client, batch); err != nil {
					stop(err)
				}
			}
		})
	}
	begin, sent := time.Now(), 0
	send := func(batch []Event) bool {
		due := begin.Add(time.Duration(sent) * time.Second / time.Duration(p.Rate))
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Until(due)):
		}
		batches <- batch // a client takes it, also when ctx has ended
		sent += len(batch)
		p.sent.Store(int64(sent))
		return true
	}
	var batch []Event
	for e := range events {
		if batch = append(batch, e); len(batch) == p.Batch {
			if !send(batch) {
				break
			}
			batch = nil
		}
	}
	if len(batch) > 0 && ctx.Err() == nil {
		send(batch)
	}
	close(batches)
	clients.Wait()
	return context.Cause(ctx)
}

// deliver sends a batch until all of it is acknowledged.
func (p *Player) deliver(ctx context.Context, client *http.Client, batch []Event) error {
	giveUp := time.Now().Add(p.Patience)
	for {
		err := p.once(ctx, client, batch)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errNever) || time.Now().After(giveUp) {
			return fmt.Errorf("event %v: %w", batch[0].ID, err)
		}
		p.again.Add(1)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *Player) once(ctx context.Context, client *http.Client, batch []Event) error {
	var content any = batch
	if p.Batch == 1 {
		content = batch[0]
	}
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Collector+"/events", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Mozilla/5.0 (load)")
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	switch response.StatusCode {
	case http.StatusAccepted:
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return fmt.Errorf("status %d: %s", response.StatusCode, answer)
	default:
		return fmt.Errorf("%w with status %d: %s", errNever, response.StatusCode, answer)
	}
	items := struct{ Items []disposition }{make([]disposition, 1)}
	into := any(&items)
	if p.Batch == 1 {
		into = &items.Items[0]
	}
	if err := json.Unmarshal(answer, into); err != nil || len(items.Items) != len(batch) {
		return fmt.Errorf("%w: %d outcomes of %d events: %.200s", errNever, len(items.Items), len(batch), answer)
	}
	for i, e := range batch {
		if got := items.Items[i]; got.Status != "accepted" || got.ID != e.ID.String() {
			return fmt.Errorf("%w: event %v is %s (%s)", errNever, e.ID, got.Status, got.Reason)
		}
		p.Tally.Add(e)
	}
	p.acknowledged.Add(int64(len(batch)))
	return nil
}

type disposition struct{ Status, ID, Reason string }
