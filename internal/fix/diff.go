package fix

import (
	"fmt"
	"strings"
)

// around is how many lines of a diff stay around a change.
const around = 3

// line is a line of a diff: how it begins, and the numbers of the line before and
// after.
type line struct {
	sign     byte // ' ', '-' or '+'
	old, new int  // from 0
}

// diff returns the lines that differ between two texts, with those around them, as
// diff -u does. The lines that are shown come from shownBefore and shownAfter,
// which have the same lines with credentials masked.
func diff(before, after, shownBefore, shownAfter []byte) []string {
	x, y := splitLines(before), splitLines(after)
	a, b := splitLines(shownBefore), splitLines(shownAfter)
	if len(a) != len(x) || len(b) != len(y) {
		return nil // a mask never takes or adds a line end
	}
	var out []string
	all := edited(x, y)
	for i := 0; i < len(all); {
		if all[i].sign == ' ' {
			i++
			continue
		}
		from, to := max(0, i-around), i
		for same := 0; to < len(all) && same <= 2*around; to++ {
			if same++; all[to].sign != ' ' {
				same, i = 0, to+1
			}
		}
		to = min(len(all), i+around)
		out = append(out, head(all[from:to]))
		for _, l := range all[from:to] {
			if l.sign == '+' {
				out = append(out, "+"+b[l.new])
			} else {
				out = append(out, string(l.sign)+a[l.old])
			}
		}
		i = to
	}
	return out
}

// head returns the line above a group of lines: where they are before and after.
func head(lines []line) string {
	old, new := 0, 0
	for _, l := range lines {
		if l.sign != '+' {
			old++
		}
		if l.sign != '-' {
			new++
		}
	}
	return fmt.Sprintf("@@ -%s +%s @@", lineRange(lines[0].old, old), lineRange(lines[0].new, new))
}

func lineRange(from, n int) string {
	if n == 0 {
		return fmt.Sprintf("%d,0", from)
	}
	if n == 1 {
		return fmt.Sprint(from + 1)
	}
	return fmt.Sprintf("%d,%d", from+1, n)
}

// edited returns the lines of x and y in the order of a diff. Few lines differ, so
// the way with the fewest changes is short (Myers' algorithm).
func edited(x, y []string) []line {
	top := 0
	for top < len(x) && top < len(y) && x[top] == y[top] {
		top++
	}
	end := 0
	for end < len(x)-top && end < len(y)-top && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	var out []line
	for i := range top {
		out = append(out, line{' ', i, i})
	}
	for _, l := range middle(x[top:len(x)-end], y[top:len(y)-end]) {
		out = append(out, line{l.sign, l.old + top, l.new + top})
	}
	for i := range end {
		out = append(out, line{' ', len(x) - end + i, len(y) - end + i})
	}
	return out
}

// maxChanges bounds the memory of a diff. With more changed lines, all lines
// between the first and the last change are shown as changed.
const maxChanges = 2000

func middle(x, y []string) []line {
	var steps []map[int]int // for each number of changes: on a diagonal, how far x was read
	reach := map[int]int{1: 0}
	for d := 0; d <= min(len(x)+len(y), maxChanges); d++ {
		next := map[int]int{}
		for k := -d; k <= d; k += 2 {
			at := reach[k-1] + 1
			if k == -d || k != d && reach[k-1] < reach[k+1] {
				at = reach[k+1]
			}
			for at < len(x) && at-k >= 0 && at-k < len(y) && x[at] == y[at-k] {
				at++
			}
			next[k] = at
			if at >= len(x) && at-k >= len(y) {
				return back(append(steps, reach), len(x), len(y), d)
			}
		}
		steps = append(steps, reach)
		reach = next
	}
	var out []line
	for i := range x {
		out = append(out, line{'-', i, 0})
	}
	for i := range y {
		out = append(out, line{'+', len(x), i})
	}
	return out
}

// back walks from the end of both texts to their start.
func back(steps []map[int]int, i, j, d int) []line {
	var out []line
	for ; d >= 0; d-- {
		reach, k := steps[d], i-j
		from := k - 1
		if k == -d || k != d && reach[k-1] < reach[k+1] {
			from = k + 1
		}
		x := reach[from]
		y := x - from
		for i > x && j > y && i > 0 && j > 0 && (i > x+1 || j > y+1 || from == k) {
			i, j = i-1, j-1
			out = append(out, line{' ', i, j})
		}
		switch {
		case d == 0:
		case from == k+1:
			j--
			out = append(out, line{'+', i, j})
		default:
			i--
			out = append(out, line{'-', i, j})
		}
	}
	for l, r := 0, len(out)-1; l < r; l, r = l+1, r-1 {
		out[l], out[r] = out[r], out[l]
	}
	return out
}

// splitLines returns the lines of a text without their ends.
func splitLines(text []byte) []string {
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return lines
}
