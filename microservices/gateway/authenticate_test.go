package gateway_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/gateway"
)

// Without a valid token every path but that of events is refused before a service is asked,
// and the refusal says how to come in.
func TestGateway_authentication(t *testing.T) {
	d := newDoor(t, nil)
	defer d.stop()
	const invalid = `Bearer realm="gonotes", error="invalid_token"`
	for _, test := range []struct {
		fields          []string
		challenge, says string
	}{
		{nil, `Bearer realm="gonotes"`, "there is no token"},
		{[]string{"Authorization", "Basic " + annsToken}, `Bearer realm="gonotes"`, "there is no token"},
		{[]string{"Authorization", annsToken}, `Bearer realm="gonotes"`, "there is no token"},
		{[]string{"Cookie", "other=" + annsToken}, `Bearer realm="gonotes"`, "there is no token"},
		{as(""), invalid, "the token is not known"},
		{as(annsToken[1:]), invalid, "the token is not known"},
		{as(annsToken + "a"), invalid, "the token is not known"},
		{as(strings.ToUpper(annsToken)), invalid, "the token is not known"},
		{as("ann"), invalid, "the token is not known"},
		{append(as("wrong"), "Cookie", "token="+annsToken), invalid, "the token is not known"}, // what is said first counts
		{[]string{"Cookie", "token=wrong"}, invalid, "the token is not known"},
	} {
		for _, at := range guarded {
			w := d.send(request(at.method, at.target, "", test.fields...))
			assert.Equal(t, "This asks for a token, in the field Authorization: Bearer TOKEN; "+test.says+".", refusal(t, w, http.StatusUnauthorized), "%v", test.fields)
			assert.Equal(t, test.challenge, w.Header().Get("WWW-Authenticate"), "%v", test.fields)
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		}
	}
	assert.Zero(t, d.times(), "no service was asked")
	for _, fields := range [][]string{as(annsToken), as(bobsToken), {"Authorization", "bearer  " + annsToken}, {"Cookie", "token=" + bobsToken}} {
		assert.Equal(t, http.StatusOK, d.send(request("GET", "/accounts", "", fields...)).Code, "%v", fields)
	}
}

// A line that breaks a rule is named, and what may be a token is not.
func TestParseTokens(t *testing.T) {
	_, err := gateway.ParseTokens("# who comes in\n\nann " + annsToken + "\n  bob\t" + bobsToken + "==\r\n")
	require.NoError(t, err)
	for text, want := range map[string]string{
		"":              "no line has a token, want one at least",
		"# none\n\n":    "no line has a token, want one at least",
		"ann\n":         "line 1 has 1 words, want who the token is for, and the token",
		"\nann a b":     "line 2 has 3 words, want who the token is for, and the token",
		"ann guessable": "line 1 has a token of 9 characters, want 32 to 512 of letters, digits and ._~+/-",
		"ann " + annsToken + "\nann " + bobsToken:               `line 2 has a second token of "ann", want one each`,
		"ann " + annsToken + "\nbob " + strings.Repeat("ö", 40): "line 2 has a token of 80 characters, want 32 to 512 of letters, digits and ._~+/-",
		"ann " + strings.Repeat("a", 513):                       "line 1 has a token of 513 characters, want 32 to 512 of letters, digits and ._~+/-",
	} {
		_, err := gateway.ParseTokens(text)
		assert.EqualError(t, err, want)
	}
}

// A file of tokens is made once, for its owner only, by however many processes, and then
// kept.
func TestTokensIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := gateway.TokensIn(path)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Regexp(t, `^admin [A-Z2-7]{52}\n$`, string(text))
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o600), info.Mode())
	}
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing else is left there")

	tokens, err := gateway.TokensIn(path)
	require.NoError(t, err)
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text, again)
	d := newDoor(t, func(o *gateway.Options) { o.Tokens = tokens })
	defer d.stop()
	token := strings.Fields(string(text))[1]
	assert.Equal(t, http.StatusOK, d.send(request("GET", "/accounts", "", as(token)...)).Code)

	other, err := os.ReadFile(makeTokens(t))
	require.NoError(t, err)
	assert.NotEqual(t, text, other, "no two files have the same token")
}

func makeTokens(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "tokens")
	_, err := gateway.TokensIn(path)
	require.NoError(t, err)
	return path
}

// A file that cannot be read, made or understood is named.
func TestTokensIn_refused(t *testing.T) {
	folder := t.TempDir()
	_, err := gateway.TokensIn(folder)
	assert.ErrorContains(t, err, "tokens: read "+folder)
	_, err = gateway.TokensIn(filepath.Join(folder, "none", "tokens"))
	assert.ErrorContains(t, err, "tokens: open "+filepath.Join(folder, "none", "tokens."))
	path := filepath.Join(folder, "tokens")
	require.NoError(t, os.WriteFile(path, []byte("ann guessable"), 0o600))
	_, err = gateway.TokensIn(path)
	assert.ErrorContains(t, err, "tokens in")
	assert.ErrorContains(t, err, "line 1 has a token of 9 characters")
	assert.NotContains(t, err.Error(), "guessable")
}
