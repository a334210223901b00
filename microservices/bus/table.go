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
	end, err := endOf(ctx, client, topic)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("bus: follow %q: %w", topic, err)
	}
	if end == 0 {
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

// endOf returns the offset after the last record. It asks until it is told.
func endOf(ctx context.Context, client *kgo.Client, topic string) (int64, error) {
	for {
		offsets, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
		if err == nil {
			err = offsets.Error()
		}
		if err == nil {
			if end, ok := offsets.Lookup(topic, 0); ok {
				return end.Offset, nil
			}
			err = errors.New("it has no partition 0")
		}
		select {
		case <-ctx.Done():
			return 0, errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
