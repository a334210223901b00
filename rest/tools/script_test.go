package tools_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/tools"
)

// The script tells a server that fails from one that cannot be asked, and leaves
// no files behind.
func TestScript_exit(t *testing.T) {
	for _, program := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("no tool: ", err)
		}
	}
	right := fault{}.server()
	defer right.Close()
	broken := httptest.NewServer(http.NotFoundHandler())
	defer broken.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	table := filepath.Join(t.TempDir(), "cases.json")
	content, err := json.Marshal(tools.Cases()[:1])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(table, content, 0o600))
	for _, test := range []struct {
		name, url, table  string
		want              int
		output, complaint string
	}{
		{"no fault", right.URL, table, 0, "ok 1 - root-links\n", ""},
		{"a fault", broken.URL, table, 1, "not ok 1 - root-links\n# status is 404, want 200\n", ""},
		{"no server", gone.URL, table, 2, "", "no server answers at " + gone.URL},
		{"no table", right.URL, table + ".old", 2, "", "No such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			var output, complaints bytes.Buffer
			cmd := exec.CommandContext(t.Context(), "bash", "check.sh", test.url, test.table)
			cmd.Env = append(os.Environ(), "TMPDIR="+dir)
			cmd.Stdout, cmd.Stderr = &output, &complaints
			cmd.Run() // ProcessState has its error
			assert.Equal(t, test.want, cmd.ProcessState.ExitCode())
			assert.Contains(t, output.String(), test.output)
			assert.Equal(t, test.output == "", output.Len() == 0, output.String())
			assert.Contains(t, complaints.String(), test.complaint)
			assert.Equal(t, test.complaint == "", complaints.Len() == 0, complaints.String())
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, left)
		})
	}
}
