package report

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"r8scan/internal/terminal"
)

// size returns n bytes in decimal units, as disks and networks count.
func size(n int64) string {
	if n < 1000 {
		return terminal.Plural(n, "byte")
	}
	v, units := float64(n)/1000, []string{"kB", "MB", "GB", "TB"}
	for len(units) > 1 && v >= 999.5 {
		v, units = v/1000, units[1:]
	}
	if v < 9.95 {
		return fmt.Sprintf("%.1f %s", v, units[0])
	}
	return fmt.Sprintf("%.0f %s", v, units[0])
}

// duration shows 240ms, 1.2s or 2m3s.
func duration(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Second:
		return d.String()
	case d < time.Minute-50*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// wrapped breaks words of our own into lines of a width, with first before the
// first line and next before the others. A longer word has a line of its own.
func wrapped(first, next, words string, width int) []string {
	var lines []string
	line := first
	for i, word := range strings.Fields(words) {
		switch {
		case i == 0:
			line += word
		case columns(line)+1+columns(word) > width:
			lines = append(lines, line)
			line = next + word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

func upperFirst(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }

func lowerFirst(s string) string { return strings.ToLower(s[:min(1, len(s))]) + s[min(1, len(s)):] }

// short cuts an object id down to ten digits, which tell objects apart in all
// but the very largest repositories.
func short(id string) string { return terminal.Safe(id[:min(10, len(id))]) }

// clip returns s, or the start of a longer one and an ellipsis, in limit bytes.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const ellipsis = "…"
	end := max(limit-len(ellipsis), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}
