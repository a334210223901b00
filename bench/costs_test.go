package bench

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(t *testing.T, lines ...string) Results {
	t.Helper()
	results, err := Read(strings.NewReader("goos: linux\ncpu: Abacus\ncores: 2\ndate: 2026-11-24\nruntime-go-goroutine: Go 1.26.8\n" + strings.Join(lines, "\n") + "\n"))
	require.NoError(t, err)
	return results
}

const missingTokio = "--- SKIP: BenchmarkPark/kind=Rust-tokio-task missing: tool: no cargo"

// The table holds medians with their spread, and says what was not measured.
func TestCosts(t *testing.T) {
	results := read(t, missingTokio,
		"--- SKIP: BenchmarkPark/tasks=100000/kind=C-pthread refused: after 32,451: Resource temporarily unavailable",
		"pkg: gonotes/bench",
		"BenchmarkPark/tasks=10000/kind=Go-goroutine 1 2700 B/task 900 start-ns/task",
		"BenchmarkPark/tasks=10000/kind=Go-goroutine 1 2800 B/task 1500 start-ns/task",
		"BenchmarkPark/tasks=10000/kind=Go-goroutine 1 2760 B/task 1200 start-ns/task",
		"BenchmarkPark/tasks=100000/kind=Go-goroutine 1 2750 B/task 1000 start-ns/task",
		"BenchmarkPark/tasks=10000/kind=C-pthread 1 29000 B/task 25000 start-ns/task",
		"BenchmarkRoundTrip/cpus=any/kind=Go-goroutine 1 248 ns/op",
		"BenchmarkRoundTrip/cpus=one/kind=C-pthread 1 6500 ns/op",
		"BenchmarkRoundTrip/cpus=one/kind=C-pthread 1 7500 ns/op",
	)
	assert.Equal(t, [][]string{
		{"kind", "bytes a task, 10,000", "bytes a task, 100,000", "start of a task", "round trip of two", "both on one CPU"},
		{"Go goroutine", "2,760 (2,700 to 2,800)", "2,750", "1.00 µs at 100,000", "248 ns", ""},
		{"C pthread", "29,000", "refused", "25.0 µs at 10,000", "-", "7.00 µs (6.50 to 7.50)"},
		{"Rust tokio task, stackless", "missing", "missing", "missing", "missing", ""},
	}, results.Costs())
	assert.Equal(t, []string{
		"missing: Rust tokio task (tool: no cargo)",
		"refused at 100,000: C pthread (after 32,451: Resource temporarily unavailable)",
	}, results.Absent())

	text := results.Markdown()
	assert.Contains(t, text, "| kind | bytes a task, 10,000 | ")
	assert.Contains(t, text, "\n|---|---:|---:|---:|---:|---:|\n")
	assert.Contains(t, text, "| Go goroutine | 2,760 (2,700 to 2,800) | 2,750 | 1.00 µs at 100,000 | 248 ns |  |\n")
	assert.Contains(t, text, "Median (least to most) of up to 3 rounds on Abacus, 2 cores, linux, 2026-11-24.")
	assert.Contains(t, text, "Runtimes: Go 1.26.8.")
	assert.Contains(t, text, "\nNot measured:\n\n- missing: Rust tokio task (tool: no cargo)\n- refused at 100,000")
}

// The unit of the spread is left out only where it is that of the median.
func TestWithin(t *testing.T) {
	assert.Equal(t, " (900 ns to 1.50 µs)", within(Spread{1200, 900, 1500, 3}, timeOf))
	assert.Equal(t, " (1.10 to 1.50)", within(Spread{1200, 1100, 1500, 3}, timeOf))
	assert.Empty(t, within(Spread{1200, 1200, 1200, 3}, timeOf))
}

// Kinds that were skipped for one reason at the same sizes share a sentence.
func TestAbsent(t *testing.T) {
	const limit = " not tried: kernel limit pid_max is 32,768"
	results := read(t,
		"--- SKIP: BenchmarkPark/tasks=100000/kind=C-pthread"+limit,
		"--- SKIP: BenchmarkPark/tasks=100000/kind=Rust-std-thread"+limit,
		"--- SKIP: BenchmarkPark/tasks=1000000/kind=C-pthread"+limit,
		"--- SKIP: BenchmarkPark/tasks=1000000/kind=Rust-std-thread"+limit,
		"--- SKIP: BenchmarkPark/tasks=1000000/kind=Go-locked-thread"+limit,
		"--- SKIP: BenchmarkRoundTrip/cpus=one/kind=C-pthread failed: it took more than 3m0s",
		missingTokio)
	assert.Equal(t, []string{
		"missing: Rust tokio task (tool: no cargo)",
		"not tried at 1,000,000: Go locked thread (kernel limit pid_max is 32,768)",
		"not tried at 100,000 and 1,000,000: C pthread, Rust std thread (kernel limit pid_max is 32,768)",
		"failed in the round trip on one CPU: C pthread (it took more than 3m0s)",
	}, results.Absent())
}

// The benchmarks of the topics keep their order, with the time of an operation.
func TestOperations(t *testing.T) {
	results := read(t, "pkg: gonotes/goroutines",
		"BenchmarkSelectFair/cases=2/impl=select-2 100 60 ns/op 0 B/op",
		"BenchmarkChannels_handover/impl=mutex-2 100 20 ns/op",
		"BenchmarkSelectFair/cases=2/impl=select-2 100 80 ns/op 0 B/op",
		"BenchmarkNoTime-2 100 3 allocs/op")
	assert.Equal(t, [][]string{
		{"goroutines SelectFair/cases=2/impl=select-2", "70.0 ns", "60.0 to 80.0"},
		{"goroutines Channels_handover/impl=mutex-2", "20.0 ns", ""},
	}, results.Operations())
}
