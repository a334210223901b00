package exchange_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/protocol"
	"gonotes/internal/claim"
)

var rewrite = flag.Bool("rewrite", false, "write the transcripts in testdata anew, with the answers of today's book")

// A seen matcher is one whose book can be shown.
type seen interface {
	matcher
	Depth(to []book.Level, side book.Side, most int) []book.Level
	Last() (int64, bool)
}

// A scene is a part of a transcript up to a blank line: what happens, lines of the
// protocol, ---- and the answers.
type scene struct {
	line    int // of the first answer
	told    string
	answers string
}

func scenesOf(transcript string) []scene {
	const ruler = "\n----\n"
	var scenes []scene
	line := 1
	for text := range strings.SplitSeq(strings.TrimSuffix(transcript, "\n"), "\n\n") {
		told, answers, _ := strings.Cut(text, ruler)
		scenes = append(scenes, scene{line + strings.Count(told+ruler, "\n"), told, answers})
		line += strings.Count(text, "\n") + len("\n\n")
	}
	return scenes
}

// A stage is where the scenes of a transcript are played: each symbol that they declare
// has a matcher.
type stage struct {
	fresh    func() seen
	parser   protocol.Parser
	matchers map[string]seen
}

// play returns the answers to the lines of a scene, one a line.
func (s *stage) play(told string) string {
	var out []byte
	for text := range strings.Lines(told) {
		line, err := s.parser.Parse(text)
		if err != nil {
			out = fmt.Appendf(out, "wrong: %v\n", err)
			continue
		}
		switch line.Kind {
		case protocol.Declaration:
			s.matchers[line.Instrument.Symbol] = s.fresh()
		case protocol.Command:
			for _, report := range s.matchers[line.Instrument.Symbol].Apply(&line.Command, nil) {
				out = append(protocol.AppendReport(out, line.Instrument, &report), '\n')
			}
		case protocol.Show:
			const most = 10 // levels
			m := s.matchers[line.Instrument.Symbol]
			last, traded := m.Last()
			out = protocol.AppendBook(out, line.Instrument, m.Depth(nil, book.Buy, most), m.Depth(nil, book.Sell, most), last, traded)
		}
	}
	return strings.TrimSuffix(string(out), "\n")
}

// asTold is the check that matchers answer a transcript, which is the name of a file, as
// it is written there. The error says where they first do not.
func asTold(transcript string, fresh func() seen) error {
	text, err := os.ReadFile(transcript)
	if err != nil {
		return err
	}
	s := stage{fresh: fresh, matchers: map[string]seen{}}
	for _, scene := range scenesOf(string(text)) {
		if got := s.play(scene.told); got != scene.answers {
			return different(transcript, scene, got)
		}
	}
	return nil
}

func different(transcript string, s scene, answers string) error {
	got, want := strings.Split(answers, "\n"), strings.Split(s.answers, "\n")
	first := 0
	for first < min(len(got), len(want)) && got[first] == want[first] {
		first++
	}
	return fmt.Errorf("%s:%d:\n%s\ngot\n%s\nwant\n%s", transcript, s.line+first, s.told,
		strings.Join(got[first:], "\n"), strings.Join(want[first:], "\n"))
}

// stories is the check that a matcher answers each story in testdata as it is told there.
func stories(fresh func() seen) error {
	transcripts, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(transcripts) == 0 {
		return errors.Join(err, errors.New("no transcripts"))
	}
	var places []string
	var first error
	for _, transcript := range transcripts {
		err := asTold(transcript, fresh)
		if err == nil {
			continue
		}
		if first == nil {
			first = err
		}
		place, _, _ := strings.Cut(err.Error(), "\n")
		places = append(places, place)
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("%s of which the first is %w", strings.Join(places, " "), first)
}

// The book answers as it is told in the stories of each kind of order, and one that breaks
// a rule does not answer the story of that rule.
func TestPriceTimePriority_transcripts(t *testing.T) {
	fresh := func() seen { return book.New(10) }
	if *rewrite {
		transcripts, err := filepath.Glob("testdata/*.txt")
		require.NoError(t, err)
		for _, transcript := range transcripts {
			require.NoError(t, retell(transcript, fresh))
		}
	}
	proof := claim.Prove(t, exchange.PriceTimePriority, stories)
	proof.Holds("the book", fresh)
	changed := func(command func(c *book.Command)) func() seen {
		return func() seen { return altered{Book: book.New(10), command: command} }
	}
	proof.Control("an order for the day that outlives it", func() seen { return instead(book.Day, 0) }, "testdata/day.txt:")
	proof.Control("fill or kill that fills partly", func() seen { return instead(book.FOK, book.IOC) }, "testdata/fok.txt:")
	proof.Control("immediate or cancel that rests", func() seen { return instead(book.IOC, 0) }, "testdata/ioc.txt:")
	proof.Control("post-only that trades", func() seen { return instead(book.PostOnly, 0) }, "testdata/postonly.txt:")
	proof.Control("an iceberg that shows all", changed(func(c *book.Command) {
		c.Flags, c.Display = c.Flags&^book.Iceberg, 0
	}), "testdata/iceberg.txt:")
	proof.Control("a stop that does not wait", changed(func(c *book.Command) {
		c.Flags, c.Trigger = c.Flags&^book.Stop, 0
	}), "testdata/stop.txt:")
	proof.Control("an owner who trades with himself", changed(func(c *book.Command) { c.Owner = 0 }), "testdata/selftrade.txt:")
	proof.Control("trades at the price of the order that comes in", func() seen {
		return altered{Book: book.New(10), report: func(c *book.Command, r *book.Report) {
			if r.Event == book.Traded {
				r.Price = c.Price
			}
		}}
	}, "testdata/limit.txt:")
}

// retell writes a transcript anew.
func retell(transcript string, fresh func() seen) error {
	text, err := os.ReadFile(transcript)
	if err != nil {
		return err
	}
	var scenes []string
	s := stage{fresh: fresh, matchers: map[string]seen{}}
	for _, scene := range scenesOf(string(text)) {
		retold := scene.told
		if answers := s.play(scene.told); answers != "" {
			retold += "\n----\n" + answers
		}
		scenes = append(scenes, retold)
	}
	return os.WriteFile(transcript, []byte(strings.Join(scenes, "\n\n")+"\n"), 0o644)
}
