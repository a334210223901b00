package platform

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel kill the process when the one that started it is gone,
// however that ended: it would else hold ports and files that the next one needs. Ctrl-C
// in a terminal reaches the parent only, which ends its processes in order.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
