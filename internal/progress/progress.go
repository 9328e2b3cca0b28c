// Package progress shows on a terminal how far a run is, and says how far it was
// when it is interrupted. It shows numbers only, and nothing of what is scanned.
package progress

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"r8scan/internal/terminal"
	"r8scan/scanner"
)

// Display tells of one run, a scan and what is asked about its findings.
type Display struct {
	Scan scanner.Progress // the scan is to have it

	asked, toAsk atomic.Int64
	w            io.Writer
	stop         func() // ends the display, once
}

// every is the time between two lines.
const every = 100 * time.Millisecond

// Watch begins to tell on w: with a line that is drawn anew, if shown is set and w
// is a terminal with somebody before it who has not set NO_COLOR; and, unless quiet,
// with a line of its own once ctx ends. Stop ends it.
func Watch(ctx context.Context, w io.Writer, shown, quiet bool) *Display {
	d := &Display{w: w}
	shown = shown && !quiet && terminal.Colors(w)
	d.Scan.Sizes = shown
	done, ended := make(chan struct{}), make(chan struct{})
	d.stop = sync.OnceFunc(func() { close(done); <-ended })
	go func() {
		defer close(ended)
		if shown {
			d.draw(ctx, done)
		} else {
			wait(ctx, done, nil)
		}
		if ctx.Err() != nil && !quiet {
			fmt.Fprintln(w, d.now().interrupted())
		}
	}()
	return d
}

// Stop takes the line off the terminal. The display is not used after.
func (d *Display) Stop() { d.stop() }

// Asked notes how many of the tokens Replicate was asked about.
func (d *Display) Asked(done, of int) {
	d.asked.Store(int64(done))
	d.toAsk.Store(int64(of))
}

func (d *Display) now() *state {
	return &state{State: d.Scan.State(), asked: d.asked.Load(), toAsk: d.toAsk.Load()}
}

// wait returns true at the next tick, and false once there is none to wait for.
func wait(ctx context.Context, done <-chan struct{}, tick <-chan time.Time) bool {
	select {
	case <-tick:
		return true
	case <-ctx.Done():
	case <-done:
	}
	return false
}

// draw draws lines until the display is stopped or ctx ends, and takes the last
// one away.
func (d *Display) draw(ctx context.Context, done <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var m meter
	drawn := false
	for wait(ctx, done, tick.C) {
		s := d.now()
		m.measure(s, time.Now())
		drawn = true
		fmt.Fprint(d.w, frame(s.line(terminal.Width(d.w)-1)))
	}
	if drawn {
		fmt.Fprint(d.w, frame(""))
	}
}

// frame puts a line where the last one is. The cursor goes back to its start, so
// that on a terminal that was made narrower, and has broken the line in two, all
// of it is erased.
func frame(line string) string { return "\r" + line + "\x1b[J\r" }

// meter measures how fast a run goes. It begins anew with each phase, and when
// the total of one is known.
type meter struct {
	phase string
	known bool
	speed rate
	end   estimate
}

// measure fills in what a line says about speed and end.
func (m *meter) measure(s *state, now time.Time) {
	_, known := s.share()
	if s.phase() != m.phase {
		*m = meter{phase: s.phase(), speed: rate{lag: shownLag}}
	}
	if known != m.known {
		m.known, m.end = known, estimate{}
	}
	done, total, of := s.Done, s.Total, s.Done
	switch {
	case s.asking():
		done, total = s.asked, s.toAsk
	case s.Objects+s.AllObjects > 0:
		of = s.Objects
	}
	m.speed.add(now, of)
	m.end.add(now, done, total)
	s.speed = m.speed.perSecond()
	if known {
		s.left, s.isLeft = m.end.remaining()
	}
}
