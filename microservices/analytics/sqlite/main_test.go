package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is the writer of TestFile_killed where that test starts it as a process.
func TestMain(m *testing.M) {
	if path := os.Getenv(writerPath); path != "" {
		fmt.Fprintln(os.Stderr, write(context.Background(), path))
		return
	}
	goleak.VerifyTestMain(m)
}
