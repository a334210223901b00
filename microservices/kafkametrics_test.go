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
	"testing"
	"time"

	"github.com/axiomhq/hyperloglog"
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

// A month of activity on the bus, in which persons come on several days.
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
	proof.Engine(embedded)
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
	proof.Engine(kafkaVersion(t, brokers) + ", SQLite")
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
	month := produceMonth(t, client, topic.Name)
	*sql = metricsInSQL(t, month)

	consumer := func() (insights.Usage, error) { return usageOf(t, brokers, topic.Name) }
	proof.Holds("a consumer of the topic", consumer)
	proof.Holds("another one, from the first record", consumer)
	proof.Control("the bus itself, which knows its records", func() (insights.Usage, error) {
		ends, err := admin.ListEndOffsets(t.Context(), topic.Name)
		records := int64(0)
		ends.Each(func(o kadm.ListedOffset) { records += o.Offset })
		return insights.Usage{Actives: records}, err
	}, fmt.Sprintf("it says %d actives, SQL says", metricsEvents))
	proof.Control("the bus itself, asked for the lag of its groups", func() (insights.Usage, error) {
		_, err := admin.Lag(t.Context(), "marketing")
		return insights.Usage{}, err
	}, "it says 0 actives, SQL says")
	proof.Control("a consumer for which a person is another one each day", counting(month, func(a *event.Activity) { a.Person[15] = byte(a.Time.In().Day()) }),
		fmt.Sprintf("it says %d actives, SQL says", personDays(month)))
	proof.Control("a consumer that takes likes for views", counting(month, func(a *event.Activity) { a.Kind = event.View }), "and 0 likes, SQL says")
	proof.Figure("monthly actives", float64(sql.Actives), "persons")
}

// counting is a twin that sees each event otherwise.
func counting(month []event.Activity, see func(*event.Activity)) analyst {
	return func() (insights.Usage, error) {
		numbers := insights.New()
		for _, a := range month {
			see(&a)
			numbers.Add(a)
		}
		usage, _ := numbers.Month(metricsMonth)
		return usage, nil
	}
}

// personDays counts the persons of each day, by hand.
func personDays(month []event.Activity) int {
	seen := map[string]bool{}
	for _, a := range month {
		seen[fmt.Sprint(a.Person, a.Time.In().Day())] = true
	}
	return len(seen)
}

// produceMonth puts the month on the bus and returns it.
func produceMonth(t *testing.T, client *kgo.Client, topic string) (month []event.Activity) {
	rng := rand.New(rand.NewPCG(1, 0))
	first := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range metricsEvents {
		person, day := rng.IntN(metricsPersons), rng.IntN(31)
		a := event.Activity{
			Version: event.Version, Kind: event.View, Site: fmt.Sprint("site-", i%5), Domain: "a.example", Path: "/",
			Time: event.TimeOf(first.AddDate(0, 0, day).Add(time.Duration(rng.IntN(24)) * time.Hour)),
		}
		if rng.IntN(10) == 0 {
			a.Kind = event.Like
		}
		binary.BigEndian.PutUint64(a.ID[:], uint64(i+1))
		binary.BigEndian.PutUint64(a.Person[:], uint64(person))
		month = append(month, a)
		client.Produce(t.Context(), &kgo.Record{Topic: topic, Key: a.Key(), Value: a.Encode()}, func(_ *kgo.Record, err error) { assert.NoError(t, err) })
	}
	require.NoError(t, client.Flush(t.Context()))
	return month
}

// metricsInSQL asks a database that has the same events in a table.
func metricsInSQL(t *testing.T, month []event.Activity) (usage insights.Usage) {
	db, err := sql.Open("sqlite3", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE events (kind TEXT, month TEXT, person BLOB)")
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	for _, a := range month {
		_, err := tx.Exec("INSERT INTO events VALUES (?, ?, ?)", string(a.Kind), a.Time.In().Format("2006-01"), a.Person[:])
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
	require.NoError(t, db.QueryRow("SELECT COUNT(DISTINCT person), SUM(kind = 'view'), SUM(kind = 'like') FROM events WHERE month = ?", metricsMonth).
		Scan(&usage.Actives, &usage.Views, &usage.Likes))
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
