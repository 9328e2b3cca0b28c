package keypage

import (
	"strconv"
	"strings"
	"testing"

	"r8scan/internal/ask"
)

// TestPlot: the phases of a run stand one behind the other, and none goes beyond the
// longest run.
func TestPlot(t *testing.T) {
	runs := []*ask.TimingMS{
		{DNS: 10, Connect: 20, TLS: 30, FirstByte: 35, Total: 100},
		{FirstByte: 40, Total: 50},
		{DNS: 80, Connect: 80, Total: 100}, // two addresses at once
		{},
	}
	p := plotOf(runs, 1)
	if p.Longest != "100 ms" || p.Title != "Round trip of 4 requests (1 more failed)" || len(p.Runs) != 4 {
		t.Errorf("%+v", p)
	}
	var got []string
	for _, run := range p.Runs {
		at := 0.0
		for _, part := range run.Parts {
			x, width := number(t, part.X), number(t, part.Width)
			if x < at-0.01 || x+width > 100.01 {
				t.Errorf("%s: %+v begins before %g or ends behind 100", run.Title, part, at)
			}
			at = x + width
			got = append(got, part.Class)
		}
	}
	if s := strings.Join(got, " "); s != "dns connect tls first rest first rest dns connect" {
		t.Error(s)
	}
	p.rows(*runs[0])
	if last := p.Rows[4]; last.Name != "the rest" || last.Times[0] != "5.0 ms" {
		t.Errorf("%+v", last)
	}
	if empty := plotOf([]*ask.TimingMS{{}}, 0); len(empty.Runs[0].Parts) != 0 {
		t.Errorf("%+v", empty)
	}
}

func number(t *testing.T, percent string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.TrimSuffix(percent, "%"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
