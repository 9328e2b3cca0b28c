package progress

import (
	"fmt"
	"strings"
	"time"

	"r8scan/internal/terminal"
	"r8scan/scanner"
)

// state is what a line shows: how far the run is, and how fast.
type state struct {
	scanner.State
	asked, toAsk int64   // tokens that Replicate is asked about; 0 before
	speed        float64 // objects a second or, where there are none, bytes
	left         time.Duration
	isLeft       bool // left is known
}

// asking reports whether the scan is over and Replicate is being asked.
func (s *state) asking() bool { return s.toAsk > 0 }

// share returns how much of the phase is done, from 0 to 1, and whether that is
// known. It is not 1 as long as there is a line to show.
func (s *state) share() (float64, bool) {
	done, total := s.Done, s.Total
	if s.asking() {
		done, total = s.asked, s.toAsk
	} else if !s.Known {
		return 0, false
	}
	return min(0.99, float64(done)/float64(total)), true
}

// The longest and the shortest bar, in columns.
const (
	longestBar  = 30
	shortestBar = 8
)

// line returns a line of width columns at most. What has no room is left out, the
// least important first.
func (s *state) line(width int) string {
	share, known := s.share()
	phase, counts, speed, left, percent := s.phase(), s.counts(), s.perSecond(), "", ""
	if s.isLeft {
		left = clock(s.left) + " left"
	}
	if known {
		percent = fmt.Sprintf("%d%%", int(100*share))
	}
	found := ""
	if s.Tokens > 0 {
		found = terminal.Plural(int64(s.Tokens), "token")
	}
	choices := [][]string{
		{phase, percent, bar, counts, speed, left, found},
		{phase, percent, counts, speed, left, found},
		{phase, percent, bar, left, found},
		{phase, percent, left},
		{percent, bar, left},
		{percent, left},
		{percent},
	}
	if !known {
		choices = [][]string{{phase, counts, speed, found}, {phase, counts, found}, {counts, found}, {counts}, {s.read()}}
	}
	for _, parts := range choices {
		if line, ok := fit(parts, share, known, width); ok {
			return line
		}
	}
	return ""
}

// bar stands for the bar among the parts of a line.
const bar = "bar"

// fit joins the parts that are not empty, with two spaces between them, and
// returns false if that has no room or is nothing.
func fit(parts []string, share float64, known bool, width int) (string, bool) {
	var shown []string
	length, barAt := 0, -1
	for _, p := range parts {
		switch {
		case p == "" || p == bar && !known:
			continue
		case p == bar:
			barAt = len(shown)
		default:
			length += len(p)
		}
		shown = append(shown, p)
	}
	length += 2 * (len(shown) - 1)
	if barAt >= 0 {
		room := min(longestBar, width-length)
		if room < shortestBar {
			return "", false
		}
		inside := room - 2
		full := int(share * float64(inside))
		shown[barAt] = "[" + strings.Repeat("#", full) + strings.Repeat("-", inside-full) + "]"
		length += room
	}
	return strings.Join(shown, "  "), len(shown) > 0 && length <= width
}

// phase says what the run does.
func (s *state) phase() string {
	if s.asking() {
		return "asking Replicate"
	}
	return s.Phase
}

// counts says how much was read, or asked.
func (s *state) counts() string {
	switch {
	case s.asking():
		return terminal.Count(s.asked) + " of " + terminal.Plural(s.toAsk, "token")
	case s.AllRepositories > 0:
		return terminal.Count(int64(s.Repositories)) + " of " + terminal.Plural(int64(s.AllRepositories), "repository")
	case !s.Reads:
		return ""
	case s.Objects+s.AllObjects > 0:
		return s.read()
	case s.Known:
		return size(float64(s.Done)) + " of " + size(float64(s.Total))
	}
	return s.read() + ", " + size(float64(s.Done)) + " of an unknown total"
}

// read says how many objects or files were read.
func (s *state) read() string {
	switch {
	case s.AllObjects > 0:
		return terminal.Count(s.Objects) + " of " + terminal.Plural(s.AllObjects, "object")
	case s.Objects > 0:
		return terminal.Plural(s.Objects, "object")
	}
	return terminal.Plural(s.Files, "file")
}

// perSecond says how fast it goes, "" if it stands still.
func (s *state) perSecond() string {
	switch {
	case s.speed < 1 || s.asking() || !s.Reads:
		return ""
	case s.Objects+s.AllObjects > 0:
		return terminal.Count(int64(s.speed)) + "/s"
	}
	return size(s.speed) + "/s"
}

// interrupted says how far the run was when it was interrupted.
func (s *state) interrupted() string {
	read := s.read()
	switch objects := s.Objects+s.AllObjects > 0; {
	case objects && s.Files > 0:
		read += " and " + terminal.Plural(s.Files, "file")
	case !objects:
		read += " (" + size(float64(s.Done)) + ")"
	}
	if s.AllRepositories > 0 {
		read = s.counts()
	}
	text := "interrupted: " + read + " read; " + terminal.Plural(int64(s.Tokens), "token") + " so far"
	if s.asking() {
		text += "; asked about " + terminal.Count(s.asked) + " of " + terminal.Count(s.toAsk)
	}
	return text
}

// clock shows a time as 0:05, 12:34 or 1:02:03.
func clock(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// size shows a number of bytes in decimal units, as disks count.
func size(n float64) string {
	unit := "B"
	for _, larger := range []string{"kB", "MB", "GB", "TB"} {
		if n < 999.5 {
			break
		}
		n, unit = n/1000, larger
	}
	if unit != "B" && n < 9.95 {
		return fmt.Sprintf("%.1f %s", n, unit)
	}
	return fmt.Sprintf("%.0f %s", n, unit)
}
