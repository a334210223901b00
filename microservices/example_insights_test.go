package microservices_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/event"
	"gonotes/microservices/insights"
)

// What the bus says of a topic is how many records it has. Who is in them says a consumer
// that reads them all: ann came on five days, bob on one, and like each other record they
// may come twice.
func Example_kafkaMetrics() {
	ctx, stop := context.WithCancel(context.Background())
	brokers, stopBus := exampleBus(event.TopicActivity)
	defer stopBus()
	client := connect(brokers)
	defer client.Close()
	visit := func(person byte, day int) {
		a := event.Activity{
			Version: event.Version, ID: uuid.New(), Kind: event.View, Site: "site-1", Domain: "a.example", Path: "/",
			Time: event.TimeOf(time.Date(2026, 3, day, 9, 0, 0, 0, time.UTC)), Person: event.Person{person},
		}
		for range 2 { // as a client does that has missed the answer
			if err := client.ProduceSync(ctx, &kgo.Record{Topic: event.TopicActivity.Name, Key: a.Key(), Value: a.Encode()}).FirstErr(); err != nil {
				fmt.Println(err)
			}
		}
	}
	for day := range 5 {
		visit('a', 1+day)
	}
	visit('b', 1)

	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, event.TopicActivity.Name)
	if err != nil {
		fmt.Println(err)
	}
	records := int64(0)
	ends.Each(func(end kadm.ListedOffset) { records += end.Offset })
	fmt.Println("the bus:", records, "records")

	numbers := insights.New()
	ended := make(chan error)
	go func() { ended <- numbers.Run(ctx, brokers, event.TopicActivity.Name, quiet) }()
	for !numbers.Ready() {
		time.Sleep(time.Millisecond)
	}
	march, _ := numbers.Month("2026-03")
	fmt.Println("a consumer:", march.Views, "views,", march.Actives, "monthly actives")
	stop()
	if err := <-ended; err != nil {
		fmt.Println(err)
	}
	// Output:
	// the bus: 12 records
	// a consumer: 6 views, 2 monthly actives
}
