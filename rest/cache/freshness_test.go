package cache_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"gonotes/rest/cache"
)

// The bubble's clock begins at midnight UTC, 1 January 2000.
const (
	midnight     = "Sat, 01 Jan 2000 00:00:00 GMT"
	minuteLater  = "Sat, 01 Jan 2000 00:01:00 GMT"
	tenMinutes   = "Fri, 31 Dec 1999 23:50:00 GMT" // before
	hundredYears = "Mon, 01 Jan 1900 00:00:00 GMT"
)

// Where the origin's words are malformed or contradict each other, what it
// sent is stored for its validator only and used by nobody unasked.
func TestFreshness_malformed(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
	}{
		{"negative", []string{"Cache-Control", "max-age=-60"}},
		{"fraction", []string{"Cache-Control", "max-age=60.5"}},
		{"sign", []string{"Cache-Control", "max-age=+60"}},
		{"letters", []string{"Cache-Control", "max-age=60s"}},
		{"single quotes", []string{"Cache-Control", "max-age='60'"}},
		{"no argument", []string{"Cache-Control", "max-age"}},
		{"space before the equals sign", []string{"Cache-Control", "max-age =60"}},
		{"space after the equals sign", []string{"Cache-Control", "max-age= 60"}},
		{"two lifetimes", []string{"Cache-Control", "max-age=60, max-age=120"}},
		{"two lifetimes on two lines", []string{"Cache-Control", "max-age=60", "Cache-Control", "max-age=120"}},
		{"malformed s-maxage before max-age", []string{"Cache-Control", "s-maxage=x, max-age=60"}},
		{"inside another argument", []string{"Cache-Control", `x="a, max-age=60"`}},
		{"after an escaped quote", []string{"Cache-Control", `x="\", max-age=60, "`}},
		{"open string", []string{"Cache-Control", `max-age=60, x="`}},
		{"malformed max-age before Expires", []string{"Cache-Control", "max-age=x", "Expires", minuteLater}},
		{"two Expires", []string{"Expires", minuteLater, "Expires", minuteLater}},
		{"Expires beside a targeted field", []string{"Expires", minuteLater, "CDN-Cache-Control", "public"}},
		{"past Expires", []string{"Expires", midnight}},
		{"Expires before Date", []string{"Expires", minuteLater, "Date", "Sat, 01 Jan 2000 00:02:00 GMT"}},
		{"Expires in another zone", []string{"Expires", "Sat, 01 Jan 2000 00:01:00 UTC"}},
		{"Age is no number", []string{"Cache-Control", "max-age=60", "Age", "x"}},
		{"Age is negative", []string{"Cache-Control", "max-age=60", "Age", "-1"}},
		{"Age is a list", []string{"Cache-Control", "max-age=60", "Age", "0, 0"}},
		{"two Age lines", []string{"Cache-Control", "max-age=60", "Age", "0", "Age", "0"}},
		{"Age beyond the lifetime", []string{"Cache-Control", "max-age=60", "Age", "99999999999999999999"}},
		{"Date long ago", []string{"Cache-Control", "max-age=60", "Date", tenMinutes}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cache.New(numbered(append(test.fields, "ETag", `"a"`)...), 1<<20)
				assert.Equal(t, "1", get(t, c, "/"))
				assert.Equal(t, "2", get(t, c, "/"))
			})
		})
	}
}

// More of what gives a lifetime: to the last second and not in the next.
func TestFreshness_lifetime(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		fresh  time.Duration
	}{
		{"a comma in another argument", []string{"Cache-Control", `x="a,b", max-age=60`}, time.Minute},
		{"the same twice", []string{"Cache-Control", "max-age=60, max-age=60"}, time.Minute},
		{"leading zeros", []string{"Cache-Control", "max-age=0060"}, time.Minute},
		{"more than 2³¹", []string{"Cache-Control", "max-age=99999999999999999999"}, 1 << 31 * time.Second},
		{"Expires with an ill-formed Date", []string{"Date", "x", "Expires", minuteLater}, time.Minute},
		{"Expires in RFC 850 format", []string{"Expires", "Saturday, 01-Jan-00 00:01:00 GMT"}, time.Minute},
		{"Expires in asctime format", []string{"Expires", "Sat Jan  1 00:01:00 2000"}, time.Minute},
		{"a tenth of the time since Last-Modified", []string{"Last-Modified", tenMinutes}, time.Minute},
		{"but not more than a day", []string{"Last-Modified", hundredYears}, 24 * time.Hour},
		{"CDN-Cache-Control first", []string{"Cache-Control", "no-store", "CDN-Cache-Control", "max-age=60"}, time.Minute},
		{"CDN-Cache-Control instead of Expires", []string{"Expires", "0", "CDN-Cache-Control", "max-age=60"}, time.Minute},
		{"Surrogate-Control", []string{"Cache-Control", "max-age=5", "Surrogate-Control", "max-age=60"}, time.Minute},
		{"an ill-formed target is ignored", []string{"Cache-Control", "max-age=60", "CDN-Cache-Control", "max-age=x"}, time.Minute},
		{"someone else's target is ignored", []string{"Cache-Control", "max-age=60", "Surrogate-Control", "max-age=9;other"}, time.Minute},
		{"a directive for someone else is ignored", []string{"Cache-Control", "max-age=60", "Surrogate-Control", "no-store;other"}, time.Minute},
		{"an empty target is ignored", []string{"Cache-Control", "max-age=60", "CDN-Cache-Control", ""}, time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cache.New(numbered(test.fields...), 1<<20)
				assert.Equal(t, "1", get(t, c, "/"))
				time.Sleep(test.fresh - time.Second)
				assert.Equal(t, "1", get(t, c, "/"), "a second before the end")
				time.Sleep(time.Second)
				assert.Equal(t, "2", get(t, c, "/"), "at the end")
			})
		})
	}
}

// Any final status may be stored with a lifetime of its own, some without.
func TestFreshness_status(t *testing.T) {
	tests := []struct {
		status                                  int
		explicit, heuristic, public, understood bool
	}{
		{200, true, true, true, true}, {203, true, true, true, true}, {204, true, true, true, true},
		{206, false, false, false, false}, {299, true, false, true, false}, {300, true, true, true, true},
		{301, true, true, true, true}, {302, true, false, true, false}, {304, false, false, false, false},
		{307, true, false, true, false}, {308, true, true, true, true}, {400, true, false, true, false},
		{403, true, false, true, false}, {404, true, true, true, true}, {405, true, true, true, true},
		{410, true, true, true, true}, {414, true, true, true, true}, {500, true, false, true, false},
		{501, true, true, true, true}, {503, true, false, true, false}, {599, true, false, true, false},
	}
	for _, test := range tests {
		t.Run(strconv.Itoa(test.status), func(t *testing.T) {
			stored := func(fields ...string) bool {
				o := numbered(fields...)
				handler := o.handler
				o.handler = func(w http.ResponseWriter, req *http.Request) {
					handler(withStatus{w, test.status}, req)
				}
				c := cache.New(o, 1<<20)
				for range 2 {
					resp, _ := ask(t, c, http.MethodGet, "/")
					assert.Equal(t, test.status, resp.StatusCode)
				}
				return o.asked == 1
			}
			assert.Equal(t, test.explicit, stored("Cache-Control", "max-age=60"), "with max-age")
			assert.Equal(t, test.heuristic, stored("Last-Modified", hundredYears), "with Last-Modified")
			assert.Equal(t, test.public, stored("Last-Modified", hundredYears, "Cache-Control", "public"), "public")
			assert.Equal(t, test.understood, stored("Cache-Control", "max-age=60, must-understand"), "must-understand")
			assert.Equal(t, test.understood, stored("Cache-Control", "max-age=60, must-understand, no-store"), "must-understand, no-store")
		})
	}
}

// What may not be stored is not asked about again; what could never be used
// takes no room.
func TestFreshness_notStored(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		fields []string
	}{
		"no lifetime and a status without heuristic": {http.StatusForbidden, []string{"ETag", `"a"`}},
		"no lifetime and no validator":               {http.StatusOK, nil},
	} {
		o := numbered(test.fields...)
		handler := o.handler
		o.handler = func(w http.ResponseWriter, req *http.Request) {
			assert.Empty(t, req.Header.Get("If-None-Match"), name)
			handler(withStatus{w, test.status}, req)
		}
		c := cache.New(o, 1<<20)
		get(t, c, "/")
		get(t, c, "/")
		_, _, entries := c.Size()
		assert.Zero(t, entries, name)
	}
}

// withStatus answers with its status at the first write.
type withStatus struct {
	http.ResponseWriter
	status int
}

func (w withStatus) Write(p []byte) (int, error) {
	w.WriteHeader(w.status)
	return w.ResponseWriter.Write(p)
}

// The client can ask for less than the origin allows, and for more with
// max-stale. The response is fresh for 60 s and 30 s, or 70 s old.
func TestFreshness_client(t *testing.T) {
	tests := []struct {
		asks       string
		young, old string
	}{
		{"", "1", "2"},
		{"no-cache", "2", "2"},
		{"max-age=0", "2", "2"}, {"max-age=30", "1", "2"}, {"max-age=29", "2", "2"}, {"max-age=x", "2", "2"},
		{"min-fresh=30", "1", "2"}, {"min-fresh=31", "2", "2"}, {"min-fresh=x", "2", "2"}, {"min-fresh", "2", "2"},
		{"max-stale", "1", "1"}, {"max-stale=10", "1", "1"}, {"max-stale=9", "1", "2"}, {"max-stale=x", "1", "2"},
		{"max-stale, max-age=69", "1", "2"}, {"only-if-cached", "1", "504 Gateway Timeout"},
	}
	for _, test := range tests {
		for age, want := range map[time.Duration]string{30 * time.Second: test.young, 70 * time.Second: test.old} {
			t.Run(test.asks+" "+age.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := cache.New(numbered("Cache-Control", "max-age=60"), 1<<20)
					assert.Equal(t, "1", get(t, c, "/"))
					time.Sleep(age)
					assert.Equal(t, want, get(t, c, "/", "Cache-Control", test.asks))
				})
			})
		}
	}
}

// What must be validated is not used stale: not with max-stale, not
// meanwhile, not when the origin fails.
func TestFreshness_neverStale(t *testing.T) {
	for _, forbids := range []string{"must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"} {
		t.Run(forbids, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := numbered("Cache-Control", "max-age=60, stale-while-revalidate=60, stale-if-error=60, "+forbids, "ETag", `"a"`)
				c := cache.New(o, 1<<20)
				defer c.Close()
				assert.Equal(t, "1", get(t, c, "/"))
				time.Sleep(70 * time.Second)
				assert.Equal(t, "2", get(t, c, "/", "Cache-Control", "max-stale"))
				time.Sleep(70 * time.Second)
				assert.Equal(t, "3", get(t, c, "/"))
				time.Sleep(70 * time.Second)
				o.down = true
				_, err := c.RoundTrip(newRequest("/"))
				assert.EqualError(t, err, "origin is down")
			})
		})
	}
}

// An answer from the store says its age: what the origin said, or the time
// since its Date, and how long it was kept (RFC 9111 §4.2.3).
func TestFreshness_age(t *testing.T) {
	tests := []struct {
		name   string
		fields []string
		want   string
	}{
		{"kept", nil, "10"},
		{"already old", []string{"Age", "20"}, "30"},
		{"dated before", []string{"Date", tenMinutes}, "610"},
		{"dated later", []string{"Date", minuteLater}, "10"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cache.New(numbered(append(test.fields, "Cache-Control", "max-age=3600")...), 1<<20)
				get(t, c, "/")
				time.Sleep(10*time.Second + time.Second/2)
				resp, body := ask(t, c, http.MethodGet, "/")
				assert.Equal(t, "1", body)
				assert.Equal(t, []string{test.want}, resp.Header.Values("Age"))
			})
		})
	}
}

// The time that the origin takes counts as age.
func TestFreshness_delay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control", "max-age=60", "Date", "")
		handler := o.handler
		o.handler = func(w http.ResponseWriter, req *http.Request) {
			time.Sleep(25 * time.Second)
			handler(w, req)
		}
		c := cache.New(o, 1<<20)
		get(t, c, "/")
		resp, _ := ask(t, c, http.MethodGet, "/")
		assert.Equal(t, "25", resp.Header.Get("Age"))
		assert.Equal(t, "Sat, 01 Jan 2000 00:00:25 GMT", resp.Header.Get("Date"), "added, as the origin sent none")
	})
}
