package report

import (
	"fmt"
	"time"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// timeline counts over all tokens how many came into git and how many went out of
// its files, by periods of the same length.
type timeline struct {
	Label, Caption string
	Period         string // what a row stands for
	Bars           []bar
	Ticks          []string
	Rows           []timelineRow // those in which something happened
}

// bar is a period in the drawing. Heights are in pixels, 0 for nothing.
type bar struct {
	X, Width     string
	In, InY, Out int
	Title        string
}

type timelineRow struct {
	Name    string
	In, Out int
}

// barHeight is that of the highest bar, above and below the line at baseline.
const (
	barHeight = 65
	baseline  = 75
)

// maxPeriods is how many bars there are at most: they are a few pixels wide on a
// phone.
const maxPeriods = 48

// periods are the lengths of a period, the shortest first.
var periods = []struct {
	name, layout string
	next         func(time.Time) time.Time // the start of the next one
}{
	{"day", "2006-01-02", func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC) }},
	{"month", "2006-01", func(t time.Time) time.Time { return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC) }},
	{"year", "2006", func(t time.Time) time.Time { return time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC) }},
}

// timelineOf returns the timeline, nil if no token has a day.
func timelineOf(doc *Document, span axis) *timeline {
	var rows []timelineRow
	var starts []time.Time
	t := &timeline{}
	for _, p := range periods {
		rows, starts = nil, nil
		for at := span.from.UTC(); at.Before(span.to) && len(rows) <= maxPeriods; at = p.next(at) {
			rows, starts = append(rows, timelineRow{Name: at.Format(p.layout)}), append(starts, at)
		}
		t.Period = p.name
		if len(rows) <= maxPeriods {
			break
		}
	}
	count := func(e *result.Event, n func(*timelineRow) *int) int {
		if e == nil {
			return 0
		}
		i := 0
		for i+1 < len(starts) && !e.Date.Before(starts[i+1]) {
			i++
		}
		*n(&rows[i])++
		return 1
	}
	in, out := 0, 0
	for _, f := range doc.Findings {
		if h := f.History; h != nil {
			in += count(h.Introduced, func(r *timelineRow) *int { return &r.In })
			if !h.AtHead {
				out += count(h.Removed, func(r *timelineRow) *int { return &r.Out })
			}
		}
	}
	if in+out == 0 {
		return nil
	}
	t.draw(rows)
	t.Ticks = []string{rows[0].Name, "scan: " + span.to.Format("2006-01-02")}
	t.Label = fmt.Sprintf("%s came in and %s went out between %s and %s.", terminal.Plural(int64(in), "token"), terminal.Count(int64(out)), rows[0].Name, rows[len(rows)-1].Name)
	t.Caption = fmt.Sprintf("One bar a %s. %s", t.Period, t.Label)
	return t
}

// draw fills in the bars, and the rows in which something happened.
func (t *timeline) draw(rows []timelineRow) {
	most := 1
	for _, r := range rows {
		most = max(most, r.In, r.Out)
	}
	height := func(n int) int {
		if n == 0 {
			return 0
		}
		return max(3, n*barHeight/most)
	}
	for i, r := range rows {
		if r.In+r.Out == 0 {
			continue
		}
		in := height(r.In)
		t.Bars = append(t.Bars, bar{X: percent(float64(i) / float64(len(rows))), Width: percent(0.9 / float64(len(rows))),
			In: in, InY: baseline - in, Out: height(r.Out), Title: fmt.Sprintf("%s: %d in, %d out", r.Name, r.In, r.Out)})
		t.Rows = append(t.Rows, r)
	}
}
