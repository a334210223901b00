package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Follow hands all records of a topic with one partition, from the first on, to
// each, in order and from one goroutine, until ctx ends; then it returns nil. As soon
// as the records are handed over that were there when it began, it calls ready, once.
// Of a compacted topic that is the last record of each key.
func Follow(ctx context.Context, brokers []string, topic string, each func(*kgo.Record), ready func()) error {
	client, err := Connect(brokers, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		topic: {0: kgo.NewOffset().AtStart()},
	}))
	if err != nil {
		return err
	}
	defer client.Close()
	start, end, err := bounds(ctx, client, topic)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("bus: follow %q: %w", topic, err)
	}
	if start >= end { // none is there, or none is left
		ready()
		ready = nil
	}
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return nil
		}
		fetches.EachRecord(func(r *kgo.Record) {
			each(r)
			if ready != nil && r.Offset+1 >= end {
				ready()
				ready = nil
			}
		})
	}
}

// bounds returns the offset of the first record that is left and the one after the
// last. It asks until it is told.
func bounds(ctx context.Context, client *kgo.Client, topic string) (start, end int64, err error) {
	admin := kadm.NewClient(client)
	for {
		if end, err = offset(ctx, admin.ListEndOffsets, topic); err == nil {
			start, err = offset(ctx, admin.ListStartOffsets, topic)
		}
		if err == nil {
			return start, end, nil
		}
		select {
		case <-ctx.Done():
			return 0, 0, errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func offset(ctx context.Context, list func(context.Context, ...string) (kadm.ListedOffsets, error), topic string) (int64, error) {
	offsets, err := list(ctx, topic)
	if err != nil {
		return 0, err
	}
	if err := offsets.Error(); err != nil {
		return 0, err
	}
	found, ok := offsets.Lookup(topic, 0)
	if !ok {
		return 0, errors.New("it has no partition 0")
	}
	return found.Offset, nil
}
