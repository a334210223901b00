package microservices_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/internal/claim"
	"gonotes/microservices"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// memory is how a system remembers what happened: happen tells it, and byPage answers a
// question that nobody had asked before all of it had happened.
type memory struct {
	happen func(event.Activity)
	byPage func() map[string]int
}

// A question about the past that is new is answered by reading the events again; a service
// that was called has kept the answers to the questions of that time.
func TestEventDriven(t *testing.T) {
	want := map[string]int{"/a": 30, "/b": 20, "/c": 10}
	proof := claim.Prove(t, microservices.EventDriven, func(m memory) error {
		for _, page := range slices.Sorted(maps.Keys(want)) {
			for range want[page] {
				a := activity(page)
				m.happen(a)
			}
		}
		got := m.byPage()
		for _, page := range slices.Sorted(maps.Keys(want)) {
			if got[page] != want[page] {
				return fmt.Errorf("%d views of %s are known, want %d", got[page], page, want[page])
			}
		}
		return nil
	})
	proof.Engine("embedded broker (kfake)")
	proof.Holds("events on a bus, read again from the first", remembering(t, false))
	proof.Control("a service that is called for each view and counts by hour", called(), "0 views of /a are known, want 30")
	proof.Control("events on a bus that deletes what was read", remembering(t, true), "0 views of /a are known, want 30")
}

var sequence byte

// activity is a view of a page, another one each time.
func activity(page string) event.Activity {
	sequence++
	return event.Activity{
		Version: event.Version, ID: [16]byte{1, sequence}, Kind: event.View, Time: event.TimeOf(today),
		Site: theSite.ID, Domain: theSite.Domain, Path: page, Person: event.Person{sequence},
	}
}

func remembering(t *testing.T, forgets bool) memory {
	brokers := newBus(t)
	client, err := bus.Connect(brokers)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	topic := event.TopicActivity.Name
	ends := func() kadm.ListedOffsets {
		ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), topic)
		require.NoError(t, err)
		return ends
	}
	return memory{
		happen: func(a event.Activity) {
			require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: a.Key(), Value: a.Encode()}).FirstErr())
		},
		byPage: func() map[string]int {
			if forgets {
				_, err := kadm.NewClient(client).DeleteRecords(t.Context(), ends().Offsets())
				require.NoError(t, err)
			}
			starts, err := kadm.NewClient(client).ListStartOffsets(t.Context(), topic)
			require.NoError(t, err)
			left := int64(0)
			ends().Each(func(end kadm.ListedOffset) {
				start, _ := starts.Lookup(topic, end.Partition)
				left += end.Offset - start.Offset
			})
			reader, err := bus.Connect(brokers, kgo.ConsumePartitions(starts.KOffsets()))
			require.NoError(t, err)
			defer reader.Close()
			model := map[string]int{}
			for left > 0 {
				reader.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) {
					a, err := event.DecodeActivity(r.Value)
					require.NoError(t, err)
					model[a.Path]++
					left--
				})
			}
			return model
		},
	}
}

// called is a service with the question of its time: how many views were there in an hour?
// Asked by page, it begins to count then.
func called() memory {
	byHour := map[event.Time]int{}
	return memory{
		happen: func(a event.Activity) { byHour[a.Time]++ },
		byPage: func() map[string]int { return map[string]int{} },
	}
}
