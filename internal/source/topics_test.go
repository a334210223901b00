package source_test

import (
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A topic needs the standard library, testify, x/sync and goleak, what is
// listed here for it, and nothing else.
func TestTopics_imports(t *testing.T) {
	given := []string{"github.com/stretchr/testify", "golang.org/x/sync", "go.uber.org/goleak", "gonotes/internal/claim", "gonotes/internal/source"}
	for topic, more := range map[string][]string{
		"gonotes/closures":   nil,
		"gonotes/goroutines": {"gonotes/internal/prog", "gonotes/internal/probe"},
		"gonotes/runes":      {"golang.org/x/text", "github.com/clipperhouse/uax29/v2"},
	} {
		for _, imported := range imports(t, topic) {
			allowed := !strings.Contains(imported, ".") && !strings.HasPrefix(imported, "gonotes/")
			for _, module := range append([]string{topic}, append(given, more...)...) {
				allowed = allowed || imported == module || strings.HasPrefix(imported, module+"/")
			}
			assert.True(t, allowed, "%s imports %s", topic, imported)
		}
	}
}

// imports lists what the packages of a topic and their tests import.
func imports(t *testing.T, topic string) []string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", "list", "-json=Imports,TestImports,XTestImports", topic+"/...").Output()
	require.NoError(t, err)
	var found []string
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var listed struct{ Imports, TestImports, XTestImports []string }
		err := decoder.Decode(&listed)
		if err == io.EOF {
			require.NotEmpty(t, found)
			return found
		}
		require.NoError(t, err)
		found = append(append(append(found, listed.Imports...), listed.TestImports...), listed.XTestImports...)
	}
}
