package exchange_test

import (
	"log"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package when a test leaves a goroutine behind. With childEnv set,
// the test binary is a market that its parent kills.
func TestMain(m *testing.M) {
	if directory := os.Getenv(childEnv); directory != "" {
		if err := child(directory, os.Getenv(acknowledgeEnv) == "early", os.Stdin, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
