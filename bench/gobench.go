package bench

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// telling are the benchmarks of goroutines that the quick plan runs: what
// handing over costs, and starting.
const telling = "Channels|SelectFair|[Pp]ool"

// compile compiles the tests of a package, such as "./goroutines", of the module
// in root into the folder dir.
func compile(ctx context.Context, root, dir, pkg string) (BenchmarkFunc, error) {
	binary, err := filepath.Abs(filepath.Join(dir, path.Base(pkg)+".test.exe"))
	if err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, pkg)
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go test -c %s: %w\n%s", pkg, err, bytes.TrimSpace(output))
	}
	return func(ctx context.Context, pattern string, benchTime time.Duration) ([]Line, error) {
		command := exec.CommandContext(ctx, binary, "-test.run=^$", "-test.bench="+pattern, "-test.benchtime="+benchTime.String())
		command.Dir = filepath.Join(root, filepath.FromSlash(pkg))
		command.WaitDelay = time.Second
		output, err := command.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("benchmarks of %s: %w\n%s", pkg, err, bytes.TrimSpace(output))
		}
		// Benchmarks may log, which is no line of the format.
		var lines []Line
		name := ""
		for text := range strings.Lines(string(output)) {
			if value, found := strings.CutPrefix(text, "pkg: "); found {
				name = strings.TrimSpace(value)
			}
			if fields := strings.Fields(text); len(fields) > 1 && strings.HasPrefix(text, "Benchmark") {
				line, err := parseLine(text)
				if err != nil {
					return nil, fmt.Errorf("benchmarks of %s: %w", pkg, err)
				}
				line.Package = name
				lines = append(lines, line)
			}
		}
		return lines, nil
	}, nil
}
