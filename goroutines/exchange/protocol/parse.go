package protocol

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/bits"
	"slices"
	"strings"

	"gonotes/goroutines/exchange/book"
)

// Kind of a line.
type Kind uint8

const (
	Blank       Kind = iota // nothing, or only a comment
	Declaration             // of an instrument
	Command                 // to a book
	Show                    // asks for the book
	List                    // asks for its orders, those of the command's owner if that is not 0
)

// A Line is what one line of the protocol says.
type Line struct {
	Number     int // from 1 on, if Lines read it
	Text       string
	Kind       Kind
	Instrument *Instrument  // that it declares or is about
	Command    book.Command // if Kind is Command; of a List only the owner
}

// A Parser reads lines and keeps the instruments that they declare. Its zero value knows
// none. It is not safe for concurrent use.
type Parser struct {
	instruments map[string]*Instrument
}

// Declare makes an instrument known, as a line with symbol does, or does nothing if it is
// known as the same.
func (p *Parser) Declare(in *Instrument) error {
	if err := checkSymbol(in.Symbol); err != nil {
		return err
	}
	if old := p.instruments[in.Symbol]; old != nil {
		if *old != *in {
			return fmt.Errorf("symbol %s is declared already, as %s", in.Symbol, AppendInstrument(nil, old))
		}
		return nil
	}
	if p.instruments == nil {
		p.instruments = map[string]*Instrument{}
	}
	p.instruments[in.Symbol] = in
	return nil
}

// Forget makes an instrument unknown, which may be declared again, and otherwise.
func (p *Parser) Forget(symbol string) { delete(p.instruments, symbol) }

// MaxLine is how many bytes a line has at most for Lines.
const MaxLine = 1000

// Lines yields what the lines of a text say, one by one and without the blank ones. For
// a line that is wrong it yields an error that begins with its number, and goes on; one
// that no newline ends is wrong, since half of an order may be another order. If the text
// itself cannot be read, that error is the last.
func (p *Parser) Lines(text io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		reader := bufio.NewReaderSize(text, MaxLine+len("\r\n"))
		for number := 1; ; number++ {
			read, failed := reader.ReadSlice('\n')
			line := Line{Text: strings.TrimSuffix(strings.TrimSuffix(string(read), "\n"), "\r")}
			for errors.Is(failed, bufio.ErrBufferFull) {
				_, failed = reader.ReadSlice('\n')
			}
			var err error
			switch {
			case failed != nil && failed != io.EOF:
				err = failed // what was read may be the beginning of another line
			case len(line.Text) > MaxLine:
				err = fmt.Errorf("longer than %d bytes", MaxLine)
			case failed == io.EOF && (&sentence{rest: line.Text}).next() != "":
				err = errors.New("no newline ends it, so it may be cut off")
			default:
				line, err = p.Parse(line.Text)
			}
			line.Number = number
			if err != nil {
				err = fmt.Errorf("line %d: %w", number, err)
			}
			if (err != nil || line.Kind != Blank) && !yield(line, err) || failed != nil {
				return
			}
		}
	}
}

// option is a set of the words that may follow in any order, each of them once.
type option uint16

const (
	at option = 1 << iota
	market
	id
	by
	day
	ioc
	fok
	post
	show
	stop
	tick
	lot

	price = at | market // one of them has to be there
	order = price | id | by | day | ioc | fok | post | show | stop
)

// words of the options, in the order of their bits.
var words = [...]string{"@", "market", "id", "by", "day", "ioc", "fok", "post", "show", "stop", "tick", "lot"}

// word of the first option of a set.
func (o option) word() string { return words[bits.TrailingZeros16(uint16(o))] }

// A verb begins a line and says which words follow.
type verb struct {
	word     string
	kind     Kind
	command  book.Command // what the verb says of it
	operands []string     // that follow in this order
	options  option       // that may follow then
	required option       // that must
	usage    string       // behind the verb
}

const orderUsage = "QUANTITY SYMBOL @ PRICE|market id ID [by OWNER] [day|ioc|fok|post] [show QUANTITY] [stop PRICE]"

var verbs = []verb{
	{"symbol", Declaration, book.Command{}, []string{"symbol"}, tick | lot, tick | lot, "SYMBOL tick STEP lot STEP"},
	{"buy", Command, book.Command{Kind: book.Enter, Side: book.Buy}, []string{"quantity", "symbol"}, order, id, orderUsage},
	{"sell", Command, book.Command{Kind: book.Enter, Side: book.Sell}, []string{"quantity", "symbol"}, order, id, orderUsage},
	{"cancel", Command, book.Command{Kind: book.Cancel}, []string{"id", "symbol"}, by, 0, "ID SYMBOL [by OWNER]"},
	{"reduce", Command, book.Command{Kind: book.Reduce}, []string{"id", "symbol", "quantity"}, by, 0, "ID SYMBOL QUANTITY [by OWNER]"},
	{"replace", Command, book.Command{Kind: book.Replace}, []string{"id", "symbol", "quantity"}, price | by | stop, 0, "ID SYMBOL QUANTITY @ PRICE|market [by OWNER] [stop PRICE]"},
	{"endday", Command, book.Command{Kind: book.EndDay}, []string{"symbol"}, 0, 0, "SYMBOL"},
	{"book", Show, book.Command{}, []string{"symbol"}, 0, 0, "SYMBOL"},
	{"orders", List, book.Command{}, []string{"symbol"}, by, 0, "SYMBOL [by OWNER]"},
}

// wrongWord is an error for which it helps to see how the line is written.
type wrongWord string

func (w wrongWord) Error() string { return string(w) }

// Parse reads one line. A declaration makes its instrument known. The error names the
// word that is wrong and the rule; the line has then no kind.
func (p *Parser) Parse(text string) (Line, error) {
	s := sentence{rest: text}
	first := s.next()
	if first == "" {
		return Line{Text: text}, nil
	}
	at := slices.IndexFunc(verbs, func(v verb) bool { return strings.EqualFold(v.word, first) })
	if at < 0 {
		var known []string
		for _, v := range verbs {
			known = append(known, v.word)
		}
		return Line{Text: text}, fmt.Errorf("unknown word %s: want %s", quote(first), strings.Join(known, ", "))
	}
	v := &verbs[at]
	s.verb, s.command = v, v.command
	in, err := s.read(p.instruments)
	if err == nil && v.kind == Declaration {
		err = p.Declare(in)
	}
	if err != nil {
		var wrong wrongWord
		if errors.As(err, &wrong) {
			err = fmt.Errorf("%w; write %s %s", err, v.word, v.usage)
		}
		return Line{Text: text}, err
	}
	return Line{Text: text, Kind: v.kind, Instrument: in, Command: s.command}, nil
}

// A sentence is a line that is being read.
type sentence struct {
	rest    string // not read yet
	verb    *verb
	command book.Command
}

// next returns the next word, or "" at the end. The sign @ is a word of its own.
func (s *sentence) next() string {
	begin := 0
	for begin < len(s.rest) && isBlank(s.rest[begin]) {
		begin++
	}
	end := begin
	for end < len(s.rest) && !isBlank(s.rest[end]) && s.rest[end] != '@' && s.rest[end] != '#' {
		end++
	}
	if end == begin && end < len(s.rest) && s.rest[end] == '@' {
		end++
	}
	word := s.rest[begin:end] // none before #, from where on nothing is read
	s.rest = s.rest[end:]
	return word
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// read what follows the verb, and return the instrument.
func (s *sentence) read(known map[string]*Instrument) (*Instrument, error) {
	var symbol, quantity string
	for _, name := range s.verb.operands {
		word := s.next()
		if word == "" {
			return nil, wrongWord(name + " is missing")
		}
		switch name {
		case "symbol":
			symbol = word
		case "quantity":
			quantity = word
		case "id":
			var err error
			if s.command.ID, err = natural(word, 64); err != nil {
				return nil, fmt.Errorf("id: %w", err)
			}
		}
	}
	in := known[symbol]
	switch {
	case s.verb.kind == Declaration:
		in = &Instrument{Symbol: symbol}
	case in == nil:
		return nil, wrongWord("symbol " + quote(symbol) + " is not declared, as by symbol SYMBOL tick STEP lot STEP")
	}
	if quantity != "" {
		var err error
		if s.command.Quantity, err = in.Quantity(quantity); err != nil {
			return nil, fmt.Errorf("quantity: %w", err)
		}
	}
	return in, s.readOptions(in)
}

func (s *sentence) readOptions(in *Instrument) error {
	var given option
	for word := s.next(); word != ""; word = s.next() {
		i := slices.IndexFunc(words[:], func(w string) bool { return strings.EqualFold(w, word) })
		if i < 0 || s.verb.options&(1<<i) == 0 {
			return wrongWord("unknown word " + quote(word))
		}
		o := option(1) << i
		switch {
		case given&o != 0:
			return fmt.Errorf("%s is given twice", words[i])
		case (given|o)&price == price:
			return errors.New("@ and market exclude each other")
		}
		given |= o
		if err := s.readOption(o, in); err != nil {
			return err
		}
	}
	switch missing := s.verb.required &^ given; {
	case s.verb.options&price != 0 && given&price == 0:
		return wrongWord("price is missing")
	case missing != 0:
		return wrongWord(missing.word() + " is missing")
	}
	return nil
}

// readOption takes down an option, and its value if it has one.
func (s *sentence) readOption(o option, in *Instrument) error {
	c := &s.command
	flag, name := book.Flags(0), o.word()
	switch o {
	case market:
		flag = book.Market
	case day:
		flag = book.Day
	case ioc:
		flag = book.IOC
	case fok:
		flag = book.FOK
	case post:
		flag = book.PostOnly
	case show:
		flag = book.Iceberg
	case stop:
		flag = book.Stop
	case at:
		name = "price"
	case by:
		name = "owner"
	}
	c.Flags |= flag
	if o&(at|id|by|show|stop|tick|lot) == 0 {
		return nil
	}
	word := s.next()
	if word == "" {
		return wrongWord("the value is missing behind " + o.word())
	}
	var err error
	switch o {
	case at:
		c.Price, err = in.Price(word)
	case id:
		c.ID, err = natural(word, 64)
	case by:
		var owner uint64
		owner, err = natural(word, 32)
		c.Owner = uint32(owner)
	case show:
		c.Display, err = in.Quantity(word)
	case stop:
		c.Trigger, err = in.Price(word)
	case tick:
		in.Tick, err = ParseStep(word)
	case lot:
		in.Lot, err = ParseStep(word)
	}
	if err != nil {
		return fmt.Errorf("%s: %v", name, err) // the words are in their places: no usage
	}
	return nil
}
