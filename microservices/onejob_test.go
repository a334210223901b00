package microservices_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/microservices"
)

// program is what a command is built from.
type program struct {
	packages []string // all of them
	jobs     []string // the packages among them that are a service
}

func (p program) Figures() []claim.Figure {
	return []claim.Figure{
		{Name: "services in the program", Value: float64(len(p.jobs)), Unit: "services"},
		{Name: "packages in the program", Value: float64(len(p.packages)), Unit: "packages"},
	}
}

// The program of a service holds one service; that of the monolith, built from the same
// packages, all of them.
func TestOneJob(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		claim.Prove(t, microservices.OneJob, func(program) error { return nil }).NotRun("tool: go is not in the path")
	}
	proof := claim.Prove(t, microservices.OneJob, func(p program) error {
		if len(p.jobs) != 1 {
			return fmt.Errorf("it holds %d services, %s", len(p.jobs), strings.Join(p.jobs, ", "))
		}
		return nil
	})
	for _, name := range []string{"config", "collector", "aggregator", "insights", "bus"} {
		proof.Holds(name, programOf(t, name))
	}
	proof.Control("the platform as one program", programOf(t, "platform"), "it holds 5 services, aggregator, broker, collector, config, insights")
	proof.Control("a program that only sends events", programOf(t, "load"), "it holds 0 services")
}

func programOf(t *testing.T, command string) (p program) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "gonotes/microservices/cmd/"+command).Output()
	require.NoError(t, err)
	p.packages = strings.Fields(string(out))
	for _, service := range []string{"aggregator", "broker", "collector", "config", "insights"} {
		if slices.Contains(p.packages, "gonotes/microservices/"+service) {
			p.jobs = append(p.jobs, service)
		}
	}
	return p
}
