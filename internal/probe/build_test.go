package probe

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Without tools every kind is missing, and the reason says what.
func TestStart_withoutTools(t *testing.T) {
	for _, name := range []string{"PATH", "JAVA_HOME", "CC"} {
		t.Setenv(name, "")
	}
	noJDKs(t)
	want := map[Kind]string{
		Goroutine:    "tool: no Go command (go)",
		LockedThread: "tool: no Go command (go)",
		Pthread:      "tool: no C compiler (gcc, clang, cc)",
		JavaPlatform: "tool: no JDK 11 or later",
		JavaVirtual:  "tool: no JDK 21 or later",
		RustThread:   "tool: no Rust compiler (rustc)",
		TokioTask:    "tool: no Rust package manager (cargo)",
		AsyncioTask:  "tool: no Python 3 (python3, python)",
		NodePromise:  "tool: no Node (node, nodejs)",
	}
	b := NewBuilder(t.TempDir())
	for _, kind := range Kinds {
		for range 2 {
			_, err := b.Start(t.Context(), kind, Options{})
			assert.Equal(t, Missing{want[kind]}, err)
		}
	}
}

// A JDK that is too old or has no compiler is named in the reason.
func TestStart_oldJDK(t *testing.T) {
	t.Setenv("PATH", "")
	dir := noJDKs(t)
	t.Setenv("JAVA_HOME", install(t, dir, "a", "1.8.0_392", "javac", "java"))
	install(t, dir, "b", "17.0.15", "javac", "java")
	install(t, dir, "c", "21.0.1", "java")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "d"), 0o755))
	_, err := NewBuilder(t.TempDir()).Start(t.Context(), JavaVirtual, Options{})
	assert.Equal(t, Missing{"tool: no JDK 21 or later (only 21.0.1 without a compiler, 17.0.15, 1.8.0_392)"}, err)
}

// Of several JDKs the newest one is asked first, and another if that fails.
func TestJDKs_newestFirst(t *testing.T) {
	t.Setenv("PATH", "")
	dir := noJDKs(t)
	t.Setenv("JAVA_HOME", install(t, dir, "old", "17.0.15"))
	install(t, dir, "broken", "25.0.3")
	install(t, dir, "eight", "1.8.0_392")
	var got []string
	for _, kit := range jdks(t.Context()) {
		got = append(got, kit.version)
	}
	assert.Equal(t, []string{"25.0.3", "17.0.15", "1.8.0_392"}, got)
}

// A tool that is there and does not work is missing.
func TestStart_brokenTool(t *testing.T) {
	onlyOnLinux(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "node"), []byte("#!/bin/sh\necho no version chosen\nexit 1\n"), 0o755))
	t.Setenv("PATH", dir)
	_, err := NewBuilder(t.TempDir()).Start(t.Context(), NodePromise, Options{})
	assert.Equal(t, Missing{"tool: node --version: exit status 1 no version chosen"}, err)
}

// A failed build is an error with the compiler's words, and not a missing tool.
func TestStart_failedBuild(t *testing.T) {
	t.Setenv("GOFLAGS", "-n") // is not heeded
	t.Setenv("GOARCH", "abacus")
	_, err := NewBuilder(t.TempDir()).Start(t.Context(), Goroutine, Options{})
	assert.ErrorContains(t, err, "go build")
	assert.ErrorContains(t, err, "abacus")
	assert.NotErrorAs(t, err, new(Missing))
}

// Several may start programs at once, and each is built once.
func TestBuilder_concurrent(t *testing.T) {
	b := NewBuilder(t.TempDir())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			p, err := b.Start(t.Context(), []Kind{Goroutine, LockedThread}[i%2], Options{})
			if assert.NoError(t, err) {
				assert.NoError(t, p.Close())
			}
		})
	}
	all.Wait()
	assert.Len(t, b.built, 1)
}

// noJDKs lets no JDK be found but those installed in the folder it returns.
func noJDKs(t *testing.T) string {
	dir := t.TempDir()
	before := jdkFolders
	jdkFolders = []string{filepath.Join(dir, "*")}
	t.Cleanup(func() { jdkFolders = before })
	return dir
}

// install pretends to install a Java of this version with these tools.
func install(t *testing.T, dir, name, version string, tools ...string) (home string) {
	home = filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Join(home, "bin"), 0o755))
	release := "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(home, "release"), []byte(release), 0o644))
	for _, tool := range tools {
		require.NoError(t, os.WriteFile(filepath.Join(home, "bin", tool), []byte("#!/bin/sh\nexit 1\n"), 0o755))
	}
	return home
}
