package tools_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"

	"gonotes/rest/api"
	"gonotes/rest/store"
)

// fault is one thing that a server does wrong.
type fault struct {
	name string
	wrap func(http.Handler) http.Handler
}

// server is a new one, with nothing in it, and with the fault if there is one.
func (f fault) server() *httptest.Server {
	var h http.Handler = api.New(store.NewMemory(), slog.New(slog.DiscardHandler))
	if f.wrap != nil {
		h = f.wrap(h)
	}
	return httptest.NewServer(h)
}

// faults: of the last thirteen, every status is right.
var faults = []fault{
	{"201 is 200", after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == http.StatusCreated {
			a.Code = http.StatusOK
		}
	})},
	{"Accept is ignored", before(func(r *http.Request) { r.Header.Del("Accept") })},
	{"304 never comes", before(func(r *http.Request) { r.Header.Del("If-None-Match") })},
	{"the last writer wins", before(func(r *http.Request) {
		if r.Header.Get("If-Match") != "" {
			r.Header.Set("If-Match", "*")
		}
	})},
	{"the key of a creation is ignored", before(func(r *http.Request) { r.Header.Del("Idempotency-Key") })},
	{"what is unknown is dropped", before(without(`,"x":1`))},
	{"PATCH replaces", before(func(r *http.Request) {
		if r.Method == http.MethodPatch {
			r.Method = http.MethodPut
			r.Header.Set("Content-Type", "application/json")
		}
	})},
	{"DELETE does nothing", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}},
	{"null in a patch is dropped", before(without(`"ends":null`))},
	{"formats share an ETag", after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if tag := a.Header().Get("ETag"); tag != "" {
			a.Header().Set("ETag", strings.Replace(tag, "-xml", "-json", 1))
		}
	})},
	{"HEAD has another length", after(func(r *http.Request, a *httptest.ResponseRecorder) {
		if r.Method == http.MethodHead {
			a.Header().Set("Content-Length", "1")
		}
	})},
	{"Cache-Control is for GET", after(func(r *http.Request, a *httptest.ResponseRecorder) {
		if r.Method != http.MethodGet {
			a.Header().Del("Cache-Control")
		}
	})},
	{"the next page is at another host", after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if _, next, found := strings.Cut(a.Header().Get("Link"), "<"); found {
			a.Header().Set("Link", "<http://sites.example"+next)
			next, _, _ = strings.Cut(next, ">")
			replace(a, strings.ReplaceAll(a.Body.String(), `"`+next+`"`, `"http://sites.example`+next+`"`))
		}
	})},
	{"a page repeats an item", after(items(func(all []any) []any { return append(all, all[0]) }))},
	{"no ETag", after(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Del("ETag") })},
	{"no Allow", after(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Del("Allow") })},
	{"no Vary", after(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Del("Vary") })},
	{"errors are said to be HTML", after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code >= 400 {
			a.Header().Set("Content-Type", "text/html")
		}
	})},
	{"a page loses its last item", after(items(func(all []any) []any { return all[:len(all)-1] }))},
	{"a name is not what was sent", after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		replace(a, strings.Replace(a.Body.String(), `"name":"Bob"`, `"name":"bob"`, 1))
	})},
	{"a request loses its name", before(func(r *http.Request) { r.Header.Del("X-Request-Id") })},
}

// before changes requests, after changes answers.
func before(change func(*http.Request)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(r)
			next.ServeHTTP(w, r)
		})
	}
}

func after(change func(*http.Request, *httptest.ResponseRecorder)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			change(r, answer)
			maps.Copy(w.Header(), answer.Header())
			w.WriteHeader(answer.Code)
			if r.Method != http.MethodHead {
				io.Copy(w, answer.Body)
			}
		})
	}
}

// without removes a text from what is sent.
func without(text string) func(*http.Request) {
	return func(r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		rest := strings.Replace(string(content), text, "", 1)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(rest)), int64(len(rest))
	}
}

// items changes what is on a page that has a next one.
func items(change func([]any) []any) func(*http.Request, *httptest.ResponseRecorder) {
	return func(_ *http.Request, a *httptest.ResponseRecorder) {
		var page struct {
			Items []any `json:"items"`
			Links any   `json:"links"`
		}
		if a.Header().Get("Link") == "" || json.Unmarshal(a.Body.Bytes(), &page) != nil {
			return
		}
		page.Items = change(page.Items)
		content, _ := json.Marshal(page) // what came from JSON
		replace(a, string(content))
	}
}

func replace(a *httptest.ResponseRecorder, content string) {
	a.Body.Reset()
	a.Body.WriteString(content)
	if a.Header().Get("Content-Length") != "" {
		a.Header().Set("Content-Length", fmt.Sprint(len(content)))
	}
}
