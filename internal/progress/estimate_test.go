package progress

import (
	"math"
	"testing"
	"time"
)

// course is how much is done at a time, in seconds, of a run.
type course func(at float64) float64

// steady, uneven and halting are runs of 60 seconds over a total of 60,000.
var (
	steady  course = func(at float64) float64 { return 1000 * at }
	uneven  course = func(at float64) float64 { return 1000*at + 300*math.Sin(at*math.Pi) }
	blocks  course = func(at float64) float64 { return 2000 * math.Floor(at/2) }
	halting course = func(at float64) float64 { // it stands still for ten seconds
		return 1000 * (min(at, 20) + max(0, at-30))
	}
	slowing course = func(at float64) float64 { // a quarter as fast in the second half
		return 1600*min(at, 30) + 400*max(0, at-30)
	}
)

// TestEstimate follows runs and looks at what is told every tenth of a second: how
// far it is off, and how far it jumps between two lines.
func TestEstimate(t *testing.T) {
	const total, step = 60_000, 100 * time.Millisecond
	for _, tt := range []struct {
		name    string
		done    course
		lasts   float64 // seconds
		from    float64 // seconds after which the estimate is to be near
		off     float64 // the largest error then, in seconds
		jump    float64 // the largest step, in seconds, beside that of the clock
		forward float64 // the largest step to a later end
	}{
		{"steady", steady, 60, 1.1, 0.2, 0.1, 0.1},
		{"uneven", uneven, 60, 10, 4, 2, 2},
		{"blocks", blocks, 60, 10, 10, 2.5, 2.5},
		{"halting", halting, 70, 50, 6, 2, 2},
		{"slowing", slowing, 60, 50, 5, 1.5, 1.5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var e estimate
			start := time.Unix(1_700_000_000, 0)
			before, known := 0.0, false
			for now := time.Duration(0); now.Seconds() < tt.lasts; now += step {
				done := min(total, int64(tt.done(now.Seconds())))
				e.add(start.Add(now), done, total)
				left, ok := e.remaining()
				if !ok {
					if known && done < total {
						t.Fatalf("at %s the estimate is gone", now)
					}
					continue
				}
				got, want := left.Seconds(), tt.lasts-now.Seconds()
				if got < 0 || math.IsNaN(got) {
					t.Fatalf("at %s: %g", now, got)
				}
				if now.Seconds() >= tt.from && math.Abs(got-want) > tt.off {
					t.Fatalf("at %s: %.1f s left, and it is %.1f", now, got, want)
				}
				if change := got - (before - step.Seconds()); known && (change > tt.forward || change < -tt.jump) {
					t.Fatalf("at %s it jumps from %.1f to %.1f", now, before, got)
				}
				before, known = got, true
			}
			if !known {
				t.Error("nothing was told")
			}
		})
	}
}

// TestEstimateUnknown has what no end can be told of.
func TestEstimateUnknown(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	for _, tt := range []struct {
		name string
		add  func(e *estimate)
	}{
		{"nothing measured", func(*estimate) {}},
		{"one measurement", func(e *estimate) { e.add(start, 5, 10) }},
		{"no time between", func(e *estimate) { e.add(start, 5, 10); e.add(start, 6, 10) }},
		{"too early", func(e *estimate) { e.add(start, 0, 10); e.add(start.Add(settled/2), 5, 10) }},
		{"it stands still", func(e *estimate) { e.add(start, 0, 10); e.add(start.Add(time.Minute), 0, 10) }},
		{"all is done", func(e *estimate) { e.add(start, 0, 10); e.add(start.Add(time.Minute), 10, 10) }},
		{"more than all", func(e *estimate) { e.add(start, 0, 10); e.add(start.Add(time.Minute), 12, 10) }},
		{"no end to be seen", func(e *estimate) { e.add(start, 0, math.MaxInt64); e.add(start.Add(time.Hour), 1, math.MaxInt64) }},
		{"the clock goes back", func(e *estimate) { e.add(start, 0, 10); e.add(start.Add(-time.Hour), 5, 10) }},
	} {
		var e estimate
		tt.add(&e)
		if left, ok := e.remaining(); ok {
			t.Errorf("%s: %s", tt.name, left)
		}
	}
}

// TestRate: the rate is true from the first second on, and does not go below 0 where a
// count does.
func TestRate(t *testing.T) {
	r := rate{lag: shownLag}
	start := time.Unix(1_700_000_000, 0)
	for i := range 20 {
		r.add(start.Add(time.Duration(i)*every), int64(i)*50)
		if got := r.perSecond(); i > 0 && math.Abs(got-500) > 1e-6 {
			t.Errorf("after %d: %g a second, want 500", i, got)
		}
	}
	r.add(start.Add(time.Minute), 0)
	if got := r.perSecond(); got < 0 || got > 1 {
		t.Errorf("a minute later: %g", got)
	}
}
