package goroutines_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/goroutines"
	"gonotes/internal/claim"
)

// quota is a control group whose processes may use so many CPUs. Its tasks join
// by writing to the file that is returned.
func quota(t *testing.T, cpus int) (join string, err error) {
	t.Helper()
	const period = 100_000 // µs
	root, file, text := "/sys/fs/cgroup", "cpu.max", fmt.Sprintf("%d %d", cpus*period, period)
	if _, err := os.Stat("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"); err == nil { // version 1
		root, file, text = "/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", strconv.Itoa(cpus*period)
	}
	dir, err := os.MkdirTemp(root, "gonotes-")
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { require.NoError(t, os.Remove(dir)) })
	return filepath.Join(dir, "cgroup.procs"), os.WriteFile(filepath.Join(dir, file), []byte(text), 0)
}

// Since Go 1.25 GOMAXPROCS is no more than the CPU quota of the control group,
// but at least 2; before, it was the number of processors.
func TestMultiplexed_gomaxprocs(t *testing.T) {
	proof := claim.Prove(t, goroutines.Multiplexed, claim.AtMost(2))
	if n := runtime.NumCPU(); n < 3 {
		proof.NotRun("platform: %d processors, and GOMAXPROCS is 2 at least; a quota shows only where there are more", n)
	}
	join, err := quota(t, 2)
	if err != nil {
		proof.NotRun("platform: no control group with a CPU quota can be made: %v", err)
	}
	path := built(t, "testdata/gomaxprocs")
	inGroup := func(godebug string) claim.Figure {
		result := runner(t, "sh", "GODEBUG="+godebug, "GOMAXPROCS=")("-c", `echo $$ > "$0" && exec "$1"`, join, path)
		return claim.Figure{Name: "GOMAXPROCS under a quota of two", Value: printed(t, result)[0], Unit: "threads"}
	}
	proof.Holds("a process in a control group", inGroup(""))
	proof.Control("the same with GODEBUG=containermaxprocs=0", inGroup("containermaxprocs=0"), "want at most 2")
}
