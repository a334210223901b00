package cassandra_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/analytics/analyticstest"
)

var errFault = errors.New("the writer ended here")

// faultAt makes the writes from number k of an Apply on fail. The first of them is done
// nevertheless if done says so: its answer is what got lost.
func faultAt(k int64, done bool) func(write func() error) error {
	var n atomic.Int64
	return func(write func() error) error {
		switch i := n.Add(1) - 1; {
		case i < k:
			return write()
		case i == k && done:
			return errors.Join(write(), errFault)
		}
		return errFault
	}
}

// A writer may end after any write, and another one, or the same, may begin again with
// other batches: the numbers are right.
func TestApply_fault(t *testing.T) {
	p := inPart(t)
	random := rand.New(rand.NewPCG(1, 0))
	const end = 1500
	log := analyticstest.RandomLog(7, 0, end)
	var model analyticstest.Model
	faults, compared, most := 0, 0, int64(0)
	tried := int64(0) // where a batch ended that was begun
	writer, hook := p.again(t)
	for from, k := int64(0), int64(0); from < end; k = (k + 1) % 20 {
		batch := log.Batch(from, min(end, from+1+random.Int64N(1+random.Int64N(50))))
		at := k
		if one := log.Batch(from, from+1); len(one.Records) == 0 {
			batch, at = one, 0 // its only write is that of the position
		}
		hook.Around(faultAt(at, random.IntN(2) == 0))
		tried = max(tried, batch.Next)
		if err := writer.Apply(t.Context(), batch); err != nil { // or it has not as many writes
			require.ErrorIs(t, err, errFault)
			faults++
			most = max(most, at)
			if random.IntN(2) == 0 {
				writer, hook = p.again(t)
			}
			// What the next one applies may end before or after what this one did.
			hook.Around(func(write func() error) error { return write() })
			batch = log.Batch(from, min(end, from+1+random.Int64N(70)))
			require.NoError(t, writer.Apply(t.Context(), batch))
		}
		require.NoError(t, model.Apply(batch))
		from = batch.Next
		if from >= tried && random.IntN(3) == 0 {
			model.AgreeAll(t, p)
			compared++
		}
	}
	model.AgreeAll(t, p)
	assert.Greater(t, compared, 5)
	t.Logf("%d faults, the last after %d writes of a batch", faults, most)
	assert.Greater(t, most, int64(10))
}

// A writer that stopped in the middle of a batch, as one does that lost its partition
// in a rebalance, and goes on when another one is far ahead, moves no number.
func TestApply_lagging(t *testing.T) {
	p := inPart(t)
	random := rand.New(rand.NewPCG(2, 0))
	const end = 1500
	log := analyticstest.RandomLog(8, 0, end)
	var model analyticstest.Model
	slow, hook := p.again(t) // they change roles now and then
	fast, other := p.again(t)
	overtaken := 0
	for from := int64(0); from < end; {
		// The slow one stops before one of its writes, and goes on after it.
		stopped, resume := make(chan struct{}), make(chan struct{})
		var n atomic.Int64
		at := random.Int64N(30)
		hook.Around(func(write func() error) error {
			if n.Add(1)-1 == at {
				close(stopped)
				<-resume
			}
			return write()
		})
		ended := make(chan error, 1)
		batch := log.Batch(from, min(end, from+1+random.Int64N(60)))
		go func() { ended <- slow.Apply(t.Context(), batch) }()
		var err error
		select {
		case <-stopped:
			overtaken++
			for range 1 + random.IntN(3) {
				ahead := log.Batch(from, min(end, from+1+random.Int64N(40)))
				require.NoError(t, fast.Apply(t.Context(), ahead))
				require.NoError(t, model.Apply(ahead))
				from = ahead.Next
			}
			close(resume)
			err = <-ended
		case err = <-ended: // it has not as many writes
		}
		require.NoError(t, err)
		require.NoError(t, model.Apply(batch))
		from = max(from, batch.Next)
		if random.IntN(4) == 0 {
			model.AgreeAll(t, p)
		}
		if random.IntN(2) == 0 {
			hook.Around(func(write func() error) error { return write() })
			slow, fast, hook, other = fast, slow, other, hook
		}
	}
	model.AgreeAll(t, p)
	t.Logf("overtaken %d times", overtaken)
	assert.Greater(t, overtaken, 10)
}

// Two writers that both apply all, each in its own batches, count each record once.
func TestApply_two(t *testing.T) {
	p := inPart(t)
	const end = 600
	log := analyticstest.RandomLog(9, 0, end)
	var all sync.WaitGroup
	for seed := range uint64(2) {
		writer, _ := p.again(t)
		random := rand.New(rand.NewPCG(3, seed))
		all.Go(func() {
			for from := int64(0); from < end; {
				batch := log.Batch(from, min(end, from+1+random.Int64N(40)))
				if !assert.NoError(t, writer.Apply(t.Context(), batch)) {
					return
				}
				from = batch.Next
			}
		})
	}
	all.Wait()
	var model analyticstest.Model
	require.NoError(t, model.Apply(log.Batch(0, end)))
	model.AgreeAll(t, p)
}

// What is remembered is bounded, and what is forgotten is read again.
func TestApply_forgets(t *testing.T) {
	p := inPart(t)
	const end, size = 800, 20
	log := analyticstest.RandomLog(10, 0, end)
	writer, store := p.again(t)
	store.Cache(10)
	var model analyticstest.Model
	for from := int64(0); from < end; from += size {
		batch := log.Batch(from, from+size)
		require.NoError(t, writer.Apply(t.Context(), batch))
		require.NoError(t, model.Apply(batch))
	}
	model.AgreeAll(t, p)
	assert.Less(t, store.Cached(p.first), 300, "of some 1,100 that there are")
}
