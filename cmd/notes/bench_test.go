package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/bench"
	"gonotes/internal/ledger"
	"gonotes/internal/probe"
)

// Measurements of a file are printed and drawn, and the file is left alone.
func TestBench_from(t *testing.T) {
	dir := t.TempDir()
	const from = "../../bench/testdata/full.txt"
	before, err := os.ReadFile(from)
	require.NoError(t, err)
	code, stdout, stderr := notesIn(t, "../..", nil, "bench", "-from", from, "-o", dir)
	require.Equal(t, exitOK, code, stderr)
	for _, want := range []string{
		"Go locked thread", "refused", "Median (least to most) of up to 3 rounds on AMD EPYC, 2 cores, linux/amd64 6.18.0",
		"not tried at 100,000 and 1,000,000: Go locked thread, C pthread", "goroutines Channels_share/", "plots: 10 files in " + dir,
		"go tool benchstat -col /kind " + from,
	} {
		assert.Contains(t, stdout, want)
	}
	assert.FileExists(t, filepath.Join(dir, "memory.svg"))
	assert.NoFileExists(t, filepath.Join(dir, benchFile))
	after, err := os.ReadFile(from)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

// A command line that makes no sense is refused with what is wrong.
func TestBench_usage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"goroutines"}, `bench takes no arguments, got ["goroutines"]`},
		{[]string{"-fast"}, "bench: flag provided but not defined: -fast"},
		{[]string{"-full", "-from", "x"}, "bench: -full measures and -from does not"},
		{[]string{"x", "-full"}, "flag -full stands after an id"},
	} {
		code, _, stderr := notesIn(t, "../..", nil, append([]string{"bench"}, test.args...)...)
		assert.Equal(t, exitUsage, code, test.args)
		assert.Contains(t, stderr, test.want)
	}
	code, stdout, _ := notesIn(t, "../..", nil, "bench", "-h")
	assert.Equal(t, exitOK, code)
	assert.Contains(t, stdout, "usage: notes bench [FLAGS]")
	assert.Contains(t, stdout, "-from")
}

// A file that holds no measurements is named, with the line that is wrong.
func TestBench_badFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "results.txt")
	code, _, stderr := notesIn(t, "../..", nil, "bench", "-from", name)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, name+": no such file")

	require.NoError(t, os.WriteFile(name, []byte("goos: linux\nBenchmarkPark 1 many B/op\n"), 0o600))
	code, _, stderr = notesIn(t, "../..", nil, "bench", "-from", name)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, name+`: line 2: BenchmarkPark: "many" is no number`)
}

// process is a task program that only answers.
type process struct{}

func (process) Version() string { return "made up" }

func (process) Park(_ context.Context, tasks int) (probe.Parked, error) {
	return probe.Parked{Tasks: tasks, After: probe.Usage{Resident: 2752 * int64(tasks)}, Start: time.Second}, nil
}

func (process) Wake(context.Context) (int, time.Duration, error) { return 10, time.Second, nil }

func (process) RoundTrip(context.Context, int) (time.Duration, error) { return 248, nil }

func (process) Close() error { return nil }

// compared runs a comparison of made-up tasks, in which start is called before
// each process.
func compared(ctx context.Context, dir string, start func(kind probe.Kind) error) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	a := &app{root: dir, getenv: noEnv, stdout: &out, stderr: &errs}
	plan := bench.Plan{Kinds: []probe.Kind{probe.Goroutine, probe.TokioTask}, Tasks: []int{10}, Rounds: 2}
	err = a.compare(ctx, plan, bench.Host{
		Start: func(_ context.Context, kind probe.Kind, _ probe.Options) (bench.Process, error) {
			return process{}, start(kind)
		},
	}, settings(ledger.Machine{OS: "linux", Arch: "amd64", CPU: "Abacus", Cores: 2}, "go1.26.8", time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC), "quick", "notes bench"), dir)
	return out.String(), errs.String(), err
}

// What was measured is written with the machine and the kinds that are missing.
func TestBench_compare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	stdout, stderr, err := compared(t.Context(), dir, func(kind probe.Kind) error {
		if kind == probe.TokioTask {
			return probe.Missing{Reason: "tool: no cargo"}
		}
		return nil
	})
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(dir, benchFile))
	require.NoError(t, err)
	assert.Contains(t, string(text), "goos: linux\ngoarch: amd64\ncpu: Abacus\ncores: 2\ngo: go1.26.8\ndate: 2026-11-24\nmode: quick\ncommand: notes bench\nruntime-go-goroutine: made up\n--- SKIP: BenchmarkPark/kind=Rust-tokio-task missing: tool: no cargo\n\npkg: gonotes/bench\nBenchmarkPark/tasks=10/kind=Go-goroutine 1 2752 B/task ")
	assert.Equal(t, 2, strings.Count(string(text), "\nBenchmarkRoundTrip/cpus=any/kind=Go-goroutine "))
	assert.Contains(t, stdout, "missing: Rust tokio task (tool: no cargo)")
	assert.FileExists(t, filepath.Join(dir, "memory.png"))
	assert.NoFileExists(t, filepath.Join(dir, benchFile+".new"))
	assert.Contains(t, stderr, "round 2 of 2, tasks: about ")
}

// Ctrl-C keeps what was measured, and before that the file of an earlier run.
func TestBench_interrupted(t *testing.T) {
	for _, test := range []struct {
		name       string
		before     int // processes that start before Ctrl-C
		said, file string
	}{
		{"at once", 0, "interrupted before the first measurement; ", "earlier"},
		{"later", 3, "interrupted; 3 measurements are kept in ", "goos: linux\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, benchFile)
			require.NoError(t, os.WriteFile(name, []byte("earlier"), 0o600))
			ctx, cancel := context.WithCancel(t.Context())
			started := 0
			stdout, stderr, err := compared(ctx, dir, func(probe.Kind) error {
				if started++; started > test.before {
					cancel()
					return errors.New("the process was closed")
				}
				return nil
			})
			assert.ErrorIs(t, err, context.Canceled, "which is exit code 130")
			assert.Contains(t, stderr, "notes: "+test.said)
			assert.Contains(t, stderr, name)
			assert.Empty(t, stdout)
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(string(text), test.file), "%s", text)
			if test.before > 0 {
				results, err := readResults(name)
				require.NoError(t, err)
				assert.Len(t, results.Lines, test.before)
				assert.Empty(t, results.Skips)
			}
		})
	}
}

// With nothing to measure, the reasons are told.
func TestBench_nothing(t *testing.T) {
	dir := t.TempDir()
	_, stderr, err := compared(t.Context(), dir, func(probe.Kind) error { return probe.Missing{Reason: "platform: no /proc"} })
	assert.ErrorContains(t, err, "nothing could be measured")
	assert.Contains(t, stderr, "notes: missing: Go goroutine, Rust tokio task (platform: no /proc)")
	assert.NoFileExists(t, filepath.Join(dir, benchFile))
}

// Measurements that cannot be written end the run with the reason.
func TestBench_notWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, _, err := compared(t.Context(), filepath.Join(file, "folder"), func(probe.Kind) error { return nil })
	assert.ErrorContains(t, err, "not a directory")
}
