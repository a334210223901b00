package microservices

import "gonotes/internal/claim"

// OneJob: each service does one thing and does it well. (§10)
//
// Holds: the program of a service holds one of the services, and the monolith built
// from the same packages holds them all.
//
// Asked: What does the UNIX philosophy mean for services?
//
// Answer: That a service has one job and one reason to change: it owns what that job
// needs, its store included, and offers little to others. You see it in what its
// program is built from: the collector knows the bus and the schema of its events, no
// database; the aggregator knows its store, no public door. A program that holds all of
// them works as well, but each change of one part ships the others too.
//
// Source: https://martinfowler.com/articles/microservices.html
const OneJob claim.ID = "microservices/one-job"

// LooselyCoupled: parts are decoupled and delivered continuously. (§10)
//
// Holds: while a consumer is down, who produces notices nothing, and when it is back it
// has all; a pair that calls each other fails at once.
//
// Asked: How do you see whether two services are loosely coupled?
//
// Answer: Stop one and watch the other. With a log between them the collector goes on to
// take events while the aggregator is down, and nothing is lost: the aggregator reads on
// from where it stood. If the collector called the aggregator, each event would fail for
// as long as that is down, and be as slow as that is slow. The price is that numbers are a
// moment old, and longer after an outage.
//
// Source: https://martinfowler.com/articles/microservices.html
const LooselyCoupled claim.ID = "microservices/loosely-coupled"

// IndependentlyDeployable: each is deployed and run on its own. (§10)
//
// Holds, but: only while the schemas of messages stay compatible, which has to be
// checked before a version is deployed, and while one instance serves until the next is
// ready.
//
// Asked: What makes a service independently deployable?
//
// Answer: That its new version and the old versions of all others understand each other.
// Adding an optional member to an event is such a change, renaming one is not: consumers
// cannot read what they get. So the schema is compared with what was published before the
// release. And the old instance has to serve until the new one is ready, then finish what
// it has begun. With both, a release under load fails no request and loses no event.
//
// Source: https://docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html
const IndependentlyDeployable claim.ID = "microservices/independently-deployable"

// NoInternalCalls: internal services were event-driven and not client-server. (§5)
//
// Holds, but: the gateway is the exception, since it asks the others for those outside;
// between the services there are no connections but to the bus and the stores.
//
// Asked: Do your services call each other?
//
// Answer: No. Each talks to the bus and to the store that it owns. What one needs of
// another it reads from a topic: the collector knows the sites from the compacted topic
// of the configuration, so it serves while the service config is down. It can be checked
// on the running system: the open sockets of each process lead to the bus and nowhere
// else. A service that asks another for each event shows one more.
//
// Source: https://www.confluent.io/blog/data-dichotomy-rethinking-the-way-we-treat-data-and-services/
const NoInternalCalls claim.ID = "platform/no-internal-calls"

// KafkaBus: Kafka was the central bus, and internal services were event-driven. (§5)
//
// Holds, but: it delivers at least once, so effects must be idempotent; order is that of
// a partition, so records that belong together need one key.
//
// Asked: What does Kafka give you as a bus, and what does it leave to you?
//
// Answer: A log: records stay, in order within a partition, and each group of consumers
// has its own position in it. So a consumer may be killed and reads on, a new one reads
// from the first record, and partitions are shared out among many. It delivers at least
// once: who is killed between an effect and the commit of its offset does it again. So
// store the position with the effect, in one transaction, or make the effect idempotent.
//
// Source: https://kafka.apache.org/documentation/#semantics
const KafkaBus claim.ID = "platform/kafka-bus"

// EventDriven: services often communicate by events. (§10)
//
// Holds: events that are kept answer questions that nobody had when they happened; who
// was called keeps the answers to the questions of that time.
//
// Asked: What do events give you that calls do not?
//
// Answer: The past. A service that is called for each view changes its own numbers, and
// what it did not count then is gone. Events on a log stay: a new read model is built by
// reading from the first one, tested on real history, and put in the place of the old one
// when it has caught up. The same log feeds consumers that the sender never heard of. The
// price: numbers follow a moment later, and schemas live as long as the log.
//
// Source: https://www.confluent.io/blog/making-sense-of-stream-processing/
const EventDriven claim.ID = "microservices/event-driven"

// KafkaMetrics: Kafka gave metrics and analytics out of the box, as monthly active users
// and usage statistics. (§7)
//
// Wrong: a topic gives no number but those of its records; one consumer that reads it
// gives them all, equal to SQL over the same events.
//
// Asked: How do you get monthly actives from Kafka?
//
// Answer: By a consumer. The bus knows offsets and lag, not who is in the records. A
// service reads the topic from the first record and keeps a set of persons a month, which
// is exact, or a HyperLogLog sketch, which takes 16 KiB for any number of persons and is
// wrong by about one percent. The identity must last a month: with a key a day, who
// comes on five days counts as five.
//
// Source: https://kafka.apache.org/documentation/#monitoring
const KafkaMetrics claim.ID = "platform/kafka-metrics"

// CassandraWrites: Cassandra gave better write throughput for intensive analytics. (§5)
//
// Holds, but: where rows come in random order, in groups, and are more than memory
// holds, by its log-structured files; with keys in order or a client that waits for
// each row the gain is gone, and one node alone takes fewer durable writes than SQLite
// that groups its commits.
//
// Asked: Why does Cassandra write faster than a database with a B-tree?
//
// Answer: Because it does not look for the place of a row when it writes it. The row goes
// to a log and into memory; sorted files are written from there, and merged later. A
// B-tree reads and writes a whole page for each row at a random place. If rows come in
// order the B-tree is as good, and one client that waits for each row waits for the disk
// with both. What goes beyond one machine comes from more nodes.
//
// Source: https://cassandra.apache.org/doc/latest/cassandra/architecture/storage-engine.html
const CassandraWrites claim.ID = "platform/cassandra-writes"

// CassandraReads: Cassandra gave better read throughput for intensive analytics. (§5)
//
// Holds, but: only for queries that a table was made for, whose rows are one partition;
// any other is refused. And it is the layout and more nodes that gain: on one machine
// an embedded store with the same key reads more.
//
// Asked: What do you give up for the read throughput of Cassandra?
//
// Answer: The questions that nobody thought of. A table is made for one query: what the
// query gives is the partition key, and the rows stand in the order in which it wants
// them, so it reads one run of rows from one node. A query without that key would have to
// ask all nodes for all rows, and is refused. So a new question needs a new table, filled
// from the events, which is one reason to keep them.
//
// Source: https://cassandra.apache.org/doc/latest/cassandra/developing/data-modeling/data-modeling_queries.html
const CassandraReads claim.ID = "platform/cassandra-reads"

// MongoDBSchema: MongoDB let the schema evolve continuously. (§5)
//
// Holds, but: the reader must handle every shape that was ever written, and a column of
// JSON in a SQL table lets it evolve as well.
//
// Asked: Is a database without a schema free of migrations?
//
// Answer: The schema moves from the database into the program. Documents of three
// releases lie side by side, nothing is altered or copied, and a document takes today's
// shape when it is next written, its version compared, so that no concurrent change is
// lost. The price: the program reads every shape for as long as one document has it, all
// readers learn a shape before any writer uses it, and a reader that knows today's shape
// only does not fail but finds nothing.
//
// Source: https://www.mongodb.com/docs/manual/data-modeling/design-patterns/data-versioning/schema-versioning/
const MongoDBSchema claim.ID = "platform/mongodb-schema"
