package tested

import (
	"syscall"
	"testing"
)

func TestStop(*testing.T) { _ = syscall.SIGSTOP }
