package progress

import (
	"math"
	"time"
)

// How slowly what is told follows what is measured: after that long it has taken
// over 63% of a change. The end is told by a slower rate than the one that is
// shown: a halt of some seconds is not to put it off by minutes.
const (
	shownLag    = 3 * time.Second
	endLag      = 10 * time.Second
	estimateLag = 3 * time.Second
)

// settled is how long a phase is watched before anything is said of its end.
const settled = time.Second

// rate is how fast something grows, over the last seconds.
type rate struct {
	lag     time.Duration
	last    int64
	at      time.Time // of last; zero before the first
	watched time.Duration
	mean    float64 // of what was measured, with 0 for the time before
}

// add notes that the count is n.
func (r *rate) add(now time.Time, n int64) {
	if r.at.IsZero() || r.watched == 0 && n == r.last { // until it has begun, it is not slow
		r.last, r.at = n, now
		return
	}
	took := now.Sub(r.at)
	if took <= 0 {
		return
	}
	r.mean += follow(took, r.lag) * (float64(max(0, n-r.last))/took.Seconds() - r.mean)
	r.watched += took
	r.last, r.at = n, now
}

// perSecond returns the rate. What is missing of the first seconds does not count
// as standing still.
func (r *rate) perSecond() float64 {
	if r.watched == 0 {
		return 0
	}
	return r.mean / follow(r.watched, r.lag)
}

// follow returns how much of a change is taken over in a time.
func follow(took, lag time.Duration) float64 { return 1 - math.Exp(-took.Seconds()/lag.Seconds()) }

// estimate is how long a phase still takes.
type estimate struct {
	rate
	left float64 // seconds, as it is told; below 0 if it is not known
	told time.Time
}

// longest is what no estimate passes: it is as good as unknown.
const longest = 99 * time.Hour

// add notes how much is done of a total. Between two calls what is told goes down
// as a clock does, and follows slowly what the rate says.
func (e *estimate) add(now time.Time, done, total int64) {
	e.lag = endLag
	e.rate.add(now, done)
	speed := e.perSecond()
	if e.watched < settled || speed <= 0 || done >= total {
		e.left, e.told = -1, now
		return
	}
	left := min(float64(total-done)/speed, longest.Seconds())
	if e.left >= 0 {
		took := now.Sub(e.told)
		before := max(0, e.left-took.Seconds())
		left = before + follow(took, min(estimateLag, e.watched/2))*(left-before) // at first little is known
	}
	e.left, e.told = left, now
}

// remaining returns how long the phase still takes, and whether that is known.
func (e *estimate) remaining() (time.Duration, bool) {
	if e.told.IsZero() || e.left < 0 || e.left >= longest.Seconds() {
		return 0, false
	}
	return time.Duration(e.left * float64(time.Second)), true
}
