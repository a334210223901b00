package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"gonotes/rest/problem"
)

// TimeoutHeader names the field in which a caller says for how many more seconds it
// waits, as a decimal number like 0.25. The gateway waits that long for a service, and
// never longer than its own timeout. A caller that waits no longer, 0 or less, is
// refused with 504 before a service is asked: what it wanted would be done for nobody.
const TimeoutHeader = "Request-Timeout"

var (
	errExpired = errors.New("the time of the caller is over")
	seconds    = regexp.MustCompile(`^-?[0-9]{1,9}(\.[0-9]{1,9})?$`)
)

// timeoutOf returns how long the caller of r waits, at most most.
func timeoutOf(r *http.Request, most time.Duration) (time.Duration, error) {
	values := r.Header.Values(TimeoutHeader)
	if len(values) == 0 {
		return most, nil
	}
	if len(values) > 1 || !seconds.MatchString(values[0]) {
		return 0, fmt.Errorf("%s is %.40q, want one decimal number of seconds, like 0.25", TimeoutHeader, values)
	}
	number, err := strconv.ParseFloat(values[0], 64)
	if err != nil {
		return 0, err
	}
	timeout := time.Duration(number * float64(time.Second))
	if timeout <= 0 {
		return 0, errExpired
	}
	return min(timeout, most), nil
}

func refuseTimeout(w http.ResponseWriter, err error) {
	if errors.Is(err, errExpired) {
		problem.Write(w, http.StatusGatewayTimeout, "The caller waits no longer. No service was asked.")
		return
	}
	problem.Write(w, http.StatusBadRequest, "The field "+err.Error()+".", problem.Error{Detail: "not a number of seconds", Header: TimeoutHeader})
}
