package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"gonotes/internal/probe"
)

// Plan says what a run measures.
type Plan struct {
	Kinds      []probe.Kind
	Threads    []int // numbers of tasks where each is a thread, ascending
	Tasks      []int // and of all others
	Rounds     int
	Longest    time.Duration // after the first round, what would end later is left out; 0 is no limit
	Benchmarks []Benchmarks
	BenchTime  time.Duration // of one benchmark in one round
}

// Benchmarks selects benchmarks of a package as go test -bench does.
type Benchmarks struct {
	Package, Pattern string        // "./goroutines", "."
	Typical          time.Duration // for a round, for the first estimate
}

// patience is how long one point may take.
const patience = 3 * time.Minute

// Quick compares Go, C and Java, and is done within a minute.
func Quick() Plan {
	return Plan{
		Kinds:      []probe.Kind{probe.Goroutine, probe.LockedThread, probe.Pthread, probe.JavaPlatform, probe.JavaVirtual},
		Threads:    []int{1000, 10_000, 100_000, 1_000_000},
		Tasks:      []int{10_000, 100_000, 1_000_000},
		Rounds:     3,
		Longest:    32 * time.Second,
		Benchmarks: []Benchmarks{{"./goroutines", telling, 2 * time.Second}},
		BenchTime:  10 * time.Millisecond,
	}
}

// Full compares all kinds, and runs the benchmarks of goroutines, closures, runes and the
// exchange.
func Full() Plan {
	return Plan{
		Kinds:   probe.Kinds,
		Threads: []int{1000, 10_000, 100_000, 1_000_000},
		Tasks:   []int{10_000, 100_000, 1_000_000},
		Rounds:  5,
		Benchmarks: []Benchmarks{
			{"./goroutines", ".", 10 * time.Second}, {"./closures", ".", 5 * time.Second}, {"./runes", ".", 10 * time.Second},
			{"./goroutines/exchange/book", ".", 15 * time.Second}, {"./goroutines/exchange", ".", 30 * time.Second},
			{"./goroutines/exchange/market", ".", 5 * time.Second},
		},
		BenchTime: 20 * time.Millisecond,
	}
}

// Process is a [probe.Process], or what a test has in its place.
type Process interface {
	Version() string
	Park(ctx context.Context, tasks int) (probe.Parked, error)
	Wake(ctx context.Context) (sum int, took time.Duration, err error)
	RoundTrip(ctx context.Context, trips int) (time.Duration, error)
	Close() error
}

// Host is what a run needs of the machine.
type Host struct {
	Start  func(ctx context.Context, kind probe.Kind, options probe.Options) (Process, error)
	Limits func() ([]probe.NamedLimit, error) // of the kernel on threads
	Memory func() (int64, error)              // that is available, in bytes
	// Compile compiles the benchmarks of a package; what it returns runs them
	// once.
	Compile func(ctx context.Context, pkg string) (BenchmarkFunc, error)
}

// BenchmarkFunc runs the benchmarks that the pattern selects, once each.
type BenchmarkFunc func(ctx context.Context, pattern string, benchTime time.Duration) ([]Line, error)

// Machine is the host that this runs on, for the module in the folder root.
// What is built goes into the folder dir.
func Machine(root, dir string) Host {
	builder := probe.NewBuilder(dir)
	return Host{
		Start: func(ctx context.Context, kind probe.Kind, options probe.Options) (Process, error) {
			return builder.Start(ctx, kind, options)
		},
		Limits:  probe.Limits,
		Memory:  probe.Available,
		Compile: func(ctx context.Context, pkg string) (BenchmarkFunc, error) { return compile(ctx, root, dir, pkg) },
	}
}

// Progress is how far a run is.
type Progress struct {
	Round, Rounds int
	What          string        // is measured now
	Left          time.Duration // an estimate
}

// run is a [Plan] that is carried out.
type run struct {
	Plan
	host    Host
	results Results
	began   time.Time
	spent   map[string][]time.Duration // on each step so far
	typical map[string]time.Duration   // what each step was expected to take
	show    func(Progress)
	keep    func(Results) error
}

// Run carries the plan out on the host, and adds what it finds to the settings.
// It shows each step before it is taken, and hands what was measured so far to
// keep after it. When ctx ends, it returns what was measured so far and the
// error of ctx.
func (p Plan) Run(ctx context.Context, host Host, settings []Setting, show func(Progress), keep func(Results) error) (Results, error) {
	r := &run{
		Plan: p, host: host, results: Results{Settings: slices.Clone(settings)}, began: time.Now(),
		spent: map[string][]time.Duration{}, typical: map[string]time.Duration{}, show: show, keep: keep,
	}
	for _, pt := range p.points() {
		r.typical[pt.name()] = expected(pt)
	}
	for _, b := range p.Benchmarks {
		r.typical[b.Package] = b.Typical
	}
	err := r.tasks(ctx)
	if err == nil {
		err = r.benchmarks(ctx)
	}
	return r.results, err
}

// sizes are the numbers of tasks of a kind.
func (p Plan) sizes(kind probe.Kind) []int {
	if kind.Thread() {
		return p.Threads
	}
	return p.Tasks
}

// points are those of one round: all kinds in turn for each size, then for the
// round trip.
func (p Plan) points() []point {
	var points []point
	for _, size := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(p.Threads, p.Tasks)))) {
		for _, kind := range p.Kinds {
			if slices.Contains(p.sizes(kind), size) {
				points = append(points, point{kind: kind, tasks: size})
			}
		}
	}
	for _, kind := range p.Kinds {
		if traits[kind].pins {
			points = append(points, point{kind: kind, cpus: onOneCPU})
		}
		points = append(points, point{kind: kind, cpus: onAnyCPU})
	}
	return points
}

// tasks measures all points, round after round.
func (r *run) tasks(ctx context.Context) error {
	for round := 1; round <= r.Rounds; round++ {
		for _, p := range r.points() {
			if reason := r.hopeless(p); reason != "" {
				r.skip(p, reason)
				continue
			}
			if round > 1 && r.Longest > 0 && time.Since(r.began)+r.lately(p.name()) > r.Longest {
				continue
			}
			r.show(Progress{round, r.Rounds, string(p.kind) + ", " + p.what(), r.left(round, p.name())})
			began := time.Now()
			err := r.measure(ctx, p)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.spent[p.name()] = append(r.spent[p.name()], time.Since(began))
			if err != nil {
				r.skip(p, reasonOf(err))
			}
			if err := r.keep(r.results); err != nil {
				return err
			}
		}
	}
	return nil
}

// what says in words what is measured.
func (p point) what() string {
	switch {
	case p.tasks > 0:
		return thousands(float64(p.tasks)) + " tasks"
	case p.cpus == onOneCPU:
		return "round trip on one CPU"
	}
	return "round trip"
}

// hopeless says why a point need not be tried; empty if it should be.
func (r *run) hopeless(p point) string {
	if skip := r.results.skip(p); skip != nil {
		return skip.Reason
	}
	if p.tasks == 0 {
		return ""
	}
	if p.kind.Thread() {
		// Where the kernel tells no limits, the point is tried.
		limits, _ := r.host.Limits()
		for _, limit := range limits {
			if limit.Value <= int64(p.tasks) && (traits[p.kind].mapped || !strings.HasPrefix(limit.Name, "max_map_count")) {
				return fmt.Sprintf("%s: kernel limit %s is %s", notTried, limit.Name, thousands(float64(limit.Value)))
			}
		}
	}
	sizes := r.sizes(p.kind)
	at := slices.Index(sizes, p.tasks)
	if at == 0 {
		return ""
	}
	smaller := point{kind: p.kind, tasks: sizes[at-1]}
	if skip := r.results.skip(smaller); skip != nil {
		were := "were "
		if skip.Why() == failed {
			were = ""
		}
		return fmt.Sprintf("%s: %s tasks %s%s", notTried, thousands(float64(smaller.tasks)), were, skip.Why())
	}
	need := r.results.of(smaller, unitUsed).Max * float64(p.tasks)
	if available, err := r.host.Memory(); err == nil && need*1.2 > float64(available) {
		return fmt.Sprintf("%s: would take about %s, and %s of memory is available", notTried, bytesOf(need), bytesOf(float64(available)))
	}
	return ""
}

// skip notes why a point is not measured. A kind that is missing is noted once.
func (r *run) skip(p point, reason string) {
	name := p.name()
	if strings.HasPrefix(reason, missing+":") {
		name = parkName + "/kind=" + slug(p.kind)
	}
	if !slices.ContainsFunc(r.results.Skips, func(s Skip) bool { return s.Name == name }) {
		r.results.Skips = append(r.results.Skips, Skip{name, reason})
	}
}

// reasonOf is the reason of a skip for an error.
func reasonOf(err error) string {
	var none probe.Missing
	var no probe.Refused
	word, said := failed, err.Error()
	switch {
	case errors.As(err, &none):
		word, said = missing, none.Reason
	case errors.As(err, &no) && no.Made > 0:
		word, said = refused, fmt.Sprintf("after %s: %s", thousands(float64(no.Made)), no.Why)
	case errors.As(err, &no):
		word, said = refused, no.Why
	}
	return word + ": " + strings.Join(strings.Fields(said), " ")
}

// measure measures a point in a process of its own, and adds its line.
func (r *run) measure(ctx context.Context, p point) error {
	limited, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it took more than %v", patience))
	defer cancel()
	var options probe.Options
	if p.cpus == onOneCPU {
		options.Args = []string{"-pinned"}
	}
	process, err := r.host.Start(limited, p.kind, options)
	if err != nil {
		return causeOr(limited, err)
	}
	defer process.Close()
	line := Line{Package: thisPackage, Name: p.name()}
	if p.tasks > 0 {
		line.Iterations = 1
		line.Values, err = park(limited, process, p)
	} else {
		line.Iterations = traits[p.kind].trips
		line.Values, err = roundTrip(limited, process, line.Iterations)
	}
	if err != nil {
		return causeOr(limited, err)
	}
	r.results.Set("runtime-"+strings.ToLower(slug(p.kind)), process.Version())
	r.results.Lines = append(r.results.Lines, line)
	return nil
}

// causeOr is why ctx ended, or err if it did not.
func causeOr(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// park lets tasks wait, wakes them and checks their sum.
func park(ctx context.Context, process Process, p point) ([]Value, error) {
	parked, err := process.Park(ctx, p.tasks)
	if err != nil {
		return nil, err
	}
	sum, woken, err := process.Wake(ctx)
	if err != nil {
		return nil, err
	}
	if sum != p.tasks {
		return nil, fmt.Errorf("%d tasks that add one made %d", p.tasks, sum)
	}
	memory := p.kind.Memory(parked)
	values := []Value{
		{rounded(memory.Used()), unitUsed},
		{rounded(float64(parked.Start) / float64(p.tasks)), unitStart},
		{rounded(float64(woken) / float64(p.tasks)), unitWake},
		{rounded(memory.Resident), unitResident},
		{rounded(memory.PageTables), unitPageTables},
		{rounded(memory.Reserved), unitReserved},
		{float64(parked.After.Threads), unitThreads},
	}
	if p.kind.Thread() {
		values = append(values, Value{rounded(memory.KernelStack), unitKernel})
	}
	return values, nil
}

// roundTrip measures after a quarter of the trips, in which compilers and
// caches settle.
func roundTrip(ctx context.Context, process Process, trips int) ([]Value, error) {
	if _, err := process.RoundTrip(ctx, trips/4); err != nil {
		return nil, err
	}
	took, err := process.RoundTrip(ctx, trips)
	if err != nil {
		return nil, err
	}
	return []Value{{float64(took), unitTime}}, nil
}

// rounded cuts digits off that no measurement here has.
func rounded(number float64) float64 { return math.Round(number*10) / 10 }

// expected is how long a point takes on some machine.
func expected(p point) time.Duration {
	t := traits[p.kind]
	if p.tasks == 0 {
		return t.begin + 500*time.Millisecond
	}
	return t.begin + time.Duration(p.tasks)*t.typical
}

// lately is how long a step took when it was taken last.
func (r *run) lately(name string) time.Duration {
	times := r.spent[name]
	if len(times) == 0 {
		return 0
	}
	return times[len(times)-1]
}

// left estimates the time from the named step of a round to the end: what the
// same steps took lately, or what is expected of them, in the measure in which
// the others differed from that.
func (r *run) left(round int, name string) time.Duration {
	var spent, typical time.Duration
	for step, times := range r.spent {
		for _, t := range times {
			spent, typical = spent+t, typical+r.typical[step]
		}
	}
	factor := 1.0
	if typical > 0 {
		factor = float64(spent) / float64(typical)
	}
	// sum is of what is left of this round, and of the rounds after it.
	sum := func(steps []string) (this, later time.Duration) {
		at := max(slices.Index(steps, name), 0)
		for i, step := range steps {
			took := r.lately(step)
			if took == 0 {
				took = time.Duration(float64(r.typical[step]) * factor)
			}
			if i >= at {
				this += took
			}
			later += time.Duration(r.Rounds-round) * took
		}
		return this, later
	}
	var steps, packages []string
	for _, p := range r.points() {
		if r.hopeless(p) == "" {
			steps = append(steps, p.name())
		}
	}
	for _, b := range r.Benchmarks {
		packages = append(packages, b.Package)
	}
	if slices.Contains(packages, name) {
		this, later := sum(packages)
		return this + later
	}
	this, later := sum(steps)
	if r.Longest > 0 {
		later = min(later, max(0, r.Longest-time.Since(r.began)-this))
	}
	for _, b := range r.Benchmarks {
		later += time.Duration(r.Rounds) * b.Typical
	}
	return this + later
}

// benchmarks runs those of the topics, round after round. A package that fails
// is left, and the others go on.
func (r *run) benchmarks(ctx context.Context) error {
	compiled := map[string]BenchmarkFunc{}
	broken := map[string]error{}
	for round := 1; round <= r.Rounds; round++ {
		for _, b := range r.Benchmarks {
			if broken[b.Package] != nil {
				continue
			}
			r.show(Progress{round, r.Rounds, "benchmarks of " + b.Package, r.left(round, b.Package)})
			once, err := compiled[b.Package], error(nil)
			if once == nil {
				once, err = r.host.Compile(ctx, b.Package)
				compiled[b.Package] = once
			}
			began := time.Now()
			var lines []Line
			if err == nil {
				lines, err = once(ctx, b.Pattern, r.BenchTime)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				broken[b.Package] = err
				continue
			}
			r.spent[b.Package] = append(r.spent[b.Package], time.Since(began))
			r.results.Lines = append(r.results.Lines, lines...)
			if err := r.keep(r.results); err != nil {
				return err
			}
		}
	}
	return errors.Join(slices.Collect(maps.Values(broken))...)
}
