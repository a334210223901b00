package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"gonotes/rest/problem"
)

const mergePatch = "application/merge-patch+json"

// read returns the content of a request as JSON that is well-formed, not too
// deep and without doubled names. types are the media types that it may have.
func read(w http.ResponseWriter, r *http.Request, element string, types ...string) ([]byte, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := cmp.Or(params["charset"], "utf-8")
	if err != nil || !slices.Contains(types, media) || !strings.EqualFold(charset, "utf-8") {
		return nil, faultf(http.StatusUnsupportedMediaType, "Content-Type is %s, want %s in UTF-8.",
			quote(r.Header.Get("Content-Type")), strings.Join(types, " or "))
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, faultf(http.StatusUnsupportedMediaType, "Content-Encoding is %s, want none.", quote(coding))
	}
	if r.ContentLength > MaxContent { // refused unread
		return nil, &http.MaxBytesError{Limit: MaxContent}
	}
	content, err := readAll(w, r)
	if err != nil && faultOf(err).status == http.StatusInternalServerError { // neither too long nor too late
		return nil, faultf(http.StatusBadRequest, "The content cannot be read: %v.", err)
	} else if err != nil {
		return nil, err
	}
	if !utf8.Valid(content) {
		return nil, faultf(http.StatusBadRequest, "The content is not UTF-8.")
	}
	if media == "application/xml" {
		return fromXML(content, element)
	}
	if err := wellFormed(content); err != nil {
		return nil, faultf(http.StatusBadRequest, "The content is not JSON that can be taken: %v.", err)
	}
	return content, nil
}

// readAll reads the content for as long as there is time for an answer. Where no
// deadline can be set, that of the server holds.
func readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	conn := http.NewResponseController(w)
	deadline, _ := r.Context().Deadline()
	conn.SetReadDeadline(deadline)
	content, err := io.ReadAll(r.Body)
	if err == nil { // net/http reads on, to see when the client leaves
		conn.SetReadDeadline(time.Time{})
	}
	return content, err
}

// wellFormed reads all of content once, without building anything of it.
func wellFormed(content []byte) error {
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	var open []map[string]bool // the names of each open object, nil for an array
	name := false              // whether a name comes next in the innermost object
	for {
		token, err := d.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("it ends too early")
			}
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if len(open) == MaxDepth {
				return fmt.Errorf("it is deeper than %d levels", MaxDepth)
			}
			if name = token == json.Delim('{'); name {
				open = append(open, map[string]bool{})
			} else {
				open = append(open, nil)
			}
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if name {
				text := token.(string)
				if open[len(open)-1][text] {
					return fmt.Errorf("the name %s is there twice", quote(text))
				}
				open[len(open)-1][text], name = true, false
				continue
			}
		}
		if len(open) == 0 {
			break
		}
		name = open[len(open)-1] != nil
	}
	if rest := bytes.TrimSpace(content[d.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("something follows it at byte %d", len(content)-len(rest))
	}
	return nil
}

// fromXML reads an element of text elements as a JSON object of strings.
func fromXML(content []byte, element string) ([]byte, error) {
	malformed := func(format string, args ...any) error {
		return faultf(http.StatusBadRequest, "The content is not XML that can be taken: "+format+".", args...)
	}
	members := map[string]string{}
	d := xml.NewDecoder(bytes.NewReader(content))
	var open []string
	var text strings.Builder
	roots := 0
	for {
		token, err := d.Token()
		if err == io.EOF && roots == 1 {
			return json.Marshal(members)
		} else if err == io.EOF {
			return nil, malformed("there is no element %s", element)
		} else if err != nil {
			return nil, malformed("%v", err)
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, malformed("it has a document type declaration")
		case xml.StartElement:
			name := token.Name.Local
			_, twice := members[name]
			switch {
			case len(token.Attr) > 0 || token.Name.Space != "":
				return nil, malformed("the element %s has attributes or a namespace", quote(name))
			case len(open) == 0 && (name != element || roots > 0):
				return nil, malformed("the element %s is outermost, want one %s", quote(name), element)
			case len(open) == 1 && twice:
				return nil, malformed("the element %s is there twice", quote(name))
			case len(open) == 2:
				return nil, malformed("the element %s is in an element of text", quote(name))
			}
			open = append(open, name)
			text.Reset()
		case xml.EndElement:
			if len(open) == 2 {
				members[open[1]] = text.String()
			} else {
				roots++
			}
			open = open[:len(open)-1]
			text.Reset()
		case xml.CharData:
			if text.Write(token); len(open) < 2 && len(bytes.TrimSpace(token)) > 0 {
				return nil, malformed("there is text outside of elements of text")
			}
		}
	}
}

// checked returns the content in its one stored form, or what is wrong with it.
func (r *resource) checked(content []byte) ([]byte, map[string]any, error) {
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		return nil, nil, faultf(http.StatusBadRequest, "The content is not JSON that can be taken: %v.", err)
	}
	schema := Description().Components.Schemas[r.input].Value
	wrong := schemaErrors(schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.EnableFormatValidation()))
	members, _ := value.(map[string]any)
	if wrong == nil && r.check != nil {
		wrong = r.check(members)
	}
	if wrong != nil {
		slices.SortFunc(wrong, byPlace)
		return nil, nil, faultf(http.StatusUnprocessableEntity, "The content breaks a rule of %s.", r.kind).at(wrong...)
	}
	body, err := json.Marshal(members)
	if err == nil {
		_, err = r.view(docOf(body)) // whatever the schema let through
	}
	if err != nil {
		return nil, nil, faultf(http.StatusUnprocessableEntity, "The content breaks a rule of %s: %v.", r.kind, err)
	}
	return body, members, nil
}

// schemaErrors is what a schema says of a value, one entry for each place.
func schemaErrors(err error) []problem.Error {
	var found []problem.Error
	if several, ok := errors.AsType[openapi3.MultiError](err); ok {
		for _, err := range several {
			found = append(found, schemaErrors(err)...)
		}
	} else if broken, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		pointer := "#"
		for _, name := range broken.JSONPointer() {
			pointer += "/" + escapePointer(name)
		}
		detail := reason(err)
		if name, ok := strings.CutSuffix(strings.TrimPrefix(detail, "property "), " is unsupported"); ok && pointer == "#" {
			if name, err := strconv.Unquote(name); err == nil {
				pointer += "/" + escapePointer(name)
			}
		}
		if value, err := json.Marshal(broken.Value); err == nil && broken.SchemaField != "required" && broken.SchemaField != "properties" {
			detail = shorten(string(value)) + ": " + detail
		}
		found = append(found, problem.Error{Pointer: pointer, Detail: detail})
	} else if err != nil {
		found = append(found, problem.Error{Detail: err.Error()})
	}
	return found
}

func escapePointer(name string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
}

// reason is the rule that a value breaks.
func reason(err error) string {
	if broken, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return broken.Reason
	}
	return err.Error()
}

func byPlace(a, b problem.Error) int {
	return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Parameter, b.Parameter), cmp.Compare(a.Detail, b.Detail))
}
