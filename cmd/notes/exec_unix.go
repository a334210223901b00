//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"time"
)

// endWithGroup makes a command the head of a process group that is interrupted
// as a whole when its context ends, so that tests and their children end too.
func endWithGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGINT) }
	command.WaitDelay = 2 * time.Second
}

// killGroup ends what is left of the group of a command that has ended.
func killGroup(command *exec.Cmd) {
	if command.Process != nil {
		// The group is usually empty by now, which is an error of no interest.
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
	}
}
