package platform

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Limits of a process.
const (
	grace      = 15 * time.Second       // to stop
	firstPause = 100 * time.Millisecond // before it is started again
	maxPause   = 5 * time.Second
	healthy    = 10 * time.Second // after so long the pause is the first one again
)

// asProcess runs a part as a process of its own, and again when it dies, until ctx
// ends. It is this program with the part's name.
func asProcess(ctx context.Context, p part, stderr io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	// The kernel looks at the thread that started the process, not at the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pause := firstPause
	for {
		cmd := exec.CommandContext(ctx, program, append([]string{p.name, "-addr", p.addr}, p.args...)...)
		cmd.Stderr = stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = grace
		dieWithParent(cmd)
		began := time.Now()
		err := cmd.Start()
		if err == nil {
			fmt.Fprintf(stderr, "platform: %s is process %d\n", p.name, cmd.Process.Pid)
			err = cmd.Wait()
		}
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > healthy {
			pause = firstPause
		}
		fmt.Fprintf(stderr, "platform: %s ended (%v); starting it again in %v\n", p.name, err, pause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}
