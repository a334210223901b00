package rest_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"gonotes/rest/api"
	"gonotes/rest/store"
)

// answer is what a client sees of a response.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) links() []api.Link {
	type linked struct {
		Links []api.Link `json:"links"`
	}
	var found struct {
		linked
		Items []linked `json:"items"`
	}
	if json.Unmarshal([]byte(a.body), &found) != nil {
		return nil // no JSON, so no links
	}
	all := found.Links
	for _, item := range found.Items {
		all = append(all, item.Links...)
	}
	return all
}

// follow is the target of the first link with the relation, "" if there is none.
func (a answer) follow(rel string) string {
	for _, link := range a.links() {
		if link.Rel == rel {
			return link.Href
		}
	}
	return ""
}

// ask sends one request; fields are names and values of its header.
func ask(client *http.Client, method, url, body string, fields ...string) (answer, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(content)}, err
}

// want is ask where only one status will do.
func want(status int, client *http.Client, method, url, body string, fields ...string) (answer, error) {
	got, err := ask(client, method, url, body, fields...)
	if err == nil && got.status != status {
		err = fmt.Errorf("%s %s is answered with %d, want %d: %s", method, url, got.status, status, got.body)
	}
	return got, err
}

// crawl asks for everything that links lead to from the entry point of the
// server at base, each URL once, and shows each answer to see.
func crawl(client *http.Client, base string, see func(path string, a answer) error) error {
	ahead, known := []string{"/"}, map[string]bool{"/": true}
	for len(ahead) > 0 {
		path := ahead[0]
		ahead = ahead[1:]
		a, err := want(http.StatusOK, client, http.MethodGet, base+path, "", "Accept", "application/json, */*;q=0.1")
		if err != nil {
			return fmt.Errorf("follow %s: %w", path, err)
		}
		if err := see(path, a); err != nil {
			return err
		}
		for _, link := range a.links() {
			if !strings.HasPrefix(link.Href, "/") {
				if _, err := ask(client, http.MethodGet, link.Href, ""); err != nil {
					return fmt.Errorf("the link %s of %s leaves the layer: %w", link.Rel, path, err)
				}
			} else if !known[link.Href] {
				known[link.Href] = true
				ahead = append(ahead, link.Href)
			}
		}
	}
	return nil
}

// direct is a client whose requests the handler answers without a network.
func direct(h http.Handler) *http.Client { return &http.Client{Transport: inProcess{h}} }

type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	sent := r.Clone(r.Context())
	if sent.Body == nil {
		sent.Body = http.NoBody
	}
	sent.RequestURI = r.URL.RequestURI()
	p.ServeHTTP(w, sent)
	resp := w.Result()
	if r.Method == http.MethodHead {
		resp.Body = http.NoBody
	}
	resp.Request = r
	return resp, nil
}

const base = "http://api.example"

// fill makes one account with a user, so many sites and a campaign, through
// the API, and returns the paths of the account and of the sites.
func fill(client *http.Client, sites int) (account string, paths []string, err error) {
	create := func(path, body string) string {
		var made answer
		if err == nil {
			made, err = want(http.StatusCreated, client, http.MethodPost, base+path, body)
		}
		return made.header.Get("Location")
	}
	account = create("/accounts", `{"name":"Ann & Co","plan":"team"}`)
	create(account+"/users", `{"name":"Ann","email":"ann@example.com","role":"owner"}`)
	for i := range sites {
		paths = append(paths, create(account+"/sites", fmt.Sprintf(`{"domain":"s%d.example","name":"site %d","status":"active"}`, i, i)))
	}
	create(paths[0]+"/campaigns", `{"name":"spring","medium":"email","starts":"2026-03-01T00:00:00Z"}`)
	return account, paths, err
}

// snapshot is all that a store holds.
func snapshot(client *http.Client) (string, error) {
	var all []string
	err := crawl(client, base, func(path string, a answer) error {
		all = append(all, path+" "+a.header.Get("ETag")+" "+a.body)
		return nil
	})
	slices.SortFunc(all, cmp.Compare)
	return strings.Join(all, "\n"), err
}

// theAPI is a replica of the API on a store.
func theAPI(s store.Store) http.Handler { return api.New(s, quiet) }

// wrapped is a twin of the API: one that breaks a constraint.
func wrapped(wrap func(next http.Handler, s store.Store) http.Handler) func(store.Store) http.Handler {
	return func(s store.Store) http.Handler { return wrap(theAPI(s), s) }
}

// edited is a twin that changes each answer before it leaves.
func edited(edit func(r *http.Request, status *int, h http.Header, body *string)) func(store.Store) http.Handler {
	return wrapped(func(next http.Handler, _ store.Store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			status, body := rec.Code, rec.Body.String()
			edit(r, &status, rec.Header(), &body)
			maps.Copy(w.Header(), rec.Header())
			w.Header().Del("Content-Length")
			w.WriteHeader(status)
			if r.Method != http.MethodHead {
				io.WriteString(w, body)
			}
		})
	})
}
