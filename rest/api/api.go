package api

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"gonotes/rest/problem"
	"gonotes/rest/store"
)

// Limits of a request.
const (
	MaxContent = 64 << 10        // bytes
	MaxDepth   = 16              // levels of content
	Timeout    = 5 * time.Second // until the answer
)

//go:embed openapi.yaml
var description []byte

// Problem is what the contract calls Problem.
type Problem = problem.Details

// Description is the contract as a document. It must not be changed.
var Description = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		panic(err) // it is part of the program
	}
	return doc
})

// API is the handler of the whole API. It is safe for concurrent use and has
// no state of its own: any number of them may share one store.
type API struct {
	store store.Store
	log   *slog.Logger
	mux   *http.ServeMux
}

// New returns the API on a store. Every request is told to log; nil is
// slog.Default().
func New(s store.Store, log *slog.Logger) *API {
	if log == nil {
		log = slog.Default()
	}
	a := &API{store: s, log: log, mux: http.NewServeMux()}
	routes := &routes{mux: a.mux, methods: map[string][]string{}}
	HandlerWithOptions(operations{a}, StdHTTPServerOptions{BaseRouter: routes, ErrorHandlerFunc: a.fail})
	for path, methods := range routes.methods {
		a.mux.HandleFunc(path, a.otherMethods(methods))
	}
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, unknownPath) })
	return a
}

// routes is the router that generated code registers with. It remembers which
// methods a path has, and lets only those query parameters through that the
// contract knows.
type routes struct {
	mux     *http.ServeMux
	methods map[string][]string
}

func (s *routes) HandleFunc(pattern string, handle func(http.ResponseWriter, *http.Request)) {
	method, path, _ := strings.Cut(pattern, " ")
	s.methods[path] = append(s.methods[path], method)
	operation := Description().Paths.Find(strings.TrimSuffix(path, "{$}")).GetOperation(method)
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := checkQuery(operation, r); err != nil {
			fail(w, r, err)
			return
		}
		joinLists(r.Header)
		handle(w, r)
	})
}

func (s *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// otherMethods answers what no operation does: OPTIONS, and 405.
func (a *API) otherMethods(methods []string) http.HandlerFunc {
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	methods = append(methods, http.MethodOptions)
	slices.Sort(methods)
	allow := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		if r.Method == http.MethodOptions {
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		a.fail(w, r, faultf(http.StatusMethodNotAllowed, "%s is not a method of this path; it has %s.", quote(r.Method), allow))
	}
}

var (
	unknownPath = faultf(http.StatusNotFound, "No resource has this path. / has links to all of them.")
	goodID      = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
)

// ServeHTTP answers within the limits, names the request and logs it. A panic
// is a 500 if nothing was sent yet.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), Timeout)
	defer cancel()
	r = r.WithContext(ctx)
	id := r.Header.Get("X-Request-Id")
	if !goodID.MatchString(id) {
		id = uuid.NewString()
	}
	sent := &recorder{ResponseWriter: w}
	sent.Header().Set("X-Request-Id", id)
	sent.Header().Set("Vary", "Accept")
	log := a.log.With("request_id", id, "method", r.Method, "path", r.URL.Path)
	defer func() {
		cause := recover()
		aborted := cause == http.ErrAbortHandler
		if cause != nil && !aborted {
			log.Error("panic", "cause", cause, "stack", string(debug.Stack()))
			if aborted = sent.status != 0; !aborted {
				a.fail(sent, r, faultf(http.StatusInternalServerError, internal))
			}
		}
		log.Info("request", "route", r.Pattern, "status", sent.status, "bytes", sent.bytes, "seconds", time.Since(began).Seconds())
		if aborted {
			panic(http.ErrAbortHandler)
		}
	}()
	r.Body = http.MaxBytesReader(w, r.Body, MaxContent)
	if r.URL.Path != path.Clean("/"+r.URL.Path) { // else ServeMux redirects, in HTML
		a.fail(sent, r, unknownPath)
		return
	}
	a.mux.ServeHTTP(sent, r)
}

// recorder remembers what was sent, for the log.
type recorder struct {
	http.ResponseWriter
	status, bytes int
}

func (s *recorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *recorder) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p)
	s.bytes += n
	return n, err
}

func (s *recorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
