package cache

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// rangeApplies reports whether If-Range, where there is one, names the stored
// representation, by strong comparison (RFC 9110 §13.1.5).
func (e *entry) rangeApplies(h http.Header) bool {
	wanted := h.Get("If-Range")
	if wanted == "" {
		return true
	}
	if strings.HasPrefix(wanted, `"`) {
		return wanted == e.header.Get("Etag")
	}
	modified, err := http.ParseTime(e.header.Get("Last-Modified"))
	// A date is strong if the response is from another second (RFC 9110 §8.8.2.2).
	return err == nil && wanted == e.header.Get("Last-Modified") && date(e.header, "Date", modified).Sub(modified) >= time.Second
}

// partial is the 206 or 416 to a request for one range of bytes, nil if the
// request has none, several, or one that is not understood: those may be
// ignored (RFC 9110 §14.2).
func (e *entry) partial(req *http.Request, header http.Header) *http.Response {
	first, last, ok := span(req.Header.Get("Range"), len(e.body))
	if !ok {
		return nil
	}
	if first > last {
		header.Set("Content-Range", fmt.Sprintf("bytes */%d", len(e.body)))
		header.Del("Content-Length")
		header.Del("Content-Type")
		return answer(req, http.StatusRequestedRangeNotSatisfiable, header, nil)
	}
	header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, len(e.body)))
	header.Set("Content-Length", strconv.Itoa(last-first+1))
	return answer(req, http.StatusPartialContent, header, e.body[first:last+1])
}

// span reads a Range field with one range of bytes: the first and the last
// position in size bytes. The first is greater if the range is not
// satisfiable; ok is false if the field is not such a range.
func span(field string, size int) (first, last int, ok bool) {
	spec, isBytes := strings.CutPrefix(strings.ToLower(field), "bytes=")
	from, to, hasDash := strings.Cut(strings.TrimSpace(spec), "-")
	if !isBytes || !hasDash || from == "" && to == "" {
		return 0, 0, false
	}
	begin, beginOK := position(from)
	end, endOK := position(to)
	switch {
	case !beginOK && from != "" || !endOK && to != "":
		return 0, 0, false
	case from == "":
		return size - min(end, size), size - 1, true
	case to == "":
		return begin, size - 1, true
	}
	return begin, min(end, size-1), begin <= end
}

// position reads digits; what does not fit counts as the greatest int.
func position(s string) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil || n > 0
}
