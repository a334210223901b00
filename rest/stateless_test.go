package rest_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"testing"

	"github.com/google/uuid"

	"gonotes/internal/claim"
	"gonotes/rest"
	"gonotes/rest/store"
)

// conversation is a service as a client finds it: replicas, and who is asked.
type conversation struct {
	replica func(store.Store) http.Handler
	sticky  bool // one client always has the same replica, while that lives
}

// Any replica answers any request, and each of them may be killed between two
// requests of one client.
func TestStateless(t *testing.T) {
	proof := claim.Prove(t, rest.Stateless, func(c conversation) error {
		f := newFleet(t, store.NewMemory(), c.replica)
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		client := &http.Client{Transport: f.balancer, Jar: jar}
		if c.sticky {
			client.Transport = f.only(hosts[0])
		}
		steps := 0
		step := func(status int, method, path, body string, fields ...string) (a answer) {
			if err == nil {
				if a, err = want(status, client, method, base+path, body, fields...); err != nil {
					err = fmt.Errorf("step %d: %w", steps, err)
				}
			}
			steps++
			return a
		}
		account := step(http.StatusCreated, http.MethodPost, "/accounts", `{"name":"Ann","plan":"free"}`).header.Get("Location")
		etag := step(http.StatusOK, http.MethodGet, account, "").header.Get("ETag")
		step(http.StatusOK, http.MethodPut, account, `{"name":"Ann","plan":"team"}`, "If-Match", etag)
		for _, host := range hosts {
			f.restart(host)
			site := step(http.StatusCreated, http.MethodPost, account+"/sites", `{"domain":"`+host+`.example","name":"s","status":"active"}`).header.Get("Location")
			step(http.StatusOK, http.MethodGet, site, "")
			step(http.StatusOK, http.MethodGet, account+"/sites", "")
		}
		return err
	})
	proof.Holds("two replicas asked by turns, each killed once", conversation{replica: theAPI})
	proof.Control("a session in the memory of a replica", conversation{replica: withSession}, "step 1: GET http://api.example/accounts/")
	proof.Control("the same with one replica for each client", conversation{replica: withSession, sticky: true}, "step 3: POST http://api.example/accounts/")
}

// withSession is a twin that knows its clients by a cookie.
func withSession(s store.Store) http.Handler {
	var sessions []string
	next := theAPI(s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			next.ServeHTTP(w, r)
			return
		}
		cookie, err := r.Cookie("session")
		if err != nil { // a new client
			cookie = &http.Cookie{Name: "session", Value: uuid.NewString(), Path: "/"}
			sessions = append(sessions, cookie.Value)
			http.SetCookie(w, cookie)
		}
		if !slices.Contains(sessions, cookie.Value) {
			http.Error(w, "log in first", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
