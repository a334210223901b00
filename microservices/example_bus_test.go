package microservices_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/broker"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
)

// exampleBus starts a broker with one topic.
func exampleBus(topic event.Topic) (brokers []string, stop func()) {
	dir, err := os.MkdirTemp("", "bus")
	if err != nil {
		log.Fatal(err)
	}
	b := exampleBroker(dir, topic)
	return b.Addrs(), func() {
		b.Close()
		os.RemoveAll(dir)
	}
}

// exampleBroker opens a broker in a folder, and makes a topic if it is not there.
func exampleBroker(dir string, topic event.Topic) *broker.Broker {
	b, err := broker.Open(dir, "127.0.0.1:0", false)
	if err != nil {
		log.Fatal(err)
	}
	client := connect(b.Addrs())
	defer client.Close()
	if err := bus.Create(context.Background(), client, topic); err != nil {
		log.Fatal(err)
	}
	return b
}

func connect(brokers []string, opts ...kgo.Opt) *kgo.Client {
	client, err := bus.Connect(brokers, opts...)
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// Records with one key stand in one partition, in the order in which they were produced.
func Example_kafkaBus_producing() {
	ctx := context.Background()
	brokers, stop := exampleBus(event.Topic{Name: "views", Partitions: 8})
	defer stop()
	client := connect(brokers)
	defer client.Close()
	for _, path := range []string{"/", "/about", "/contact"} {
		r, err := client.ProduceSync(ctx, &kgo.Record{Topic: "views", Key: []byte("a.example"), Value: []byte(path)}).First()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s at offset %d of partition %d\n", r.Value, r.Offset, r.Partition)
	}
	// Output:
	// / at offset 0 of partition 6
	// /about at offset 1 of partition 6
	// /contact at offset 2 of partition 6
}

// A group has a position: its next member reads on from where the last one committed. A
// second group has a position of its own.
func Example_kafkaBus_group() {
	ctx := context.Background()
	brokers, stop := exampleBus(event.Topic{Name: "views", Partitions: 1})
	defer stop()
	producer := connect(brokers)
	defer producer.Close()
	produce := func(path string) {
		if err := producer.ProduceSync(ctx, &kgo.Record{Topic: "views", Value: []byte(path)}).FirstErr(); err != nil {
			log.Fatal(err)
		}
	}
	read := func(group string) {
		client := connect(brokers, kgo.ConsumerGroup(group), kgo.ConsumeTopics("views"), kgo.DisableAutoCommit())
		defer client.Close()
		fetches := client.PollFetches(ctx)
		var values []string
		for _, r := range fetches.Records() {
			values = append(values, string(r.Value))
		}
		if err := client.CommitUncommittedOffsets(ctx); err != nil {
			log.Fatal(err)
		}
		fmt.Println(group, "reads", strings.Join(values, " "))
	}
	produce("/")
	produce("/about")
	read("numbers")
	produce("/contact")
	read("numbers")
	read("archive")
	// Output:
	// numbers reads / /about
	// numbers reads /contact
	// archive reads / /about /contact
}

// A consumer ends before it has committed, and the next one of its group is handed the
// same records again. What keeps its position with its number counts each once.
func Example_kafkaBus_exactlyOnce() {
	ctx := context.Background()
	brokers, stop := exampleBus(event.Topic{Name: "views", Partitions: 1})
	defer stop()
	producer := connect(brokers)
	defer producer.Close()
	for _, path := range []string{"/", "/about", "/contact"} {
		if err := producer.ProduceSync(ctx, &kgo.Record{Topic: "views", Value: []byte(path)}).FirstErr(); err != nil {
			log.Fatal(err)
		}
	}
	deliveries, views, position := 0, 0, int64(0)
	for range 2 {
		client := connect(brokers, kgo.ConsumerGroup("numbers"), kgo.ConsumeTopics("views"), kgo.DisableAutoCommit())
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			deliveries++
			if r.Offset >= position { // the two change together, in one transaction of their store
				views, position = views+1, r.Offset+1
			}
		})
		client.Close()
	}
	fmt.Println("deliveries:", deliveries)
	fmt.Println("views:", views)
	// Output:
	// deliveries: 6
	// views: 3
}

// Of a compacted topic the last record of each key stays, so it is a table: who reads it
// from the first record has the state of everything. A record without a value deletes.
func Example_kafkaBus_compacted() {
	dir, err := os.MkdirTemp("", "bus")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	b := exampleBroker(dir, event.TopicConfiguration)
	producer := connect(b.Addrs(), kgo.DefaultProduceTopic(event.TopicConfiguration.Name))
	for _, r := range []kgo.Record{
		{Key: []byte("site/1"), Value: []byte("a.example")},
		{Key: []byte("site/2"), Value: []byte("b.example")},
		{Key: []byte("site/1"), Value: []byte("new.example")},
		{Key: []byte("site/2")},
		{Key: []byte("site/3"), Value: []byte("c.example")},
	} {
		if err := producer.ProduceSync(context.Background(), &r).FirstErr(); err != nil {
			log.Fatal(err)
		}
	}
	producer.Close()
	show := func() {
		ctx, cancel := context.WithCancel(context.Background())
		table, records := map[string]string{}, 0
		err := bus.Follow(ctx, b.Addrs(), event.TopicConfiguration.Name, func(r *kgo.Record) {
			records++
			if table[string(r.Key)] = string(r.Value); r.Value == nil {
				delete(table, string(r.Key))
			}
		}, cancel) // when all is read that was there
		fmt.Println(records, "records,", table, err)
	}
	show()
	b.Close()
	b = exampleBroker(dir, event.TopicConfiguration) // the embedded broker compacts when it is opened
	defer b.Close()
	show()
	// Output:
	// 5 records, map[site/1:new.example site/3:c.example] <nil>
	// 3 records, map[site/1:new.example site/3:c.example] <nil>
}

// What a transaction wrote is seen when it is committed, and never if it is aborted, by
// who reads committed records only.
func Example_kafkaBus_transaction() {
	ctx := context.Background()
	brokers, stop := exampleBus(event.Topic{Name: "payments", Partitions: 1})
	defer stop()
	producer := connect(brokers, kgo.TransactionalID("shop"), kgo.DefaultProduceTopic("payments"))
	defer producer.Close()
	for _, try := range []struct {
		values []string
		end    kgo.TransactionEndTry
	}{
		{[]string{"debit 1", "credit 1"}, kgo.TryCommit},
		{[]string{"debit 2"}, kgo.TryAbort}, // its credit failed
		{[]string{"debit 3", "credit 3"}, kgo.TryCommit},
	} {
		if err := producer.BeginTransaction(); err != nil {
			log.Fatal(err)
		}
		for _, value := range try.values {
			producer.Produce(ctx, kgo.StringRecord(value), nil)
		}
		if err := producer.Flush(ctx); err != nil {
			log.Fatal(err)
		}
		if err := producer.EndTransaction(ctx, try.end); err != nil {
			log.Fatal(err)
		}
	}
	read := func(level kgo.IsolationLevel, want int) (values []string) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		client := connect(brokers, kgo.ConsumeTopics("payments"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(level))
		defer client.Close()
		for len(values) < want && ctx.Err() == nil {
			client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
		}
		return values
	}
	fmt.Println("committed:", strings.Join(read(kgo.ReadCommitted(), 4), ", "))
	fmt.Println("all:", strings.Join(slices.DeleteFunc(read(kgo.ReadUncommitted(), 5), func(s string) bool { return !strings.HasSuffix(s, "2") }), ", "), "too")
	// Output:
	// committed: debit 1, credit 1, debit 3, credit 3
	// all: debit 2 too
}
