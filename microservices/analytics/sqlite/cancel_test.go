package sqlite_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics/analyticstest"
)

// countdown is a context that ends when it is asked the last time whether it has:
// between two steps of a statement, with a store that asks before each.
type countdown struct {
	context.Context
	cancel context.CancelFunc

	mu   sync.Mutex
	left int
}

func newCountdown(ctx context.Context, n int) *countdown {
	c := &countdown{left: n}
	c.Context, c.cancel = context.WithCancel(ctx)
	return c
}

func (c *countdown) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left <= 0 {
		c.cancel()
	}
	return c.Context.Err()
}

// A batch that ends after any of its statements leaves nothing of it, not in what the
// store remembers either: others may follow.
func TestStore_applyCancelled(t *testing.T) {
	const end = 2000
	s := open(t, filepath.Join(t.TempDir(), "cancelled.db"))
	log := analyticstest.RandomLog(3, 0, end)
	var model analyticstest.Model
	cancelled := 0
	for from, n := int64(0), 1; from < end; n++ {
		next := min(end, from+60)
		ctx := newCountdown(t.Context(), n)
		err := s.Apply(ctx, log.Batch(from, next))
		ctx.cancel()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			cancelled++
			next = min(end, from+7)
			require.NoError(t, s.Apply(t.Context(), log.Batch(from, next)))
		} else {
			n = 1 // it had not as many steps
		}
		require.NoError(t, model.Apply(log.Batch(from, next)))
		if from = next; n%8 == 1 || from == end { // what a batch left would stay
			model.AgreeAll(t, s)
		}
	}
	t.Logf("%d were cancelled", cancelled)
	require.Greater(t, cancelled, 100)
}

// A query that ends after any of its steps is an error, and not a part of the answer.
func TestStore_queryCancelled(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cancelled.db"))
	traffic := analyticstest.Month(300)
	for batch := range traffic.Batches(300) {
		require.NoError(t, s.Apply(t.Context(), batch))
	}
	for name, ask := range map[string]func(ctx context.Context) (any, error){
		"hours": func(ctx context.Context) (any, error) { return s.Hours(ctx, traffic.Site(0), traffic.Span()) },
		"pages": func(ctx context.Context) (any, error) { return s.Pages(ctx, traffic.Site(0), traffic.Span(), 1000) },
		"referrers": func(ctx context.Context) (any, error) {
			return s.Referrers(ctx, traffic.Site(0), traffic.Span(), 1000)
		},
		"visitors": func(ctx context.Context) (any, error) { return s.Visitors(ctx, traffic.Site(0), traffic.Span()) },
		"position": func(ctx context.Context) (any, error) { return s.Position(ctx, 0) },
		"ping":     func(ctx context.Context) (any, error) { return nil, s.Ping(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			want, err := ask(t.Context())
			require.NoError(t, err)
			for n := 1; ; n++ {
				ctx := newCountdown(t.Context(), n)
				got, err := ask(ctx)
				ctx.cancel()
				if err == nil {
					require.Equal(t, want, got, "cancelled when asked %d times", n)
					break
				}
				require.ErrorIs(t, err, context.Canceled)
			}
		})
	}
}
