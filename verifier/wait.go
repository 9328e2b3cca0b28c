package verifier

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"r8scan/internal/pattern"
)

const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 8 * time.Second
)

// resetsIn matches how Replicate says how long it throttles.
var resetsIn = pattern.Of(`resets in ~?\s*(\d{1,6})\s*s`)

// backoff returns how long to wait after tries failures without a time from the
// server. It doubles with each try, and is cut by a random part of up to a half, so
// that clients that failed together do not retry together.
func backoff(tries int) time.Duration {
	d := min(maxBackoff, firstBackoff<<min(tries, 10))
	return d/2 + rand.N(d/2)
}

// asked returns the longest wait that the server asks for, and whether it asks
// for one. now is used if the answer has no Date.
func (a answer) asked(now time.Time) (time.Duration, bool) {
	longest := time.Duration(-1)
	if d, ok := retryAfter(a.header, now); ok {
		longest = max(longest, d)
	}
	var body struct {
		Detail     string   `json:"detail"`
		RetryAfter *float64 `json:"retry_after"`
	}
	// The body of a gateway need not be JSON.
	if json.Unmarshal(a.body, &body) == nil {
		if body.RetryAfter != nil {
			longest = max(longest, seconds(*body.RetryAfter))
		}
		if m := resetsIn().FindStringSubmatch(body.Detail); m != nil {
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

// retryAfter reads the header of that name: seconds, or a date. A date is compared
// with the server's Date, because clocks differ.
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

// seconds converts n without overflow. NaN and negative numbers are zero.
func seconds(n float64) time.Duration {
	if math.IsNaN(n) || n < 0 {
		return 0
	}
	return time.Duration(min(n, 1e6) * float64(time.Second))
}
