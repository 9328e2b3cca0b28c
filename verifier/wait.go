package verifier

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 8 * time.Second
)

// resetsIn is how Replicate says in a sentence how long it throttles.
var resetsIn = regexp.MustCompile(`resets in ~?\s*(\d{1,6})\s*s`)

// backoff returns how long to wait before the next try, after tries that
// failed without saying how long. It is between a half and the whole of a time
// that doubles: clients that failed together shall not come back together.
func backoff(tries int) time.Duration {
	d := min(maxBackoff, firstBackoff<<min(tries, 10))
	return d/2 + rand.N(d/2)
}

// asked returns how long the server asks to wait, the longest of what it says,
// and whether it does. now is used if the server does not tell its own time.
func (a answer) asked(now time.Time) (time.Duration, bool) {
	longest := time.Duration(-1)
	if d, ok := retryAfter(a.header, now); ok {
		longest = max(longest, d)
	}
	var body struct {
		Detail     string   `json:"detail"`
		RetryAfter *float64 `json:"retry_after"`
	}
	// The body of a gateway need not be JSON; then it says nothing.
	if json.Unmarshal(a.body, &body) == nil {
		if body.RetryAfter != nil {
			longest = max(longest, seconds(*body.RetryAfter))
		}
		if m := resetsIn.FindStringSubmatch(body.Detail); m != nil {
			n, _ := strconv.Atoi(m[1]) // six digits at most
			longest = max(longest, seconds(float64(n)))
		}
	}
	if longest < 0 {
		if n, err := strconv.ParseFloat(strings.TrimSpace(a.header.Get("Ratelimit-Reset")), 64); err == nil && n >= 0 {
			longest = seconds(n)
		}
	}
	return max(longest, 0), longest >= 0
}

// retryAfter reads the header of that name: seconds, or a date. A date is
// compared with the server's own, since clocks differ.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseFloat(value, 64); err == nil {
		return seconds(n), n >= 0
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(0, until.Sub(now)), true
}

// seconds converts n without overflow; what is no number or below zero is zero.
func seconds(n float64) time.Duration {
	if math.IsNaN(n) || n < 0 {
		return 0
	}
	return time.Duration(min(n, 1e6) * float64(time.Second))
}
