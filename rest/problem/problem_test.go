package problem_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/problem"
)

// Retry-After is whole seconds, never too early, and never none.
func TestRetryAfter(t *testing.T) {
	for _, test := range []struct {
		in   time.Duration
		want string
	}{{0, "1"}, {time.Millisecond, "1"}, {time.Second, "1"}, {1001 * time.Millisecond, "2"}, {time.Minute, "60"}} {
		w := httptest.NewRecorder()
		problem.RetryAfter(w, test.in)
		assert.Equal(t, test.want, w.Header().Get("Retry-After"), test.in)
	}
}

// A problem says its status twice and where in the request it is.
func ExampleWrite() {
	w := httptest.NewRecorder()
	problem.Write(w, http.StatusUnprocessableEntity, "The content breaks a rule of account.",
		problem.Error{Pointer: "#/plan", Detail: `"gold": not one of free, team, enterprise`})
	fmt.Println(w.Code, w.Header().Get("Content-Type"), w.Header().Get("Cache-Control"))
	fmt.Println(w.Body)
	// Output:
	// 422 application/problem+json no-store
	// {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"The content breaks a rule of account.","errors":[{"detail":"\"gold\": not one of free, team, enterprise","pointer":"#/plan"}]}
}
