package probe

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"gonotes/internal/prog"
)

//go:embed testdata
var sources embed.FS

// Builder builds the programs into one folder, each once. It is safe for
// concurrent use.
type Builder struct {
	dir   string
	mu    sync.Mutex
	built map[Kind]*built
}

type built struct {
	sync.Mutex
	program *program
	missing error // a Missing, which does not change either
}

// NewBuilder returns a builder that keeps what it builds in the folder dir.
func NewBuilder(dir string) *Builder { return &Builder{dir: dir, built: map[Kind]*built{}} }

// program is a built program and how it is run.
type program struct {
	dir    string // all that was built is in it
	path   string
	before []string // arguments before those of the caller
	after  []string // and after them
	env    []string
}

// moved is the program after its folder was copied.
func (p program) moved(dir string) program {
	move := func(s string) string { return strings.ReplaceAll(s, p.dir, dir) }
	moved := program{dir: dir, path: move(p.path), env: p.env}
	for _, arg := range p.before {
		moved.before = append(moved.before, move(arg))
	}
	for _, arg := range p.after {
		moved.after = append(moved.after, move(arg))
	}
	return moved
}

// recipe is how the program of a kind is built.
type recipe struct {
	source string // file or folder of testdata
	build  func(ctx context.Context, dir string) (program, error)
	before []string
	after  []string
}

var recipes = map[Kind]recipe{
	Goroutine:    {source: "go", build: buildGo},
	LockedThread: {source: "go", build: buildGo, before: []string{"-wait=locked", "-start=lockedexit"}},
	Pthread:      {source: "tasks.c", build: buildC},
	JavaPlatform: {source: "Tasks.java", build: jdkFrom(11), after: []string{"platform"}},
	JavaVirtual:  {source: "Tasks.java", build: jdkFrom(21), after: []string{"virtual"}},
	RustThread:   {source: "threads.rs", build: buildRust},
	TokioTask:    {source: "tokio", build: buildTokio},
	AsyncioTask:  {source: "tasks.py", build: findPython},
	NodePromise:  {source: "tasks.js", build: findNode},
}

// build returns the program of kind, ready to be run.
func (b *Builder) build(ctx context.Context, kind Kind) (program, error) {
	recipe, ok := recipes[kind]
	if !ok {
		return program{}, fmt.Errorf("unknown kind %q", kind)
	}
	b.mu.Lock()
	if kind == LockedThread {
		kind = Goroutine // the same program
	}
	entry := b.built[kind]
	if entry == nil {
		entry = &built{}
		b.built[kind] = entry
	}
	b.mu.Unlock()

	entry.Lock()
	defer entry.Unlock()
	if entry.missing != nil {
		return program{}, entry.missing
	}
	if entry.program == nil {
		p, err := recipe.make(ctx, filepath.Join(b.dir, strings.ReplaceAll(string(kind), " ", "-")))
		if err != nil {
			if _, ok := errors.AsType[Missing](err); ok {
				entry.missing = err
			}
			return program{}, err
		}
		entry.program = &p
	}
	p := *entry.program
	p.before = slices.Concat(p.before, recipe.before)
	p.after = slices.Concat(p.after, recipe.after)
	return p, nil
}

// make writes the source into the folder dir and builds it there.
func (r recipe) make(ctx context.Context, dir string) (program, error) {
	from := "testdata/" + r.source
	err := fs.WalkDir(sources, from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := sources.ReadFile(path)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(path, from)))
		if path == from {
			file = filepath.Join(dir, r.source)
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, text, 0o644)
	})
	if err != nil {
		return program{}, err
	}
	p, err := r.build(ctx, dir)
	p.dir = dir
	return p, err
}

// find is the path of the first of these commands that is there.
func find(what string, names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", Missing{"tool: no " + what + " (" + strings.Join(names, ", ") + ")"}
}

// run runs a compiler in the folder dir and returns what it prints.
func run(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output)), nil
}

// buildGo builds it without cgo, as it needs no C compiler then. After a
// collection that saw deep stacks new ones start deeper, so that is switched off.
func buildGo(ctx context.Context, dir string) (program, error) {
	command, err := find("Go command", "go")
	if err != nil {
		return program{}, err
	}
	// It is not in testdata, for then it would not be embedded.
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module tasks\n\ngo 1.26\n"), 0o644); err != nil {
		return program{}, err
	}
	path := filepath.Join(dir, "tasks.exe")
	env := []string{"CGO_ENABLED=0", "GO111MODULE=on", "GOWORK=off", "GOFLAGS="}
	if _, err := run(ctx, dir, env, command, "build", "-o", path, "."); err != nil {
		return program{}, err
	}
	return program{path: path, env: []string{"GODEBUG=adaptivestackstart=0"}}, nil
}

func buildC(ctx context.Context, dir string) (program, error) {
	compiler, err := prog.CCompiler()
	if err != nil {
		return program{}, Missing{err.Error()}
	}
	path := filepath.Join(dir, "tasks.exe")
	_, err = run(ctx, dir, nil, compiler, "-O2", "-pthread", "-o", path, "tasks.c")
	return program{path: path}, err
}

func buildRust(ctx context.Context, dir string) (program, error) {
	compiler, err := find("Rust compiler", "rustc")
	if err != nil {
		return program{}, err
	}
	version, err := runs(ctx, dir, compiler, "--version")
	if err != nil {
		return program{}, err
	}
	path := filepath.Join(dir, "tasks.exe")
	_, err = run(ctx, dir, nil, compiler, "--edition=2021", "-O", "-o", path, "threads.rs")
	return program{path: path, env: []string{"RUSTC_VERSION=" + strings.Replace(version, "rustc", "Rust", 1)}}, err
}

// buildTokio lets cargo get the newest tokio, which it keeps, and build it. No
// version is pinned, for a version that its authors take back can be had no more.
func buildTokio(ctx context.Context, dir string) (program, error) {
	cargo, err := find("Rust package manager", "cargo")
	if err != nil {
		return program{}, err
	}
	if _, err := runs(ctx, dir, cargo, "fetch"); err != nil {
		return program{}, err
	}
	target := filepath.Join(dir, "target")
	if _, err := run(ctx, dir, nil, cargo, "build", "--release", "--offline", "--target-dir", target); err != nil {
		return program{}, err
	}
	binary := "tasks"
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	path := filepath.Join(dir, "tasks.exe")
	if err := os.Rename(filepath.Join(target, "release", binary), path); err != nil {
		return program{}, err
	}
	lock, err := os.ReadFile(filepath.Join(dir, "Cargo.lock"))
	if err != nil {
		return program{}, err
	}
	version := "tokio"
	if match := tokioVersion.FindSubmatch(lock); match != nil {
		version += " " + string(match[1])
	}
	return program{path: path, env: []string{"TOKIO_VERSION=" + version}}, os.RemoveAll(target)
}

var tokioVersion = regexp.MustCompile(`name = "tokio"\s+version = "([^"]*)"`)

func findPython(ctx context.Context, dir string) (program, error) {
	python, err := find("Python 3", "python3", "python")
	if err != nil {
		return program{}, err
	}
	_, err = runs(ctx, dir, python, "-c", "import asyncio, sys; sys.exit(sys.version_info < (3, 7))")
	return program{path: python, before: []string{filepath.Join(dir, "tasks.py")}}, err
}

func findNode(ctx context.Context, dir string) (program, error) {
	node, err := find("Node", "node", "nodejs")
	if err != nil {
		return program{}, err
	}
	_, err = runs(ctx, dir, node, "--version")
	return program{path: node, before: []string{filepath.Join(dir, "tasks.js")}}, err
}

// runs is run of a tool that may be there and yet not work, such as one whose
// manager was never told which version to use. Then it is missing.
func runs(ctx context.Context, dir, name string, args ...string) (string, error) {
	output, err := run(ctx, dir, nil, name, args...)
	if err != nil && ctx.Err() == nil {
		return "", Missing{"tool: " + strings.Join(strings.Fields(err.Error()), " ")}
	}
	return output, err
}
