package market

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/feed"
	"gonotes/goroutines/exchange/workload"
)

func TestMain(m *testing.M) {
	if directory := os.Getenv(childEnv); directory != "" {
		if err := child(directory, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

var quiet = slog.New(slog.DiscardHandler)

func opened(t testing.TB, directory string) *Market {
	m, _, err := Open(directory, quiet)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// image returns the book of a market as bytes.
func image(t testing.TB, m *Market) (to []byte) {
	require.NoError(t, m.View(context.Background(), func(b *book.Book, _ uint64) { to, _ = b.AppendBinary(nil) }))
	return to
}

// alone returns the reports and the book of commands without a market.
func alone(commands []book.Command) (reports []book.Report, image []byte) {
	b := book.New(10)
	for i := range commands {
		reports = b.Apply(&commands[i], reports)
	}
	image, _ = b.AppendBinary(nil)
	return reports, image
}

// Whatever the batches, in memory or with a journal, the reports and the book are those of
// the commands one by one.
func TestMarket_Do(t *testing.T) {
	_, commands := workload.All[0].Generate(1, 10, 3_000)
	reports, book := alone(commands)
	for _, directory := range []string{"", t.TempDir()} {
		for _, size := range []int{1, 7, 3_000} {
			if directory != "" {
				directory = t.TempDir()
			}
			m := opened(t, directory)
			batch := &Batch{}
			for part := range slices.Chunk(commands, size) {
				batch.Commands = part
				require.NoError(t, m.Do(t.Context(), batch))
			}
			assert.Equal(t, reports, batch.Reports, "%d", size)
			assert.Equal(t, book, image(t, m))
		}
	}
}

// The batches of many clients are carried out one after the other, each as a whole: what
// they say they were, in the order of their numbers, is what the book became.
func TestMarket_clients(t *testing.T) {
	m := opened(t, t.TempDir())
	type done struct {
		first    uint64
		commands []book.Command
		reports  []book.Report
	}
	var lock sync.Mutex
	var all []done
	var clients sync.WaitGroup
	for client := range uint64(8) {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(client, 0))
			for range 40 {
				batch := &Batch{}
				for range 1 + random.IntN(9) {
					batch.Commands = append(batch.Commands, book.Command{
						Kind: book.Enter, ID: random.Uint64(), Side: book.Side(random.IntN(2)), Price: 100 + random.Int64N(5), Quantity: 1 + random.Int64N(9),
					})
				}
				if err := m.Do(context.Background(), batch); err != nil {
					t.Error(err)
					return
				}
				lock.Lock()
				all = append(all, done{batch.Reports[0].Sequence, batch.Commands, batch.Reports})
				lock.Unlock()
			}
		})
	}
	clients.Wait()
	slices.SortFunc(all, func(a, b done) int { return int(a.first) - int(b.first) })
	var commands []book.Command
	var reports []book.Report
	for _, d := range all {
		require.Equal(t, uint64(len(commands)+1), d.first)
		commands = append(commands, d.commands...)
		reports = append(reports, d.reports...)
	}
	want, book := alone(commands)
	assert.Equal(t, want, reports)
	assert.Equal(t, book, image(t, m))
}

// After Close nothing is done any more, the feed has ended, and each batch was carried out
// or told that it was not.
func TestMarket_Close(t *testing.T) {
	for range 50 {
		m, _, err := Open("", quiet)
		require.NoError(t, err)
		var clients sync.WaitGroup
		done := make([]int, 4)
		for i := range done {
			clients.Go(func() {
				batch := &Batch{}
				batch.Commands = make([]book.Command, 1)
				for {
					err := m.Do(context.Background(), batch)
					if errors.Is(err, ErrClosed) {
						return
					}
					done[i]++
				}
			})
		}
		reader := m.Feed().Subscribe(8)
		runtime.Gosched()
		require.NoError(t, m.Close())
		clients.Wait()
		_, err = reader.Read(t.Context(), make([]feed.Event, 8))
		assert.Equal(t, feed.ErrClosed, err)
		require.NoError(t, m.Close())
		assert.ErrorIs(t, m.Do(t.Context(), &Batch{}), ErrClosed)
		assert.ErrorIs(t, m.View(t.Context(), func(*book.Book, uint64) {}), ErrClosed)
		sum := 0
		for _, n := range done {
			sum += n
		}
		assert.Equal(t, uint64(sum), m.book.Sequence()) // its goroutine has ended
	}
}

// Do gives up when its context is done.
func TestMarket_cancelled(t *testing.T) {
	m := opened(t, "")
	looking, look := make(chan bool), make(chan bool)
	go func() {
		_ = m.View(context.Background(), func(*book.Book, uint64) {
			looking <- true
			<-look
		})
	}()
	<-looking
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("no patience")
	time.AfterFunc(time.Millisecond, func() { cancel(reason) })
	assert.ErrorIs(t, m.Do(ctx, &Batch{}), reason)
	close(look)
}

// A batch that is used again costs no allocation, with and without a journal.
func TestMarket_allocations(t *testing.T) {
	_, commands := workload.All[0].Generate(1, 100, 200_000)
	for _, directory := range []string{"", t.TempDir()} {
		m := opened(t, directory)
		batch := &Batch{}
		next := 0
		do := func() {
			batch.Commands, batch.Reports = commands[next:next+500], batch.Reports[:0]
			next += 500
			if err := m.Do(context.Background(), batch); err != nil {
				t.Error(err)
			}
		}
		for range 200 {
			do()
		}
		assert.Zero(t, testing.AllocsPerRun(100, do), directory)
	}
}

// While it trades, a market puts snapshots in the place of its older files, and the next
// one has the same book.
func TestMarket_compaction(t *testing.T) {
	old := segmentSize
	segmentSize = 20_000
	t.Cleanup(func() { segmentSize = old })
	directory := t.TempDir()
	_, commands := workload.All[0].Generate(1, 100, 20_000)
	m, _, err := Open(directory, quiet)
	require.NoError(t, err)
	batch := &Batch{}
	most := 0
	for part := range slices.Chunk(commands, 100) {
		batch.Commands, batch.Reports = part, batch.Reports[:0]
		require.NoError(t, m.Do(t.Context(), batch))
		files, err := os.ReadDir(directory)
		require.NoError(t, err)
		most = max(most, len(files))
		for len(files) > 20 && m.compacting.Load() { // on a fast disk it would not come to an end before the market does
			time.Sleep(time.Millisecond)
		}
	}
	want := image(t, m)
	require.NoError(t, m.Close())
	_, alone := alone(commands)
	require.Equal(t, alone, want)
	snapshots, err := filepath.Glob(filepath.Join(directory, "snapshot-*"))
	require.NoError(t, err)
	assert.Len(t, snapshots, 1)
	next, found, err := Open(directory, quiet)
	require.NoError(t, err)
	defer next.Close()
	assert.Equal(t, want, image(t, next))
	assert.Positive(t, found.Snapshot)
	assert.Less(t, most, 30, "files at a time, of some 47 without compaction")
}

// Markets of an exchange share nothing, and each has a journal of its own.
func TestExchange(t *testing.T) {
	directory := t.TempDir()
	var images [2][]byte
	for range 2 {
		e := NewExchange(directory, quiet)
		for i, symbol := range []string{"ACME", ".."} {
			m, _, err := e.Open(symbol)
			require.NoError(t, err)
			assert.Same(t, m, e.Market(symbol))
			if images[i] != nil {
				assert.Equal(t, images[i], image(t, m))
			}
			batch := &Batch{}
			batch.Commands = []book.Command{{Kind: book.Enter, ID: 1, Price: int64(i), Quantity: 1}}
			require.NoError(t, m.Do(t.Context(), batch))
			images[i] = image(t, m)
		}
		_, _, err := e.Open("ACME")
		assert.EqualError(t, err, "market: ACME is open")
		assert.Nil(t, e.Market("DUFF"))
		require.NoError(t, e.Close())
	}
	assert.NotEqual(t, images[0], images[1])
	entries, err := os.ReadDir(directory)
	require.NoError(t, err)
	assert.Len(t, entries, 2)
}

// A snapshot of the book and the number of the last event belong together.
func TestMarket_View(t *testing.T) {
	m := opened(t, "")
	reader := m.Feed().Subscribe(1 << 10)
	batch := &Batch{}
	batch.Commands = []book.Command{{Kind: book.Enter, ID: 1, Price: 5, Quantity: 1}}
	require.NoError(t, m.Do(t.Context(), batch))
	require.NoError(t, m.View(t.Context(), func(b *book.Book, event uint64) {
		assert.Equal(t, uint64(2), event) // the level and the best
		assert.Equal(t, 1, b.Orders())
	}))
	reader.Close()
}

// Clients that wait share a sync even on one processor, on which they get no turn while
// the owner is in one.
func TestMarket_oneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const clients, each = 8, 50
	directory := t.TempDir()
	m := opened(t, directory)
	var running sync.WaitGroup
	for client := range uint64(clients) {
		running.Go(func() {
			batch := &Batch{Commands: make([]book.Command, 1)}
			for i := range uint64(each) {
				batch.Commands[0] = book.Command{Kind: book.Enter, ID: client*each + i, Price: 5, Quantity: 1}
				if err := m.Do(context.Background(), batch); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	files, err := filepath.Glob(filepath.Join(directory, "journal-*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	info, err := os.Stat(files[0])
	require.NoError(t, err)
	records := (info.Size() - 47*clients*each) / 24
	assert.Less(t, records, int64(clients*each/5), "syncs for %d commands", clients*each)
	t.Logf("%d syncs for %d commands", records, clients*each)
}

// A market that was recovered tells of no best level that was there before.
func TestMarket_recovered(t *testing.T) {
	directory := t.TempDir()
	m, _, err := Open(directory, quiet)
	require.NoError(t, err)
	require.NoError(t, m.Do(t.Context(), &Batch{Commands: []book.Command{{Kind: book.Enter, ID: 1, Price: 5, Quantity: 1}}}))
	require.NoError(t, m.Close())
	m = opened(t, directory)
	last := m.Feed().Last()
	require.NoError(t, m.Do(t.Context(), &Batch{Commands: []book.Command{{Kind: book.Cancel, ID: 2}}}))
	assert.Equal(t, last, m.Feed().Last())
	require.NoError(t, m.Do(t.Context(), &Batch{Commands: []book.Command{{Kind: book.Cancel, ID: 1}}}))
	assert.Equal(t, last+2, m.Feed().Last())
}

// Commands through a market, from clients that send batches of a size, in memory and with
// a journal on disk:
//
//	go test -run='^$' -bench=Market ./goroutines/exchange/market
func BenchmarkMarket(b *testing.B) {
	_, commands := workload.All[0].Generate(1, 10_000, 512*1024)
	for _, journal := range []string{"no", "disk"} {
		for _, clients := range []int{1, 8} {
			for _, size := range []int{1, 64, 1024} {
				b.Run(fmt.Sprintf("journal=%s/clients=%d/batch=%d", journal, clients, size), func(b *testing.B) {
					directory := ""
					if journal == "disk" {
						directory = b.TempDir()
					}
					m := opened(b, directory)
					var running sync.WaitGroup
					each := (b.N + clients - 1) / clients
					b.ResetTimer()
					for client := range clients {
						running.Go(func() {
							batch := &Batch{}
							own := commands[client*len(commands)/clients : (client+1)*len(commands)/clients]
							for done := 0; done < each; done += size {
								at := done % (len(own) - size + 1)
								batch.Commands, batch.Reports = own[at:at+size], batch.Reports[:0]
								if err := m.Do(context.Background(), batch); err != nil {
									b.Error(err)
								}
							}
						})
					}
					running.Wait()
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
				})
			}
		}
	}
}

// lines collects a log.
type lines struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(text string) int {
	l.lock.Lock()
	defer l.lock.Unlock()
	return strings.Count(l.text.String(), text)
}
