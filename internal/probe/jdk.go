package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// jdk is an installed Java, which is a kit only if it has a compiler.
type jdk struct {
	home    string
	version string // "25.0.1"
	feature int    // 25
}

func (j jdk) tool(name string) (string, error) {
	return exec.LookPath(filepath.Join(j.home, "bin", name))
}

// jdkFrom builds with the newest kit that is at least of this version, and if
// that fails with the next.
func jdkFrom(feature int) func(context.Context, string) (program, error) {
	return func(ctx context.Context, dir string) (program, error) {
		var tooLittle []string // what there is and will not do
		var failed []error
		for _, kit := range jdks(ctx) {
			javac, err := kit.tool("javac")
			switch {
			case err != nil:
				tooLittle = append(tooLittle, kit.version+" without a compiler")
				continue
			case kit.feature < feature:
				tooLittle = append(tooLittle, kit.version)
				continue
			}
			java, err := kit.tool("java")
			if err == nil {
				_, err = run(ctx, dir, nil, javac, "-d", dir, "Tasks.java")
			}
			if err != nil {
				failed = append(failed, err)
				continue
			}
			// What the machine has to say goes to standard output unless told otherwise.
			return program{path: java, before: []string{"-Xshare:auto", "-Xlog:disable", "-Xlog:all=warning:stderr"}, after: []string{"-cp", dir, "Tasks"}}, nil
		}
		if len(failed) > 0 {
			return program{}, errors.Join(failed...)
		}
		reason := fmt.Sprintf("tool: no JDK %d or later", feature)
		if len(tooLittle) > 0 {
			reason += " (only " + strings.Join(tooLittle, ", ") + ")"
		}
		return program{}, Missing{reason}
	}
}

// jdkFolders are the usual ones of Linux and macOS.
var jdkFolders = []string{"/usr/lib/jvm/*", "/usr/java/*", "/opt/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home"}

// jdks are the installed ones, the newest first: that of JAVA_HOME, that of the
// java command and those in the usual folders.
func jdks(ctx context.Context) []jdk {
	homes := []string{os.Getenv("JAVA_HOME"), javaHome(ctx)}
	for _, pattern := range jdkFolders {
		found, _ := filepath.Glob(pattern)
		homes = append(homes, found...)
	}
	var all []jdk
	for _, home := range homes {
		if home == "" {
			continue
		}
		if real, err := filepath.EvalSymlinks(home); err == nil {
			home = real
		}
		known := slices.ContainsFunc(all, func(j jdk) bool { return j.home == home })
		if j, ok := readRelease(home); ok && !known {
			all = append(all, j)
		}
	}
	slices.SortStableFunc(all, func(a, b jdk) int { return cmp.Compare(b.feature, a.feature) })
	return all
}

// javaHome is where the java command of PATH comes from, which may be a script.
func javaHome(ctx context.Context) string {
	path, err := exec.LookPath("java")
	if err != nil {
		return ""
	}
	output, err := exec.CommandContext(ctx, path, "-XshowSettings:properties", "-version").CombinedOutput()
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(output)) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), " = "); name == "java.home" {
			return value
		}
	}
	return ""
}

var javaVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="((?:1\.)?(\d+)[^"]*)"`)

// readRelease reads the file in which every Java says what it is.
func readRelease(home string) (jdk, bool) {
	text, err := os.ReadFile(filepath.Join(home, "release"))
	if err != nil {
		return jdk{}, false
	}
	match := javaVersion.FindSubmatch(text)
	if match == nil {
		return jdk{}, false
	}
	feature, err := strconv.Atoi(string(match[2]))
	return jdk{home, string(match[1]), feature}, err == nil
}
