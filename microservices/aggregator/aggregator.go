// Package aggregator turns the activity on the bus into numbers in the analytics
// store, and answers for them.
//
// Effects are exactly once, though delivery is at least once: the store knows up to
// which offset each partition is in its numbers, and which events it has seen. So a
// kill at any moment, a replay from the first record on, and a batch that comes
// twice move no number.
package aggregator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"gonotes/microservices/analytics"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
	"gonotes/microservices/telemetry"
)

// Group is the consumer group of all aggregators: the partitions of the bus are
// shared out among them.
const Group = "aggregator"

// maxRecords is how many are applied at once, at most: what costs the store the same
// for one and for many is shared by them.
const maxRecords = 10_000

// absence is how long an aggregator may be gone before its partitions are given to
// others.
const absence = 10 * time.Second

// Run reads the activity from where the store stands and applies it, until ctx ends.
// While the store cannot be written, it tries again. It ends with an error when the bus has
// lost records that the store has counted, as a power cut may cost it.
//
// The instance is a name that no other aggregator has, and that this one has again after
// it was killed: then it gets its partitions back at once, and not when the bus has given
// up waiting for a member that is gone.
func Run(ctx context.Context, brokers []string, instance string, store analytics.Store, watch *telemetry.Telemetry, log *slog.Logger) error {
	a := aggregator{store: store, watch: watch, log: log, measures: measuresOf(watch), positions: map[int32]int64{}}
	client, err := bus.Connect(brokers,
		kgo.ConsumerGroup(Group),
		kgo.InstanceID(instance),
		kgo.SessionTimeout(absence),
		kgo.RebalanceTimeout(absence), // else those that are there wait a minute for one that went meanwhile
		kgo.ConsumeTopics(event.TopicActivity.Name),
		kgo.DisableAutoCommit(), // the positions are in the store
		kgo.AdjustFetchOffsetsFn(a.fromStore),
		kgo.BlockRebalanceOnPoll(), // a partition is not given away while it is applied
		kgo.FetchMaxWait(100*time.Millisecond),
	)
	if err != nil {
		return err
	}
	defer client.CloseAllowingRebalance()
	for {
		fetches := client.PollRecords(ctx, maxRecords)
		if ctx.Err() != nil {
			return nil
		}
		for _, failed := range fetches.Errors() {
			log.Warn("fetch", "topic", failed.Topic, "partition", failed.Partition, "error", failed.Err)
		}
		var err error
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if err == nil && len(p.Records) > 0 {
				err = a.apply(ctx, p)
			}
		})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		client.AllowRebalance()
	}
}

type aggregator struct {
	store analytics.Store
	watch *telemetry.Telemetry // or nil
	log   *slog.Logger
	measures

	mu        sync.Mutex
	positions map[int32]int64
}

// measures say how far the numbers are and how late, for Prometheus.
type measures struct {
	applied prometheus.Counter
	delay   prometheus.Histogram
	lag     *prometheus.GaugeVec
}

func measuresOf(watch *telemetry.Telemetry) measures {
	metric := watch.Metrics()
	return measures{
		applied: metric.NewCounter(prometheus.CounterOpts{
			Name: "aggregator_records_total", Help: "Records of the bus that were passed, counted or not.",
		}),
		delay: metric.NewHistogram(prometheus.HistogramOpts{
			Name: "aggregator_delay_seconds", Help: "Time from when the collector took an event until it is in the numbers, of the oldest of each batch.",
			Buckets: prometheus.ExponentialBuckets(.005, 2, 16),
		}),
		lag: metric.NewGaugeVec(prometheus.GaugeOpts{
			Name: "aggregator_lag_records", Help: "Records of a partition that are not in the numbers yet, as of its last batch.",
		}, []string{"partition"}),
	}
}

// fromStore makes the client begin where the store stands, not where the group does.
func (a *aggregator) fromStore(ctx context.Context, assigned map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	for _, partitions := range assigned {
		for partition := range partitions {
			var position int64
			err := a.retry(ctx, "position", func() (err error) {
				position, err = a.store.Position(ctx, partition)
				return err
			})
			if err != nil {
				return nil, err
			}
			a.mu.Lock()
			a.positions[partition] = position
			a.mu.Unlock()
			partitions[partition] = kgo.NewOffset().At(position)
		}
	}
	return assigned, nil
}

func (a *aggregator) apply(ctx context.Context, p kgo.FetchTopicPartition) error {
	a.mu.Lock()
	from := a.positions[p.Partition]
	a.mu.Unlock()
	if first := p.Records[0].Offset; first < from {
		return fmt.Errorf("aggregator: the bus goes on from offset %d of partition %d, but the numbers count up to %d: it has lost records; make the numbers again from the bus, in an empty store", first, p.Partition, from)
	}
	batch := analytics.Batch{Partition: p.Partition, From: from, Next: p.Records[len(p.Records)-1].Offset + 1}
	for _, record := range p.Records {
		activity, err := event.DecodeActivity(record.Value)
		if err != nil {
			a.log.Error("a record that cannot be read is passed over", "topic", record.Topic, "partition", record.Partition, "offset", record.Offset, "error", err)
			continue
		}
		if activity.Site == "" {
			continue // of a site that nobody registered
		}
		batch.Records = append(batch.Records, analytics.Record{Offset: record.Offset, Activity: activity})
	}
	begin := time.Now()
	err := a.retry(ctx, "apply", func() error { return a.store.Apply(ctx, batch) })
	a.trace(ctx, p, begin, err)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.positions[p.Partition] = batch.Next
	a.mu.Unlock()
	a.applied.Add(float64(len(p.Records)))
	a.delay.Observe(time.Since(p.Records[0].Timestamp).Seconds())
	a.lag.WithLabelValues(strconv.Itoa(int(p.Partition))).Set(float64(p.HighWatermark - batch.Next))
	return nil
}

// trace adds the store's part to the traces of those records that carry one.
func (a *aggregator) trace(ctx context.Context, p kgo.FetchTopicPartition, begin time.Time, err error) {
	for _, record := range p.Records {
		if len(record.Headers) == 0 {
			continue
		}
		ctx, end := a.watch.Receive(ctx, record, "aggregate", trace.WithTimestamp(record.Timestamp))
		_, endStore := telemetry.Start(ctx, "store.Apply", trace.WithTimestamp(begin), trace.WithAttributes(
			attribute.Int("partition", int(p.Partition)), attribute.Int64("offset", record.Offset), attribute.Int("records", len(p.Records))))
		endStore(err)
		end(err)
	}
}

// retry calls f until it succeeds or ctx ends.
func (a *aggregator) retry(ctx context.Context, what string, f func() error) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("%s: %w", what, err))
		}
		a.log.Warn("the store fails; trying again", "what", what, "error", err, "wait", wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}
