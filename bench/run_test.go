package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/probe"
)

// fake is a process whose tasks take a byte more for each that was started.
type fake struct {
	*machine
	kind  probe.Kind
	tasks int
}

// machine makes fakes, and keeps what was asked of them.
type machine struct {
	asked  []string
	open   int
	limits []probe.NamedLimit
	memory int64
	fail   map[string]error // by what is asked
	wrong  string           // what is asked and answered wrongly
	hang   string           // and what never answers
	takes  time.Duration    // for each of the rest
}

func (m *machine) ask(ctx context.Context, what string) error {
	m.asked = append(m.asked, what)
	if what == m.hang {
		<-ctx.Done()
		return errors.New("the process was closed")
	}
	time.Sleep(m.takes)
	if ctx.Err() != nil {
		return errors.New("the process was closed")
	}
	return m.fail[what]
}

func (f *fake) Version() string { return "fake " + string(f.kind) }

func (f *fake) Park(ctx context.Context, tasks int) (probe.Parked, error) {
	f.tasks = tasks
	n := int64(tasks)
	return probe.Parked{Tasks: tasks, After: probe.Usage{Resident: 3000 * n, KernelStack: 16384 * n, PageTables: 5 * n, Reserved: 8 << 20, Threads: 4}, Start: time.Duration(tasks) * 1500},
		f.ask(ctx, fmt.Sprintf("%s %d", f.kind, tasks))
}

func (f *fake) Wake(context.Context) (int, time.Duration, error) {
	if fmt.Sprintf("%s %d", f.kind, f.tasks) == f.wrong {
		return f.tasks - 1, time.Second, nil
	}
	return f.tasks, time.Duration(f.tasks) * 300, nil
}

func (f *fake) RoundTrip(ctx context.Context, trips int) (time.Duration, error) {
	return 250, f.ask(ctx, fmt.Sprintf("%s trips", f.kind))
}

func (f *fake) Close() error { f.open--; return nil }

func (m *machine) host() Host {
	return Host{
		Start: func(_ context.Context, kind probe.Kind, options probe.Options) (Process, error) {
			if err := m.fail[string(kind)]; err != nil {
				return nil, err
			}
			m.open++
			if len(options.Args) > 0 {
				m.asked = append(m.asked, fmt.Sprint(kind, " ", options.Args))
			}
			return &fake{machine: m, kind: kind}, nil
		},
		Limits: func() ([]probe.NamedLimit, error) { return m.limits, nil },
		Memory: func() (int64, error) { return m.memory, nil },
		Compile: func(_ context.Context, pkg string) (BenchmarkFunc, error) {
			if err := m.fail[pkg]; err != nil {
				return nil, err
			}
			return func(_ context.Context, pattern string, _ time.Duration) ([]Line, error) {
				return []Line{{"gonotes/" + filepath.Base(pkg), "Benchmark" + pattern, 1, []Value{{5, unitTime}}}}, nil
			}, nil
		},
	}
}

func small() Plan {
	return Plan{Kinds: []probe.Kind{probe.Goroutine, probe.Pthread}, Threads: []int{10, 1000}, Tasks: []int{100, 1000}, Rounds: 2,
		Benchmarks: []Benchmarks{{"./runes", "Decode", time.Second}}}
}

func (m *machine) run(t *testing.T, p Plan) Results {
	t.Helper()
	kept := 0
	results, err := p.Run(t.Context(), m.host(), []Setting{{"goos", "linux"}}, func(p Progress) {
		assert.GreaterOrEqual(t, p.Left, time.Duration(0), "%+v", p)
	}, func(r Results) error { kept = len(r.Lines); return nil })
	require.NoError(t, err)
	assert.Len(t, results.Lines, kept, "all was kept")
	assert.Zero(t, m.open, "all processes are closed")
	return results
}

// The rounds go over the kinds in turn, each point in a process of its own.
func TestRun(t *testing.T) {
	m := &machine{memory: 1 << 40}
	results := m.run(t, small())
	round := []string{"C pthread 10", "Go goroutine 100", "Go goroutine 1000", "C pthread 1000", "Go goroutine trips", "Go goroutine trips",
		"C pthread [-pinned]", "C pthread trips", "C pthread trips", "C pthread trips", "C pthread trips"}
	assert.Equal(t, slices.Concat(round, round), m.asked)
	assert.Empty(t, results.Skips)
	assert.Equal(t, Spread{3005, 3005, 3005, 2}, results.of(point{kind: probe.Goroutine, tasks: 1000}, unitUsed), "no kernel stack")
	assert.Equal(t, Spread{19389, 19389, 19389, 2}, results.of(point{kind: probe.Pthread, tasks: 1000}, unitUsed))
	assert.Equal(t, 1500.0, results.of(point{kind: probe.Goroutine, tasks: 100}, unitStart).Median)
	assert.Equal(t, 300.0, results.of(point{kind: probe.Goroutine, tasks: 100}, unitWake).Median)
	assert.Equal(t, 2, results.of(point{kind: probe.Pthread, cpus: onOneCPU}, unitTime).Rounds)
	assert.Equal(t, "fake C pthread", results.Setting("runtime-c-pthread"))
	assert.Equal(t, "linux", results.Setting("goos"))
	assert.Equal(t, 2, results.Of("gonotes/runes", "BenchmarkDecode", unitTime).Rounds)
}

// What cannot be measured is skipped with its reason, the rest is measured.
func TestRun_skips(t *testing.T) {
	m := &machine{
		memory: 3005 * 1000,
		limits: []probe.NamedLimit{{Name: "max_map_count/2", Value: 900}, {Name: "pid_max", Value: 1000}},
		fail: map[string]error{
			string(probe.TokioTask):     probe.Missing{Reason: "tool: no cargo"},
			"Node promise 100":          probe.Refused{Asked: 100, Made: 7, Why: "out of\nmemory"},
			"Java virtual thread trips": errors.New("it said nothing"),
		},
		wrong: "Python asyncio task 100",
	}
	p := small()
	p.Kinds = []probe.Kind{probe.Goroutine, probe.LockedThread, probe.Pthread, probe.JavaVirtual, probe.TokioTask, probe.AsyncioTask, probe.NodePromise}
	results := m.run(t, p)
	const memory = "not tried: would take about 3.00 MB, and 3.00 MB of memory is available"
	assert.ElementsMatch(t, []Skip{
		{"BenchmarkPark/kind=Rust-tokio-task", "missing: tool: no cargo"},
		{"BenchmarkPark/tasks=100/kind=Python-asyncio-task", "failed: 100 tasks that add one made 99"},
		{"BenchmarkPark/tasks=1000/kind=Python-asyncio-task", "not tried: 100 tasks failed"},
		{"BenchmarkPark/tasks=100/kind=Node-promise", "refused: after 7: out of memory"},
		{"BenchmarkPark/tasks=1000/kind=Node-promise", "not tried: 100 tasks were refused"},
		{"BenchmarkPark/tasks=1000/kind=Go-goroutine", memory},
		{"BenchmarkPark/tasks=1000/kind=Java-virtual-thread", memory},
		{"BenchmarkPark/tasks=1000/kind=Go-locked-thread", "not tried: kernel limit pid_max is 1,000"},
		{"BenchmarkPark/tasks=1000/kind=C-pthread", "not tried: kernel limit max_map_count/2 is 900"},
		{"BenchmarkRoundTrip/cpus=any/kind=Java-virtual-thread", "failed: it said nothing"},
	}, results.Skips)
	assert.Zero(t, results.of(point{kind: probe.AsyncioTask, tasks: 100}, unitUsed).Rounds, "a wrong sum measures nothing")
	assert.Equal(t, 2, results.of(point{kind: probe.LockedThread, tasks: 10}, unitUsed).Rounds)
	assert.Equal(t, 2, results.of(point{kind: probe.NodePromise, cpus: onAnyCPU}, unitTime).Rounds)
	assert.Equal(t, 1, strings.Count(strings.Join(m.asked, "\n"), "Node promise 100"), "not tried again")

	assert.Equal(t, "refused: no more", reasonOf(probe.Refused{Made: -1, Why: "no more"}))
}

// After the first round, what would end too late is left out.
func TestRun_longest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{memory: 1 << 40, takes: time.Second}
		p := small()
		p.Rounds = 5
		p.Longest = 13 * time.Second // a round takes ten
		results := m.run(t, p)
		assert.Equal(t, 2, results.of(point{kind: probe.Pthread, tasks: 10}, unitUsed).Rounds)
		assert.Equal(t, 2, results.of(point{kind: probe.Goroutine, tasks: 1000}, unitUsed).Rounds)
		assert.Equal(t, 1, results.of(point{kind: probe.Goroutine, cpus: onAnyCPU}, unitTime).Rounds)
	})
}

// The estimate of what is left comes true when every step takes as long as the
// one before.
func TestRun_left(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{memory: 1 << 40, takes: time.Second}
		p := small()
		p.Kinds, p.Benchmarks, p.Rounds = []probe.Kind{probe.Goroutine}, nil, 3
		var left []time.Duration
		_, err := p.Run(t.Context(), m.host(), nil, func(p Progress) { left = append(left, p.Left) }, func(Results) error { return nil })
		require.NoError(t, err)
		require.Len(t, left, 9)
		// Three steps of one, one and two seconds; known from the second round on.
		assert.Equal(t, []time.Duration{8 * time.Second, 7 * time.Second, 6 * time.Second, 4 * time.Second, 3 * time.Second, 2 * time.Second}, left[3:])
	})
}

// A process that does not answer is given up.
func TestRun_hangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{memory: 1 << 40, hang: "Go goroutine 100"}
		began := time.Now()
		results := m.run(t, small())
		assert.Equal(t, patience, time.Since(began), "it is not tried again")
		assert.Contains(t, results.Skips, Skip{"BenchmarkPark/tasks=100/kind=Go-goroutine", "failed: it took more than 3m0s"})
		assert.Equal(t, 2, results.of(point{kind: probe.Pthread, tasks: 10}, unitUsed).Rounds)
	})
}

// When it is interrupted, what was measured is there, and the point that was
// under way is no failure.
func TestRun_interrupted(t *testing.T) {
	for _, at := range []string{"Go goroutine 1000", "C pthread trips"} {
		m := &machine{memory: 1 << 40, hang: at}
		ctx, cancel := context.WithCancel(t.Context())
		kept := 0
		results, err := small().Run(ctx, m.host(), nil, func(p Progress) {
			if what := m.asked; len(what) > 0 && (p.What == "Go goroutine, 1,000 tasks" || p.What == "C pthread, round trip on one CPU") {
				cancel()
			}
		}, func(r Results) error { kept = len(r.Lines); return nil })
		assert.ErrorIs(t, err, context.Canceled)
		assert.Len(t, results.Lines, 2, "the first two points")
		assert.Equal(t, 2, kept)
		assert.Empty(t, results.Skips)
		assert.Zero(t, m.open)
	}
}

// A package whose benchmarks do not compile is named, and the others are run.
func TestRun_broken(t *testing.T) {
	m := &machine{memory: 1 << 40, fail: map[string]error{"./closures": errors.New("go test -c ./closures: undefined: x")}}
	p := small()
	p.Benchmarks = []Benchmarks{{"./closures", ".", 0}, {"./runes", ".", 0}}
	results, err := p.Run(t.Context(), m.host(), nil, func(Progress) {}, func(Results) error { return nil })
	assert.ErrorContains(t, err, "undefined: x")
	assert.Equal(t, 2, results.Of("gonotes/runes", "Benchmark.", unitTime).Rounds)
}

// What cannot be kept ends the run.
func TestRun_notKept(t *testing.T) {
	full := errors.New("no space left on device")
	m := &machine{memory: 1 << 40}
	_, err := small().Run(t.Context(), m.host(), nil, func(Progress) {}, func(Results) error { return full })
	assert.ErrorIs(t, err, full)
	assert.Len(t, m.asked, 1)
}

// The benchmarks of a package run by their pattern; what they log is passed
// over, and one that fails is named.
func TestCompile(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module m\n\ngo 1.26\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(root, "p"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "p/p_test.go"), []byte(`package p

import "testing"

func BenchmarkGood(b *testing.B) {
	b.Run("impl=one", func(b *testing.B) { b.Log("logged"); for b.Loop() {} })
}

func BenchmarkBad(b *testing.B) { b.Fatal("broken") }
`), 0o600))
	once, err := compile(t.Context(), root, t.TempDir(), "./p")
	require.NoError(t, err)
	lines, err := once(t.Context(), "Good", time.Microsecond)
	require.NoError(t, err)
	require.Len(t, lines, 1)
	assert.Equal(t, "m/p", lines[0].Package)
	assert.Regexp(t, `^BenchmarkGood/impl=one(-\d+)?$`, lines[0].Name)
	assert.Equal(t, unitTime, lines[0].Values[0].Unit)

	_, err = once(t.Context(), ".", time.Microsecond)
	assert.ErrorContains(t, err, "benchmarks of ./p: exit status 1")
	assert.ErrorContains(t, err, "broken")

	_, err = compile(t.Context(), root, t.TempDir(), "./q")
	assert.ErrorContains(t, err, "go test -c ./q")
}

// Goroutines of this machine are measured with what Go has.
func TestMachine(t *testing.T) {
	p := Plan{Kinds: []probe.Kind{probe.Goroutine}, Tasks: []int{20_000}, Rounds: 1}
	results, err := p.Run(t.Context(), Machine("..", t.TempDir()), nil, func(Progress) {}, func(Results) error { return nil })
	require.NoError(t, err)
	if runtime.GOOS != "linux" {
		require.NotEmpty(t, results.Skips)
		t.Skip(results.Skips[0].Reason)
	}
	require.Empty(t, results.Skips)
	used := results.of(point{kind: probe.Goroutine, tasks: 20_000}, unitUsed)
	assert.Greater(t, used.Median, 2048.0)
	assert.Less(t, used.Median, 8192.0)
	assert.Positive(t, results.of(point{kind: probe.Goroutine, cpus: onAnyCPU}, unitTime).Median)
}
