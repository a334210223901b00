package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/api"
)

// contract serves a handler and fails the test at each answer that the document
// does not have.
type contract struct {
	t       testing.TB
	handler http.Handler

	mu   sync.Mutex
	seen map[string]bool // operation and status
}

func newContract(t testing.TB, handler http.Handler) *contract {
	return &contract{t: t, handler: handler, seen: map[string]bool{}}
}

func (c *contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got := c.serve(r)
	operation, err := breach(r, got)
	if err == nil && got.status == http.StatusOK && r.Method == http.MethodGet && got.header.Get("Content-Type") == "application/xml" {
		again := r.Clone(r.Context())
		again.Header.Set("Accept", "application/json")
		err = sameValue(got.body, c.serve(again).body, operation)
	}
	if err != nil {
		c.t.Errorf("%s %s: %d breaks the contract: %v\n%v\n%s", r.Method, r.URL, got.status, err, got.header, got.body)
	}
	if operation != nil {
		c.mu.Lock()
		c.seen[fmt.Sprint(operation.OperationID, " ", got.status)] = true
		c.mu.Unlock()
	}
	maps.Copy(w.Header(), got.header)
	w.WriteHeader(got.status)
	io.WriteString(w, got.body)
}

func (c *contract) serve(r *http.Request) answer {
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	if r.Method == http.MethodHead { // as net/http does
		w.Body.Reset()
	}
	return answer{w.Code, w.Header(), w.Body.String()}
}

// breach finds the operation of a request, if the document has it, and in what
// the answer differs from the document.
func breach(r *http.Request, a answer) (*openapi3.Operation, error) {
	refusal := api.Description().Components.Responses["NotFound"]
	if r.Method == http.MethodHead {
		refusal = api.Description().Components.Responses["Head"]
	}
	item := itemOf(r.URL)
	if item == nil {
		return nil, differs(a, http.StatusNotFound, refusal)
	}
	operation := item.GetOperation(knownMethod(r.Method))
	if operation == nil {
		if got, want := a.header.Get("Allow"), allowOf(item); got != want {
			return nil, fmt.Errorf("Allow is %q, want %q", got, want)
		}
		return nil, differs(a, http.StatusMethodNotAllowed, refusal)
	}
	response := operation.Responses.Status(a.status)
	if response == nil {
		return operation, errors.New("the operation does not have this status")
	}
	if allow := a.header.Get("Allow"); allow != "" && allow != allowOf(item) {
		return operation, fmt.Errorf("Allow is %q, want %q", allow, allowOf(item))
	}
	return operation, differs(a, a.status, response)
}

// differs holds an answer against a response of the document. The filter passes
// over HEAD and 304, so it is told that this is GET and 200.
func differs(a answer, status int, documented *openapi3.ResponseRef) error {
	if a.status != status {
		return fmt.Errorf("the status is %d, want %d", a.status, status)
	}
	if len(documented.Value.Content) == 0 && a.body != "" {
		return fmt.Errorf("the content is %q, want none", a.body)
	}
	operation := &openapi3.Operation{Responses: openapi3.NewResponses(openapi3.WithStatus(http.StatusOK, documented))}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: &http.Request{Method: http.MethodGet},
			Route:   &routers.Route{Spec: api.Description(), Operation: operation},
		},
		Status:  http.StatusOK,
		Header:  a.header,
		Body:    io.NopCloser(strings.NewReader(a.body)),
		Options: &openapi3filter.Options{SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.EnableFormatValidation()}},
	})
}

// itemOf finds what the document says of a path.
func itemOf(u *url.URL) *openapi3.PathItem {
	if u.Path != path.Clean(u.Path) {
		return nil
	}
	segments, err := url.PathUnescape(strings.ReplaceAll(u.EscapedPath(), "%2F", "_")) // within a segment
	for template, item := range api.Description().Paths.Map() {
		if err == nil && templates()[template].MatchString(segments) {
			return item
		}
	}
	return nil
}

var templates = sync.OnceValue(func() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{}
	for template := range api.Description().Paths.Map() {
		pattern := regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(template), "[^/]+")
		all[template] = regexp.MustCompile("^" + pattern + "$")
	}
	return all
})

// knownMethod is one that a document can have: the library panics at others.
func knownMethod(method string) string {
	if slices.Contains(methods[:9], method) {
		return method
	}
	return http.MethodTrace // the document has none
}

var methods = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut,
	http.MethodTrace, "QUERY", "PROPFIND", "get", "Post", "GETS",
}

func allowOf(item *openapi3.PathItem) string {
	return strings.Join(slices.Sorted(maps.Keys(item.Operations())), ", ")
}

// models is what XML content is decoded to, by the schema.
var models = map[string]struct {
	element string
	model   reflect.Type
}{
	"Root":         {"root", reflect.TypeFor[api.Root]()},
	"Health":       {"health", reflect.TypeFor[api.Health]()},
	"Account":      {"account", reflect.TypeFor[api.Account]()},
	"AccountPage":  {"accounts", reflect.TypeFor[api.AccountPage]()},
	"User":         {"user", reflect.TypeFor[api.User]()},
	"UserPage":     {"users", reflect.TypeFor[api.UserPage]()},
	"Site":         {"site", reflect.TypeFor[api.Site]()},
	"SitePage":     {"sites", reflect.TypeFor[api.SitePage]()},
	"Campaign":     {"campaign", reflect.TypeFor[api.Campaign]()},
	"CampaignPage": {"campaigns", reflect.TypeFor[api.CampaignPage]()},
}

func init() {
	openapi3filter.RegisterBodyDecoder("text/javascript", openapi3filter.PlainBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/xml", func(r io.Reader, _ http.Header, schema *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		return valueOfXML(content, strings.TrimPrefix(schema.Ref, "#/components/schemas/"))
	})
}

// valueOfXML returns the JSON value that XML content of a schema stands for. The
// content has nothing that the model does not have: the model gives it again.
func valueOfXML(content []byte, schema string) (any, error) {
	kind, ok := models[schema]
	if !ok {
		return nil, fmt.Errorf("no model for the schema %q", schema)
	}
	model := reflect.New(kind.model).Interface()
	if err := xml.Unmarshal(content, model); err != nil {
		return nil, err
	}
	again := bytes.NewBufferString(xml.Header)
	if err := xml.NewEncoder(again).EncodeElement(model, xml.StartElement{Name: xml.Name{Local: kind.element}}); err != nil {
		return nil, err
	}
	if again.WriteByte('\n'); !bytes.Equal(again.Bytes(), content) {
		return nil, fmt.Errorf("the model has only %s", again)
	}
	encoded, err := json.Marshal(model)
	if err != nil {
		return nil, err
	}
	var value map[string]any
	err = json.Unmarshal(encoded, &value)
	if items, ok := value["items"]; ok && items == nil { // XML has no empty list
		value["items"] = []any{}
	}
	return value, err
}

// sameValue compares the representations that an operation's 200 has.
func sameValue(inXML, inJSON string, operation *openapi3.Operation) error {
	schema := operation.Responses.Status(http.StatusOK).Value.Content.Get("application/xml").Schema
	got, err := valueOfXML([]byte(inXML), strings.TrimPrefix(schema.Ref, "#/components/schemas/"))
	if err != nil {
		return err
	}
	var want any
	if err := json.Unmarshal([]byte(inJSON), &want); err != nil {
		return err
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("XML says %v, JSON %v", got, want)
	}
	return nil
}

// cause is what leads to a status: it changes a request that would succeed, or
// the store.
type cause struct {
	name  string
	apply func(w *world, r *http.Request)
}

var causes = []cause{
	{"nothing", func(*world, *http.Request) {}},
	{"the client has it", func(_ *world, r *http.Request) { r.Header.Set("If-None-Match", "*") }},
	{"a query that nothing has", func(_ *world, r *http.Request) { r.URL.RawQuery = "unknown=1" }},
	{"an id that nothing has", func(w *world, r *http.Request) {
		for _, id := range w.ids {
			r.URL.Path = strings.ReplaceAll(r.URL.Path, id, "none")
		}
	}},
	{"an image is wanted", func(_ *world, r *http.Request) { r.Header.Set("Accept", "image/png") }},
	{"the content does not come", func(_ *world, r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(os.ErrDeadlineExceeded)) }},
	{"another one has the value", func(_ *world, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/users"):
			setBody(r, user("other@example.org"))
		case strings.Contains(r.URL.Path, "/sites"):
			setBody(r, site("other.example"))
		}
	}},
	{"it has children", func(w *world, r *http.Request) {
		if r.Method == http.MethodDelete {
			r.URL.Path = strings.ReplaceAll(r.URL.Path, w.ids["empty account"], w.ids["account"])
			r.URL.Path = strings.ReplaceAll(r.URL.Path, w.ids["empty site"], w.ids["site"])
		}
	}},
	{"an old version", func(_ *world, r *http.Request) { r.Header.Set("If-Match", `"0-json"`) }},
	{"no version", func(_ *world, r *http.Request) { r.Header.Del("If-Match") }},
	{"too much content", func(_ *world, r *http.Request) { setBody(r, strings.Repeat(" ", api.MaxContent+1)) }},
	{"plain text", func(_ *world, r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
	{"a rule broken", func(_ *world, r *http.Request) { setBody(r, `{"name":null}`) }},
	{"the store fails", func(w *world, _ *http.Request) {
		w.store.fail = func(context.Context) error { return errors.New("disk full") }
	}},
	{"the store hangs", func(w *world, _ *http.Request) { w.store.fail = hang }},
}

func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}

// world is an API with something of each kind.
type world struct {
	*client
	ids map[string]string
}

func newWorld(t testing.TB) *world {
	w := &world{newClient(t), map[string]string{}}
	add := func(name, collection, body string) string {
		path := w.create(collection, body)
		w.ids[name] = path[strings.LastIndexByte(path, '/')+1:]
		return path
	}
	a := add("account", "/accounts", account)
	add("user", a+"/users", user("ann@example.org"))
	s := add("site", a+"/sites", site("shop.example"))
	add("campaign", s+"/campaigns", campaign)
	add("empty account", "/accounts", account)
	add("empty site", a+"/sites", site("other.example"))
	add("other user", a+"/users", user("other@example.org"))
	clear(w.seen)
	return w
}

// request is one of an operation that succeeds.
func (w *world) request(template, method string) *http.Request {
	target := template
	for name, id := range w.ids {
		if empty, ok := w.ids["empty "+name]; ok && method == http.MethodDelete {
			id = empty
		}
		target = strings.ReplaceAll(target, "{"+name+"}", id)
	}
	body := ""
	switch segments := strings.Split(template, "/"); method {
	case http.MethodPost:
		body = map[string]string{"accounts": account, "users": user("new@example.org"), "sites": site("new.example"), "campaigns": campaign}[segments[len(segments)-1]]
	case http.MethodPut:
		body = map[string]string{"accounts": account, "users": user("ann@example.org"), "sites": site("shop.example"), "campaigns": campaign}[segments[1]]
	case http.MethodPatch:
		body = `{"name":"New"}`
	}
	return request(w.t, method, target, body, `If-Match: "1-xml"`)
}

// Each operation gives each status that the document says, and no other: every
// cause there is meets every operation there is.
func TestContract_everyStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want, got := map[string]bool{}, map[string]bool{}
		for template, item := range api.Description().Paths.Map() {
			for method, operation := range item.Operations() {
				for status := range operation.Responses.Map() {
					want[operation.OperationID+" "+status] = true
				}
				w := newWorld(t)
				for _, cause := range causes {
					r := w.request(template, method)
					cause.apply(w, r)
					status := w.do(r).status
					maps.Copy(got, w.seen)
					if w.store.fail = well; status < 300 { // it may have changed something
						w = newWorld(t)
					}
				}
			}
		}
		t.Logf("%d pairs of operation and status", len(got))
		assert.Equal(t, want, got)
	})
}

// Each path has the methods of the document; others are refused, and both 405
// and OPTIONS name those that it has.
func TestContract_methods(t *testing.T) {
	for template, item := range api.Description().Paths.Map() {
		for _, method := range methods {
			w := newWorld(t)
			got := w.do(w.request(template, method))
			if _, has := item.Operations()[method]; !has {
				assert.Equal(t, http.StatusMethodNotAllowed, got.status, "%s %s", method, template)
				assert.Equal(t, allowOf(item), got.header.Get("Allow"), "%s %s", method, template)
			} else {
				assert.Less(t, got.status, 300, "%s %s", method, template)
			}
		}
	}
}

// HEAD has the fields of GET.
func TestContract_head(t *testing.T) {
	w := newWorld(t)
	for template, item := range api.Description().Paths.Map() {
		if item.Head == nil {
			continue
		}
		for _, accept := range []string{"application/json", "application/xml", "*/*", "image/png"} {
			var fields [2]http.Header
			for i, method := range []string{http.MethodGet, http.MethodHead} {
				r := w.request(template, method)
				r.Header.Set("Accept", accept)
				fields[i] = w.do(r).header
				fields[i].Del("X-Request-Id")
			}
			assert.Equal(t, fields[0], fields[1], "%s as %s", template, accept)
		}
	}
}

// The document is what it is served as.
func TestContract_document(t *testing.T) {
	want, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	assert.Equal(t, string(want), newClient(t).get("/openapi.yaml").body)
	assert.NoError(t, api.Description().Validate(t.Context()))
}

// The contract of these tests sees what an answer has wrong.
func TestContract_breach(t *testing.T) {
	w := newWorld(t)
	path := "/accounts/" + w.ids["account"]
	good := w.get(path)
	inXML := w.get(path, "Accept: application/xml")
	gone := w.get("/accounts/none")
	for _, test := range []struct {
		name, method, target string
		in                   answer
		change               func(*answer)
		want                 string
	}{
		{"nothing", "GET", path, good, func(*answer) {}, ""},
		{"nothing in XML", "GET", path, inXML, func(*answer) {}, ""},
		{"undocumented status", "GET", path, good, func(a *answer) { a.status = 202 }, "the operation does not have this status"},
		{"no ETag", "GET", path, good, func(a *answer) { a.header.Del("ETag") }, `response header "ETag" missing`},
		{"weak ETag", "GET", path, good, func(a *answer) { a.header.Set("ETag", `W/"1"`) }, `response header "ETag" doesn't match schema`},
		{"no ETag in 304", "GET", path, good, func(a *answer) { a.status, a.body = 304, ""; a.header.Del("ETag") }, `response header "ETag" missing`},
		{"content in 304", "GET", path, good, func(a *answer) { a.status = 304 }, "want none"},
		{"no Vary in HEAD", "HEAD", path, good, func(a *answer) { a.body = ""; a.header.Del("Vary") }, `response header "Vary" missing`},
		{"content type", "GET", path, good, func(a *answer) { a.header.Set("Content-Type", "text/html") }, "response header Content-Type has unexpected value"},
		{"member too many", "GET", path, good, func(a *answer) { a.body = strings.Replace(a.body, "{", `{"x":1,`, 1) }, "response body doesn't match schema"},
		{"no instant", "GET", path, good, func(a *answer) {
			a.body = regexp.MustCompile(`"created":"[^"]*"`).ReplaceAllString(a.body, `"created":"today"`)
		}, "response body doesn't match schema"},
		{"other value", "GET", path, inXML, func(a *answer) { a.body = strings.Replace(a.body, "team", "gold", 1) }, "response body doesn't match schema"},
		{"element too many", "GET", path, inXML, func(a *answer) { a.body = strings.Replace(a.body, "<id>", "<x/><id>", 1) }, "the model has only"},
		{"other element", "GET", path, inXML, func(a *answer) { a.body = strings.ReplaceAll(a.body, "account>", "user>") }, "the model has only"},
		{"unknown path", "GET", "/none", good, func(*answer) {}, "the status is 200, want 404"},
		{"problem of another form", "GET", "/none", gone, func(a *answer) { a.body = `{"error":"x"}` }, "response body doesn't match schema"},
		{"unknown method", "POST", path, gone, func(*answer) {}, `Allow is "", want "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := answer{test.in.status, test.in.header.Clone(), test.in.body}
			test.change(&in)
			_, err := breach(request(t, test.method, test.target, ""), in)
			if test.want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.want)
			}
		})
	}
	operation := api.Description().Paths.Find("/accounts/{account}").Get
	assert.NoError(t, sameValue(inXML.body, good.body, operation))
	assert.ErrorContains(t, sameValue(strings.Replace(inXML.body, "Acme", "Other", 1), good.body, operation), "XML says")
}
