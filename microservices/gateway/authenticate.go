package gateway

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	layers "gonotes/rest/gateway"
	"gonotes/rest/problem"
)

// cookieName is that of the cookie with the token, in browsers.
const cookieName = "token"

var (
	errNoToken      = errors.New("there is no token")
	errUnknownToken = errors.New("the token is not known")
)

// Tokens are those that the gateway accepts. It keeps their hashes only.
type Tokens struct {
	list []secret
}

type secret struct {
	who string
	sum [sha256.Size]byte // of the token
}

// goodToken is a bearer token (RFC 6750 §2.1) that nobody guesses.
var goodToken = regexp.MustCompile(`^[A-Za-z0-9._~+/-]{32,512}=*$`)

// ParseTokens reads lines of the form "who token". Empty lines and those that begin with
// # mean nothing. The error names the line that is wrong, and never a token.
func ParseTokens(text string) (Tokens, error) {
	tokens, _, err := parseTokens(text)
	return tokens, err
}

// parseTokens returns besides the first token itself.
func parseTokens(text string) (tokens Tokens, first string, err error) {
	known := map[string]bool{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		switch {
		case len(fields) != 2:
			return Tokens{}, "", fmt.Errorf("line %d has %d words, want who the token is for, and the token", number, len(fields))
		case !goodToken.MatchString(fields[1]):
			return Tokens{}, "", fmt.Errorf("line %d has a token of %d characters, want 32 to 512 of letters, digits and ._~+/-", number, len(fields[1]))
		case known[fields[0]]:
			return Tokens{}, "", fmt.Errorf("line %d has a second token of %.40q, want one each", number, fields[0])
		}
		known[fields[0]] = true
		first = cmp.Or(first, fields[1])
		tokens.list = append(tokens.list, secret{fields[0], sha256.Sum256([]byte(fields[1]))})
	}
	if len(tokens.list) == 0 {
		return Tokens{}, "", errors.New("no line has a token, want one at least")
	}
	return tokens, first, nil
}

// TokensIn returns the tokens of a file, as ParseTokens reads them. If there is no file
// it is made, for its owner only, with one random token for admin. Of several processes
// that make it at once, all get the same.
func TokensIn(path string) (Tokens, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeTokens(path)
	}
	if err != nil {
		return Tokens{}, fmt.Errorf("tokens: %w", err)
	}
	tokens, err := ParseTokens(string(text))
	if err != nil {
		return Tokens{}, fmt.Errorf("tokens in %q: %w", path, err)
	}
	return tokens, nil
}

// FirstToken returns the first of the tokens in a file, for whoever may read it.
func FirstToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("tokens: %w", err)
	}
	_, token, err := parseTokens(string(text))
	if err != nil {
		return "", fmt.Errorf("tokens in %q: %w", path, err)
	}
	return token, nil
}

func makeTokens(path string) ([]byte, error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // of mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString("admin " + rand.Text() + rand.Text() + "\n")
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

// whose returns who has the token. How long it takes says nothing of the tokens: the
// hashes of all are compared, each to its end.
func (t Tokens) whose(token string) (who string, err error) {
	sum := sha256.Sum256([]byte(token))
	err = errUnknownToken
	for i := range t.list {
		if subtle.ConstantTimeCompare(sum[:], t.list[i].sum[:]) == 1 {
			who, err = t.list[i].who, nil
		}
	}
	return who, err
}

// authenticate returns who sent a request: by the field Authorization, or else by the
// cookie of the dashboard.
func (g *Gateway) authenticate(r *http.Request) (who string, err error) {
	if field := r.Header.Get("Authorization"); field != "" {
		scheme, token, _ := strings.Cut(field, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", errNoToken
		}
		return g.tokens.whose(strings.TrimSpace(token))
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", errNoToken
	}
	return g.tokens.whose(cookie.Value)
}

// key tells apart whose rate a request is of.
func (g *Gateway) key(r *http.Request) string {
	if who, err := g.authenticate(r); err == nil {
		return "token of " + who
	}
	return layers.ClientKey(r)
}

// guard lets those through to next who have a token and are within their rate.
func (g *Gateway) guard(next http.Handler) http.Handler {
	return g.limit.Limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := g.authenticate(r); err != nil {
			challenge(w, err)
			problem.Write(w, http.StatusUnauthorized, "This asks for a token, in the field Authorization: Bearer TOKEN; "+err.Error()+".")
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// challenge says how to authenticate (RFC 6750 §3).
func challenge(w http.ResponseWriter, err error) {
	value := `Bearer realm="gonotes"`
	if errors.Is(err, errUnknownToken) {
		value += `, error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", value)
}
