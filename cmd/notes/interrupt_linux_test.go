package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Ctrl-C ends the go command, the test and the children of the test, even
// those that ignore it, and says which claims were left.
func TestVerify_interrupted(t *testing.T) {
	dir := numbers(t, `proof.Holds("two", 2)`, `signal.Ignore(os.Interrupt)
	child := exec.Command("sleep", "300")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("pids", fmt.Appendf(nil, "%d %d %d.", os.Getppid(), os.Getpid(), child.Process.Pid), 0o600); err != nil {
		t.Fatal(err)
	}
	proof.Holds("two", 2)
	select {}`, `"fmt"`, `"fmt"
	"os"
	"os/exec"
	"os/signal"`)
	ctx, cancel := context.WithCancel(t.Context())
	var pids string
	go func() {
		defer cancel()
		for ctx.Err() == nil && !strings.HasSuffix(pids, ".") {
			time.Sleep(10 * time.Millisecond)
			text, _ := os.ReadFile(filepath.Join(dir, "numbers", "pids"))
			pids = string(text)
		}
	}()
	code, stdout, stderr := notesUntil(ctx, dir, nil, "verify")
	assert.Equal(t, exitInterrupted, code, stdout)
	assert.Contains(t, stderr, "notes: interrupted; 0 of 2 claims were proved, report/ledger.json is left as it was; not run to the end:\n   all of them\n")
	assert.NotContains(t, stderr, "fail")
	assert.NoFileExists(t, filepath.Join(dir, ledgerFile))
	require.NotEmpty(t, pids, "the test never began")
	for pid := range strings.FieldsSeq(strings.TrimSuffix(pids, ".")) {
		assert.Eventually(t, func() bool { return ended(pid) }, 10*time.Second, 10*time.Millisecond, "process %s lives on", pid)
	}
}

// ended tells whether a process is gone, or a zombie that nobody has reaped.
func ended(pid string) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%s/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}
