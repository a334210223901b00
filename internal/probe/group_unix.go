//go:build unix

package probe

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup lets the command run in a process group of its own, so that what it
// starts ends with it.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

func killGroup(process *os.Process) { _ = syscall.Kill(-process.Pid, syscall.SIGKILL) }
