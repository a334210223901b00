package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Result is what became of one case. Failures is empty if all was as it must be.
type Result struct {
	ID       string
	Failures []string
}

// Check asks all cases of the server at base, in their order, and returns one
// result for each. The server must have nothing yet.
func Check(ctx context.Context, client *http.Client, base string, cases []Case) []Result {
	saved := map[string]string{}
	results := make([]Result, len(cases))
	for i, c := range cases {
		results[i] = Result{c.ID, c.check(ctx, client, base, saved)}
	}
	return results
}

// braces are the names of what was saved.
var braces = regexp.MustCompile(`\{\{(\w+)\}\}`)

func fill(text string, saved map[string]string) string {
	return braces.ReplaceAllStringFunc(text, func(name string) string { return saved[name[2:len(name)-2]] })
}

func (c Case) check(ctx context.Context, client *http.Client, base string, saved map[string]string) (failures []string) {
	fail := func(format string, args ...any) { failures = append(failures, fmt.Sprintf(format, args...)) }
	req, err := http.NewRequestWithContext(ctx, c.Method, base+fill(c.Path, saved), strings.NewReader(c.Body))
	if err != nil {
		return []string{err.Error()}
	}
	for name, value := range c.Header {
		req.Header.Set(name, fill(value, saved))
	}
	resp, err := client.Do(req)
	if err != nil {
		return []string{err.Error()}
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return []string{err.Error()}
	}
	if resp.StatusCode != c.Want.Status {
		fail("status is %d, want %d", resp.StatusCode, c.Want.Status)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Want.Header)) {
		pattern := fill(c.Want.Header[name], saved)
		if got := resp.Header.Get(name); !regexp.MustCompile(pattern).MatchString(got) {
			fail("%s is %q, want %s", name, got, pattern)
		}
	}
	if !strings.Contains(string(content), c.Want.Contains) {
		fail("the content has no %s", c.Want.Contains)
	}
	if c.Want.Empty && len(content) > 0 {
		fail("there is content, want none")
	}
	var document any
	json.Unmarshal(content, &document) // what is no JSON has nothing at any pointer
	for _, pointer := range slices.Sorted(maps.Keys(c.Want.JSON)) {
		want := c.Want.JSON[pointer]
		if text, ok := want.(string); ok {
			want = fill(text, saved)
		}
		if got := at(document, pointer); !reflect.DeepEqual(got, want) {
			fail("%s is %v, want %v", pointer, got, want)
		}
	}
	for name, from := range c.Save {
		where, what, _ := strings.Cut(from, ":")
		if where == "header" {
			saved[name] = resp.Header.Get(what)
		} else {
			saved[name], _ = at(document, what).(string)
		}
	}
	return failures
}

// at is the value at a pointer, nil if there is none. Names in the table need no
// escapes.
func at(document any, pointer string) any {
	for _, name := range strings.Split(pointer, "/")[1:] {
		switch v := document.(type) {
		case map[string]any:
			document = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(v) {
				return nil
			}
			document = v[i]
		default:
			return nil
		}
	}
	return document
}
