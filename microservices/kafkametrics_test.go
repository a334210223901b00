package microservices_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/axiomhq/hyperloglog"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/internal/claim"
	"gonotes/microservices"
	"gonotes/microservices/bus"
	"gonotes/microservices/event"
	"gonotes/microservices/insights"
)

// Activity on the bus around a month, in which persons come on several days.
const (
	metricsMonth   = "2026-03"
	metricsEvents  = 4000
	metricsPersons = 700
)

// analyst says what happened in the month.
type analyst func() (insights.Usage, error)

// What is on the bus gives no number by itself; one consumer gives them all, equal to SQL
// over the same events, and again when it starts anew.
func TestKafkaMetrics(t *testing.T) {
	var sql insights.Usage
	proof := claim.Prove(t, microservices.KafkaMetrics, asSQL(&sql))
	proof.Engine(embeddedBroker(t), sqliteVersion(t))
	askForActives(t, proof, newBus(t), &sql)
}

// The same on Kafka.
func TestKafkaMetrics_kafka(t *testing.T) {
	var sql insights.Usage
	proof := claim.Prove(t, microservices.KafkaMetrics, asSQL(&sql))
	brokers := bus.Brokers(os.Getenv(bus.BrokersEnv))
	if len(brokers) == 0 {
		proof.NotRun("address: %s is not set", bus.BrokersEnv)
	}
	proof.Engine(kafkaVersion(t, brokers), sqliteVersion(t))
	askForActives(t, proof, brokers, &sql)
}

// asSQL is the check that an analyst says what SQL says.
func asSQL(sql *insights.Usage) func(analyst) error {
	return func(ask analyst) error {
		got, err := ask()
		if err != nil {
			return err
		}
		if got.Actives != sql.Actives {
			return fmt.Errorf("it says %d actives, SQL says %d", got.Actives, sql.Actives)
		}
		if got.Views != sql.Views || got.Likes != sql.Likes {
			return fmt.Errorf("it says %d views and %d likes, SQL says %d and %d", got.Views, got.Likes, sql.Views, sql.Likes)
		}
		return nil
	}
}

func askForActives(t *testing.T, proof *claim.Proof[analyst], brokers []string, sql *insights.Usage) {
	client, err := bus.Connect(brokers)
	require.NoError(t, err)
	defer client.Close()
	admin := kadm.NewClient(client)
	topic := event.TopicActivity
	topic.Name = "activity-" + strconv.FormatInt(time.Now().UnixNano(), 36) // a real server may have one
	require.NoError(t, bus.Create(t.Context(), client, topic))
	defer admin.DeleteTopics(context.Background(), topic.Name)
	produceActivity(t, client, topic.Name)
	records := export(t, brokers, topic.Name)
	*sql = usageInSQL(t, records)

	consumer := func() (insights.Usage, error) { return usageOf(t, brokers, topic.Name) }
	proof.Holds("a consumer of the topic", consumer)
	proof.Holds("another one, from the first record", consumer)
	proof.Control("the bus itself, which knows its records", func() (insights.Usage, error) {
		ends, err := admin.ListEndOffsets(t.Context(), topic.Name)
		records := int64(0)
		ends.Each(func(o kadm.ListedOffset) { records += o.Offset })
		return insights.Usage{Actives: records}, err
	}, fmt.Sprintf("it says %d actives, SQL says", len(records)))
	proof.Control("the bus itself, asked for the lag of its groups", func() (insights.Usage, error) {
		_, err := admin.Lag(t.Context(), "marketing")
		return insights.Usage{}, err
	}, "it says 0 actives, SQL says")
	proof.Control("a consumer for which a person is another one each day", counting(t, records, func(a *event.Activity) { a.Person[15] = byte(a.Time.In().Day()) }),
		fmt.Sprintf("it says %d actives, SQL says", personDays(t, records)))
	proof.Control("a consumer that takes bots for persons", counting(t, records, func(a *event.Activity) { a.Bot = false }), "actives, SQL says")
	proof.Control("a consumer that takes likes for views", counting(t, records, func(a *event.Activity) { a.Kind = event.View }), "and 0 likes, SQL says")
	proof.Control("a consumer that counts what was sent twice twice", counting(t, records, func(a *event.Activity) { a.ID = uuid.New() }), "likes, SQL says")
	proof.Figure("monthly actives", float64(sql.Actives), "persons")
}

// counting is a twin that sees each event otherwise.
func counting(t *testing.T, records []*kgo.Record, see func(*event.Activity)) analyst {
	return func() (insights.Usage, error) {
		numbers := insights.New()
		for _, a := range activities(t, records) {
			see(&a)
			numbers.Add(a)
		}
		usage, _ := numbers.Month(metricsMonth)
		return usage, nil
	}
}

func activities(t *testing.T, records []*kgo.Record) (all []event.Activity) {
	for _, r := range records {
		a, err := event.DecodeActivity(r.Value)
		require.NoError(t, err)
		all = append(all, a)
	}
	return all
}

// personDays counts the persons of each day of the month, by hand.
func personDays(t *testing.T, records []*kgo.Record) int {
	seen := map[string]bool{}
	for _, a := range activities(t, records) {
		if day := a.Time.In().Format(time.DateOnly); strings.HasPrefix(day, metricsMonth) && a.Site != "" && !a.Bot {
			seen[fmt.Sprint(a.Person, day)] = true
		}
	}
	return len(seen)
}

// produceActivity puts it on the bus: some of it twice, some by bots, some on a site that
// nobody registered, some in the months before and after.
func produceActivity(t *testing.T, client *kgo.Client, topic string) {
	rng := rand.New(rand.NewPCG(1, 0))
	first := time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)
	for i := range metricsEvents {
		a := event.Activity{
			Version: event.Version, Kind: event.View, Site: fmt.Sprint("site-", i%5), Domain: "a.example", Path: "/",
			Time: event.TimeOf(first.AddDate(0, 0, rng.IntN(33)).Add(time.Duration(rng.IntN(24)) * time.Hour)),
		}
		person := rng.IntN(metricsPersons)
		switch rng.IntN(20) {
		case 0, 1:
			a.Kind = event.Like
		case 2:
			a.Bot = true
			person += metricsPersons
		case 3:
			a.Site = ""
		}
		binary.BigEndian.PutUint64(a.ID[:], uint64(i+1))
		binary.BigEndian.PutUint64(a.Person[:], uint64(person))
		for range 1 + rng.IntN(20)/19 {
			client.Produce(t.Context(), &kgo.Record{Topic: topic, Key: a.Key(), Value: a.Encode()}, func(_ *kgo.Record, err error) { assert.NoError(t, err) })
		}
	}
	require.NoError(t, client.Flush(t.Context()))
}

// export returns what is on the topic.
func export(t *testing.T, brokers []string, topic string) (records []*kgo.Record) {
	client, err := bus.Connect(brokers, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), topic)
	require.NoError(t, err)
	all := int64(0)
	ends.Each(func(end kadm.ListedOffset) { all += end.Offset })
	require.Greater(t, all, int64(metricsEvents))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for int64(len(records)) < all {
		fetches := client.PollFetches(ctx)
		require.NoError(t, ctx.Err(), "%d of %d records", len(records), all)
		records = append(records, fetches.Records()...)
	}
	return records
}

// usageInSQL asks a database that has the same records in a table.
func usageInSQL(t *testing.T, records []*kgo.Record) (usage insights.Usage) {
	db, err := sql.Open("sqlite3", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE records (value TEXT)")
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	for _, r := range records {
		_, err := tx.Exec("INSERT INTO records VALUES (?)", string(r.Value))
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
	require.NoError(t, db.QueryRow(`
		WITH events AS (SELECT DISTINCT value ->> 'site' AS site, value ->> 'id' AS id, value ->> 'kind' AS kind, value ->> 'person' AS person,
			value ->> 'bot' AS bot, strftime('%Y-%m', (value ->> 'time') / 1000, 'unixepoch') AS month FROM records)
		SELECT COUNT(DISTINCT person), SUM(kind = 'view'), SUM(kind = 'like') FROM events
		WHERE month = ? AND site IS NOT NULL AND bot IS NULL`, metricsMonth).Scan(&usage.Actives, &usage.Views, &usage.Likes))
	return usage
}

// usageOf runs a consumer until it has read what is there.
func usageOf(t *testing.T, brokers []string, topic string) (insights.Usage, error) {
	numbers := insights.New()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- numbers.Run(ctx, brokers, topic, quiet) }()
	for end := time.Now().Add(patience); !numbers.Ready() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	stop()
	err := <-ended
	usage, ok := numbers.Month(metricsMonth)
	if err == nil && !ok {
		err = fmt.Errorf("nothing happened in %s", metricsMonth)
	}
	return usage, err
}

// sketches are those of one precision, each of as many persons, others each time.
type sketches struct {
	precision uint8
	worst     float64 // error, as a share of the persons
}

func (s sketches) Figures() []claim.Figure {
	return []claim.Figure{{Name: fmt.Sprintf("worst error of %d registers", 1<<s.precision), Value: 100 * s.worst, Unit: "%"}}
}

// A sketch of 2 to the 14th registers is within three standard errors of the number of
// persons, for thirty sets of them; one of a sixteenth of the registers is not.
func TestKafkaMetrics_sketch(t *testing.T) {
	const bound = 3 * 1.04 / 128 // three standard errors of 128 times 128 registers
	proof := claim.Prove(t, microservices.KafkaMetrics, func(s sketches) error {
		if s.worst > bound {
			return fmt.Errorf("it is wrong by %.2f %%, want at most %.2f", 100*s.worst, 100*bound)
		}
		return nil
	})
	proof.Holds("sketches of 16,384 registers", sketchesOf(t, 14))
	proof.Control("sketches of 1,024 registers", sketchesOf(t, 10), "want at most 2.44")
}

func sketchesOf(t *testing.T, precision uint8) sketches {
	const persons = 50_000
	s := sketches{precision: precision}
	for seed := range uint64(30) {
		sketch, err := hyperloglog.NewSketch(precision, true)
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(seed, 1))
		var person event.Person
		for range persons {
			binary.BigEndian.PutUint64(person[:], rng.Uint64())
			binary.BigEndian.PutUint64(person[8:], rng.Uint64())
			sketch.Insert(person[:])
			sketch.Insert(person[:]) // who comes twice is one
		}
		s.worst = max(s.worst, math.Abs(float64(sketch.Estimate())-persons)/persons)
	}
	return s
}
