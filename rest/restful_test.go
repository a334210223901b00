package rest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"gonotes/internal/claim"
	"gonotes/rest"
	"gonotes/rest/store"
)

// step is one thing that a client wants, and the exchange that it led to.
type step struct {
	wish        string // create, read, change, delete, missing: to read what is deleted
	thing       string // which one
	method, uri string
	status      int
	before      string // the text of all answers so far
}

// level is where a record stands in the Richardson maturity model: 0 one URI for
// all, 1 things have URIs, 2 methods and statuses mean what HTTP says, 3 every
// URI but the entry point came with an answer.
func level(record []step) int {
	uris, things := map[string]string{}, map[string]bool{}
	for _, s := range record {
		if s.wish != "create" {
			uris[s.uri], things[s.thing] = s.thing, true
		}
	}
	if len(uris) < len(things) || len(things) < 2 {
		return 0
	}
	methods := map[string]string{"create": "POST", "read": "GET", "change": "PUT PATCH", "delete": "DELETE", "missing": "GET"}
	for _, s := range record {
		good := s.status/100 == 2
		switch s.wish {
		case "create":
			good = s.status == http.StatusCreated
		case "missing":
			good = s.status == http.StatusNotFound || s.status == http.StatusGone
		}
		if !good || !strings.Contains(methods[s.wish], s.method) {
			return 1
		}
	}
	for _, s := range record {
		if s.uri != "/" && !strings.Contains(s.before, s.uri) {
			return 2
		}
	}
	return 3
}

// journal is a client that writes down what it does.
type journal struct {
	client *http.Client
	record []step
	text   string
}

func (j *journal) do(wish, thing, method, uri, body string, fields ...string) (answer, error) {
	a, err := ask(j.client, method, base+uri, body, fields...)
	j.record = append(j.record, step{wish, thing, method, uri, a.status, j.text})
	j.text += a.header.Get("Location") + "\n" + a.body + "\n"
	return a, err
}

// score is the level that a record has, and the one that is claimed for it.
type score struct{ computed, claimed int }

func (s score) Figures() []claim.Figure {
	return []claim.Figure{{Name: "Richardson level", Value: float64(s.computed), Unit: "of 3"}}
}

// What level an API has is computed from what a client did: it made two
// accounts, changed one, deleted it and looked for it.
func TestRestful(t *testing.T) {
	proof := claim.Prove(t, rest.Restful, func(s score) error {
		if s.computed != s.claimed {
			return fmt.Errorf("the level is %d, said to be %d", s.computed, s.claimed)
		}
		return nil
	})
	scored := func(server http.Handler, task func(*journal) error, claimed int) score {
		j := &journal{client: direct(server)}
		if err := task(j); err != nil {
			t.Fatal(err)
		}
		return score{level(j.record), claimed}
	}
	bare := linkless(store.NewMemory())
	proof.Holds("one URI that takes commands", scored(commands(), tellOne, 0))
	proof.Holds("a URI for each thing that takes commands", scored(commands(), tellEach, 1))
	proof.Holds("the API without its links", scored(bare, knowPaths, 2))
	proof.Holds("the API, by links from the entry point", scored(theAPI(store.NewMemory()), followLinks, 3))
	proof.Control("one URI, called RESTful", scored(commands(), tellOne, 3), "the level is 0, said to be 3")
	proof.Control("things that take commands, called RESTful", scored(commands(), tellEach, 3), "the level is 1, said to be 3")
	proof.Control("the API without its links, called RESTful", scored(bare, knowPaths, 3), "the level is 2, said to be 3")
	proof.Control("the API by paths that the client knows", scored(theAPI(store.NewMemory()), knowPlaces, 3), "the level is 2, said to be 3")
}

var names = []string{"a", "b"}

// followLinks knows the entry point and the relation accounts.
func followLinks(j *journal) error {
	root, err := j.do("read", "root", "GET", "/", "")
	if err != nil {
		return err
	}
	return throughCollection(j, root.follow("accounts"))
}

// knowPlaces knows where accounts are, and then believes Location.
func knowPlaces(j *journal) error { return throughCollection(j, "/accounts") }

func throughCollection(j *journal, collection string) error {
	places := map[string]string{}
	for _, name := range names {
		made, err := j.do("create", name, "POST", collection, `{"name":"`+name+`","plan":"free"}`)
		if err != nil {
			return err
		}
		places[name] = made.header.Get("Location")
	}
	return useAt(j, places)
}

// useAt reads all things, changes one, deletes it and looks for it.
func useAt(j *journal, places map[string]string) error {
	for _, name := range names {
		if _, err := j.do("read", name, "GET", places[name], ""); err != nil {
			return err
		}
	}
	for _, s := range []struct{ wish, method, body string }{
		{"change", "PUT", `{"name":"changed","plan":"free"}`}, {"delete", "DELETE", ""}, {"missing", "GET", ""},
	} {
		if _, err := j.do(s.wish, "a", s.method, places["a"], s.body, "If-Match", "*"); err != nil {
			return err
		}
	}
	return nil
}

var anID = regexp.MustCompile(`"id":"([^"]+)"`)

// knowPaths makes URIs from ids, as a manual says.
func knowPaths(j *journal) error {
	places := map[string]string{}
	for _, name := range names {
		made, err := j.do("create", name, "POST", "/accounts", `{"name":"`+name+`","plan":"free"}`)
		if err != nil {
			return err
		}
		id := anID.FindStringSubmatch(made.body)
		if id == nil {
			return fmt.Errorf("no id in %q", made.body)
		}
		places[name] = "/accounts/" + id[1]
	}
	return useAt(j, places)
}

// linkless is the API without links and Location.
func linkless(s store.Store) http.Handler {
	links := regexp.MustCompile(`"links":\[[^\]]*\],`)
	return edited(func(_ *http.Request, _ *int, h http.Header, body *string) {
		h.Del("Location")
		*body = links.ReplaceAllString(*body, "")
	})(s)
}

// command is what servers of levels 0 and 1 take.
type command struct{ Op, Name string }

// commands answers commands at any URI, and always with 200.
func commands() http.Handler {
	things := map[string]bool{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c command
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			fmt.Fprintf(w, `{"error":%q}`, err)
			return
		}
		switch there := things[c.Name]; {
		case c.Op == "create":
			things[c.Name] = true
		case !there:
			io.WriteString(w, `{"error":"no such thing"}`)
			return
		case c.Op == "delete":
			delete(things, c.Name)
		}
		io.WriteString(w, `{"done":true}`)
	})
}

func tell(j *journal, uri func(name string) string) error {
	for _, s := range []struct{ wish, op, name string }{
		{"create", "create", "a"}, {"create", "create", "b"}, {"read", "read", "a"}, {"read", "read", "b"},
		{"change", "change", "a"}, {"delete", "delete", "a"}, {"missing", "read", "a"},
	} {
		content, err := json.Marshal(command{s.op, s.name})
		if err == nil {
			_, err = j.do(s.wish, s.name, "POST", uri(s.name), string(content))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func tellOne(j *journal) error { return tell(j, func(string) string { return "/" }) }

func tellEach(j *journal) error {
	return tell(j, func(name string) string { return "/things/" + name })
}
