package probe

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// fakeEnv makes the test binary a program that keeps the protocol badly.
const fakeEnv = "GONOTES_PROBE_FAKE"

func TestMain(m *testing.M) {
	if what, ok := strings.CutPrefix(os.Getenv(fakeEnv), "say:"); ok {
		fake(what)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if b, err := shared(); err == nil {
			_ = os.RemoveAll(b.dir)
		}
		os.Exit(code)
	}))
}

// fake prints the lines of what, one for each command, the first at once. Some
// lines are something to do instead.
func fake(what string) {
	for line := range strings.SplitSeq(what, "\n") {
		switch line {
		case "SILENCE":
			time.Sleep(time.Hour)
		case "EXIT":
			os.Exit(0)
		case "DIE":
			fmt.Fprintln(os.Stderr, "\nout of luck\nand more")
			os.Exit(3)
		case "CHILD":
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), fakeEnv+"=say:SILENCE")
			if err := child.Start(); err != nil {
				panic(err)
			}
			fmt.Println("ready", child.Process.Pid)
		default:
			fmt.Println(line)
		}
		if _, err := fmt.Scanln(new(string), new(int)); err != nil && err.Error() == "EOF" {
			return
		}
	}
}

// faked starts such a program instead of the one for goroutines.
func faked(t *testing.T, lines ...string) (*Process, error) {
	t.Helper()
	b := NewBuilder(t.TempDir())
	b.built[Goroutine] = &built{program: &program{path: os.Args[0], env: []string{fakeEnv + "=say:" + strings.Join(lines, "\n")}}}
	p, err := b.Start(t.Context(), Goroutine, Options{})
	if err == nil {
		t.Cleanup(func() { _ = p.Close() })
	}
	return p, err
}
