package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/elnormous/contenttype"
)

// format is a media type that representations can have.
type format struct {
	name   string // in ETags
	media  contenttype.MediaType
	encode func(element string, value any) ([]byte, error)
}

// formats are those of resources, in the order of our preference.
var formats = []format{
	{"json", contenttype.NewMediaType("application/json"), encodeJSON},
	{"xml", contenttype.NewMediaType("application/xml"), encodeXML},
}

func encodeJSON(_ string, value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return b.Bytes(), err
}

func encodeXML(element string, value any) ([]byte, error) {
	b := bytes.NewBufferString(xml.Header)
	err := xml.NewEncoder(b).EncodeElement(value, xml.StartElement{Name: xml.Name{Local: element}})
	b.WriteByte('\n')
	return b.Bytes(), err
}

// verbatim is the format of what is text already.
func verbatim(mediaType string) []format {
	return []format{{"text", contenttype.NewMediaType(mediaType), func(_ string, text any) ([]byte, error) { return text.([]byte), nil }}}
}

// accepted is the format that the client prefers. Members of a list that are
// empty mean nothing (RFC 9110 §5.6.1).
func accepted(r *http.Request, formats []format) (format, error) {
	list := strings.Split(r.Header.Get("Accept"), ",")
	list = slices.DeleteFunc(list, func(member string) bool { return strings.TrimSpace(member) == "" })
	if len(list) == 0 {
		return formats[0], nil
	}
	media := make([]contenttype.MediaType, len(formats))
	for i, f := range formats {
		media[i] = f.media
	}
	chosen, _, err := contenttype.GetAcceptableMediaTypeFromHeader(strings.Join(list, ","), media)
	for _, f := range formats {
		if err == nil && f.media.Equal(chosen) {
			return f, nil
		}
	}
	names := make([]string, len(formats))
	for i, m := range media {
		names[i] = m.String()
	}
	return format{}, faultf(http.StatusNotAcceptable, "Accept is %s; here is %s.", quote(r.Header.Get("Accept")), strings.Join(names, " or "))
}

// What caches may do. An item changes through its own path, which invalidates
// it in the caches on the way (RFC 9111 §4.4). A page also changes with what is
// on it, so it is asked for each time; then 304 is a short answer.
const (
	cacheItem   = "public, max-age=10, stale-if-error=60"
	cachePage   = "public, no-cache"
	cacheStatic = "public, max-age=3600"
	cacheNever  = "no-store"
)

// send answers with a value in the format. An etag of "" is made from the content.
func send(w http.ResponseWriter, r *http.Request, status int, f format, element string, value any, etag, cache string) error {
	content, err := f.encode(element, value)
	if err != nil {
		return fmt.Errorf("encode %s as %s: %w", element, f.name, err)
	}
	if etag == "" && cache != cacheNever {
		sum := sha256.Sum256(content)
		etag = `"` + hex.EncodeToString(sum[:16]) + `"`
	}
	h := w.Header()
	if etag != "" {
		h.Set("ETag", etag)
	}
	h.Set("Cache-Control", cache)
	if status == http.StatusOK && r.Method != http.MethodPut && r.Method != http.MethodPatch && etag != "" && unchanged(r, etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", f.media.String())
	h.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(status)
	w.Write(content)
	return nil
}
