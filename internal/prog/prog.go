// Package prog builds and runs the programs that a test cannot be: those that
// deadlock, crash, race, overflow or must have a process of their own. They lie
// in testdata, are built apart from the test and run with a limit of time.
package prog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The exit codes with which Go's runtime ends a process.
const (
	ExitFatal = 2  // a panic, a deadlock or another fatal error
	ExitRace  = 66 // the race detector found a data race
	Killed    = -1 // a signal ended it, such as the limit's
)

// NoCompiler is what a build with C, or with the race detector, needs and did
// not find. Its text is a reason for a proof that is not run.
type NoCompiler struct{ Names []string }

func (e NoCompiler) Error() string {
	return "tool: no C compiler (" + strings.Join(e.Names, ", ") + ")"
}

// Build compiles the Go program in the folder dir into a new file of the folder
// into and returns its path. It is built without cgo, for the runtime detects a
// deadlock only then, and with the variables of env, such as GOEXPERIMENT=NAME.
func Build(ctx context.Context, dir, into string, env ...string) (string, error) {
	return build(ctx, dir, into, append(env, "CGO_ENABLED=0"))
}

// BuildRace is [Build] with the race detector, which needs cgo: without a C
// compiler the error is a [NoCompiler].
func BuildRace(ctx context.Context, dir, into string) (string, error) {
	if _, err := CCompiler(); err != nil {
		return "", err
	}
	return build(ctx, dir, into, []string{"CGO_ENABLED=1"}, "-race")
}

// BuildCgo is [Build] for a program that calls C. Without a C compiler the error
// is a [NoCompiler].
func BuildCgo(ctx context.Context, dir, into string) (string, error) {
	if _, err := CCompiler(); err != nil {
		return "", err
	}
	return build(ctx, dir, into, []string{"CGO_ENABLED=1"})
}

func build(ctx context.Context, dir, into string, env []string, flags ...string) (string, error) {
	file, err := os.CreateTemp(into, filepath.Base(dir)+"-*.exe")
	if err != nil {
		return "", err
	}
	path := file.Name()
	if err := file.Close(); err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", path}, flags...), ".")...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", dir, err, output)
	}
	return path, nil
}

// CCompiler is the path of the C compiler that cgo would use: the one that CC
// names, else gcc, else clang, else cc.
func CCompiler() (string, error) {
	names := []string{"gcc", "clang", "cc"}
	if cc := strings.Fields(os.Getenv("CC")); len(cc) > 0 {
		names = cc[:1]
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", NoCompiler{names}
}

// Result is how a program ended.
type Result struct {
	Code   int  // exit code, or Killed
	Hung   bool // it was still running when its time was up
	Stdout string
	Stderr string
	Took   time.Duration // wall clock
}

// Run runs the program at path with these variables added to its environment,
// for no longer than limit. That it exits with a code other than 0 or is killed
// by the limit is a result; that it cannot be started, or that ctx was
// cancelled, is an error.
func Run(ctx context.Context, limit time.Duration, env []string, path string, args ...string) (Result, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(limited, path, args...)
	command.Env = append(os.Environ(), env...)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.WaitDelay = time.Second // for those that inherited its pipes
	start := time.Now()
	err := command.Run()
	result := Result{Stdout: stdout.String(), Stderr: stderr.String(), Took: time.Since(start)}
	if ctx.Err() != nil {
		return result, fmt.Errorf("run %s: %w", path, ctx.Err())
	}
	if command.ProcessState == nil {
		return result, fmt.Errorf("run %s: %w", path, err)
	}
	result.Code = command.ProcessState.ExitCode()
	result.Hung = errors.Is(limited.Err(), context.DeadlineExceeded) && result.Code == Killed
	return result, nil
}

// Ended is a check that a program ended by itself with this code, and that its
// standard error contains said, which may be empty.
func Ended(code int, said string) func(Result) error {
	return func(r Result) error {
		switch {
		case r.Hung:
			return fmt.Errorf("hung, and was killed after %v", r.Took.Round(time.Millisecond))
		case r.Code != code:
			return fmt.Errorf("exit code %d, want %d%s", r.Code, code, firstLines(r.Stderr))
		case !strings.Contains(r.Stderr, said):
			return fmt.Errorf("exit code %d, but standard error does not say %q%s", r.Code, said, firstLines(r.Stderr))
		}
		return nil
	}
}

// firstLines is the beginning of what a program said, for an error in one line.
func firstLines(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	lines = lines[:min(len(lines), 3)]
	if len(lines) == 0 {
		return ""
	}
	return ": " + strings.Join(lines, " | ")
}
