// Package bus connects the services of the platform to its bus: Kafka, or the broker
// of [gonotes/microservices/broker], which speaks Kafka's protocol. The client is
// franz-go for both.
package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/event"
)

// BrokersEnv names the environment variable with the addresses of Kafka's brokers,
// separated by commas.
const BrokersEnv = "KAFKA_BROKERS"

// Brokers splits a list of addresses, as BrokersEnv holds it.
func Brokers(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// Connect returns a client of the brokers. It does not wait until one answers.
//
// A client that knows no better asks for the leaders of partitions only every five
// seconds, so a broker that comes back would be noticed late; here it is a tenth of
// one. And it takes a broker that dies during its first request for one that wants a
// password, and gives up; here it tries again.
func Connect(brokers []string, opts ...kgo.Opt) (*kgo.Client, error) {
	if len(brokers) == 0 {
		return nil, errors.New("bus: no brokers, want at least one address")
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(brokers...),
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.RetryBackoffFn(func(tries int) time.Duration { return min(time.Duration(tries)*25*time.Millisecond, time.Second) }),
		kgo.DialTimeout(2 * time.Second),
		kgo.AlwaysRetryEOF(),
	}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	return client, nil
}

// Create makes those of the topics that the bus does not have. It waits until a
// broker answers or ctx ends. A topic that has another number of partitions than it
// should is an error: the order of its records would not be that of their keys.
func Create(ctx context.Context, client *kgo.Client, topics ...event.Topic) error {
	admin := kadm.NewClient(client)
	for _, topic := range topics {
		config := map[string]*string{}
		for name, value := range topic.Config {
			config[name] = &value
		}
		for {
			made, err := admin.CreateTopic(ctx, topic.Partitions, -1, config, topic.Name)
			if err == nil {
				err = made.Err
			}
			if errors.Is(err, kerr.TopicAlreadyExists) {
				err = hasPartitions(ctx, admin, topic)
			}
			if err == nil {
				break
			}
			if refused := new(kerr.Error); errors.As(err, &refused) && !refused.Retriable || errors.Is(err, errPartitions) {
				return fmt.Errorf("bus: topic %q: %w", topic.Name, err)
			}
			select { // no broker answers
			case <-ctx.Done():
				return fmt.Errorf("bus: topic %q: %w: %w", topic.Name, ctx.Err(), err)
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}

var errPartitions = errors.New("another number of partitions")

func hasPartitions(ctx context.Context, admin *kadm.Client, topic event.Topic) error {
	found, err := admin.ListTopics(ctx, topic.Name)
	if err != nil {
		return err
	}
	if err := found[topic.Name].Err; err != nil { // the broker that answers has not heard of it yet
		return err
	}
	if has := int32(len(found[topic.Name].Partitions)); has != topic.Partitions {
		return fmt.Errorf("%w: it has %d, want %d", errPartitions, has, topic.Partitions)
	}
	return nil
}
