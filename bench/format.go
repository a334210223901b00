package bench

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonotes/internal/probe"
)

// skipMark begins the line of a skip, as go test writes it. Readers of the Go
// benchmark format pass such lines over.
const skipMark = "--- SKIP: "

// WriteTo writes the results in the Go benchmark format: settings first, then
// skips, then the lines by package.
func (r Results) WriteTo(w io.Writer) (int64, error) {
	var text strings.Builder
	for _, s := range r.Settings {
		fmt.Fprintf(&text, "%s: %s\n", s.Key, s.Value)
	}
	for _, s := range r.Skips {
		fmt.Fprintf(&text, "%s%s %s\n", skipMark, s.Name, s.Reason)
	}
	for _, pkg := range r.packages() {
		fmt.Fprintf(&text, "\npkg: %s\n", pkg)
		for _, line := range r.Lines {
			if line.Package == pkg {
				text.WriteString(line.String() + "\n")
			}
		}
	}
	n, err := io.WriteString(w, text.String())
	return int64(n), err
}

// packages are those of the lines, in the order of their first lines.
func (r Results) packages() []string {
	var packages []string
	for _, line := range r.Lines {
		if !slices.Contains(packages, line.Package) {
			packages = append(packages, line.Package)
		}
	}
	return packages
}

func (l Line) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %d", l.Name, l.Iterations)
	for _, v := range l.Values {
		fmt.Fprintf(&text, " %s %s", strconv.FormatFloat(v.Number, 'f', -1, 64), v.Unit)
	}
	return text.String()
}

var (
	settingLine = regexp.MustCompile(`^(\p{Ll}[^\s\p{Lu}:]*):(?:[ \t]+(.*))?$`)
	otherLine   = regexp.MustCompile(`^(PASS|ok\s.*|Unit\s.*|)$`)
)

// Read reads what [Results.WriteTo] wrote, and what go test -bench writes. The
// error names the line that it cannot make sense of.
func Read(r io.Reader) (Results, error) {
	var results Results
	pkg := ""
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		text := lines.Text()
		wrong := func(format string, args ...any) (Results, error) {
			return Results{}, fmt.Errorf("line %d: %s", number, fmt.Sprintf(format, args...))
		}
		setting := settingLine.FindStringSubmatch(text)
		switch {
		case strings.HasPrefix(text, skipMark):
			name, reason, _ := strings.Cut(strings.TrimPrefix(text, skipMark), " ")
			if err := known(name); err != nil {
				return wrong("%v", err)
			}
			if reason == "" {
				return wrong("%s is skipped without a reason", name)
			}
			results.Skips = append(results.Skips, Skip{name, reason})
		case strings.HasPrefix(text, "Benchmark"):
			line, err := parseLine(text)
			if err != nil {
				return wrong("%v", err)
			}
			line.Package = pkg
			if pkg == thisPackage {
				if err := known(line.Name); err != nil {
					return wrong("%v", err)
				}
			}
			results.Lines = append(results.Lines, line)
		case setting != nil && setting[1] == "pkg":
			pkg = setting[2]
		case setting != nil:
			results.Set(setting[1], setting[2])
		case !otherLine.MatchString(text):
			return wrong("%q is no line of the Go benchmark format", text)
		}
	}
	if err := lines.Err(); err != nil {
		return Results{}, err
	}
	if len(results.Lines) == 0 && len(results.Skips) == 0 {
		return Results{}, fmt.Errorf("no benchmark in it")
	}
	return results, nil
}

// parseLine reads one line of a benchmark: name, iterations, and numbers with
// their units.
func parseLine(text string) (Line, error) {
	fields := strings.Fields(text)
	if len(fields) < 4 || len(fields)%2 != 0 {
		return Line{}, fmt.Errorf("%s: want a name, a count and pairs of number and unit, got %d fields", fields[0], len(fields))
	}
	iterations, err := strconv.Atoi(fields[1])
	if err != nil || iterations < 1 {
		return Line{}, fmt.Errorf("%s: %q is no count of iterations", fields[0], fields[1])
	}
	line := Line{Name: fields[0], Iterations: iterations}
	for pair := range slices.Chunk(fields[2:], 2) {
		number, err := strconv.ParseFloat(pair[0], 64)
		if err != nil || !finite(number) {
			return Line{}, fmt.Errorf("%s: %q is no number", fields[0], pair[0])
		}
		line.Values = append(line.Values, Value{number, pair[1]})
	}
	return line, nil
}

// known reports what is wrong with the name of a benchmark of this package.
func known(name string) error {
	base, _, _ := strings.Cut(name, "/")
	if base != parkName && base != roundTripName {
		return nil
	}
	if kind := part(name, "kind"); !slices.ContainsFunc(probe.Kinds, func(k probe.Kind) bool { return slug(k) == kind }) {
		return fmt.Errorf("%s: %q is no kind of task", name, kind)
	}
	if tasks := part(name, "tasks"); tasks != "" {
		if n, err := strconv.Atoi(tasks); err != nil || n < 1 {
			return fmt.Errorf("%s: %q is no number of tasks", name, tasks)
		}
	}
	return nil
}
