package microservices_test

import (
	"os"
	"testing"
)

// roleEnv makes the test binary something else: what a proof runs as a process of its
// own, so that it can be killed or looked at. Its arguments are those of the process.
const roleEnv = "GONOTES_ROLE"

// roles are what it can be. The file of the proof that needs one adds it, in init.
var roles = map[string]func(){}

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv(roleEnv)]; ok {
		role()
		return
	}
	os.Exit(m.Run())
}
