package collector

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits of the content of a request.
const (
	MaxContent = 1 << 20 // bytes
	MaxBatch   = 1000    // events
)

// fault is what is wrong with a request as a whole, of which nothing was taken.
type fault struct {
	status int
	detail string
}

func faultf(status int, format string, args ...any) *fault {
	return &fault{status, fmt.Sprintf(format, args...)}
}

func tooLarge[N int | int64](n N, what string) *fault {
	return faultf(http.StatusRequestEntityTooLarge, "The content has %d %s or more, want at most %d bytes and %d events.", n, what, MaxContent, MaxBatch)
}

func malformed(what string) *fault {
	return faultf(http.StatusBadRequest, "The content is not JSON: %s.", what)
}

// newlines is the media type of one JSON text a line.
const newlines = "application/x-ndjson"

// mediaOf returns the media type of the content.
func mediaOf(h http.Header) (string, *fault) {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return "", faultf(http.StatusUnsupportedMediaType, "Content-Encoding is %.80q, want none.", coding)
	}
	text := h.Get("Content-Type")
	if text == "application/json" { // as most say it
		return text, nil
	}
	media, params, err := mime.ParseMediaType(text)
	if charset, ok := params["charset"]; err != nil || media != "application/json" && media != newlines || ok && !strings.EqualFold(charset, "utf-8") {
		return "", faultf(http.StatusUnsupportedMediaType, "Content-Type is %.80q, want application/json or %s in UTF-8.", text, newlines)
	}
	return media, nil
}

// buffers hold what most contents fit into.
var buffers = sync.Pool{New: func() any { return new([requestRoom]byte) }}

// read appends the content to buf. Room is taken for what comes, not for what is
// announced: a client that sends slowly holds little.
func (d *delivery) read(body io.Reader, buf []byte) ([]byte, *fault) {
	for {
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case err == io.EOF:
			return buf, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, faultf(http.StatusRequestTimeout, "The content ended after %d bytes, and more did not come in time.", len(buf))
		case err != nil:
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				return nil, tooLarge(MaxContent+1, "bytes")
			}
			return nil, faultf(http.StatusBadRequest, "The content cannot be read after %d bytes: %v.", len(buf), err)
		}
		if len(buf) == cap(buf) {
			if wrong := d.takeRoom(cap(buf)); wrong != nil {
				return nil, wrong
			}
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
	}
}

// itemsOf returns what stands for an event each, and whether the content is no batch.
func itemsOf(media string, content []byte) (items [][]byte, one bool, wrong *fault) {
	content = bytes.TrimLeft(content, space)
	switch {
	case media == newlines:
		items, wrong = lines(content)
	case len(content) > 0 && content[0] == '[':
		items, wrong = elements(content)
	case len(content) > 0:
		items, one = [][]byte{content}, true
	}
	if wrong == nil && len(items) == 0 {
		wrong = faultf(http.StatusBadRequest, "The content holds no event, want 1 at least.")
	}
	return items, one, wrong
}

const space = " \t\r\n" // that JSON allows between tokens

// lines returns those that are not empty.
func lines(content []byte) (items [][]byte, wrong *fault) {
	for line := range bytes.Lines(content) {
		if line = bytes.Trim(line, space); len(line) == 0 {
			continue
		}
		if items = append(items, line); len(items) > MaxBatch {
			return nil, tooLarge(len(items), "events")
		}
	}
	return items, nil
}

// elements returns those of an array, each as it stands. What is wrong within one, such
// as a text that is not UTF-8 or a name that is there twice, is left to be found there.
func elements(content []byte) (items [][]byte, wrong *fault) {
	d := laxDecoder(content)
	if _, err := d.ReadToken(); err != nil {
		return nil, malformed(why(err))
	}
	for d.PeekKind() != jsontext.KindEndArray {
		value, err := d.ReadValue()
		if err != nil {
			return nil, malformed(why(err))
		}
		end := int(d.InputOffset())
		if items = append(items, content[end-len(value):end]); len(items) > MaxBatch {
			return nil, tooLarge(len(items), "events")
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, malformed(why(err))
	}
	return items, end(d)
}

// wellFormed returns what is wrong if content is not one JSON value, as [elements]
// takes it.
func wellFormed(content []byte) *fault {
	d := laxDecoder(content)
	if err := d.SkipValue(); err != nil {
		return malformed(why(err))
	}
	return end(d)
}

func laxDecoder(content []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(content), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
}

func end(d *jsontext.Decoder) *fault {
	if _, err := d.ReadToken(); err != io.EOF {
		return malformed(fmt.Sprintf("something follows the value that ends after %d bytes", d.InputOffset()))
	}
	return nil
}

// why says what is wrong with JSON.
func why(err error) string {
	wrong, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return err.Error()
	case wrong.Err == io.ErrUnexpectedEOF:
		return fmt.Sprintf("it ends too early, after %d bytes", wrong.ByteOffset)
	case wrong.Err == jsontext.ErrDuplicateName:
		return fmt.Sprintf("member %.40q is there twice", wrong.JSONPointer.LastToken())
	}
	return fmt.Sprintf("%v, after %d bytes", wrong.Err, wrong.ByteOffset)
}
