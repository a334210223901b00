package main

import (
	"bytes"
	"context"
	"fmt"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonotes/internal/claim"
	"gonotes/internal/ledger"
)

// notesFile is what docs writes, relative to the module's root.
const notesFile = "NOTES.md"

// question is one that the notes ask or answer, and the topics that hold what
// became of it.
type question struct {
	section string
	text    string
	topics  []string
	answer  string // file with a package comment whose part "# The answer" answers all of it, or ""
}

var questions = []question{
	{"§2", "What are goroutines against threads?", []string{"goroutines"}, ""},
	{"§2", "What are closures, and what are they good for in concurrent code?", []string{"closures"}, ""},
	{"§3", "What do you know about Go in market trading?", []string{"trading"}, "goroutines/exchange/doc.go"},
	{"§4", "What makes a service RESTful?", []string{"rest"}, ""},
	{"§5", "What did you do with Mesos, Marathon, Chronos, ZooKeeper and Kubernetes?", []string{"platform"}, ""},
	{"§6", "What did you do with AWS?", []string{"platform"}, ""},
	{"§7", "What did you do with MongoDB, Cassandra, Kafka and Docker?", []string{"platform"}, ""},
	{"§8", "What do you know about encryption?", []string{"security"}, ""},
	{"§9", "How is a web API tested?", []string{"rest"}, ""},
	{"§10", "What are microservices good and bad for?", []string{"microservices"}, ""},
	{"§11", "How does one scale and stay secure?", []string{"security"}, ""},
	{"§12", "What are strings, runes and bytes?", []string{"runes"}, ""},
}

// docs writes NOTES.md and the tables of README.md from the sources and from
// the committed reference run.
func docs(_ context.Context, a *app, args []string) error {
	if len(args) > 0 {
		return usageError("docs takes no arguments, got " + strings.Join(args, " "))
	}
	claims, mistakes := a.declared()
	for _, mistake := range mistakes {
		fmt.Fprintln(a.stderr, "notes:", mistake)
	}
	if len(mistakes) > 0 {
		return errFailed
	}
	old, err := os.ReadFile(filepath.Join(a.root, readmeFile))
	if err != nil {
		return err
	}
	readme, err := a.readme(old, claims)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(a.root, readmeFile), readme, 0o644); err != nil {
		return err
	}
	text, err := notes(os.DirFS(a.root), claims)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(a.root, notesFile), text, 0o644); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "wrote", notesFile, "with", count(len(claims), "claim", "claims"), "and the tables of", readmeFile)
	return nil
}

// notes is the text of NOTES.md, from the claims and the files of the module.
func notes(module fs.FS, claims []ledger.Claim) ([]byte, error) {
	var text bytes.Buffer
	text.WriteString(`<!-- Generated from the declarations of the claims by "make docs". Do not edit. -->

# Concurrency in Go: the notes, corrected

What the notes say, section by section, with the verdict and what is true. Every claim is proved by ` + "`go test`" + `: one check, which
its subjects pass and its controls fail. ` + "`make verify`" + ` runs them and prints the figures of your machine;
` + "`go run ./cmd/notes show ID`" + ` tells all of one claim.

The verdicts: **wrong** (the correction is what is proved), **outdated** (was true once), **judgement** (about people or taste: a
proxy is measured), **holds, but** (with a limit), **holds**.
`)
	for _, q := range questions {
		fmt.Fprintf(&text, "\n## %s %s\n", q.section, q.text)
		asked := matching(claims, q)
		if len(asked) == 0 {
			text.WriteString("\nOpen: not answered here yet.\n")
			continue
		}
		if q.answer != "" {
			answer, err := answerIn(module, q.answer)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&text, "\n%s", answer)
		}
		for _, verdict := range claim.Verdicts {
			for _, c := range asked {
				if c.Verdict == verdict {
					writeClaim(&text, c)
				}
			}
		}
	}
	return text.Bytes(), nil
}

// answerIn is the part "# The answer" of a package comment, in Markdown.
func answerIn(module fs.FS, name string) ([]byte, error) {
	src, err := fs.ReadFile(module, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return nil, err
	}
	var parser comment.Parser
	doc := parser.Parse(file.Doc.Text())
	var part []comment.Block
	within := false
	for _, block := range doc.Content {
		if heading, ok := block.(*comment.Heading); ok {
			within = len(heading.Text) == 1 && heading.Text[0] == comment.Plain("The answer")
		} else if within {
			part = append(part, block)
		}
	}
	if len(part) == 0 {
		return nil, fmt.Errorf("%s: the package comment has no part \"# The answer\"", name)
	}
	var printer comment.Printer
	return printer.Markdown(&comment.Doc{Content: part}), nil
}

// matching lists the claims of a question's topics that are from its section.
func matching(claims []ledger.Claim, q question) []ledger.Claim {
	var found []ledger.Claim
	for _, c := range claims {
		section, _, _ := strings.Cut(c.Section, ",")
		if slices.Contains(q.topics, c.ID.Topic()) && slices.Contains(strings.Split(section, " and "), q.section) {
			found = append(found, c)
		}
	}
	return found
}

func writeClaim(text *bytes.Buffer, c ledger.Claim) {
	asked := ""
	if strings.HasSuffix(c.Section, "asked next") {
		asked = " (asked next)"
	}
	fmt.Fprintf(text, "\n**%s**: %s%s  \n", c.Verdict, c.Statement, asked)
	fmt.Fprintf(text, "→ %s", c.Truth)
	if c.Proxy != "" {
		fmt.Fprintf(text, " Proxy: %s", c.Proxy)
	}
	fmt.Fprintf(text, "  \n`%s`\n\n", c.ID)
	if c.Asked != "" {
		fmt.Fprintf(text, "> *%s* %s\n\n", c.Asked, c.Answer)
	}
	links(text, "Proofs", c.Tests)
	links(text, "Examples", c.Examples)
	links(text, "Benchmarks", c.Benchmarks)
}

// links is a list item that names functions, each file once, with the
// functions in it as text. Where there are none it is nothing.
func links(text *bytes.Buffer, what string, funcs []ledger.Func) {
	var files []string
	names := map[string][]string{}
	for _, f := range funcs {
		if !slices.Contains(files, f.File) {
			files = append(files, f.File)
		}
		names[f.File] = append(names[f.File], "`"+f.Name+"`")
	}
	lead := "- " + what + ": "
	for _, file := range files {
		fmt.Fprintf(text, "%s[%s](%s) %s", lead, file, file, strings.Join(names[file], " "))
		lead = ", "
	}
	if len(files) > 0 {
		text.WriteString("\n")
	}
}
