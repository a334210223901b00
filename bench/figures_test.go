package bench

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"

	"gonotes/internal/probe"
)

// All plots are written as SVG and PNG, in fonts that have fallbacks.
func TestDraw(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	names, err := sample(t).Draw(dir)
	require.NoError(t, err)
	var base []string
	for _, name := range names {
		base = append(base, filepath.Base(name))
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		if filepath.Ext(name) == ".png" {
			config, err := png.DecodeConfig(bytes.NewReader(content))
			require.NoError(t, err)
			assert.Equal(t, 8*dotsPerInch, config.Width)
			continue
		}
		assert.Contains(t, string(content), "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")
		assert.Contains(t, string(content), "AMD EPYC, 2 cores, linux/amd64 6.18.0, go1.26.8, 2026-11-24.")
		assert.Contains(t, string(content), "log scale")
	}
	assert.Equal(t, []string{"memory.svg", "memory.png", "start.svg", "start.png", "roundtrip.svg", "roundtrip.png",
		"memorykinds.svg", "memorykinds.png", "sync.svg", "sync.png"}, base)
}

// drawn draws each figure as SVG and returns them by name.
func drawn(t *testing.T, r Results) map[string]string {
	t.Helper()
	figures := map[string]string{}
	for _, f := range r.figures() {
		canvas := vgsvg.New(figureWidth, f.height)
		f.draw(canvas)
		var text bytes.Buffer
		_, err := canvas.WriteTo(&text)
		require.NoError(t, err)
		for _, bad := range []string{"NaN", "Inf"} {
			assert.NotContains(t, text.String(), bad, f.name)
		}
		figures[f.name] = text.String()
	}
	return figures
}

// Any part of the results can be drawn: one kind, one line, nothing but skips.
func TestDraw_parts(t *testing.T) {
	all := sample(t)
	parts := map[string]Results{
		"nothing": {},
		"skips":   {Skips: all.Skips},
	}
	for _, kind := range probe.Kinds {
		part := Results{Settings: all.Settings, Lines: slices.DeleteFunc(slices.Clone(all.Lines), func(l Line) bool { return !strings.HasSuffix(l.Name, "kind="+slug(kind)) })}
		require.NotEmpty(t, part.Lines)
		parts[string(kind)] = part
	}
	for _, line := range all.Lines[:24] {
		parts[line.Name] = Results{Lines: []Line{line}}
	}
	for _, zero := range []float64{0, -8, 0.1, 1, 1e12} {
		parts["of "+three(zero)] = Results{Lines: []Line{{thisPackage, "BenchmarkPark/tasks=1/kind=C-pthread", 1, []Value{{zero, unitUsed}, {zero, unitStart}, {zero, unitReserved}}},
			{thisPackage, "BenchmarkRoundTrip/cpus=any/kind=C-pthread", 1, []Value{{zero, unitTime}}},
			{"gonotes/goroutines", "BenchmarkChannels", 1, []Value{{zero, unitTime}}}}}
	}
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			figures := drawn(t, part)
			if len(part.Lines) == 0 {
				assert.Empty(t, figures)
			}
			assert.NotContains(t, part.Markdown(), "NaN")
		})
	}
	assert.Contains(t, drawn(t, parts[string(probe.Pthread)])["roundtrip"], "on one CPU")
	assert.NotContains(t, drawn(t, parts[string(probe.Pthread)])["memory"], "stackless", "nothing to tell apart")
	assert.Contains(t, drawn(t, all)["memory"], "stackless")
	assert.Contains(t, drawn(t, all)["memory"], "Refused at 10,000: Go locked thread")
}

// Labels are moved apart, and no further than that takes.
func TestApart(t *testing.T) {
	for _, test := range []struct{ in, want []vg.Length }{
		{nil, nil},
		{[]vg.Length{5}, []vg.Length{5}},
		{[]vg.Length{0, 30}, []vg.Length{0, 30}},
		{[]vg.Length{10, 10}, []vg.Length{5, 15}},
		{[]vg.Length{10, 10, 10}, []vg.Length{0, 10, 20}},
		{[]vg.Length{0, 8, 16, 50}, []vg.Length{-2, 8, 18, 50}},
	} {
		assert.Equal(t, test.want, apart(test.in, 10), "%v", test.in)
	}
}

// Every benchmark that is drawn is one of package goroutines.
func TestOperationNames(t *testing.T) {
	files, err := filepath.Glob("../goroutines/*_test.go")
	require.NoError(t, err)
	var sources strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		sources.Write(text)
	}
	for name := range operationNames {
		assert.Contains(t, sources.String(), "\nfunc Benchmark"+name+"(b *testing.B)")
		assert.Regexp(t, telling, "Benchmark"+name)
	}
}

// What a benchmark compares stands first.
func TestInWords(t *testing.T) {
	for in, want := range map[string]string{"cases=2/impl=select": "select, cases 2", "impl=channel": "channel", "reads=9%/impl=syncmap": "sync.Map, reads 9%", "": "", "fast": "fast"} {
		assert.Equal(t, want, inWords(in))
	}
}
