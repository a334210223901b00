package exchange_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/journal"
	"gonotes/goroutines/exchange/market"
	"gonotes/internal/claim"
)

const (
	childEnv       = "GONOTES_EXCHANGE_CHILD"       // directory of a market to be killed
	acknowledgeEnv = "GONOTES_EXCHANGE_ACKNOWLEDGE" // "early": before it is journalled
)

// acknowledgeEvery is how many batches a child answers at a time, so that at most
// moments some are carried out and not acknowledged.
const acknowledgeEvery = 5

// child runs a market. It says how many commands it has recovered, carries out what it
// reads, answers with the reports and, when there is no more, with the book.
func child(directory string, early bool, stdin io.Reader, stdout io.Writer) error {
	durable, _, err := market.Open(directory, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	var recovered uint64
	var image []byte
	look := func(b *book.Book, _ uint64) {
		recovered = b.Sequence()
		image, _ = b.AppendBinary(nil)
	}
	if err := durable.View(context.Background(), look); err != nil {
		return err
	}
	answer := bufio.NewWriterSize(stdout, 1<<20)
	if err := errors.Join(binary.Write(answer, binary.LittleEndian, recovered), answer.Flush()); err != nil {
		return err
	}
	carryOut := func(commands []book.Command) ([]book.Report, error) {
		batch := &market.Batch{Commands: commands}
		err := durable.Do(context.Background(), batch)
		return batch.Reports, err
	}
	if early { // a book in memory answers, and the journal follows when it can
		memory := book.New(100)
		if err := memory.UnmarshalBinary(image); err != nil {
			return err
		}
		later := make(chan []book.Command, 1<<16)
		go func() {
			for commands := range later {
				batch := &market.Batch{Commands: commands}
				if err := durable.Do(context.Background(), batch); err != nil {
					panic(err)
				}
			}
		}()
		carryOut = func(commands []book.Command) (reports []book.Report, _ error) {
			for i := range commands {
				reports = memory.Apply(&commands[i], reports)
			}
			later <- commands
			return reports, nil
		}
	}
	in := bufio.NewReaderSize(stdin, 1<<16)
	for n := 1; ; n++ {
		var size uint32
		if err := binary.Read(in, binary.LittleEndian, &size); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		commands := make([]book.Command, size)
		if err := binary.Read(in, binary.LittleEndian, commands); err != nil {
			return err
		}
		reports, err := carryOut(commands)
		if err != nil {
			return err
		}
		if err := errors.Join(binary.Write(answer, binary.LittleEndian, uint32(len(reports))), binary.Write(answer, binary.LittleEndian, reports)); err != nil {
			return err
		}
		if n%acknowledgeEvery == 0 {
			if err := answer.Flush(); err != nil {
				return err
			}
		}
	}
	if err := durable.View(context.Background(), look); err != nil {
		return err
	}
	_, err = answer.Write(binary.LittleEndian.AppendUint32(nil, 0))
	if err == nil {
		_, err = answer.Write(image)
	}
	return errors.Join(err, answer.Flush(), durable.Close())
}

// A crash is a market that is killed again and again, and how its client goes on.
type crash struct {
	acknowledge string // "early", or when it is on disk
	again       bool   // the client sends all again that was not acknowledged, without asking
}

// unharmed is the check that a market that was killed has lost no command that it had
// acknowledged and carries out none twice: each command has the reports that it has in a
// book that was never killed, and so has the book in the end.
func unharmed(t *testing.T, kills int) func(crash) error {
	return func(c crash) error {
		const each = 1_500 // commands, for each kill
		commands := everyKind(3, each*(kills+1))
		expected := book.New(100)
		reports := make([][]book.Report, len(commands))
		for i := range commands {
			reports[i] = expected.Apply(&commands[i], nil)
		}
		random := rand.New(rand.NewPCG(4, 0))
		directory := t.TempDir()
		acknowledged := 0
		for kill := 0; ; kill++ {
			last := kill == kills
			until := len(commands)
			if !last {
				until = each*kill + 1 + random.IntN(each)
			}
			image, err := c.run(directory, commands, reports, &acknowledged, until, last)
			if err != nil {
				return fmt.Errorf("after %d kills: %w", kill, err)
			}
			if kill%10 == 9 {
				claim.Stage(t, "%d of %d kills, %d commands acknowledged", kill+1, kills, acknowledged)
			}
			if last {
				want, _ := expected.AppendBinary(nil)
				if !bytes.Equal(image, want) {
					return errors.New("the book is another than without kills")
				}
				return nil
			}
		}
	}
}

// run starts the market, sends commands and kills it once so many are acknowledged; the
// last time it lets it end and returns the book.
func (c crash) run(directory string, commands []book.Command, reports [][]book.Report, acknowledged *int, until int, last bool) ([]byte, error) {
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), childEnv+"="+directory, acknowledgeEnv+"="+c.acknowledge)
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	sent := make(chan bool)
	defer func() {
		_ = process.Process.Kill()
		<-sent
		_ = process.Wait()
	}()
	answer := bufio.NewReaderSize(stdout, 1<<16)
	var recovered uint64
	if err := binary.Read(answer, binary.LittleEndian, &recovered); err != nil {
		close(sent)
		return nil, err
	}
	from := int(recovered)
	if from < *acknowledged {
		close(sent)
		return nil, fmt.Errorf("lost %d of %d acknowledged commands", *acknowledged-from, *acknowledged)
	}
	if c.again {
		from = *acknowledged
	}
	go func() { // it ends with the market, which no longer reads
		defer close(sent)
		random := rand.New(rand.NewPCG(uint64(from), 0))
		out := bufio.NewWriter(stdin)
		for at := from; at < len(commands); {
			n := min(1+random.IntN(20), len(commands)-at)
			batch := binary.LittleEndian.AppendUint32(nil, uint32(n))
			batch, _ = binary.Append(batch, binary.LittleEndian, commands[at:at+n])
			if _, err := out.Write(batch); err != nil {
				return
			}
			at += n
		}
		_ = out.Flush()
		_ = stdin.Close()
	}()
	next := recovered + 1
	for at := from; at < until; {
		var n uint32
		if err := binary.Read(answer, binary.LittleEndian, &n); err != nil {
			return nil, err
		}
		got := make([]book.Report, n)
		if err := binary.Read(answer, binary.LittleEndian, got); err != nil {
			return nil, err
		}
		for len(got) > 0 {
			want := reports[at]
			if len(got) < len(want) {
				return nil, fmt.Errorf("command %d has %d reports, want %d", at+1, len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					return nil, fmt.Errorf("command %d, carried out as number %d, %s, want number %d and %s", at+1, got[i].Sequence, got[i].Event, want[i].Sequence, want[i].Event)
				}
			}
			got = got[len(want):]
			at++
			next++
		}
		*acknowledged = max(*acknowledged, at)
	}
	if !last {
		return nil, nil
	}
	var end uint32
	if err := binary.Read(answer, binary.LittleEndian, &end); err != nil {
		return nil, err
	}
	return io.ReadAll(answer)
}

// killsOf returns how often a market is killed: a few times, or as often as the variable
// says.
func killsOf(t *testing.T) int {
	text := os.Getenv("GONOTES_KILLS")
	if text == "" {
		return 5
	}
	kills, err := strconv.Atoi(text)
	require.NoError(t, err)
	return kills
}

// A market that is killed under load, at random moments, has all that it acknowledged,
// and its client goes on where it asks it to.
func TestNoLostOrders(t *testing.T) {
	kills := killsOf(t)
	proof := claim.Prove(t, exchange.NoLostOrders, unharmed(t, kills))
	start := time.Now()
	proof.Holds(fmt.Sprintf("the market, whose process is killed %d times", kills), crash{})
	proof.Figure("time for a kill, a restart and 1,500 commands", time.Since(start).Seconds()/float64(kills), "s")
	proof.Control("a market that answers before it writes the journal", crash{acknowledge: "early"}, "acknowledged commands")
	proof.Control("a client that sends again what was not acknowledged", crash{again: true}, "carried out as number")
}

// recoverable is the check that a journal, cut off at any byte, gives the book as it was
// after one of its records: that of the last one that is whole.
func recoverable(t *testing.T, names func(directory string) (string, error)) func(open func(directory string, b *book.Book) error) error {
	commands := everyKind(5, 30)
	directory := t.TempDir()
	b := book.New(100)
	j, _, err := journal.Open(directory, b)
	require.NoError(t, err)
	images, ends := [][]byte{}, []int64{0}
	remember := func() {
		image, err := b.AppendBinary(nil)
		require.NoError(t, err)
		images = append(images, image)
	}
	remember()
	name, err := names(directory)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(6, 0))
	for from := 0; from < len(commands); {
		n := min(1+random.IntN(8), len(commands)-from)
		j.Append(commands[from : from+n])
		require.NoError(t, j.Commit())
		for i := range commands[from : from+n] {
			b.Apply(&commands[from+i], nil)
		}
		from += n
		remember()
		info, err := os.Stat(name)
		require.NoError(t, err)
		ends = append(ends, info.Size())
	}
	require.NoError(t, j.Close())
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	return func(open func(directory string, b *book.Book) error) error {
		cut := t.TempDir()
		record := 0
		for size := range int64(len(whole)) + 1 {
			if record+1 < len(ends) && size >= ends[record+1] {
				record++
			}
			if err := os.WriteFile(filepath.Join(cut, filepath.Base(name)), whole[:size], 0o644); err != nil {
				return err
			}
			b := book.New(100)
			if err := open(cut, b); err != nil {
				return fmt.Errorf("cut off at byte %d: %w", size, err)
			}
			if got, _ := b.AppendBinary(nil); !bytes.Equal(got, images[record]) {
				return fmt.Errorf("cut off at byte %d: the book after %d commands, want after record %d, which ends at byte %d", size, b.Sequence(), record, ends[record])
			}
		}
		return nil
	}
}

// only returns the one file of the journal.
func only(directory string) (string, error) {
	found, err := filepath.Glob(filepath.Join(directory, "journal-*"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d files, want 1", len(found))
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// A journal that ends at any byte, as a crash may leave it, is read up to its last whole
// record.
func TestNoLostOrders_cut(t *testing.T) {
	proof := claim.Prove(t, exchange.NoLostOrders, recoverable(t, only))
	proof.Holds("package journal", func(directory string, b *book.Book) error {
		j, _, err := journal.Open(directory, b)
		if err != nil {
			return err
		}
		return j.Close()
	})
	proof.Control("a reader that takes each command as it comes", func(directory string, b *book.Book) error {
		return takeAll(directory, b, false)
	}, "the book after 1 commands, want after record 0")
	proof.Control("a reader that takes a torn record for damage", func(directory string, b *book.Book) error {
		return takeAll(directory, b, true)
	}, "cut off at byte 1: damaged")
}

// takeAll reads a journal as if it never ended within a record, or refuses it if it does.
func takeAll(directory string, b *book.Book, strict bool) error {
	name, err := only(directory)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	const head, size = 24, 47
	for len(data) >= head {
		count := binary.LittleEndian.Uint32(data[20:])
		data = data[head:]
		for ; count > 0 && len(data) >= size; count-- {
			var c book.Command
			if _, err := binary.Decode(data[:size], binary.LittleEndian, &c); err != nil {
				return err
			}
			b.Apply(&c, nil)
			data = data[size:]
		}
		if strict && count > 0 {
			return errors.New("damaged")
		}
	}
	if strict && len(data) > 0 {
		return errors.New("damaged")
	}
	return nil
}
