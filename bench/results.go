package bench

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonotes/internal/probe"
)

// Results is what a run found.
type Results struct {
	Settings []Setting // of the machine and the run, in the order of the file
	Lines    []Line    // one for each measurement and round
	Skips    []Skip    // what was not measured
}

// Setting is one line "key: value" about the machine or the run.
type Setting struct{ Key, Value string }

// Line is what one round of one benchmark measured.
type Line struct {
	Package    string // "gonotes/bench"
	Name       string // "BenchmarkPark/tasks=10000/kind=Go-goroutine"
	Iterations int
	Values     []Value
}

// Value is a number with its unit, such as "ns/op".
type Value struct {
	Number float64
	Unit   string
}

// Skip is a benchmark that was not measured. Its reason begins with one of the
// words below and a colon.
type Skip struct {
	Name   string // one point, or all of a kind: "BenchmarkPark/kind=Rust-tokio-task"
	Reason string // "missing: tool: no cargo"
}

// The words that reasons begin with.
const (
	missing  = "missing"   // the machine has no such runtime
	refused  = "refused"   // it could not start so many
	notTried = "not tried" // it is known that it could not
	failed   = "failed"    // what it answered was wrong, or nothing came
)

// Why is the first word or two of the reason: missing, refused, not tried, failed.
func (s Skip) Why() string {
	why, _, _ := strings.Cut(s.Reason, ":")
	return why
}

// The package and the names of the benchmarks of this package.
const (
	thisPackage    = "gonotes/bench"
	parkName       = "BenchmarkPark"
	roundTripName  = "BenchmarkRoundTrip"
	onOneCPU       = "one" // values of the key cpus
	onAnyCPU       = "any"
	unitUsed       = "B/task" // resident, page tables and a thread's kernel stack together
	unitReserved   = "reserved-B/task"
	unitResident   = "resident-B/task"
	unitKernel     = "kernel-stack-B/task"
	unitPageTables = "page-table-B/task"
	unitStart      = "start-ns/task"
	unitWake       = "wake-ns/task"
	unitThreads    = "threads"
	unitTime       = "ns/op"
)

// point is a kind and how many of its tasks, or 0 for the round trip of two.
type point struct {
	kind  probe.Kind
	tasks int
	cpus  string // of a round trip: onOneCPU or onAnyCPU
}

func (p point) name() string {
	if p.tasks == 0 {
		return roundTripName + "/cpus=" + p.cpus + "/kind=" + slug(p.kind)
	}
	return parkName + "/tasks=" + strconv.Itoa(p.tasks) + "/kind=" + slug(p.kind)
}

// slug is the kind as a name of a benchmark can hold it.
func slug(kind probe.Kind) string { return strings.ReplaceAll(string(kind), " ", "-") }

// Setting is the value of a key, or empty.
func (r Results) Setting(key string) string {
	i := slices.IndexFunc(r.Settings, func(s Setting) bool { return s.Key == key })
	if i < 0 {
		return ""
	}
	return r.Settings[i].Value
}

// Set changes the value of a key, or adds it.
func (r *Results) Set(key, value string) {
	i := slices.IndexFunc(r.Settings, func(s Setting) bool { return s.Key == key })
	if i < 0 {
		r.Settings = append(r.Settings, Setting{key, value})
		return
	}
	r.Settings[i].Value = value
}

// Spread is what the rounds of one measurement gave.
type Spread struct {
	Median, Min, Max float64
	Rounds           int
}

// spread summarises numbers; of an even number of them, the median is the mean
// of the two in the middle.
func spread(numbers []float64) Spread {
	if len(numbers) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(numbers))
	n := len(sorted)
	return Spread{(sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1], n}
}

// Of is the spread of one unit of a benchmark; its Rounds are 0 if there is none.
func (r Results) Of(pkg, name, unit string) Spread {
	var numbers []float64
	for _, line := range r.Lines {
		if line.Package != pkg || line.Name != name {
			continue
		}
		for _, v := range line.Values {
			if v.Unit == unit {
				numbers = append(numbers, v.Number)
			}
		}
	}
	return spread(numbers)
}

func (r Results) of(p point, unit string) Spread { return r.Of(thisPackage, p.name(), unit) }

// sizes are the numbers of tasks that were measured or skipped, ascending.
func (r Results) sizes() []int {
	var sizes []int
	add := func(name string) {
		if n, err := strconv.Atoi(part(name, "tasks")); err == nil && strings.HasPrefix(name, parkName+"/") {
			sizes = append(sizes, n)
		}
	}
	for _, line := range r.Lines {
		add(line.Name)
	}
	for _, skip := range r.Skips {
		add(skip.Name)
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

// kinds are those that were measured or skipped, in the order of probe.Kinds.
func (r Results) kinds() []probe.Kind {
	named := func(kind probe.Kind) func(string) bool {
		return func(name string) bool { return part(name, "kind") == slug(kind) }
	}
	var kinds []probe.Kind
	for _, kind := range probe.Kinds {
		is := named(kind)
		if slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Package == thisPackage && is(l.Name) }) ||
			slices.ContainsFunc(r.Skips, func(s Skip) bool { return is(s.Name) }) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// skip is why a point was not measured, or nil if that is not known.
func (r Results) skip(p point) *Skip {
	whole := parkName + "/kind=" + slug(p.kind)
	for i, s := range r.Skips {
		if s.Name == p.name() || s.Name == whole {
			return &r.Skips[i]
		}
	}
	return nil
}

// part is the value of a key in the name of a benchmark, or empty.
func part(name, key string) string {
	for field := range strings.SplitSeq(name, "/") {
		if value, found := strings.CutPrefix(field, key+"="); found {
			return value
		}
	}
	return ""
}

// finite tells whether a number can be compared and drawn.
func finite(number float64) bool { return !math.IsNaN(number) && !math.IsInf(number, 0) }
