package api_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/rest/api"
)

// padded is content of a length.
func padded(content string, length int) string {
	return content + strings.Repeat(" ", length-len(content))
}

// deep is an account with a name of that many levels less one.
func deep(levels int) string {
	return `{"plan":"team","name":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + "}"
}

// JSON is taken if it is well-formed, not too long, not too deep and not
// ambiguous; then the schema decides.
func TestContent_json(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     int
		detail   string
	}{
		{"good", account, 201, ""},
		{"blanks around", "\r\n\t " + account + " \n", 201, ""},
		{"escapes", `{"na\u006de":"\u0041cme","plan":"team"}`, 201, ""},
		{"longest", padded(account, api.MaxContent), 201, ""},
		{"too long", padded(account, api.MaxContent+1), 413, "The content is longer than 65536 bytes."},
		{"deepest", deep(api.MaxDepth), 422, "The content breaks a rule of account."},
		{"too deep", deep(api.MaxDepth + 1), 400, "it is deeper than 16 levels"},
		{"doubled name", `{"name":"A","plan":"team","name":"B"}`, 400, `the name "name" is there twice`},
		{"doubled name by escapes", `{"name":"A","plan":"team","n\u0061me":"B"}`, 400, `the name "name" is there twice`},
		{"doubled name inside", `{"name":{"a":1,"a":1},"plan":"team"}`, 400, `the name "a" is there twice`},
		{"same name in two objects", `{"name":[{"a":1},{"a":1}],"plan":"team"}`, 422, ""},
		{"name as a value", `{"name":"name","plan":"team"}`, 201, ""},
		{"something follows", account + "x", 400, "something follows it at byte 29"},
		{"another follows", account + " {}", 400, "something follows it at byte 30"},
		{"empty", "", 400, "it ends too early"},
		{"blank", " ", 400, "it ends too early"},
		{"cut off", account[:20], 400, ""},
		{"comma at the end", `{"name":"A","plan":"team",}`, 400, ""},
		{"comma at the end of an array", `[1,]`, 400, ""},
		{"single quotes", `{'name':'A'}`, 400, ""},
		{"comment", `{"name":"A","plan":"team"}//`, 400, ""},
		{"number too great", `{"name":1e999,"plan":"team"}`, 400, ""},
		{"NaN", `{"name":NaN,"plan":"team"}`, 400, ""},
		{"invalid UTF-8", "{\"name\":\"\xff\",\"plan\":\"team\"}", 400, "The content is not UTF-8."},
		{"UTF-16", "{\x00}\x00", 400, ""},
		{"byte order mark", "\ufeff" + account, 400, ""},
		{"null", `null`, 422, ""},
		{"array", `[]`, 422, ""},
		{"text", `"account"`, 422, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := newClient(t).send(http.MethodPost, "/accounts", test.in)
			assert.Equal(t, test.want, got.status, got.body)
			if test.detail != "" {
				assert.Contains(t, of[api.Problem](t, got).Detail, test.detail)
			}
		})
	}
}

// XML is taken if it is one element of text elements and nothing else.
func TestContent_xml(t *testing.T) {
	const members = "<name>Acme</name><plan>team</plan>"
	const good = "<account>" + members + "</account>"
	var entities strings.Builder
	entities.WriteString(`<!DOCTYPE account [<!ENTITY a "ha">`)
	for i := range 9 {
		entities.WriteString(fmt.Sprintf("<!ENTITY %c \"%s\">", 'b'+i, strings.Repeat(fmt.Sprintf("&%c;", 'a'+i), 10)))
	}
	entities.WriteString("]>")
	for _, test := range []struct {
		name, in string
		want     int
		detail   string
	}{
		{"good", good, 201, ""},
		{"declaration", `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + good + "\n", 201, ""},
		{"comment", "<account><!-- who -->" + members + "</account>", 201, ""},
		{"CDATA", "<account><name><![CDATA[A]]>&amp;<![CDATA[B]]></name><plan>team</plan></account>", 201, ""},
		{"longest", padded(good, api.MaxContent), 201, ""},
		{"too long", padded(good, api.MaxContent+1), 413, ""},
		{"unknown element", "<account>" + members + "<x>1</x></account>", 422, ""},
		{"no members", "<account/>", 422, ""},
		{"attribute", `<account id="1">` + members + "</account>", 400, `the element "account" has attributes or a namespace`},
		{"attribute inside", `<account><name x="1">A</name><plan>team</plan></account>`, 400, `the element "name" has attributes or a namespace`},
		{"default namespace", `<account xmlns="urn:x">` + members + "</account>", 400, `the element "account" has attributes or a namespace`},
		{"prefix", `<a:account>` + members + "</a:account>", 400, `the element "account" has attributes or a namespace`},
		{"nested", "<account><name><b>A</b></name><plan>team</plan></account>", 400, `the element "b" is in an element of text`},
		{"doubled element", "<account>" + members + "<name>B</name></account>", 400, `the element "name" is there twice`},
		{"no root", "", 400, "there is no element account"},
		{"only a comment", "<!-- nothing -->", 400, "there is no element account"},
		{"other root", "<user>" + members + "</user>", 400, `the element "user" is outermost, want one account`},
		{"two roots", good + good, 400, `the element "account" is outermost, want one account`},
		{"text in the root", "<account>text" + members + "</account>", 400, "there is text outside of elements of text"},
		{"text after the root", good + "text", 400, "there is text outside of elements of text"},
		{"document type", "<!DOCTYPE account>" + good, 400, "it has a document type declaration"},
		{"external entity", `<!DOCTYPE account [<!ENTITY x SYSTEM "file:///etc/passwd">]><account><name>&x;</name><plan>team</plan></account>`, 400, "it has a document type declaration"},
		{"entities of entities", entities.String() + "<account><name>&j;</name><plan>team</plan></account>", 400, "it has a document type declaration"},
		{"unknown entity", "<account><name>&x;</name><plan>team</plan></account>", 400, "invalid character entity &x;"},
		{"no end", "<account>" + members, 400, "unexpected EOF"},
		{"ends crossed", "<account><name>A</plan></name></account>", 400, ""},
		{"other encoding", `<?xml version="1.0" encoding="ISO-8859-1"?>` + good, 400, "encoding"},
		{"version 1.1", `<?xml version="1.1"?>` + good, 400, "unsupported version"},
		{"no character", "<account><name>&#0;</name><plan>team</plan></account>", 400, ""},
		{"invalid UTF-8", "<account><name>\xff</name><plan>team</plan></account>", 400, "The content is not UTF-8."},
		{"byte order mark", "\ufeff" + good, 400, "there is text outside of elements of text"},
		{"deep", strings.Repeat("<account>", 5000), 400, "is in an element of text"},
		{"JSON", account, 400, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := newClient(t).send(http.MethodPost, "/accounts", test.in, "Content-Type: application/xml")
			assert.Equal(t, test.want, got.status, got.body)
			if test.detail != "" {
				assert.Contains(t, of[api.Problem](t, got).Detail, test.detail)
			}
		})
	}
}

// What comes in one format goes out in the other, whatever characters it has. The
// contract compares both formats.
func TestContent_characters(t *testing.T) {
	c := newClient(t)
	for _, test := range []struct {
		name, in string
		want     int
	}{
		{"marks", `<a href="x">&amp;'</a>]]>`, 201},
		{"blanks", "  a  b  ", 201},
		{"many planes", "naïve 名前 😀 \u00a0 \u2028 \ufeff", 201},
		{"replacement", "\ufffd", 201},
		{"C1 control", "\u0085", 201},
		{"line feed", "a\nb", 422},
		{"delete", "a\x7fb", 422},
		{"not in XML", "a\uffffb", 422},
		{"not in XML either", "a\ufffeb", 422},
		{"100 letters", strings.Repeat("é", 100), 201},
		{"101 letters", strings.Repeat("é", 101), 422},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := c.send(http.MethodPost, "/accounts", fmt.Sprintf(`{"name":%s,"plan":"team"}`, quoted(test.in)))
			require.Equal(t, test.want, got.status, got.body)
			if test.want != http.StatusCreated {
				return
			}
			assert.Equal(t, test.in, of[api.Account](t, got).Name)
			inXML := c.get(got.header.Get("Location"), "Accept: application/xml").body
			value, err := valueOfXML([]byte(inXML), "Account")
			require.NoError(t, err)
			assert.Equal(t, test.in, value.(map[string]any)["name"])
		})
	}
}

// The media type, its charset and the coding say whether content is read at all.
func TestContent_type(t *testing.T) {
	c := newClient(t)
	path := c.create("/accounts", account)
	for _, test := range []struct {
		name, method, in string
		want             int
	}{
		{"JSON", "POST", "Content-Type: application/json", 201},
		{"charset", "POST", "Content-Type: application/json; charset=UTF-8", 201},
		{"quoted charset", "POST", `Content-Type: Application/JSON;charset="utf-8"`, 201},
		{"other charset", "POST", "Content-Type: application/json; charset=utf-16", 415},
		{"none", "POST", "Content-Type: ", 415},
		{"malformed", "POST", "Content-Type: application/json;;", 415},
		{"text", "POST", "Content-Type: text/plain", 415},
		{"form", "POST", "Content-Type: application/x-www-form-urlencoded", 415},
		{"patch", "POST", "Content-Type: application/merge-patch+json", 415},
		{"JSON for a patch", "PATCH", "Content-Type: application/json", 415},
		{"XML for a patch", "PATCH", "Content-Type: application/xml", 415},
		{"patch for a replacement", "PUT", "Content-Type: application/merge-patch+json", 415},
		{"coding", "POST", "Content-Encoding: gzip", 415},
		{"no coding", "POST", "Content-Encoding: identity", 201},
	} {
		t.Run(test.name, func(t *testing.T) {
			target := path
			if test.method == http.MethodPost {
				target = "/accounts"
			}
			got := c.send(test.method, target, account, test.in, "If-Match: *")
			assert.Equal(t, test.want, got.status, got.body)
			if test.method == http.MethodPatch {
				assert.Equal(t, "application/merge-patch+json", got.header.Get("Accept-Patch"))
			}
		})
	}
}

// counter counts the bytes that were read of content.
type counter struct {
	io.Reader
	read int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

// A megabyte of nested JSON is refused after no more than the limit: nothing of
// it is read when its length is known, and one byte after the limit when not.
func TestContent_megabyte(t *testing.T) {
	for _, test := range []struct {
		name   string
		length int64
		want   int
	}{
		{"Content-Length", 1 << 20, 0},
		{"chunked", -1, api.MaxContent + 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := &counter{Reader: bytes.NewReader(bytes.Repeat([]byte("["), 1<<20))}
			r := request(t, http.MethodPost, "/accounts", "")
			r.Body, r.ContentLength = io.NopCloser(body), test.length
			assert.Equal(t, http.StatusRequestEntityTooLarge, newClient(t).do(r).status)
			assert.Equal(t, test.want, body.read)
		})
	}
}
