package bench

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"gonotes/internal/probe"
)

// Times is how many columns at the end of the table of costs are times; the
// others but the first are bytes.
const Times = 3

// Costs is the table of what tasks cost: a row of headings and one row for each
// kind, with medians and, in brackets, the least and the most.
func (r Results) Costs() [][]string {
	sizes := r.sizes()
	header := []string{"kind"}
	for _, size := range sizes {
		header = append(header, fmt.Sprintf("bytes a task, %s", thousands(float64(size))))
	}
	rows := [][]string{append(header, "start of a task", "round trip of two", "both on one CPU")}
	for _, kind := range r.kinds() {
		row := []string{named(kind)}
		for _, size := range sizes {
			p := point{kind: kind, tasks: size}
			row = append(row, r.cell(p, r.of(p, unitUsed), thousands))
		}
		rows = append(rows, append(row, r.startCell(kind), r.tripCell(kind, onAnyCPU), r.tripCell(kind, onOneCPU)))
	}
	return rows
}

// named is the kind, and whether it does without a stack.
func named(kind probe.Kind) string {
	if traits[kind].stackless {
		return string(kind) + ", stackless"
	}
	return string(kind)
}

// cell is a spread in figures, or why there is none.
func (r Results) cell(p point, s Spread, figure func(float64) string) string {
	if s.Rounds > 0 {
		return figure(s.Median) + within(s, figure)
	}
	if skip := r.skip(p); skip != nil {
		return skip.Why()
	}
	return "-"
}

// within is the least and the most in brackets, if they differ, in the unit of
// the median where that is theirs, too.
func within(s Spread, figure func(float64) string) string {
	least, most := figure(s.Min), figure(s.Max)
	if least == most {
		return ""
	}
	_, unit, _ := strings.Cut(figure(s.Median), " ")
	unit = " " + unit
	if strings.HasSuffix(least, unit) && strings.HasSuffix(most, unit) {
		least, most = strings.TrimSuffix(least, unit), strings.TrimSuffix(most, unit)
	}
	return fmt.Sprintf(" (%s to %s)", least, most)
}

// startCell is the start of a task among the most that were measured.
func (r Results) startCell(kind probe.Kind) string {
	for _, size := range slices.Backward(r.sizes()) {
		p := point{kind: kind, tasks: size}
		if s := r.of(p, unitStart); s.Rounds > 0 {
			return fmt.Sprintf("%s at %s", r.cell(p, s, timeOf), thousands(float64(size)))
		}
	}
	first := point{kind: kind}
	if sizes := r.sizes(); len(sizes) > 0 {
		first.tasks = sizes[0]
	}
	return r.cell(first, Spread{}, timeOf)
}

// tripCell is the round trip of two tasks on any CPU or on one.
func (r Results) tripCell(kind probe.Kind, cpus string) string {
	if cpus == onOneCPU && !traits[kind].pins {
		return ""
	}
	p := point{kind: kind, cpus: cpus}
	return r.cell(p, r.of(p, unitTime), timeOf)
}

// Operations is a table of the benchmarks of the topics: name, time of one
// operation, and the least and the most.
func (r Results) Operations() [][]string {
	var rows [][]string
	for _, o := range r.operations() {
		row := []string{path.Base(o.pkg) + " " + strings.TrimPrefix(o.name, "Benchmark"), timeOf(o.Median), strings.Trim(within(o.Spread, timeOf), " ()")}
		rows = append(rows, row)
	}
	return rows
}

// operation is the time of a benchmark of a topic.
type operation struct {
	pkg, name string
	Spread
}

// operations are those that were measured, in the order of the file.
func (r Results) operations() []operation {
	var operations []operation
	for _, pkg := range r.packages() {
		if pkg == thisPackage {
			continue
		}
		seen := map[string]bool{}
		for _, line := range r.Lines {
			if line.Package != pkg || seen[line.Name] {
				continue
			}
			seen[line.Name] = true
			if s := r.Of(pkg, line.Name, unitTime); s.Rounds > 0 {
				operations = append(operations, operation{pkg, line.Name, s})
			}
		}
	}
	return operations
}

// Absent says in sentences what was not measured, and why: first the kinds that
// the machine does not have.
func (r Results) Absent() []string {
	// Kinds that were skipped for one reason at the same sizes share a sentence.
	type group struct{ reason, where string }
	where := map[probe.Kind]map[string][]string{}
	for _, s := range r.Skips {
		for _, kind := range probe.Kinds {
			if part(s.Name, "kind") == slug(kind) {
				if where[kind] == nil {
					where[kind] = map[string][]string{}
				}
				where[kind][s.Reason] = append(where[kind][s.Reason], s.where()...)
			}
		}
	}
	var groups []group
	kinds := map[group][]string{}
	for _, kind := range r.kinds() {
		for _, s := range r.Skips {
			places, found := where[kind][s.Reason]
			if !found {
				continue
			}
			g := group{s.Reason, and(places)}
			if !slices.Contains(groups, g) {
				groups = append(groups, g)
			}
			if !slices.Contains(kinds[g], string(kind)) {
				kinds[g] = append(kinds[g], string(kind))
			}
		}
	}
	slices.SortStableFunc(groups, func(a, b group) int { return rank(a.reason) - rank(b.reason) })
	var sentences []string
	for _, g := range groups {
		why, detail, _ := strings.Cut(g.reason, ": ")
		if g.where != "" {
			why += " " + g.where
		}
		sentences = append(sentences, fmt.Sprintf("%s: %s (%s)", why, strings.Join(kinds[g], ", "), detail))
	}
	return sentences
}

func rank(reason string) int {
	if strings.HasPrefix(reason, missing) {
		return 0
	}
	return 1
}

// where says at which number of tasks or in which round trip something was
// skipped; nothing for a whole kind.
func (s Skip) where() []string {
	if n, err := strconv.Atoi(part(s.Name, "tasks")); err == nil {
		return []string{"at " + thousands(float64(n))}
	}
	if strings.HasPrefix(s.Name, roundTripName) {
		return []string{"in the round trip" + map[string]string{onOneCPU: " on one CPU"}[part(s.Name, "cpus")]}
	}
	return nil
}

// and joins "at 1", "at 2" and "at 3" to "at 1, 2 and 3".
func and(words []string) string {
	words = slices.Clone(words)
	for i := range words {
		if i > 0 {
			words[i] = strings.TrimPrefix(words[i], "at ")
		}
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Caption names the machine, the toolchain and the date.
func (r Results) Caption() string {
	cpu := r.Setting("cpu")
	if cpu == "" {
		cpu = "unknown processor"
	}
	parts := []string{cpu}
	if cores := r.Setting("cores"); cores != "" {
		parts = append(parts, cores+" cores")
	}
	system := strings.Trim(r.Setting("goos")+"/"+r.Setting("goarch"), "/")
	if kernel := r.Setting("kernel"); kernel != "" {
		system += " " + kernel
	}
	for _, part := range []string{system, r.Setting("go"), r.Setting("date")} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// Versions are the runtimes and compilers that were compared.
func (r Results) Versions() []string {
	var versions []string
	for _, kind := range r.kinds() {
		v := r.Setting("runtime-" + strings.ToLower(slug(kind)))
		if v != "" && !slices.Contains(versions, v) {
			versions = append(versions, v)
		}
	}
	return versions
}

// Markdown is the table of costs for a page, with what one must know to read it.
func (r Results) Markdown() string {
	var text strings.Builder
	for i, row := range r.Costs() {
		for _, cell := range row {
			text.WriteString("| " + strings.ReplaceAll(cell, "|", "\\|") + " ")
		}
		text.WriteString("|\n")
		if i == 0 {
			text.WriteString("|---" + strings.Repeat("|---:", len(row)-1) + "|\n")
		}
	}
	text.WriteString("\n" + strings.Join(r.Reading(), " ") + "\n")
	if absent := r.Absent(); len(absent) > 0 {
		text.WriteString("\nNot measured:\n\n")
		for _, sentence := range absent {
			text.WriteString("- " + sentence + "\n")
		}
	}
	return text.String()
}

// Reading is what one must know to read the table of costs.
func (r Results) Reading() []string {
	most := 0
	for _, line := range r.Lines {
		if line.Package == thisPackage {
			most = max(most, r.Of(thisPackage, line.Name, line.Values[0].Unit).Rounds)
		}
	}
	sentences := []string{
		fmt.Sprintf("Median (least to most) of %s on %s.", rounds(most), r.Caption()),
		"Bytes are what is in memory while the tasks wait: resident, page tables and the kernel stack of a thread.",
		"Start is until all wait, at the number of tasks given.",
		"A round trip is two tasks waking each other once.",
	}
	if slices.ContainsFunc(r.kinds(), func(k probe.Kind) bool { return traits[k].stackless }) {
		sentences = append(sentences, "Stackless tasks keep the state that they await on, and no stack.")
	}
	if versions := r.Versions(); len(versions) > 0 {
		sentences = append(sentences, "Runtimes: "+strings.Join(versions, ", ")+".")
	}
	return sentences
}

func rounds(n int) string {
	if n == 1 {
		return "1 round"
	}
	return fmt.Sprintf("up to %d rounds", n)
}
