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
	b, err := broker.Open(dir, "127.0.0.1:0", false)
	if err != nil {
		log.Fatal(err)
	}
	client := connect(b.Addrs())
	defer client.Close()
	if err := bus.Create(context.Background(), client, topic); err != nil {
		log.Fatal(err)
	}
	return b.Addrs(), func() {
		b.Close()
		os.RemoveAll(dir)
	}
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

// The same batch is applied twice, as after a kill before the offset was committed. What
// keeps its position with its numbers counts once.
func Example_kafkaBus_exactlyOnce() {
	naive, exact, position := 0, 0, int64(0)
	apply := func(records []*kgo.Record) {
		for _, r := range records {
			naive++
			if r.Offset >= position { // the two change together, in one transaction
				exact, position = exact+1, r.Offset+1
			}
		}
	}
	batch := []*kgo.Record{{Offset: 0}, {Offset: 1}, {Offset: 2}}
	apply(batch)
	apply(batch)
	fmt.Println("counted by who counts each delivery:", naive)
	fmt.Println("counted with the position:", exact)
	// Output:
	// counted by who counts each delivery: 6
	// counted with the position: 3
}

// Of a compacted topic the last record of each key stays, so it is a table: who reads it
// from the first record has the state of everything. A record without a value deletes.
func Example_kafkaBus_compacted() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	brokers, stop := exampleBus(event.TopicConfiguration)
	defer stop()
	client := connect(brokers)
	defer client.Close()
	put := func(key string, value []byte) {
		if err := client.ProduceSync(ctx, &kgo.Record{Topic: event.TopicConfiguration.Name, Key: []byte(key), Value: value}).FirstErr(); err != nil {
			log.Fatal(err)
		}
	}
	put("site/1", []byte("a.example"))
	put("site/2", []byte("b.example"))
	put("site/1", []byte("new.example"))
	put("site/2", nil)
	put("site/3", []byte("c.example"))

	table := map[string]string{}
	err := bus.Follow(ctx, brokers, event.TopicConfiguration.Name, func(r *kgo.Record) {
		if r.Value == nil {
			delete(table, string(r.Key))
			return
		}
		table[string(r.Key)] = string(r.Value)
	}, cancel) // when all is read that was there
	fmt.Println(table, err)
	// Output: map[site/1:new.example site/3:c.example] <nil>
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
