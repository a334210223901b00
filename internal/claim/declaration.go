package claim

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ID names a claim for ever: its topic, a slash, its slug ("runes/byte-char").
type ID string

var idForm = regexp.MustCompile(`^[a-z]+/[a-z0-9]+(-[a-z0-9]+)*$`)

// Topic is the part of the id before the slash.
func (id ID) Topic() string {
	topic, _, _ := strings.Cut(string(id), "/")
	return topic
}

// Identifier is the id's slug without its dashes, in lower case: the name, but
// for capitals, of the constant that declares the claim and of its tests.
func (id ID) Identifier() string {
	_, slug, _ := strings.Cut(string(id), "/")
	return strings.ReplaceAll(slug, "-", "")
}

// Verdict is what measurement or a primary source says of a claim today.
type Verdict string

// The five verdicts, and nothing else.
const (
	Holds     Verdict = "holds"
	HoldsBut  Verdict = "holds, but" // true with a stated limit
	Outdated  Verdict = "outdated"   // was true; the version or year that ended it is named
	Wrong     Verdict = "wrong"      // the correction is what gets proved
	Judgement Verdict = "judgement"  // about people or taste; a proxy is measured
)

// Verdicts lists the five with those that refute a claim first, the order in
// which they are shown.
var Verdicts = []Verdict{Wrong, Outdated, Judgement, HoldsBut, Holds}

// Declaration is a claim as its doc comment states it.
type Declaration struct {
	ID         ID
	Identifier string // the constant's name
	Line       int    // of the constant, in the file it was read from
	Section    string // of the notes: "§12", or "§12, asked next" for a follow-up
	Statement  string // what the notes say
	Verdict    Verdict
	Truth      string // the limit or the correction, one sentence or two
	Proxy      string // what is measured for a judgement, otherwise empty
	Asked      string // the interviewer's question, empty if none is written down
	Answer     string // what to say to it in half a minute
	Source     string // specification, RFC, paper or release note
}

var sinceForm = regexp.MustCompile(`(?i)since ((?:Go|JDK) [0-9.]*[0-9])`)

// Since is the release that the truth is bound to ("Go 1.22"), or empty.
func (d Declaration) Since() string {
	if match := sinceForm.FindStringSubmatch(d.Truth); match != nil {
		return match[1]
	}
	return ""
}

// A Mistake is a fault in how a claim is declared, linked or proved, with its
// place and what to do about it.
type Mistake struct {
	File string // slash-separated, relative to the module's root
	Line int    // 0 when the whole file or package is meant
	What string
	Do   string
}

func (m Mistake) Error() string {
	place := m.File
	if m.Line > 0 {
		place += ":" + strconv.Itoa(m.Line)
	}
	return fmt.Sprintf("%s: %s; %s", place, m.What, m.Do)
}

// ParseFile reads the claims declared in the Go source src: its constants of
// type claim.ID. Each badly formed one is a mistake that names file and line.
func ParseFile(name string, src []byte) ([]Declaration, []Mistake) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, []Mistake{{File: name, What: "does not parse: " + err.Error(), Do: "mend the syntax"}}
	}
	return FromAST(files, name, file)
}

// FromAST is [ParseFile] for a file that is already parsed, with its comments.
func FromAST(files *token.FileSet, name string, file *ast.File) (declared []Declaration, mistakes []Mistake) {
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			value := spec.(*ast.ValueSpec)
			if !isID(value.Type) {
				continue
			}
			doc := value.Doc
			if doc == nil && !gen.Lparen.IsValid() {
				doc = gen.Doc
			}
			line := files.Position(value.Pos()).Line
			declaration, err := declarationOf(value, doc)
			if err != nil {
				mistakes = append(mistakes, Mistake{File: name, Line: line, What: err.Error(), Do: "see the form in the package documentation of internal/claim"})
				continue
			}
			declaration.Line = line
			declared = append(declared, declaration)
		}
	}
	return declared, mistakes
}

func isID(expr ast.Expr) bool {
	selector, ok := expr.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "ID" {
		return false
	}
	pkg, ok := selector.X.(*ast.Ident)
	return ok && pkg.Name == "claim"
}

func declarationOf(value *ast.ValueSpec, doc *ast.CommentGroup) (Declaration, error) {
	if len(value.Names) != 1 || len(value.Values) != 1 {
		return Declaration{}, errors.New("a claim is one constant with one value")
	}
	name := value.Names[0].Name
	literal, ok := value.Values[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return Declaration{}, fmt.Errorf("claim %s: its value is not a string literal", name)
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return Declaration{}, fmt.Errorf("claim %s: %w", name, err)
	}
	id := ID(text)
	switch {
	case !idForm.MatchString(text):
		return Declaration{}, fmt.Errorf("claim %s: id %q is not of the form topic/slug-of-words", name, id)
	case !strings.EqualFold(name, id.Identifier()):
		return Declaration{}, fmt.Errorf("claim %s: the constant of %q is named %s, its slug without dashes", name, id, id.Identifier())
	case doc == nil:
		return Declaration{}, fmt.Errorf("claim %s has no doc comment", name)
	}
	declaration, err := ParseDoc(name, doc.Text())
	if err != nil {
		return Declaration{}, fmt.Errorf("claim %s: %w", name, err)
	}
	declaration.ID, declaration.Identifier = id, name
	return declaration, nil
}

var (
	statementForm = regexp.MustCompile(`^(\w+): (.+) \((§\d+(?: and §\d+)*(?:, asked next)?)\)$`)
	fieldForm     = regexp.MustCompile(`^(Holds, but|Holds|Outdated|Wrong|Judgement|Proxy|Asked|Answer|Source): (.+)$`)
	endedForm     = regexp.MustCompile(`since (Go|JDK) \d|\b(19|20)\d\d\b`)
)

// An answer is spoken in half a minute: this many words.
const minAnswer, maxAnswer = 40, 90

// ParseDoc reads the doc comment of the claim that the constant name declares.
func ParseDoc(name, doc string) (Declaration, error) {
	var d Declaration
	for i, paragraph := range strings.Split(strings.TrimSpace(doc), "\n\n") {
		paragraph = strings.Join(strings.Fields(paragraph), " ")
		if i == 0 {
			match := statementForm.FindStringSubmatch(paragraph)
			if match == nil || match[1] != name {
				return d, fmt.Errorf("the comment starts %q, want %q", paragraph, name+": the note's statement. (§N)")
			}
			d.Statement, d.Section = strings.TrimSuffix(match[2], "."), match[3]
			continue
		}
		match := fieldForm.FindStringSubmatch(paragraph)
		if match == nil {
			continue
		}
		verdict := Verdict(strings.ToLower(match[1]))
		switch {
		case match[1] == "Proxy" && d.Proxy == "":
			d.Proxy = match[2]
		case match[1] == "Asked" && d.Asked == "":
			d.Asked = match[2]
		case match[1] == "Answer" && d.Answer == "":
			d.Answer = match[2]
		case match[1] == "Source" && d.Source == "":
			d.Source = match[2]
		case slices.Contains(Verdicts, verdict) && d.Verdict == "":
			d.Verdict, d.Truth = verdict, match[2]
		default:
			return d, fmt.Errorf("the paragraph %q comes second of its kind", match[1]+":")
		}
	}
	words := len(strings.Fields(d.Answer))
	switch {
	case d.Verdict == "":
		return d, errors.New(`no paragraph starts with a verdict: "Holds:", "Holds, but:", "Outdated:", "Wrong:" or "Judgement:"`)
	case d.Source == "":
		return d, errors.New(`no paragraph starts with "Source:"`)
	case (d.Verdict == Judgement) != (d.Proxy != ""):
		return d, errors.New(`a judgement, and nothing else, has a paragraph that starts with "Proxy:"`)
	case (d.Asked != "") != (d.Answer != ""):
		return d, errors.New(`"Asked:" and "Answer:" come together`)
	case d.Answer != "" && (words < minAnswer || words > maxAnswer):
		return d, fmt.Errorf("the answer has %d words; half a minute of speech is %d to %d", words, minAnswer, maxAnswer)
	case d.Verdict == Outdated && !endedForm.MatchString(d.Truth):
		return d, fmt.Errorf("the outdated claim names no release or year that ended it: %q", d.Truth)
	}
	return d, nil
}
