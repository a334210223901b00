//go:build unix

package everywhere

import (
	"syscall"
	"testing"
)

func TestStop(*testing.T) { _ = syscall.SIGSTOP }
