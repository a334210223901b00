// Package microservices asks what the notes say of microservices, and of the platform
// that they describe, and answers with a platform that runs.
//
// The notes' platform is web analytics: accounts, users, campaigns and sites in a
// configuration database, page views and likes from the world, numbers by site and
// hour, monthly actives. Here it is again, small and real. One command starts it on a
// machine that has nothing but Go:
//
//	go run ./microservices/cmd/platform
//
// # The services
//
// Each is one package below this one, with a command of its own.
//
//   - config owns the configuration: the API of package rest on a document store, SQLite
//     or MongoDB. It publishes each document's state to a compacted topic.
//   - collector takes page views and likes from the world and puts them on the bus. It
//     answers 202 when they are durable there, and keeps nothing itself.
//   - aggregator turns them into numbers by site and hour in an analytics store, SQLite
//     or Cassandra, and answers for these.
//   - insights computes monthly actives and usage from the same topic, in memory, and
//     makes them again from the first record whenever it starts.
//   - gateway is the door: it asks for a token, limits rates, gives each request a
//     deadline, begins its trace, and shows people a dashboard.
//   - broker is the bus where there is no Kafka: it speaks Kafka's protocol and keeps its
//     records in a folder.
//
// Package platform runs all of them, in one process or each as its own, which it starts
// again when it dies; its commands status and trace say what each does, and what became of
// a request. Package telemetry is how all of them are watched. Package event says what is on
// the bus, package load plays a day of visits and counts what was acknowledged.
//
// # One job
//
// [OneJob]: what a service is can be read from what its program is built from. The
// collector has no database in it, the aggregator no public door.
//
// # No calls
//
// [NoInternalCalls]: no service asks another. What it needs of another's data it reads
// from a topic: the collector knows the sites because it follows the configuration. The
// open sockets of each process lead to the bus, and nowhere else. [LooselyCoupled]: so a
// consumer may be down for a while, and who produces notices nothing.
//
// # Exactly once
//
// A bus delivers at least once: who is killed between an effect and its note that it
// happened does it again. So effects must be idempotent, and here they are by
// construction. The aggregator stores the offset up to which a partition is counted
// together with the numbers, so a record that comes again is behind it; and each event has
// an ID, so one that a client sends again, for want of an answer, is known. Kill any
// process at any moment: no event that was acknowledged is lost, none is counted twice.
//
// What a kill costs is nothing: what was acknowledged is with the operating system. What a
// power cut may cost, with the embedded bus as it is by default, are the acknowledged
// events of the last seconds that the system had not written to the disk; with -sync each
// batch is flushed before it is acknowledged, and none is lost either. If the numbers are
// ahead of the bus after that, the aggregator ends and says so: they are made again from it,
// in an empty store.
//
// # Versions
//
// [IndependentlyDeployable]: a service is released on its own while its messages stay
// compatible. [gonotes/microservices/event.Compatible] is asked before a release, by a test,
// of everything that was ever published.
//
// # Growth
//
// On paper, from what tests of this repository measured on one machine (AMD EPYC, 2 cores,
// Go 1.26.8, 2026-11-26), for a thousand times the 20,000 events a second that one
// collector takes there, which is 20 million:
//
//   - collector: 68 µs of CPU for an event that comes alone, with the embedded bus in its
//     process, are 1,350 cores; 5 µs in batches of 100 are 100. It keeps nothing, so more of
//     it is more of the same.
//   - bus: some 200 bytes an event are 4 GB a second, three times that with replicas.
//     Partitions are by site, so the most that one site can have is what one partition takes.
//   - aggregator: one applies 57,800 events a second to its SQLite file, so 350 partitions at
//     least, each with its own file, or Cassandra by site and day.
//   - insights: 2.8 µs of CPU are 57 cores, but exact monthly actives need every person of a
//     month in one place. Sketches do not: those of all partitions merge into one, of 16 KiB,
//     with an error of 0.8 %.
//   - store: 86 bytes of the disk for an event, most of them its ID, are 149 TB a day.
//
// The store is the bottleneck, by its size before its speed: IDs must expire, as soon as no
// client sends an event again, and then a site and hour costs what its pages and referrers
// cost, whatever the traffic. The second is a site with more than one partition's share; its
// key must then hold more than the site, and its numbers be summed when they are read.
package microservices
