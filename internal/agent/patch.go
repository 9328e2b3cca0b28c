package agent

import "strings"

// The lines of a patch that are no content.
const (
	patchBegin  = "*** Begin Patch"
	patchEnd    = "*** End Patch"
	patchAdd    = "*** Add File: "
	patchDelete = "*** Delete File: "
	patchUpdate = "*** Update File: "
	patchMove   = "*** Move to: "
	patchTail   = "*** End of File"
)

// hunk is a place in a file that a patch changes.
type hunk struct {
	old, new []string // lines, with those that stay
}

// parsePatch reads a patch in the form of apply_patch. rest are the lines that it
// does not understand: apply_patch may.
func parsePatch(patch string) (changes []change, rest string) {
	var unknown []string
	var c *change // the file that lines belong to
	for _, line := range strings.Split(patch, "\n") {
		line = strings.TrimSuffix(line, "\r")
		// In a file that is edited, a line that begins with a space is content.
		if head, ok := patchHead(line, c != nil && c.content == nil && !c.removed); ok {
			if head.path != "" {
				changes = append(changes, head)
				c = &changes[len(changes)-1]
			} else if c != nil && head.from != "" {
				c.path, c.from = head.from, c.path
			}
			continue
		}
		if c == nil || !c.take(line) {
			unknown = append(unknown, line)
		}
	}
	return changes, strings.Join(unknown, "\n")
}

// patchHead reads a line that is no content. Of the change that it returns path is
// set where a file begins, and from where a file moves to.
func patchHead(line string, strict bool) (c change, ok bool) {
	if !strict {
		line = strings.TrimSpace(line)
	}
	empty := ""
	for _, h := range []struct {
		start string
		head  func(path string) change
	}{
		{patchAdd, func(p string) change { return change{path: p, content: &empty} }},
		{patchDelete, func(p string) change { return change{path: p, removed: true} }},
		{patchUpdate, func(p string) change { return change{path: p} }},
		{patchMove, func(p string) change { return change{from: p} }},
		{patchBegin, nil}, {patchEnd, nil}, {patchTail, nil},
	} {
		rest, found := strings.CutPrefix(line, h.start)
		switch {
		case !found:
		case h.head == nil:
			return change{}, strings.TrimSpace(rest) == ""
		default:
			return h.head(strings.TrimSpace(rest)), strings.TrimSpace(rest) != ""
		}
	}
	return change{}, false
}

// take adds a line of content, and reports whether it is one.
func (c *change) take(line string) bool {
	added, isNew := strings.CutPrefix(line, "+")
	switch {
	case c.removed:
		return strings.TrimSpace(line) == ""
	case c.content != nil:
		if !isNew {
			return strings.TrimSpace(line) == ""
		}
		all := *c.content + added + "\n"
		c.content = &all
		return true
	case strings.HasPrefix(line, "@@"):
		c.hunks = append(c.hunks, hunk{})
		return true
	}
	if len(c.hunks) == 0 {
		c.hunks = append(c.hunks, hunk{})
	}
	h := &c.hunks[len(c.hunks)-1]
	switch {
	case isNew:
		h.new = append(h.new, added)
	case strings.HasPrefix(line, "-"):
		h.old = append(h.old, line[1:])
	default: // an empty line may have lost its space
		line = strings.TrimPrefix(line, " ")
		h.old, h.new = append(h.old, line), append(h.new, line)
	}
	return true
}

// maxCompared bounds how many lines of a file are compared with hunks, as maxEdited
// does.
const maxCompared = 1 << 24

// applyHunks applies hunks to a file. lost are the new lines of those that fit
// nowhere, or at a place that is not known.
func applyHunks(content string, hunks []hunk) (after string, lost []string) {
	lines := strings.Split(content, "\n")
	from := 0
	for _, h := range hunks {
		at := -1
		if len(h.old) > 0 {
			if at = fit(lines, h.old, from); at < 0 {
				at = fit(lines, h.old, 0)
			}
		}
		if at < 0 {
			lost = append(lost, strings.Join(h.new, "\n"))
			continue
		}
		lines = append(lines[:at:at], append(h.new[:len(h.new):len(h.new)], lines[at+len(h.old):]...)...)
		from = at + len(h.new)
	}
	return strings.Join(lines, "\n"), lost
}

// fit returns where want begins in lines, -1 if nowhere. White space around a line
// does not count.
func fit(lines, want []string, from int) int {
next:
	for at := from; at+len(want) <= len(lines); at++ {
		for i, line := range want {
			if strings.TrimSpace(lines[at+i]) != strings.TrimSpace(line) {
				continue next
			}
		}
		return at
	}
	return -1
}
