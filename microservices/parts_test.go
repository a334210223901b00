package microservices_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/aggregator"
	"gonotes/microservices/analytics"
	"gonotes/microservices/analytics/sqlite"
	"gonotes/microservices/collector"
	"gonotes/microservices/servicetest"
	"gonotes/microservices/sites"
)

// embeddedBroker names the bus of proofs where no address is set.
func embeddedBroker(t *testing.T) string {
	return "kfake " + moduleVersion(t, "github.com/twmb/franz-go/pkg/kfake")
}

func moduleVersion(t *testing.T, path string) string {
	t.Helper()
	// A program of go test does not know of its modules.
	version, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", path).Output()
	require.NoError(t, err)
	return strings.TrimPrefix(strings.TrimSpace(string(version)), "v")
}

func sqliteVersion(t *testing.T) (version string) {
	t.Helper()
	db, err := sql.Open("sqlite3", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT 'SQLite ' || sqlite_version()").Scan(&version))
	return version
}

var quiet = slog.New(slog.DiscardHandler)

// theSite is where the views of these tests happen, and today is when.
var (
	theSite = sites.Site{ID: "site-1", Account: "account-1", Domain: "a.example"}
	today   = time.Now().UTC().Truncate(time.Hour)
)

// newBus starts an embedded broker with the topics of the platform.
func newBus(t testing.TB) []string {
	t.Helper()
	brokers, client := servicetest.NewBus(t)
	client.Close()
	return brokers
}

// newCollector returns a collector that knows theSite. What wraps its bus may be nil.
func newCollector(t testing.TB, brokers []string, wrap func(collector.Bus) collector.Bus) http.Handler {
	t.Helper()
	client, err := collector.Connect(brokers)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	var to collector.Bus = client
	if wrap != nil {
		to = wrap(client)
	}
	c, err := collector.New(to, sites.Of(theSite), make([]byte, 32), nil, quiet)
	require.NoError(t, err)
	return c
}

// view is a request with the i-th view of the site.
func view(i int) *http.Request {
	id := fmt.Sprintf("0190a6e0-0000-7000-8000-%012x", i+1)
	body := fmt.Sprintf(`{"id":%q,"kind":"view","site":%q,"path":"/","time":%q,"visitor":"v%d"}`, id, theSite.Domain, today.Format(time.RFC3339), i%10)
	r, _ := http.NewRequest(http.MethodPost, "http://collector/events", strings.NewReader(body)) // the method and the URL are right
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", id) // for those on the way, which may send it twice: an event with this id counts once
	return r
}

// numbers are those of theSite, and an aggregator that makes them while it runs.
type numbers struct {
	t       testing.TB
	brokers []string
	store   *sqlite.Store
}

func newNumbers(t testing.TB, brokers []string) numbers {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "analytics.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	return numbers{t, brokers, store}
}

// start starts the aggregator.
func (n numbers) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		assert.NoError(n.t, aggregator.Run(ctx, n.brokers, "aggregator", n.store, nil, quiet))
	}()
	return func() { cancel(); <-ended }
}

// views returns how many there were today.
func (n numbers) views() int {
	hours, err := n.store.Hours(n.t.Context(), theSite.ID, analytics.Span{From: today, To: today.Add(time.Hour)})
	assert.NoError(n.t, err)
	views := 0
	for _, hour := range hours {
		views += int(hour.Views)
	}
	return views
}

// patience is for what must come and may take long on a busy machine.
const patience = 30 * time.Second

// becomes waits until a count is what it should be, and returns it, or what it is when
// it has not changed for a time.
func becomes(count func() int, want int, wait time.Duration) int {
	last, changed := count(), time.Now()
	for last != want && time.Since(changed) < wait {
		time.Sleep(5 * time.Millisecond)
		if got := count(); got != last {
			last, changed = got, time.Now()
		}
	}
	return last
}
