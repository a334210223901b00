//go:build !linux

package probe

import "os/exec"

// cage is what confines a process, which can be done on Linux only.
type cage struct{}

func newCage(limit Limit) (*cage, error) {
	if limit != (Limit{}) {
		return nil, Missing{"platform: the threads of one process are limited on Linux only"}
	}
	return &cage{}, nil
}

func (*cage) admit(p program) (program, error) { return p, nil }
func (*cage) start(command *exec.Cmd) error    { return command.Start() }
func (*cage) remove() error                    { return nil }
