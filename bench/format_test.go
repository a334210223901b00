package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/probe"
)

// sample is made up: all kinds, three rounds.
func sample(t *testing.T) Results {
	t.Helper()
	file, err := os.Open("testdata/full.txt")
	require.NoError(t, err)
	defer file.Close()
	results, err := Read(file)
	require.NoError(t, err)
	return results
}

// What was written is read back as it was.
func TestRead_written(t *testing.T) {
	want := sample(t)
	require.Len(t, want.kinds(), 9)
	require.NotEmpty(t, want.Skips)
	var text bytes.Buffer
	n, err := want.WriteTo(&text)
	require.NoError(t, err)
	assert.EqualValues(t, text.Len(), n)
	got, err := Read(&text)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// What go test -bench prints is read, too, with its package.
func TestRead_goTest(t *testing.T) {
	got, err := Read(strings.NewReader("goos: linux\npkg: gonotes/runes\ncpu: AMD EPYC\nBenchmarkDecode/impl=range-2   \t 100\t 5.5 ns/op\t 3 B/op\nPASS\nok  \tgonotes/runes\t1.2s\n"))
	require.NoError(t, err)
	assert.Equal(t, []Line{{"gonotes/runes", "BenchmarkDecode/impl=range-2", 100, []Value{{5.5, "ns/op"}, {3, "B/op"}}}}, got.Lines)
	assert.Equal(t, "AMD EPYC", got.Setting("cpu"))
	assert.Empty(t, got.Setting("pkg"))
}

// A line that makes no sense is named by its number and by what is wrong.
func TestRead_wrong(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"nothing", "goos: linux\n", "no benchmark in it"},
		{"another file", "goos: linux\n{\"a\": 1}\n", `line 2: "{\"a\": 1}" is no line of the Go benchmark format`},
		{"no number", "\nBenchmarkA 1 x ns/op\n", `line 2: BenchmarkA: "x" is no number`},
		{"NaN", "BenchmarkA 1 NaN ns/op\n", `line 1: BenchmarkA: "NaN" is no number`},
		{"infinite", "BenchmarkA 1 +Inf ns/op\n", `line 1: BenchmarkA: "+Inf" is no number`},
		{"too large", "BenchmarkA 1 1e999 ns/op\n", `line 1: BenchmarkA: "1e999" is no number`},
		{"no unit", "BenchmarkA 1 5\n", "line 1: BenchmarkA: want a name, a count and pairs of number and unit, got 3 fields"},
		{"no measurement", "BenchmarkA 1\n", "got 2 fields"},
		{"no count", "BenchmarkA many 5 ns/op\n", `line 1: BenchmarkA: "many" is no count of iterations`},
		{"count of 0", "BenchmarkA 0 5 ns/op\n", `"0" is no count of iterations`},
		{"unknown kind", "pkg: gonotes/bench\nBenchmarkPark/tasks=1/kind=Fibre 1 5 B/task\n", `line 2: BenchmarkPark/tasks=1/kind=Fibre: "Fibre" is no kind of task`},
		{"no kind", "pkg: gonotes/bench\nBenchmarkRoundTrip/cpus=any 1 5 ns/op\n", `line 2: BenchmarkRoundTrip/cpus=any: "" is no kind of task`},
		{"tasks", "pkg: gonotes/bench\nBenchmarkPark/tasks=-1/kind=C-pthread 1 5 B/task\n", `line 2: BenchmarkPark/tasks=-1/kind=C-pthread: "-1" is no number of tasks`},
		{"skip of an unknown kind", "--- SKIP: BenchmarkPark/kind=Fibre missing: tool\n", `line 1: BenchmarkPark/kind=Fibre: "Fibre" is no kind of task`},
		{"skip without a reason", "--- SKIP: BenchmarkPark/kind=C-pthread\n", "line 1: BenchmarkPark/kind=C-pthread is skipped without a reason"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(test.in))
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// Benchstat compares the kinds by the file alone.
func TestWriteTo_benchstat(t *testing.T) {
	name := filepath.Join(t.TempDir(), "results.txt")
	var text bytes.Buffer
	results := sample(t)
	_, err := results.WriteTo(&text)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, text.Bytes(), 0o600))
	output, err := exec.CommandContext(t.Context(), "go", "tool", "benchstat", "-format", "csv", "-filter", "/kind:(Go-goroutine OR C-pthread)", "-col", "/kind", name).CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Regexp(t, `(?m)^,Go-goroutine,,C-pthread,`, string(output))
	used := func(kind probe.Kind) float64 { return results.of(point{kind: kind, tasks: 10_000}, unitUsed).Median }
	assert.Contains(t, string(output), fmt.Sprintf("\nPark/tasks=10000,%v,∞,%v,∞,", used(probe.Goroutine), used(probe.Pthread)), "bytes a task")
	assert.Regexp(t, `(?m)^RoundTrip/cpus=any,`, string(output))
	assert.NotContains(t, string(output), "syntax error")
}
