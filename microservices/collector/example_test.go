package collector_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"gonotes/microservices/collector"
	"gonotes/microservices/event"
	"gonotes/microservices/sites"
)

// printed is a bus that prints what it takes.
type printed struct{}

func (printed) TryProduce(_ context.Context, r *kgo.Record, done func(*kgo.Record, error)) {
	a, err := event.DecodeActivity(r.Value)
	fmt.Println("on the bus:", a.Kind, a.Domain+a.Path)
	done(r, err)
}

// One event of a batch is wrong. The others are taken, and the answer says why it is not.
func Example() {
	shop := sites.Of(sites.Site{ID: "01", Domain: "shop.example"})
	c, err := collector.New(printed{}, shop, []byte("a secret of thirty-two bytes, or more"), nil, slog.Default())
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(`[
		{"id": "0190a6e0-0000-7000-8000-000000000001", "kind": "view", "site": "shop.example", "path": "/shoes"},
		{"id": "0190a6e0-0000-7000-8000-000000000002", "kind": "glance", "site": "shop.example", "path": "/shoes"},
		{"id": "0190a6e0-0000-7000-8000-000000000003", "kind": "like", "site": "shop.example", "path": "/shoes"},
		{"id": "0190a6e0-0000-7000-8000-000000000004", "kind": "view", "site": "shoes.example", "path": "/"}
	]`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	fmt.Println(w.Code)
	fmt.Println(strings.ReplaceAll(w.Body.String(), "},{", "},\n{"))
	// Output:
	// on the bus: view shop.example/shoes
	// on the bus: like shop.example/shoes
	// on the bus: view shoes.example/
	// 202
	// {"items":[{"status":"accepted","id":"0190a6e0-0000-7000-8000-000000000001"},
	// {"status":"refused","id":"0190a6e0-0000-7000-8000-000000000002","reason":"kind \"glance\", want \"view\" or \"like\""},
	// {"status":"accepted","id":"0190a6e0-0000-7000-8000-000000000003"},
	// {"status":"marked","id":"0190a6e0-0000-7000-8000-000000000004","reason":"unknown site"}]}
}

// recovering is a bus that fails once.
type recovering struct{ failed bool }

func (b *recovering) TryProduce(_ context.Context, r *kgo.Record, done func(*kgo.Record, error)) {
	if !b.failed {
		b.failed = true
		done(r, errors.New("the partition has no leader"))
		return
	}
	done(r, nil)
}

// The bus does not say whether it has an event. The client sends it again, with the ID of
// the answer, so it is counted once whether or not the bus had it.
func Example_unknown() {
	shop := sites.Of(sites.Site{ID: "01", Domain: "shop.example"})
	c, err := collector.New(&recovering{}, shop, []byte("a secret of thirty-two bytes, or more"), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		r := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(
			`{"id": "0190a6e0-0000-7000-8000-000000000001", "kind": "view", "site": "shop.example", "path": "/shoes"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		fmt.Printf("%d, Retry-After %q\n%s\n", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	// Output:
	// 503, Retry-After "1"
	// {"status":"unknown","id":"0190a6e0-0000-7000-8000-000000000001","reason":"the bus fails"}
	// 202, Retry-After ""
	// {"status":"accepted","id":"0190a6e0-0000-7000-8000-000000000001"}
}
