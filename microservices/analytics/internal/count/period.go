// Package count holds what stores that count have in common: the periods that they
// keep numbers of, sketches, and the order of pages and referrers.
package count

import (
	"time"

	"gonotes/microservices/analytics"
	"gonotes/microservices/event"
)

// The lengths of a [Period].
const (
	Hour = 1
	Day  = 24
)

// A Period is an hour or a day, in UTC.
type Period struct {
	Hours int64 // its length, Hour or Day
	Start int64 // in hours since 1970
}

// HourOf returns the hour of t.
func HourOf(t event.Time) Period {
	const ms = int64(time.Hour / time.Millisecond)
	return Period{Hour, (int64(t) - mod(int64(t), ms)) / ms}
}

// Day returns the day that the period begins in.
func (p Period) Day() Period { return Period{Day, p.Start - mod(p.Start, Day)} }

// In returns the start as a time in UTC.
func (p Period) In() time.Time { return time.Unix(p.Start*3600, 0).UTC() }

// mod is a % b, and not negative for an a before 1970.
func mod(a, b int64) int64 { return (a%b + b) % b }

// HoursOf returns the hours of the span, since 1970: the first, and the one that is
// after the last.
func HoursOf(span analytics.Span) (from, to int64, err error) {
	return span.From.Unix() / 3600, span.To.Unix() / 3600, span.Check()
}

// Split returns the periods that the hours from one to before another consist of, by
// time: whole days as days, and what is left at both ends as hours. So a month is 31
// of them, and 54 if it begins in the middle of a day.
func Split(from, to int64) []Period {
	var periods []Period
	for from < to {
		p := Period{Hour, from}
		if day := p.Day(); day.Start == from && from+Day <= to {
			p = day
		}
		periods = append(periods, p)
		from += p.Hours
	}
	return periods
}
