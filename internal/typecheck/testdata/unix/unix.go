// Package unix compiles where there are signals.
package unix

import "syscall"

func Stop(pid int) error { return syscall.Kill(pid, syscall.SIGSTOP) }
