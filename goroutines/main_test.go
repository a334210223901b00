package goroutines_test

import (
	"log"
	"os"
	"testing"

	"go.uber.org/goleak"

	"gonotes/internal/probe"
)

// builder builds the programs of package probe, each once for all tests.
var builder *probe.Builder

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gonotes-goroutines-")
	if err != nil {
		log.Fatal(err)
	}
	builder = probe.NewBuilder(dir)
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := os.RemoveAll(dir); err != nil {
			log.Print(err)
		}
		os.Exit(code)
	}))
}
