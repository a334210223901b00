package protocol_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/protocol"
)

// The lines of the documentation get the answers of the documentation, and its grammar
// is what the parser says of itself.
func TestDocumentation(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	blocks := indented(string(source))
	require.Len(t, blocks, 4, "lines, grammar, words, answers")

	var parser protocol.Parser
	answers := answer(t, &parser, strings.Join(blocks[0], "\n")+"\n")
	assert.Equal(t, strings.Join(blocks[3], "\n"), strings.TrimSuffix(answers, "\n"))

	_, err = parser.Parse("?")
	require.Error(t, err)
	_, verbs, found := strings.Cut(err.Error(), ": want ")
	require.True(t, found, err)
	var grammar []string
	for verb := range strings.SplitSeq(verbs, ", ") {
		_, err := parser.Parse(verb)
		require.Error(t, err)
		_, usage, _ := strings.Cut(err.Error(), "; write ")
		grammar = append(grammar, usage)
	}
	assert.Equal(t, blocks[1], grammar)
}

// answer applies the lines to a book, and returns what the exchange answers.
func answer(t *testing.T, parser *protocol.Parser, text string) string {
	t.Helper()
	b := book.New(0)
	var out []byte
	for line, err := range parser.Lines(strings.NewReader(text)) {
		require.NoError(t, err)
		switch line.Kind {
		case protocol.Command:
			for _, report := range b.Apply(&line.Command, nil) {
				out = append(protocol.AppendReport(out, line.Instrument, &report), '\n')
			}
		case protocol.Show:
			last, traded := b.Last()
			out = protocol.AppendBook(out, line.Instrument, b.Depth(nil, book.Buy, 10), b.Depth(nil, book.Sell, 10), last, traded)
		case protocol.List:
			for c := range b.All() {
				out = append(protocol.AppendCommand(out, line.Instrument, &c), '\n')
			}
		}
	}
	return string(out)
}

// indented returns the blocks of a package comment that are code.
func indented(source string) [][]string {
	var blocks [][]string
	inside := false
	for line := range strings.Lines(source) {
		code, is := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "//\t")
		if is && !inside {
			blocks = append(blocks, nil)
		}
		if is {
			blocks[len(blocks)-1] = append(blocks[len(blocks)-1], code)
		}
		inside = is
	}
	return blocks
}
