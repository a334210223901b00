package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gonotes/internal/claim"
	"gonotes/rest"
	"gonotes/rest/tools"
)

var (
	update = flag.Bool("update", false, "write collection.json anew from cases.json")
	every  = flag.Bool("every", false, "ask newman and curl about every fault, not some; a minute instead of seconds")
)

// The collection is the one that the table makes.
func TestCollection_current(t *testing.T) {
	want, err := tools.Collection(tools.Cases())
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("collection.json", want, 0o644))
	}
	got, err := os.ReadFile("collection.json")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "make it anew: go test ./rest/tools -run TestCollection_current -update")
}

// A tool asks the cases of a server and returns the ids of those that it asked
// and of those that failed.
type tool func(ctx context.Context, url string, cases []tools.Case) (asked, failed []string, err error)

// inGo is the one that needs nothing but Go.
func inGo(ctx context.Context, url string, cases []tools.Case) (asked, failed []string, err error) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for _, result := range tools.Check(ctx, &http.Client{Transport: transport}, url, cases) {
		asked = append(asked, result.ID)
		if len(result.Failures) > 0 {
			failed = append(failed, result.ID)
		}
	}
	return asked, failed, nil
}

func newman(ctx context.Context, url string, cases []tools.Case) (asked, failed []string, err error) {
	dir, err := os.MkdirTemp("", "newman-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	collection, err := tools.Collection(cases)
	if err != nil {
		return nil, nil, err
	}
	in, out := filepath.Join(dir, "collection.json"), filepath.Join(dir, "run.json")
	if err := os.WriteFile(in, collection, 0o600); err != nil {
		return nil, nil, err
	}
	// It exits with 1 if a case failed.
	output, err := exec.CommandContext(ctx, "newman", "run", in, "--env-var", "baseUrl="+url, "--ignore-redirects",
		"--reporters", "json", "--reporter-json-export", out).CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return nil, nil, err
	}
	content, err := os.ReadFile(out)
	if err != nil {
		return nil, nil, fmt.Errorf("newman wrote no report: %s", output)
	}
	var report struct {
		Run struct {
			Executions []struct {
				Assertions []struct {
					Assertion string
					Error     any
				}
			}
		}
	}
	if err := json.Unmarshal(content, &report); err != nil {
		return nil, nil, err
	}
	for _, execution := range report.Run.Executions {
		for _, a := range execution.Assertions {
			asked = append(asked, a.Assertion)
			if a.Error != nil {
				failed = append(failed, a.Assertion)
			}
		}
	}
	return asked, failed, nil
}

func script(ctx context.Context, url string, cases []tools.Case) (asked, failed []string, err error) {
	table, err := os.CreateTemp("", "cases-*.json")
	if err != nil {
		return nil, nil, err
	}
	defer os.Remove(table.Name())
	if err := errors.Join(json.NewEncoder(table).Encode(cases), table.Close()); err != nil {
		return nil, nil, err
	}
	var output, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, "bash", "check.sh", url, table.Name())
	cmd.Stdout, cmd.Stderr = &output, &complaints
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !(ok && exit.ExitCode() == 1) {
		return nil, nil, fmt.Errorf("%w: %s", err, &complaints)
	}
	for line := range strings.Lines(output.String()) {
		verdict, id, found := strings.Cut(strings.TrimSpace(line), " - ")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		asked = append(asked, id)
		if strings.HasPrefix(verdict, "not ok") {
			failed = append(failed, id)
		}
	}
	return asked, failed, nil
}

// survey is what one tool found, by server.
type survey struct {
	asked  []string
	failed [][]string
	took   time.Duration // of the first server
}

// look asks each server, two at a time.
func look(t *testing.T, ask tool, cases []tools.Case, servers []fault) survey {
	t.Helper()
	s := survey{failed: make([][]string, len(servers))}
	var all errgroup.Group
	all.SetLimit(2)
	for i, f := range servers {
		all.Go(func() error {
			server := f.server()
			defer server.Close()
			began := time.Now()
			asked, failed, err := ask(t.Context(), server.URL, cases)
			if i == 0 {
				s.asked, s.took = asked, time.Since(began)
			}
			s.failed[i] = failed
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	return s
}

// servers are the one without a fault and those with one.
var servers = append([]fault{{name: "no fault"}}, faults...)

// agree is the check that a tool asks each case once, and fails where Go does.
func agree(want survey, servers []fault) func(survey) error {
	return func(got survey) error {
		if !slices.Equal(got.asked, want.asked) {
			return fmt.Errorf("%d cases are asked, want %d", len(got.asked), len(want.asked))
		}
		for i := range want.failed {
			if !slices.Equal(got.failed[i], want.failed[i]) {
				return fmt.Errorf("%s: fails at %v, want %v", servers[i].name, got.failed[i], want.failed[i])
			}
		}
		return nil
	}
}

// chosen are the servers that newman and curl are asked about: by default that
// without a fault, one whose status is wrong and one whose statuses are right.
func chosen() []fault {
	switch {
	case *every:
		return servers
	case testing.Short():
		return append(servers[:1:1], servers[len(servers)-2])
	}
	return append(servers[:2:2], servers[len(servers)-2])
}

// compare shows that a tool finds what Go found.
func compare(t *testing.T, proof *claim.Proof[survey], want survey, name string, ask tool, needs ...string) {
	t.Helper()
	servers := chosen()
	for _, program := range needs {
		if _, err := exec.LookPath(program); err != nil {
			proof.NotRun("tool: %v", err)
		}
	}
	found := look(t, ask, tools.Cases(), servers)
	proof.Holds(fmt.Sprintf("%d cases, %d servers with a fault and one without", len(want.asked), len(servers)-1), found)
	proof.Figure("all cases by "+name, float64(found.took.Nanoseconds()), "ns")
	proof.Figure("all cases by Go", float64(want.took.Nanoseconds()), "ns")

	blind := slices.Clone(tools.Cases())
	blind[slices.IndexFunc(blind, func(c tools.Case) bool { return c.ID == "nothing-lost" })].Want.JSON = nil
	i := slices.IndexFunc(servers, func(f fault) bool { return f.name == "a name is not what was sent" })
	less := found
	less.failed = slices.Clone(found.failed)
	less.failed[i] = look(t, ask, blind, servers[i:i+1]).failed[0]
	proof.Control("with a case that does not look at the content", less, "a name is not what was sent: fails at [replace merge-patch], want [replace nothing-lost merge-patch]")
	short := tools.Cases()[:len(blind)-1]
	proof.Control("with a case left out", look(t, ask, short, servers[:1]), fmt.Sprintf("%d cases are asked, want %d", len(short), len(blind)))
}

// newman runs the table as a Postman collection, and fails where Go does.
//
//claim:rest/test-tools
func TestTestTools_newman(t *testing.T) {
	want := look(t, inGo, tools.Cases(), chosen())
	compare(t, claim.Prove(t, rest.TestTools, agree(want, chosen())), want, "newman", newman, "newman")
}

// A script of curl and jq asks the table, and fails where Go does.
//
//claim:rest/test-tools
func TestTestTools_curl(t *testing.T) {
	want := look(t, inGo, tools.Cases(), chosen())
	compare(t, claim.Prove(t, rest.TestTools, agree(want, chosen())), want, "curl and jq", script, "bash", "curl", "jq")
}

// Go with net/http and httptest alone finds every fault, since it looks at
// fields and content.
//
//claim:rest/tools-required
func TestToolsRequired(t *testing.T) {
	proof := claim.Prove(t, rest.ToolsRequired, func(s survey) error {
		if len(s.failed[0]) > 0 {
			return fmt.Errorf("without a fault it fails at %v", s.failed[0])
		}
		var missed []string
		for i, failed := range s.failed {
			if i > 0 && len(failed) == 0 {
				missed = append(missed, servers[i].name)
			}
		}
		if missed != nil {
			return fmt.Errorf("it misses %d of %d faults: %s", len(missed), len(faults), strings.Join(missed, ", "))
		}
		return nil
	})
	proof.Holds(fmt.Sprintf("Go alone, %d faults", len(faults)), look(t, inGo, tools.Cases(), servers))
	statuses := slices.Clone(tools.Cases())
	for i, c := range statuses {
		statuses[i].Want = tools.Want{Status: c.Want.Status}
	}
	proof.Control("the same cases, statuses alone", look(t, inGo, statuses, servers), "it misses")
	strict := slices.Clone(tools.Cases())
	strict[0].Want.Status = http.StatusTeapot
	proof.Control("a case that no server passes", look(t, inGo, strict, servers), "without a fault it fails at [root-links]")
	proof.Figure("faults found", float64(len(faults)), "faults")
}

// A server whose pages lose an item fails at the cases that look at pages.
//
//claim:rest/tools-required
func ExampleCheck() {
	i := slices.IndexFunc(faults, func(f fault) bool { return f.name == "a page loses its last item" })
	server := faults[i].server()
	defer server.Close()
	for _, result := range tools.Check(context.Background(), server.Client(), server.URL, tools.Cases()) {
		if len(result.Failures) > 0 {
			fmt.Printf("%s: %s\n", result.ID, strings.Join(result.Failures, "; "))
		}
	}
	// Output:
	// first-page: /items/1/domain is <nil>, want s2.example
}
