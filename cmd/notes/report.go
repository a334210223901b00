package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// reportFile is the book, relative to the module's root.
const reportFile = "report/notes.html"

//go:embed report.html
var reportSource string

var reportPage = template.Must(template.New("report.html").Funcs(template.FuncMap{
	"human": human, "holds": evidence, "count": count, "sentence": sentence,
	"urls": func(source string) []string { return strings.Split(source, " and ") },
}).Parse(reportSource))

// sentence starts with a capital, as a truth does not.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// report writes the notes as a book: one page that needs no network.
func report(_ context.Context, a *app, args []string) error {
	args, err := parse(flag.NewFlagSet("report", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		return usageError("report takes no arguments, got " + strings.Join(args, " "))
	}
	b, err := a.book(ledgerFile)
	if err != nil {
		return err
	}
	name := filepath.Join(a.root, filepath.FromSlash(reportFile))
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := errors.Join(reportPage.Execute(file, b), file.Close()); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "wrote %s: %s, %s; open it in a browser\n", reportFile,
		count(b.claims(), "claim", "claims"), count(len(b.Plots), "plot", "plots"))
	return nil
}

// book is what the page shows.
type book struct {
	Ledger   ledger.Ledger
	Machine  string
	Verdicts []claim.Verdict
	Chapters []chapter
	Open     []question
	Plots    []plot
	// Costs is the table of what is drawn, its heading first.
	Costs [][]string
	// PlotsOf says which measurements are drawn.
	PlotsOf string
}

// chapter is one topic: its package documentation and its claims.
type chapter struct {
	Topic     string
	Questions []question
	Lesson    template.HTML
	Claims    []account
}

// account is all that is known of one claim.
type account struct {
	ledger.Claim
	// Entry is nil if the claim was not in the last run.
	Entry *ledger.Entry
}

// Anchor is the claim's place on the page.
func (c account) Anchor() string { return anchor(c.ID) }

func anchor(id claim.ID) string { return strings.ReplaceAll(string(id), "/", "-") }

// Status is the ledger's, or why there is none.
func (c account) Status() string {
	if c.Entry == nil {
		return "not in the last run"
	}
	return string(c.Entry.Status)
}

// Text and Section let the page name the parts of a question.
func (q question) Text() string    { return q.text }
func (q question) Section() string { return q.section }

// plot is a picture in the page itself.
type plot struct {
	Title string
	URL   template.URL
}

func (b book) claims() (n int) {
	for _, c := range b.Chapters {
		n += len(c.Claims)
	}
	return n
}

// NotRun lists what could not run, claim by claim.
func (b book) NotRun() (missing []missing) {
	for _, chapter := range b.Chapters {
		for _, c := range chapter.Claims {
			switch {
			case c.Entry == nil:
				missing = append(missing, missingOf(c, "", "not in the last run"))
			case c.Entry.Status == ledger.NotRun && len(c.Entry.Proofs) == 0:
				missing = append(missing, missingOf(c, "", c.Entry.Reason))
			default:
				for _, p := range c.Entry.Proofs {
					if p.Status == ledger.NotRun {
						missing = append(missing, missingOf(c, p.Test, p.Reason))
					}
				}
			}
		}
	}
	return missing
}

// missing is a proof that could not run here.
type missing struct{ ID, Anchor, Test, Reason string }

func missingOf(c account, test, reason string) missing {
	return missing{string(c.ID), c.Anchor(), test, reason}
}

// book gathers a ledger, the sources and the last plots.
func (a *app) book(name string) (book, error) {
	l, err := a.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return book{}, fmt.Errorf("there is no %s yet; run notes verify, which writes it", name)
	} else if err != nil {
		return book{}, err
	}
	claims, mistakes := a.declared()
	if len(mistakes) > 0 {
		return book{}, fmt.Errorf("%w (one of %s)", mistakes[0], count(len(mistakes), "mistake", "mistakes"))
	}
	for _, e := range l.Claims {
		if !slices.ContainsFunc(claims, func(c ledger.Claim) bool { return c.ID == e.ID }) {
			return book{}, fmt.Errorf("%s holds %s, which is declared no more; run notes verify, which writes it anew", name, e.ID)
		}
	}
	b := book{Ledger: l, Machine: describe(l), Verdicts: claim.Verdicts}
	if err := a.chapters(&b, claims); err != nil {
		return book{}, err
	}
	for _, q := range questions {
		if len(matching(claims, q)) == 0 {
			b.Open = append(b.Open, q)
		}
	}
	return b, a.plots(&b)
}

// chapters sorts the claims into topics, in the order in which the notes ask.
func (a *app) chapters(b *book, claims []ledger.Claim) error {
	var topics []string
	for _, q := range questions {
		topics = append(topics, q.topics...)
	}
	for _, c := range claims {
		topics = append(topics, c.ID.Topic())
	}
	for i, topic := range topics {
		if slices.Contains(topics[:i], topic) {
			continue
		}
		chapter := chapter{Topic: topic}
		for _, c := range claims {
			if c.ID.Topic() == topic {
				chapter.Claims = append(chapter.Claims, account{c, entryOf(b.Ledger, c.ID)})
			}
		}
		if len(chapter.Claims) == 0 {
			continue
		}
		for _, q := range questions {
			if slices.Contains(q.topics, topic) {
				chapter.Questions = append(chapter.Questions, q)
			}
		}
		var err error
		if chapter.Lesson, err = a.lesson(topic, chapter.Claims); err != nil {
			return err
		}
		b.Chapters = append(b.Chapters, chapter)
	}
	return nil
}

func entryOf(l ledger.Ledger, id claim.ID) *ledger.Entry {
	i := slices.IndexFunc(l.Claims, func(e ledger.Entry) bool { return e.ID == id })
	if i < 0 {
		return nil
	}
	return &l.Claims[i]
}

// lesson is the documentation of the package that declares the claims. Names of
// claims lead to their places on the page.
func (a *app) lesson(topic string, claims []account) (template.HTML, error) {
	dir := filepath.Join(a.root, filepath.FromSlash(path.Dir(claims[0].File)))
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return "", err
		}
		if file.Doc != nil && !strings.HasSuffix(name, "_test.go") {
			text.WriteString(file.Doc.Text())
		}
	}
	places := map[string]string{}
	for _, c := range claims {
		places[c.Identifier] = "#" + c.Anchor()
	}
	words := comment.Parser{LookupSym: func(recv, name string) bool { return recv == "" && places[name] != "" }}
	printer := comment.Printer{
		HeadingLevel: 3,
		HeadingID:    func(h *comment.Heading) string { return topic + "-" + h.DefaultID() },
		DocLinkURL: func(link *comment.DocLink) string {
			if link.ImportPath == "" {
				return places[link.Name]
			}
			if strings.HasPrefix(link.ImportPath, "gonotes/") {
				return "" // no link, since it is nowhere but here
			}
			return link.DefaultURL("https://pkg.go.dev")
		},
	}
	page := printer.HTML(words.Parse(text.String())) // which escapes what is no markup
	return template.HTML(symbol.ReplaceAll(page, []byte("<code>$1</code>"))), nil
}

// symbol is a name in brackets that is no claim.
var symbol = regexp.MustCompile(`\[([A-Z]\w*)\]`)

// plots puts the pictures of the last comparison into the page, or those of the
// reference run.
func (a *app) plots(b *book) error {
	for _, from := range []struct{ dir, says string }{
		{benchFolder, "measured on this machine by notes bench"},
		{path.Dir(referenceResults), "of the reference run, on another machine or day; notes bench measures here"},
	} {
		names, err := filepath.Glob(filepath.Join(a.root, filepath.FromSlash(from.dir), "*.svg"))
		if err != nil {
			return err
		}
		for _, name := range names {
			svg, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			title := strings.TrimSuffix(filepath.Base(name), ".svg")
			b.Plots = append(b.Plots, plot{
				Title: cmp.Or(plotTitles[title], title),
				URL:   template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg)),
			})
		}
		if len(names) == 0 {
			continue
		}
		results, err := readResults(filepath.Join(a.root, filepath.FromSlash(from.dir), benchFile))
		if err != nil {
			return err
		}
		b.Costs, b.PlotsOf = results.Costs(), from.says
		return nil
	}
	return nil
}

// plotTitles say what a picture shows, by its file.
var plotTitles = map[string]string{
	"memory":      "Memory of a task that waits, over the number of tasks",
	"memorykinds": "Memory of a task that waits, by kind and in parts",
	"roundtrip":   "Round trip of two tasks that wake each other",
	"start":       "Time to start a task, over the number of tasks",
	"sync":        "What ways of synchronisation cost",
	"workers":     "What a pool of workers costs, by the number of workers",
}
