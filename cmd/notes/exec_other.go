//go:build !unix

package main

import (
	"os/exec"
	"time"
)

// endWithGroup bounds how long a command may hold on after its context ends.
func endWithGroup(command *exec.Cmd) { command.WaitDelay = 2 * time.Second }

// killGroup does nothing: there are no process groups here.
func killGroup(*exec.Cmd) {}
